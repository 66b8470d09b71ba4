/** Orders for single parts, given to a double of the supervisor that writes what becomes of them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { reset } from '../../../sandbox/commands/down.ts';
import { changePart } from '../../../sandbox/commands/parts.ts';
import { folders, layoutOf } from '../../../sandbox/layout.ts';
import { identify } from '../../../sandbox/process.ts';
import { listenForOrders } from '../../../sandbox/supervisor/control.ts';
import { type PartRecord, writeState } from '../../../sandbox/supervisor/state.ts';

let home = '';
let server: Server | undefined;
const homeBefore = process.env['SLIPWAY_HOME'];

const write = (...parts: readonly Pick<PartRecord, 'name' | 'state' | 'needs'>[]): void => {
  const supervisor = identify(process.pid);
  if (supervisor === undefined) throw new Error('this process does not run');
  const log = join(home, 'part.log');
  writeState(home, { v: 1, mark: 'test', supervisor, parts: parts.map((one) => ({ log, restarts: 0, ...one })) });
};

/** Takes orders, and does this with each. */
const supervising = async (carryOut: () => void): Promise<void> => {
  server = await listenForOrders(home, async () => carryOut());
};

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'slipway-orders-'));
  process.env['SLIPWAY_HOME'] = home;
  const layout = layoutOf({ home, bin: '', python: '', node: '', cache: '', checkout: '', network: 16, proxyPort: 1 });
  mkdirSync(home, { recursive: true });
  writeFileSync(folders(home).layout, JSON.stringify(layout));
  writeFileSync(join(home, 'part.log'), 'the last that it said\n');
  write({ name: 'slipway-admission', state: 'stopped' });
});
afterEach(() => {
  server?.close();
  rmSync(home, { recursive: true, force: true });
  if (homeBefore === undefined) delete process.env['SLIPWAY_HOME'];
  else process.env['SLIPWAY_HOME'] = homeBefore;
});

/** What happens, in its order: the part is begun, it works some looks later, and the command returns. */
const happens = async (order: () => Promise<void>): Promise<readonly string[]> => {
  const happened: string[] = [];
  await supervising(() => {
    write({ name: 'slipway-admission', state: 'starting' });
    happened.push('begun');
    setTimeout(() => {
      happened.push('works');
      write({ name: 'slipway-admission', state: 'ready' });
    }, 200);
  });
  await order();
  return [...happened, 'returned'];
};

describe('an order to start a part', () => {
  test('returns when the part is ready, not when it was begun', async () => {
    expect(await happens(() => changePart('start', 'slipway-admission'))).toEqual(['begun', 'works', 'returned']);
  });

  test('fails where somebody stopped what it needs, and says what', async () => {
    await supervising(() =>
      write({ name: 'temporal', state: 'stopped' }, { name: 'slipway-worker', state: 'waiting', needs: ['temporal'] }),
    );
    await expect(changePart('start', 'slipway-worker')).rejects.toThrow(
      'slipway-worker waits for temporal, which somebody stopped: it starts as soon as that works',
    );
  });
});

describe('an order to reset a part', () => {
  test('returns when the part is ready again', async () => {
    expect(await happens(() => reset('slipway-admission'))).toEqual(['begun', 'works', 'returned']);
  });
});

describe('an order to kill a part', () => {
  test('returns at once: it comes back by itself', async () => {
    await supervising(() => write({ name: 'slipway-admission', state: 'restarting' }));
    await expect(changePart('kill', 'slipway-admission')).resolves.toBeUndefined();
  });
});
