/**
 * Monitor: watches one target for as long as it is registered.
 *
 * Owns: the timer and the present health. Neighbours: `health.ts` says what an answer means, `probe.ts` asks,
 * `balancers.ts` uses the health and tells the account.
 */
import { messageOf } from '../failure.ts';
import { afterCheck, type Health, INITIAL_HEALTH, nextCheckIn } from './health.ts';
import type { Probe } from './probe.ts';
import type { Target } from './routes.ts';

export type Monitor = { readonly target: Target; readonly health: () => Health; readonly stop: () => void };

/** `onTurn` is called when the state changes. */
export const watchTarget = (target: Target, probe: Probe | undefined, onTurn: (health: Health) => void): Monitor => {
  const current: { health: Health; timer: NodeJS.Timeout | undefined; stopped: boolean } = {
    health: INITIAL_HEALTH,
    timer: undefined,
    stopped: false,
  };
  const check = async (): Promise<void> => {
    const failure =
      probe === undefined
        ? 'no machine has this address'
        : await probe.check().catch((error: unknown) => messageOf(error));
    if (current.stopped) return;
    const before = current.health.state;
    current.health = afterCheck(current.health, failure);
    if (current.health.state !== before) onTurn(current.health);
    current.timer = setTimeout(() => void check(), nextCheckIn(current.health));
  };
  current.timer = setTimeout(() => void check(), 0);
  return {
    target,
    health: () => current.health,
    stop: () => {
      current.stopped = true;
      clearTimeout(current.timer);
      probe?.close();
    },
  };
};
