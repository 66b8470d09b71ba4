import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { partsNow } from '../../../sandbox/commands/sandbox.ts';
import { layoutOf } from '../../../sandbox/layout.ts';
import { identify, type ProcessIdentity } from '../../../sandbox/process.ts';
import type { PartState } from '../../../sandbox/supervisor/state.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'slipway-parts-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const living = (): ProcessIdentity => {
  const found = identify(process.pid);
  if (found === undefined) throw new Error('this process does not run');
  return found;
};
/** This process's number, when another process had it. */
const gone = (): ProcessIdentity => ({ ...living(), began: 'earlier' });

/** A part that the supervisor wrote down, as a command shows it. */
const shown = (state: PartState, by: { part?: ProcessIdentity; supervisor: ProcessIdentity }) => {
  const part = { name: 'hub', state, log: 'hub.log', restarts: 0, ...(by.part ? { process: by.part } : {}) };
  const layout = layoutOf({ home, bin: '', python: '', node: '', cache: '', checkout: '', network: 16, proxyPort: 1 });
  const [now] = partsNow(layout, { v: 1, mark: 'test', supervisor: by.supervisor, parts: [part] });
  return { state: now?.state, pid: now?.pid };
};

describe('a part', () => {
  test('is as its supervisor wrote it, while its process runs', () => {
    const by = { part: living(), supervisor: living() };
    expect(shown('ready', by)).toEqual({ state: 'ready', pid: process.pid });
  });

  test('whose process died a moment ago is not told to be ready by a supervisor that has not seen it yet', () => {
    const by = { part: gone(), supervisor: living() };
    expect(shown('ready', by)).toEqual({ state: 'restarting', pid: null });
    expect(shown('starting', by)).toEqual({ state: 'restarting', pid: null });
    expect(shown('stopping', by)).toEqual({ state: 'stopping', pid: null });
  });

  test('is stopped, or runs unsupervised, where no supervisor is left', () => {
    expect(shown('ready', { part: gone(), supervisor: gone() }).state).toBe('stopped');
    expect(shown('ready', { part: living(), supervisor: gone() }).state).toBe('ready, unsupervised');
  });

  test('whose data went with it says so, whoever is left', () => {
    for (const supervisor of [living(), gone()])
      expect(shown('account lost', { supervisor }).state).toBe('account lost');
  });
});
