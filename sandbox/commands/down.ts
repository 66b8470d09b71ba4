/**
 * Down: ends the sandbox; reset: forgets it as well.
 *
 * Owns: ending with or without a supervisor. Neighbours: `supervisor/ending.ts` knows the order.
 */
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { folders } from '../layout.ts';
import { endGroup, isAlive } from '../process.ts';
import { forgetEverything } from '../supervisor/beginning.ts';
import { giveOrder } from '../supervisor/control.ts';
import { endEverything } from '../supervisor/ending.ts';
import { partsOf } from '../supervisor/parts.ts';
import { readLayout, readState, without, writeState } from '../supervisor/state.ts';
import { untilReady } from './readiness.ts';
import { homeFolder, theSandbox } from './sandbox.ts';

const SUPERVISOR_SECONDS = 60;

/** Ends everything that this sandbox started. Nothing happens where nothing runs. */
export const down = async (): Promise<void> => {
  const home = homeFolder();
  const state = readState(home);
  const layout = readLayout(home);
  if (state === undefined || layout === undefined) return;
  if (isAlive(state.supervisor)) {
    process.kill(state.supervisor.pid, 'SIGTERM');
    const deadline = Date.now() + SUPERVISOR_SECONDS * 1000;
    while (isAlive(state.supervisor) && Date.now() < deadline) await delay(50);
    await endGroup(state.supervisor, 0);
  }
  // Does nothing after a supervisor did it; after one that was killed, this is what ends the parts.
  const left = readState(home) ?? state;
  await endEverything({
    layout,
    mark: left.mark,
    parts: partsOf(layout, left.mark, process.env),
    records: () => left.parts,
  });
  writeState(home, {
    ...left,
    parts: left.parts.map((part) => ({ ...without(part, 'process'), state: 'stopped' })),
  });
};

/** Ends and forgets the whole sandbox, or throws away one part's data and starts that part again. */
export const reset = async (part: string | undefined): Promise<void> => {
  if (part !== undefined) {
    const { home } = theSandbox();
    await giveOrder(home, { verb: 'reset', part });
    return untilReady(home, part);
  }
  const home = homeFolder();
  await down();
  forgetEverything(home);
  for (const left of [folders(home).logs, `${home}/supervisor.lock`, `${home}/control.sock`]) {
    rmSync(left, { recursive: true, force: true });
  }
};
