/**
 * Monitor: watches one target for as long as it is in use.
 *
 * Owns: the timer and the present health, which outlives the machine behind an address: a target is its address, and whoever
 * takes it next has to earn its health by checks. Neighbours: `health.ts` says what an answer means, `probe.ts` asks,
 * `balancers.ts` uses the health and tells the account.
 */
import { messageOf } from '../../words/failure.ts';
import { afterCheck, type Health, INITIAL_HEALTH, nextCheckIn } from './health.ts';
import { createProbe } from './probe.ts';
import type { Target } from './routes.ts';

export type Monitor = {
  readonly target: () => Target;
  readonly health: () => Health;
  /** The same target as it is now: another machine may have its address, its group other checks. */
  readonly follow: (target: Target) => void;
  readonly stop: () => void;
};

const asked = ({ reach, check }: Target): string => JSON.stringify([reach, check]);

/** `onTurn` is called when the state changes. */
export const watchTarget = (target: Target, onTurn: (target: Target, health: Health) => void): Monitor => {
  const current = {
    target,
    probe: createProbe(target.reach, target.check),
    health: INITIAL_HEALTH,
    timer: undefined as NodeJS.Timeout | undefined,
    stopped: false,
  };
  const check = async (): Promise<void> => {
    const began = performance.now();
    const { probe } = current;
    const failure = await probe.check().catch((error: unknown) => messageOf(error));
    if (current.stopped) return;
    if (probe !== current.probe) {
      // Nobody answered: the question was taken back.
      current.timer = setTimeout(() => void check(), 0);
      return;
    }
    const { rhythm } = current.target.check;
    const before = current.health.state;
    current.health = afterCheck(current.health, failure, rhythm);
    if (current.health.state !== before) onTurn(current.target, current.health);
    const pause = nextCheckIn(current.health, rhythm) - (performance.now() - began);
    current.timer = setTimeout(() => void check(), Math.max(0, pause));
  };
  current.timer = setTimeout(() => void check(), 0);
  return {
    target: () => current.target,
    health: () => current.health,
    follow: (next) => {
      if (asked(next) !== asked(current.target)) {
        current.probe.close();
        current.probe = createProbe(next.reach, next.check);
      }
      current.target = next;
    },
    stop: () => {
      current.stopped = true;
      clearTimeout(current.timer);
      current.probe.close();
    },
  };
};
