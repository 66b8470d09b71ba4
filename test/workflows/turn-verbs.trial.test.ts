/**
 * All verbs, each way that people have to say them, in a turn of a node pool's rollout, between two of its turns, and while an update
 * policy holds its first or its next turn back, against a real server: by annotation, as the command line says them (an update of whichever workflow takes it), and as signals, which is what
 * Temporal's own tools send, to the operation and to the entity. An upgrade that is aborted returns, which others test.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApplicationFailure, type WorkflowHandle } from '@temporalio/client';
import type { Activities, Assessment, AssessRequest, OperationInput } from '../../activities/contract.ts';
import { entityWorkflowId } from '../../api/names.ts';
import type { ObjectRef } from '../../api/object.ts';
import type { OperationType } from '../../words/operations.ts';
import type { Verb } from '../../words/verbs.ts';
import { annotated, getEntityState, getOperationState, verbSignals, verbUpdates } from '../../workflows/messages.ts';
import { startTemporal, type TemporalForTests } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';
import { made, operationOf, planOf, securityGroup, stepOf } from './builders.ts';
import { entitiesOn, newObject } from './entities.ts';

let temporal: TemporalForTests;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.stop());

const { startEntity, entityOf, operationOn } = entitiesOn(() => temporal);

const TURNS = 3;
const NEVER = { retryMs: 3_600_000, retryMaxMs: 3_600_000 };
const SINCE = '2026-01-01T00:00:00Z';

type Stop = 'in a turn' | 'between turns' | 'outside its window';

/** What machines are to be, by which a word of a person is known to mean it. */
const TARGET = 'fingerprint-1';

/** A pool whose machines give way to others, one a turn: after so many of them a step is blocked, or the next turn waits. */
const rollingPool = (type: OperationType, stop: Stop, after = 1) => {
  const object = newObject('AWSNodePool');
  const world = { replaced: 0, stopped: true };
  const tries: string[] = [];
  const stepId = (): string => `ensure security-group/turn-${world.replaced + 1}`;
  const turn = (): OperationInput =>
    operationOf(planOf(stepOf(securityGroup(`turn-${world.replaced + 1}`))), {
      ...{ object, type, pacing: NEVER, generation: 1, entityId: entityWorkflowId(object) },
      turn: { number: world.replaced + 1, of: TURNS, since: SINCE },
    });
  const heldBack = { type, until: 'Window', target: TARGET } as const;
  const isStopped = (): boolean => world.stopped && world.replaced === after;
  const assess = async ({ returning, released }: AssessRequest): Promise<Assessment> => {
    // What was replaced has gone back: an aborted upgrade has nothing more to do.
    if (returning !== undefined) return { kind: 'settled', generation: returning, pacing: NEVER };
    if (world.replaced === TURNS) return { kind: 'settled', generation: 1, pacing: NEVER };
    if (stop === 'between turns' && isStopped())
      return { kind: 'settled', generation: 1, pacing: NEVER, rollout: type, note: 'its machine serves soon' };
    if (stop === 'outside its window' && isStopped() && released !== TARGET)
      return { kind: 'settled', generation: 1, pacing: NEVER, note: 'its window opens later', heldBack };
    return { kind: 'operate', pacing: NEVER, operation: turn() };
  };
  const activities: Partial<Activities> = {
    assess,
    mirror: async () => undefined,
    ensure: async ({ step }) => {
      tries.push(step.id);
      if (stop === 'in a turn' && isStopped())
        throw ApplicationFailure.create({ type: 'blocked', message: 'a budget is in the way', nonRetryable: true });
      world.replaced += 1;
      return made();
    },
    // A person replaced that machine.
    find: async () => {
      world.replaced += 1;
      return {};
    },
  };
  return { object, world, tries, stepId, activities };
};

type Asking = { readonly step?: string };
/** Says a verb about the pool's rollout. */
type Way = (object: ObjectRef, verb: Verb, ask?: Asking) => Promise<unknown>;

