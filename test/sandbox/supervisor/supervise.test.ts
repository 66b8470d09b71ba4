import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { identify, isAlive } from '../../../sandbox/process.ts';
import { endingWaves, type Part } from '../../../sandbox/supervisor/part.ts';
import { type Supervised, supervise } from '../../../sandbox/supervisor/supervise.ts';
import { waitFor } from '../../support/wait.ts';

let folder = '';
let running: Supervised[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-supervise-'));
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  rmSync(folder, { recursive: true, force: true });
});

/** A program in shell that says `works` once it does. */
const part = (script: string, more: Partial<Part> = {}): Part => {
  const log = join(folder, 'part.log');
  writeFileSync(log, '');
  return {
    name: 'part',
    needs: [],
    file: 'sh',
    args: ['-c', script],
    env: { PATH: process.env['PATH'] ?? '' },
    log,
    probe: { kind: 'says', log, text: 'works' },
    keeps: 'on disk',
    graceMilliseconds: 1_000,
    data: [],
    ...more,
  };
};

const watch = (one: Part, more: Partial<Parameters<typeof supervise>[1]> = {}): Supervised => {
  const supervised = supervise(one, { needed: () => Promise.resolve(), changed: () => undefined, ...more });
  running.push(supervised);
  return supervised;
};

const until = (
  one: Supervised,
  state: string,
  what: (record: ReturnType<Supervised['record']>) => boolean = () => true,
) =>
  waitFor(`${state}, but ${JSON.stringify(one.record())}`, () => {
    const record = one.record();
    return Promise.resolve(record.state === state && what(record) ? record : undefined);
  });

const STEADY = 'echo works; exec sleep 60';

describe('a part', () => {
  test('is ready when its probe succeeds, not when its process starts', async () => {
    const go = join(folder, 'go');
    const one = watch(part(`while ! [ -e ${go} ]; do sleep 0.02; done; ${STEADY}`));
    one.start();
    const { process } = await until(one, 'starting');
    expect(process && isAlive(process)).toBe(true);
    writeFileSync(go, '');
    await until(one, 'ready');
  });

  test('is ready only when what follows its start has succeeded', async () => {
    let attempts = 0;
    const prepare = () => (++attempts < 2 ? Promise.reject(new Error('not yet')) : Promise.resolve());
    const one = watch(part(STEADY, { prepare }));
    one.start();
    await until(one, 'starting', ({ reason }) => reason === 'not yet');
    await until(one, 'ready', ({ reason }) => reason === undefined);
    expect(attempts).toBe(2);
  });

  test('comes back after it was killed, as another process', async () => {
    const one = watch(part(STEADY));
    one.start();
    const before = await until(one, 'ready');
    one.kill();
    const after = await until(one, 'ready', ({ process }) => process?.began !== before.process?.began);
    expect(after.restarts).toBe(1);
  });

  test('comes back as soon the fifth time as the first, when it is killed by order', async () => {
    const restarted: { readonly at: number; readonly state: string }[] = [];
    const one: Supervised = watch(part(STEADY), {
      changed: () => restarted.push({ at: performance.now(), state: one.record().state }),
    });
    one.start();
    for (let kills = 0; kills < 6; kills += 1) {
      await until(one, 'ready', ({ restarts }) => restarts === kills);
      one.kill();
    }
    await until(one, 'ready', ({ restarts }) => restarts === 6);
    const pauses = restarted.flatMap(({ at, state }, index) =>
      state === 'restarting' ? [(restarted[index + 1]?.at ?? Number.POSITIVE_INFINITY) - at] : [],
    );
    expect(pauses).toHaveLength(6);
    // With pauses that double, the last would be more than six seconds.
    expect(pauses.at(-1)).toBeLessThan(5_000);
  });

  test('says why it died', async () => {
    const one = watch(part('exit 3'));
    one.start();
    await until(one, 'restarting', ({ reason }) => reason === 'ended with status 3');
  });

  test('whose program is missing says so', async () => {
    const one = watch(part('', { file: '/nowhere/at-all' }));
    one.start();
    await until(one, 'restarting', ({ reason }) => reason?.includes('/nowhere/at-all') === true);
  });

  test('that was stopped stays down until it is started', async () => {
    const one = watch(part(STEADY));
    one.start();
    const { process } = await until(one, 'ready');
    await one.stop();
    expect(one.record()).toMatchObject({ state: 'stopped' });
    expect(process && isAlive(process)).toBe(false);
    one.start();
    await until(one, 'ready', (record) => record.process?.began !== process?.began);
  });

  test('can be stopped while it waits for what it needs', async () => {
    const one = watch(part(STEADY), { needed: () => new Promise(() => undefined) });
    one.start();
    await until(one, 'waiting');
    await one.stop();
    await until(one, 'stopped');
  });

  test('that keeps everything in memory never comes back by itself', async () => {
    const one = watch(part(STEADY, { keeps: 'in memory' }));
    one.start();
    await until(one, 'ready');
    one.kill();
    await until(one, 'account lost', ({ process }) => process === undefined);
  });

  test('leaves no child behind that would be in its own way', async () => {
    const pidFile = join(folder, 'child');
    const one = watch(part(`sleep 60 & echo $! > ${pidFile}; echo works; wait`));
    one.start();
    const { process } = await until(one, 'ready');
    const child = identify(Number(readFileSync(pidFile, 'utf8')));
    one.kill();
    await until(one, 'ready', (record) => record.process?.began !== process?.began);
    expect(child && isAlive(child)).toBe(false);
  });

  test('that an earlier supervisor started is taken up as it is', async () => {
    const first = watch(part(STEADY));
    first.start();
    const before = await until(first, 'ready');
    const second = watch(first.part, { before });
    second.start();
    expect((await until(second, 'ready')).process).toEqual(before.process);
    await second.stop();
    await until(first, 'restarting');
  });
});

describe('the order of ending', () => {
  test('lets a part outlive those that need it', () => {
    const parts = [
      { name: 'etcd', needs: [] },
      { name: 'api', needs: ['etcd'] },
      { name: 'temporal', needs: [] },
      { name: 'worker', needs: ['api', 'temporal'] },
      { name: 'client', needs: ['api'] },
    ];
    expect(endingWaves(parts)).toEqual([['worker', 'client'], ['api', 'temporal'], ['etcd']]);
  });

  test('refuses parts that need each other', () => {
    expect(() =>
      endingWaves([
        { name: 'a', needs: ['b'] },
        { name: 'b', needs: ['a'] },
      ]),
    ).toThrow(/circle: a, b/);
  });
});
