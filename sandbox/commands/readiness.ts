/**
 * Readiness: waits until a part of the sandbox works, as whoever starts one expects.
 *
 * Owns: looking again and again, and saying what is wrong. Neighbours: `patience.ts` says when to stop waiting; `up.ts` waits
 * for all parts, `parts.ts` and `down.ts` for the one that they start.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { SandboxFailure } from '../failure.ts';
import { folders } from '../layout.ts';
import { isAlive } from '../process.ts';
import { SUPERVISOR_LOG } from '../supervisor/beginning.ts';
import { type PartRecord, readState, type SandboxState } from '../supervisor/state.ts';
import { lastLines } from './logs.ts';
import { outlookOf, type Watch } from './patience.ts';

export const supervisorFailure = (home: string): SandboxFailure => {
  const log = `${folders(home).logs}/${SUPERVISOR_LOG}`;
  return new SandboxFailure(
    'part',
    `the supervisor of ${home} ended:\n${lastLines(log, 15)}`,
    `read ${log}; \`npm run sandbox -- down\` ends what it left behind`,
  );
};

/** Those that it waits for and that nobody is about to start. */
const partsDown = (state: SandboxState, { needs = [] }: PartRecord): readonly string[] =>
  state.parts.filter((one) => needs.includes(one.name) && one.state === 'stopped').map((one) => one.name);

const partNotReady = (part: PartRecord, why: string): SandboxFailure =>
  new SandboxFailure(
    'part',
    `${part.name} ${why} (${part.reason ?? part.state}); the end of its log:\n${lastLines(part.log, 15)}`,
    `read \`npm run sandbox -- logs ${part.name}\`; the sandbox keeps trying, \`npm run sandbox -- down\` ends it`,
  );

const partHeld = (name: string, by: readonly string[]): SandboxFailure =>
  new SandboxFailure(
    'part',
    `${name} waits for ${by.join(' and ')}, which somebody stopped: it starts as soon as that works`,
    `start what it needs: ${by.map((one) => `\`npm run sandbox -- start ${one}\``).join(', ')}`,
  );

const shortly = ({ state, reason = '' }: PartRecord): string => {
  const [first] = reason.split('\n');
  return first ? `${state} (${first})` : state;
};

/** Returns once the part works; fails once there is no hope that it will, or that anybody lets it begin. */
export const untilReady = async (
  home: string,
  name: string,
  note: (text: string) => void = () => undefined,
): Promise<void> => {
  const partIn = (state: SandboxState | undefined): PartRecord | undefined =>
    state?.parts.find((one) => one.name === name);
  let watch: Watch = { restartsBefore: partIn(readState(home))?.restarts ?? 0 };
  for (;;) {
    const state = readState(home);
    if (state === undefined || !isAlive(state.supervisor)) throw supervisorFailure(home);
    const part = partIn(state);
    if (part === undefined) throw new Error(`the supervisor of ${home} runs no part ${name}`);
    note(shortly(part));
    const outlook = outlookOf(part, watch, Date.now(), partsDown(state, part));
    switch (outlook.kind) {
      case 'ready':
        return;
      case 'held':
        throw partHeld(name, outlook.by);
      case 'hopeless':
        throw partNotReady(part, outlook.why);
      case 'coming':
        watch = outlook.watch;
        await delay(50);
    }
  }
};