let tokens = 0;
const byAnnotation: Way = (object, verb, { step } = {}) => {
  tokens += 1;
  const value = step === undefined ? `token-${tokens}` : `token-${tokens}/${step}`;
  return entityOf(object).signal(annotated, { requests: { [verb]: value } });
};
const signalTo =
  (workflow: (object: ObjectRef) => WorkflowHandle): Way =>
  (object, verb, ask = {}) =>
    workflow(object).signal(verbSignals[verb], ask);
const updateOf =
  (workflow: (object: ObjectRef) => WorkflowHandle): Way =>
  (object, verb, ask = {}) =>
    workflow(object).executeUpdate(verbUpdates[verb], { args: [ask] });

const IN_A_TURN: readonly (readonly [string, Way])[] = [
  ['by annotation', byAnnotation],
  ['by the command line', updateOf(operationOn)],
  ['by a signal to the operation', signalTo(operationOn)],
  ['by a signal to the pool', signalTo(entityOf)],
];
const BETWEEN_TURNS: readonly (readonly [string, Way])[] = [
  ['by annotation', byAnnotation],
  ['by the command line', updateOf(entityOf)],
  ['by a signal to the pool', signalTo(entityOf)],
];

/** Nobody asks a turn that is about to end: the server has the question wait for a worker that has forgotten it. */
const untilBlocked = async ({ object, tries }: ReturnType<typeof rollingPool>, turns = 2): Promise<true> => {
  await waitFor('the second turn has begun', async () => (tries.length >= turns ? true : undefined));
  return waitFor('the step is blocked', async () => {
    const { state, steps } = await operationOn(object).query(getOperationState);
    return state === 'running' && steps[0]?.status.state === 'blocked' ? true : undefined;
  });
};
const untilPaused = (object: ObjectRef): Promise<true> =>
  waitFor('the turn is paused', async () =>
    (await operationOn(object).query(getOperationState)).pausedAt === undefined ? undefined : true,
  );
const untilHeld = (object: ObjectRef): Promise<OperationType> =>
  waitFor('the rollout is held', async () => (await entityOf(object).query(getEntityState)).held);
const untilWaiting = (object: ObjectRef): Promise<true> =>
  waitFor('the rollout waits', async () =>
    (await entityOf(object).query(getEntityState)).rollout === undefined ? undefined : true,
  );

/** All have been replaced, and every machine once. */
const expectDone = async ({ object, world }: ReturnType<typeof rollingPool>): Promise<void> => {
  await waitFor('all machines are replaced', async () => (world.replaced === TURNS ? true : undefined));
  await waitFor('the pool is settled', async () => {
    const { phase, rollout } = await entityOf(object).query(getEntityState);
    return phase === 'settled' && rollout === undefined ? true : undefined;
  });
  expect(world.replaced).toBe(TURNS);
  await entityOf(object).terminate();
};

const type = 'UpdateNodePool';

