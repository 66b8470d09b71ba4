/**
 * Whatever people and faults do to a cluster and its node pool, in whatever order: what must be true is true.
 *
 * fast-check chooses the commands; the stub sandbox carries them out. SLIPWAY_MODEL_RUNS says how many lives,
 * SLIPWAY_TEST_SEED repeats them; SLIPWAY_MODEL_SHRINK=true looks for the shortest story that fails, which takes long. A
 * story that failed and was mended becomes a test by name.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Row } from '../journeys/lifecycle.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { COMMANDS, quiesce, type Real } from './commands.ts';
import { emptyModel, type Kind, type Model } from './model.ts';
import { type World, worldOf } from './world.ts';

const RUNS = Number(process.env['SLIPWAY_MODEL_RUNS'] ?? 4);
const SEED = Number(process.env['SLIPWAY_TEST_SEED'] ?? Date.now() % 1_000_000);
const LONGEST_STORY = 14;

let sandbox: SandboxForTests;
let world: World;
let before: readonly Row[];
let tokens = 0;
const story: string[] = [];

beforeAll(async () => {
  sandbox = await startSandbox(
    {
      ...{ SLIPWAY_SETTLE_SECONDS: '1', SLIPWAY_RETRY_SECONDS: '1', SLIPWAY_RETRY_MAX_SECONDS: '3' },
      // A node that falls silent is replaced before anybody stops waiting.
      ...{ SLIPWAY_SWEEP_SECONDS: '4', SLIPWAY_NODE_REPAIR_SECONDS: '5' },
    },
    { stub: true },
  );
  world = worldOf(sandbox);
  before = await world.account();
});

afterAll(async () => {
  console.info(story.join('\n'));
  await sandbox?.end();
});

const began = Date.now();
const log = (line: string): void =>
  void story.push(`${((Date.now() - began) / 1_000).toFixed(0).padStart(5)} s  ${line}`);
const real = (): Real => ({
  world,
  before,
  log,
  token: () => {
    tokens += 1;
    return `model-${tokens}`;
  },
});

/** What a life begins with: most of what can go wrong goes wrong with something that exists. */
type Beginning = readonly Kind[];
const BEGINNINGS: readonly Beginning[] = [[], ['cluster'], ['cluster', 'pool'], ['pool', 'cluster']];

/** One life: the commands, then peace, then the end of everything. */
const live = async (beginning: Beginning, commands: Iterable<fc.AsyncCommand<Model, Real>>): Promise<void> => {
  const model = emptyModel();
  const life = real();
  log(`a life begins with ${beginning.join(' and ') || 'nothing'}`);
  for (const kind of beginning) {
    await world.apply(kind);
    model[kind] = 'wanted';
  }
  await fc.asyncModelRun(() => ({ model, real: life }), commands);
  log('peace');
  await quiesce(model, life);
  for (const kind of ['pool', 'cluster'] as const) {
    await world.remove(kind);
    model[kind] = 'absent';
  }
  log('the end');
  await quiesce(model, life);
  expect(await world.account()).toEqual(before);
};

describe('a cluster and its node pool', () => {
  test('are as the model says, whatever people and faults do to them', async () => {
    story.push(`seed ${SEED}`);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...BEGINNINGS),
        fc.commands([...COMMANDS], { maxCommands: LONGEST_STORY, size: 'max' }),
        live,
      ),
      {
        numRuns: RUNS,
        seed: SEED,
        endOnFailure: process.env['SLIPWAY_MODEL_SHRINK'] !== 'true',
      },
    );
  });
});

describe('stories that failed once', () => {
  test('a cluster deleted before Slipway saw it goes at once, and its pool waits for another of its name', async () => {
    await succeed('stop', sandbox.sandbox('stop', 'slipway-client'));
    await world.apply('cluster');
    await world.apply('pool');
    expect(await world.remove('cluster')).toBe('gone');
    await succeed('start', sandbox.sandbox('start', 'slipway-client'));
    const model: Model = { ...emptyModel(), pool: 'wanted' };
    await quiesce(model, real());
    await world.remove('pool');
    model.pool = 'absent';
    await quiesce(model, real());
    expect(await world.account()).toEqual(before);
  });
});