describe('in a turn of a rollout', () => {
  test.each(IN_A_TURN)('retry %s has the step tried once more, and the rollout goes on', async (_way, say) => {
    const pool = rollingPool(type, 'in a turn');
    await temporal.withWorker(pool.activities, async (queue) => {
      await startEntity(queue, pool.object);
      await untilBlocked(pool);
      pool.world.stopped = false;
      await say(pool.object, 'retry');
      await expectDone(pool);
      expect(pool.tries).toHaveLength(TURNS + 1);
    });
  });

  test.each(IN_A_TURN)('skip %s leaves the step, and the next machine has its turn', async (_way, say) => {
    const pool = rollingPool(type, 'in a turn');
    await temporal.withWorker(pool.activities, async (queue) => {
      await startEntity(queue, pool.object);
      await untilBlocked(pool);
      await say(pool.object, 'skip', { step: pool.stepId() });
      await expectDone(pool);
      expect(pool.tries).toHaveLength(TURNS);
    });
  });

  test.each(IN_A_TURN)('pause %s lets no further step begin until resume', async (_way, say) => {
    const pool = rollingPool(type, 'in a turn');
    await temporal.withWorker(pool.activities, async (queue) => {
      await startEntity(queue, pool.object);
      await untilBlocked(pool);
      await say(pool.object, 'pause');
      await untilPaused(pool.object);
      pool.world.stopped = false;
      await say(pool.object, 'resume');
      await waitFor('it goes on', async () =>
        (await operationOn(pool.object).query(getOperationState)).pausedAt === undefined ? true : undefined,
      );
      await updateOf(operationOn)(pool.object, 'retry');
      await expectDone(pool);
    });
  });

  test.each(IN_A_TURN)('abort %s ends it where it is, and only resume goes on', async (_way, say) => {
    const pool = rollingPool(type, 'in a turn');
    await temporal.withWorker(pool.activities, async (queue) => {
      await startEntity(queue, pool.object);
      await untilBlocked(pool);
      await say(pool.object, 'abort');
      expect(await untilHeld(pool.object)).toBe(type);
      pool.world.stopped = false;
      await entityOf(pool.object).signal('specChanged');
      expect(await untilHeld(pool.object)).toBe(type);
      expect(pool.world.replaced).toBe(1);
      await updateOf(entityOf)(pool.object, 'resume');
      await expectDone(pool);
    });
  });
});

describe('between two turns of a rollout', () => {
  const atRest = async (act: (pool: ReturnType<typeof rollingPool>) => Promise<void>): Promise<void> => {
    const pool = rollingPool(type, 'between turns');
    await temporal.withWorker(pool.activities, async (queue) => {
      await startEntity(queue, pool.object);
      await untilWaiting(pool.object);
      await act(pool);
    });
  };
  const goesOn = async ({ object, world }: ReturnType<typeof rollingPool>): Promise<void> => {
    world.stopped = false;
    await entityOf(object).signal('specChanged');
  };

  test.each(BETWEEN_TURNS)('pause %s has the next turn begin paused', (_way, say) =>
    atRest(async (pool) => {
      await say(pool.object, 'pause');
      await waitFor('it is paused', async () => (await entityOf(pool.object).query(getEntityState)).paused);
      await goesOn(pool);
      await untilPaused(pool.object);
      expect(pool.world.replaced).toBe(1);
      await updateOf(operationOn)(pool.object, 'resume');
      await expectDone(pool);
    }),
  );

  test.each(BETWEEN_TURNS)('resume %s takes the pause back', (_way, say) =>
    atRest(async (pool) => {
      await updateOf(entityOf)(pool.object, 'pause');
      // While it looks it is neither at rest nor paused, and says so to whoever asks by an update.
      await waitFor('it is paused', async () => (await entityOf(pool.object).query(getEntityState)).paused);
      await say(pool.object, 'resume');
      await waitFor('it is not paused', async () =>
        (await entityOf(pool.object).query(getEntityState)).paused === true ? undefined : true,
      );
      await goesOn(pool);
      await expectDone(pool);
    }),
  );

  test.each(BETWEEN_TURNS)('abort %s replaces no further machine until resume', (_way, say) =>
    atRest(async (pool) => {
      await say(pool.object, 'abort');
      expect(await untilHeld(pool.object)).toBe(type);
      await goesOn(pool);
      expect(await untilHeld(pool.object)).toBe(type);
      expect(pool.world.replaced).toBe(1);
      await say(pool.object, 'resume');
      await expectDone(pool);
    }),
  );

  test.each([
    ['retry', /^Nothing is blocked/],
    ['skip', /is between two machines: a step can be skipped while one is replaced/],
  ] as const)('%s is refused, and says why', (verb, reason) =>
    atRest(async (pool) => {
      await expect(updateOf(entityOf)(pool.object, verb, { step: 'ensure x' })).rejects.toMatchObject({
        cause: { message: expect.stringMatching(reason) },
      });
      await goesOn(pool);
      await expectDone(pool);
    }),
  );

  test.each(BETWEEN_TURNS.filter(([way]) => way !== 'by the command line'))(
    'retry and skip %s are forgotten, and the rollout goes on',
    (_way, say) =>
      atRest(async (pool) => {
        await say(pool.object, 'retry');
        await say(pool.object, 'skip', { step: 'ensure x' });
        await goesOn(pool);
        await expectDone(pool);
      }),
  );
});

describe.each([
  ['before its first window', 0],
  ['between two windows', 1],
] as const)('a rollout %s', (_when, replaced) => {
  const heldBack = async (act: (pool: ReturnType<typeof rollingPool>) => Promise<void>): Promise<void> => {
    const pool = rollingPool(type, 'outside its window', replaced);
    await temporal.withWorker(pool.activities, async (queue) => {
      await startEntity(queue, pool.object);
      await waitFor('it is held back', async () => (await entityOf(pool.object).query(getEntityState)).heldBack);
      expect(pool.world.replaced).toBe(replaced);
      await act(pool);
    });
  };
  const opens = async ({ object, world }: ReturnType<typeof rollingPool>): Promise<void> => {
    world.stopped = false;
    await entityOf(object).signal('specChanged');
  };

  test.each(BETWEEN_TURNS)('begins by resume %s, window or not', (_way, say) =>
    heldBack(async (pool) => {
      await say(pool.object, 'resume');
      await expectDone(pool);
    }),
  );

  test.each(BETWEEN_TURNS)('that was paused %s begins paused once its window opens', (_way, say) =>
    heldBack(async (pool) => {
      await say(pool.object, 'pause');
      await waitFor('it is paused', async () => (await entityOf(pool.object).query(getEntityState)).paused);
      await opens(pool);
      await untilPaused(pool.object);
      expect(pool.world.replaced).toBe(replaced);
      await updateOf(operationOn)(pool.object, 'resume');
      await expectDone(pool);
    }),
  );

  test.each(BETWEEN_TURNS)('that was aborted %s does not begin when its window opens, but by resume', (_way, say) =>
    heldBack(async (pool) => {
      await say(pool.object, 'abort');
      expect(await untilHeld(pool.object)).toBe(type);
      await opens(pool);
      expect(await untilHeld(pool.object)).toBe(type);
      expect(pool.world.replaced).toBe(replaced);
      await say(pool.object, 'resume');
      await expectDone(pool);
    }),
  );

  test.each(['retry', 'skip'] as const)('refuses %s, and begins when its window opens', (verb) =>
    heldBack(async (pool) => {
      await expect(updateOf(entityOf)(pool.object, verb, { step: 'ensure x' })).rejects.toThrow();
      await opens(pool);
      await expectDone(pool);
    }),
  );
});

test('what was said of a turn is not said of the next: each value of an annotation acts once', async () => {
  const pool = rollingPool('UpdateNodePool', 'in a turn');
  await temporal.withWorker(pool.activities, async (queue) => {
    await startEntity(queue, pool.object);
    await untilBlocked(pool);
    await entityOf(pool.object).signal(annotated, { requests: { abort: 'once' } });
    await untilHeld(pool.object);
    await entityOf(pool.object).executeUpdate(verbUpdates.resume, { args: [{}] });
    await untilBlocked(pool, 3);
    // GitOps applies the same annotation again and again.
    await entityOf(pool.object).signal(annotated, { requests: { abort: 'once' } });
    pool.world.stopped = false;
    await updateOf(operationOn)(pool.object, 'retry');
    await expectDone(pool);
  });
});

test.each(['ResizeNodePool', 'RepairNodePool'] as const)(
  'a turn of %s is aborted and goes on as any other',
  async (rollout) => {
    const pool = rollingPool(rollout, 'in a turn');
    await temporal.withWorker(pool.activities, async (queue) => {
      await startEntity(queue, pool.object);
      await untilBlocked(pool);
      await byAnnotation(pool.object, 'abort');
      expect(await untilHeld(pool.object)).toBe(rollout);
      pool.world.stopped = false;
      await byAnnotation(pool.object, 'resume');
      await expectDone(pool);
    });
  },
);
