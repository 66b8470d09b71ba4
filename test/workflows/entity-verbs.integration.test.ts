/** What people say to an entity, by annotation, signal, update and cancel, against a real server. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApplicationFailure, Client, WorkflowUpdateFailedError } from '@temporalio/client';
import type { Activities, Assessment, MirrorRequest, OperationInput } from '../../activities/contract.ts';
import { entityWorkflowId } from '../../api/names.ts';
import type { ObjectRef } from '../../api/object.ts';
import { listStuck } from '../../worker/blocked.ts';
import {
  annotated,
  BLOCKED_MEMO,
  type EntityState,
  getOperationState,
  specChanged,
  verbSignals,
  verbUpdates,
} from '../../workflows/messages.ts';
import { startTemporal, type TemporalForTests } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';
import { made, operationOf, planOf, securityGroup, stepOf } from './builders.ts';
import { entitiesOn, newObject } from './entities.ts';

let temporal: TemporalForTests;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.stop());

const { startEntity, entityOf, operationOn, untilPhase } = entitiesOn(() => temporal);

const GROUP = 'ensure security-group/controlplane';
const OFTEN = { retryMs: 100, retryMaxMs: 200 };
const NEVER = { retryMs: 3_600_000, retryMaxMs: 3_600_000 };

/** A cluster whose create is blocked until it is cured, and everything that was asked of its activities. */
const blockedCluster = (pacing = NEVER) => {
  const object = newObject();
  const world = { generation: 1, deleting: false, cured: false, done: false };
  const looks: number[] = [];
  const tries: string[] = [];
  const written: MirrorRequest['subject'][] = [];
  const operation = (overrides: Partial<OperationInput> = {}): OperationInput =>
    operationOf(planOf(stepOf(securityGroup('controlplane'))), {
      object,
      entityId: entityWorkflowId(object),
      generation: world.generation,
      pacing,
      ...overrides,
    });
  const activities: Partial<Activities> = {
    assess: async (): Promise<Assessment> => {
      looks.push(Date.now());
      if (world.deleting)
        return { kind: 'operate', pacing, operation: operation({ type: 'DeleteCluster', plan: planOf() }) };
      if (world.done) return { kind: 'settled', generation: world.generation, pacing };
      return { kind: 'operate', pacing, operation: operation() };
    },
    mirror: async ({ subject }) => void written.push(subject),
    ensure: async ({ step }) => {
      tries.push(step.id);
      if (!world.cured) throw ApplicationFailure.create({ type: 'blocked', message: 'no', nonRetryable: true });
      world.done = true;
      return made();
    },
    find: async () => null,
  };
  return { object, world, looks, tries, written, activities, operation };
};

const untilBlocked = (object: ObjectRef) =>
  waitFor('the step is blocked', async () => {
    const { state, steps } = await operationOn(object).query(getOperationState);
    return state === 'running' && steps[0]?.status.state === 'blocked' ? true : undefined;
  });
const until = (what: string, isTrue: () => boolean) => waitFor(what, async () => (isTrue() ? true : undefined));

const refusal = async (saying: Promise<unknown>): Promise<string> => {
  const error: unknown = await saying.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof WorkflowUpdateFailedError)) throw new Error(`It was not refused: ${String(error)}`);
  return error.cause?.message ?? '';
};

describe('an annotation', () => {
  test('that status remembers does not act again after all of Temporal’s data were lost, and a new one does', async () => {
    const { object, tries, activities } = blockedCluster();
    const assess = async (...asked: Parameters<Activities['assess']>): Promise<Assessment> => {
      const assessment = await activities.assess?.(...asked);
      if (assessment === undefined) throw new Error('It always assesses.');
      return { ...assessment, handled: { retry: 'token-1' } };
    };
    await temporal.withWorker({ ...activities, assess }, async (queue) => {
      await startEntity(queue, object);
      await entityOf(object).signal(annotated, { requests: { retry: 'token-1' } });
      await untilBlocked(object);
      await entityOf(object).signal(annotated, { requests: { retry: 'token-2' } });
      await until('the new one acts', () => tries.length === 2);
      expect((await operationOn(object).query(getOperationState)).handled).toEqual({ retry: 'token-2' });
    });
  });

  const RESTING: Readonly<Record<'settled' | 'blocked' | 'waiting', Assessment>> = {
    settled: { kind: 'settled', generation: 1 },
    blocked: { kind: 'blocked', generation: 1, reason: 'wrong account', cure: 'use the other', pacing: NEVER },
    waiting: { kind: 'waiting', generation: 1, reason: 'for its cluster', pacing: NEVER },
  };
  test.each(Object.entries(RESTING))(
    'that makes no sense to an object that is %s is told as heard all the same, once, and changes nothing else',
    async (phase, assessment) => {
      const { object, activities } = blockedCluster();
      const heard: MirrorRequest['handled'][] = [];
      const mirror: Activities['mirror'] = async ({ handled }) => void heard.push(handled);
      await temporal.withWorker({ ...activities, assess: async () => assessment, mirror }, async (queue) => {
        const entity = await startEntity(queue, object);
        const view = await untilPhase(object, phase as keyof typeof RESTING);
        await entity.signal(annotated, { requests: { pause: 'token-1' } });
        await until('it is told as heard', () => heard.at(-1)?.pause === 'token-1');
        const told = heard.length;
        await entity.signal(annotated, { requests: { pause: 'token-1' } });
        expect(await untilPhase(object, phase as keyof typeof RESTING)).toEqual(view);
        expect(heard).toHaveLength(told);
        await entity.terminate();
      });
    },
  );

  test('that comes while a create ends is told as heard, though the create itself says no more', async () => {
    const { object, world, activities } = blockedCluster(OFTEN);
    world.cured = true;
    let said = false;
    let heard: MirrorRequest['handled'];
    const mirror: Activities['mirror'] = async ({ subject, handled }) => {
      if (subject.kind !== 'operation') heard = handled;
      else if (subject.operation.state === 'succeeded' && !said) {
        said = true;
        await entityOf(object).signal(annotated, { requests: { resume: 'token-1' } });
      }
    };
    await temporal.withWorker({ ...activities, mirror }, async (queue) => {
      const entity = await startEntity(queue, object);
      await until('it is told as heard', () => heard?.resume === 'token-1');
      await untilPhase(object, 'settled');
      await entity.terminate();
    });
  });

  test('acts once for each of its values, however often it is told, also after the entity began a new run', async () => {
    const { object, tries, activities } = blockedCluster();
    await temporal.withWorker(activities, async (queue) => {
      const entity = await startEntity(queue, object);
      await untilBlocked(object);
      const annotate = (retry: string) => entityOf(object).signal(annotated, { requests: { retry } });
      await annotate('token-1');
      await annotate('token-1');
      await until('it is tried again', () => tries.length === 2);
      await untilBlocked(object);
      await annotate('token-1');
      await annotate(`token-2/${GROUP}`);
      await until('the next value acts', () => tries.length === 3);
      await untilBlocked(object);

      const { runId } = await entityOf(object).describe();
      await entity.cancel();
      await untilPhase(object, 'blocked');
      // It says that it is blocked before its run ends, and after the next one has begun.
      await waitFor('a new run', async () => ((await entityOf(object).describe()).runId === runId ? undefined : true));
      await untilPhase(object, 'blocked');
      await entityOf(object).executeUpdate(verbUpdates.resume, { args: [{}] });
      await untilBlocked(object);
      expect(tries).toHaveLength(4);
      await annotate(`token-2/${GROUP}`);
      await annotate('token-3');
      await until('only the new value acts', () => tries.length === 5);
      await untilBlocked(object);
      expect(tries).toHaveLength(5);
      await entityOf(object).terminate();
    });
  });

  test('of a new object may have its create begin paused', async () => {
    const { object, tries, activities, world } = blockedCluster();
    world.cured = true;
    await temporal.withWorker(activities, async (queue) => {
      await temporal.environment.client.workflow.signalWithStart('AwsCluster', {
        workflowId: entityWorkflowId(object),
        taskQueue: queue,
        args: [{ v: 1, object, dependents: [] } satisfies EntityState],
        signal: annotated,
        signalArgs: [{ requests: { pause: 'token-1' } }],
      });
      await waitFor('it is paused', async () => (await operationOn(object).query(getOperationState)).pausedAt);
      expect(tries).toEqual([]);
      await entityOf(object).signal(annotated, { requests: { pause: 'token-1', resume: 'token-1' } });
      await untilPhase(object, 'settled');
      expect(tries).toEqual([GROUP]);
      await entityOf(object).terminate();
    });
  });
});

describe('an aborted create', () => {
  test('begins again when it is resumed, by looking anew, and not because something was told again', async () => {
    const { object, tries, looks, written, activities, world } = blockedCluster();
    await temporal.withWorker(activities, async (queue) => {
      await startEntity(queue, object);
      await untilBlocked(object);
      await entityOf(object).signal(verbSignals.abort, {});
      const { held } = await untilPhase(object, 'blocked');
      expect(held).toBe('CreateCluster');
      const before = looks.length;
      await entityOf(object).signal(specChanged);
      await until('it has looked', () => looks.length > before);
      await untilPhase(object, 'blocked');
      expect(written.at(-1)).toEqual({ kind: 'held', operation: 'CreateCluster' });
      expect(tries).toHaveLength(1);
      expect(await refusal(entityOf(object).executeUpdate(verbUpdates.retry, { args: [{}] }))).toBe(
        'CreateCluster was aborted: resume begins it again.',
      );
      world.cured = true;
      expect(await entityOf(object).executeUpdate(verbUpdates.resume, { args: [{}] })).toMatch(/^Resumed/);
      await untilPhase(object, 'settled');
      expect(tries).toHaveLength(2);
      await entityOf(object).terminate();
    });
  });

  test.each(['annotation', 'signal'] as const)(
    'begins again when it is resumed while it still ends, by %s',
    async (way) => {
      const { object, tries, activities, world } = blockedCluster();
      let said = false;
      const mirror: Activities['mirror'] = async ({ subject }) => {
        if (subject.kind !== 'operation' || subject.operation.state !== 'aborted' || said) return;
        said = true;
        world.cured = true;
        if (way === 'signal') await operationOn(object).signal(verbSignals.resume, {});
        else await entityOf(object).signal(annotated, { requests: { resume: 'token-1' } });
      };
      await temporal.withWorker({ ...activities, mirror }, async (queue) => {
        await startEntity(queue, object);
        await untilBlocked(object);
        await operationOn(object).signal(verbSignals.abort, {});
        await untilPhase(object, 'settled');
        expect([said, tries.length]).toEqual([true, 2]);
        await entityOf(object).terminate();
      });
    },
  );

  test('gives way to a newer spec and to a deletion', async () => {
    const { object, tries, activities, world } = blockedCluster();
    await temporal.withWorker(activities, async (queue) => {
      await startEntity(queue, object);
      await untilBlocked(object);
      await operationOn(object).executeUpdate(verbUpdates.abort, { args: [{}] });
      await untilPhase(object, 'blocked');
      world.generation = 2;
      await entityOf(object).signal(specChanged);
      await untilBlocked(object);
      expect(tries).toHaveLength(2);
      await operationOn(object).cancel();
      await untilPhase(object, 'blocked');
      world.deleting = true;
      await entityOf(object).signal(specChanged);
      expect(await entityOf(object).result()).toBe('finished');
    });
  });
});

describe('a deletion', () => {
  test('that is cancelled in Temporal is held, and goes on when it is resumed', async () => {
    const { object, activities, operation } = blockedCluster();
    const removal = stepOf(securityGroup('controlplane'), { id: 'remove security-group/controlplane', verb: 'remove' });
    let cured = false;
    const assess = async (): Promise<Assessment> => ({
      kind: 'operate',
      operation: operation({ type: 'DeleteCluster', plan: planOf(removal) }),
    });
    const remove = async () => {
      if (!cured) throw ApplicationFailure.create({ type: 'blocked', message: 'no', nonRetryable: true });
      return { change: 'removed', outputs: {} } as const;
    };
    await temporal.withWorker({ ...activities, assess, remove }, async (queue) => {
      await startEntity(queue, object);
      await untilBlocked(object);
      await operationOn(object).cancel();
      expect((await untilPhase(object, 'blocked')).held).toBe('DeleteCluster');
      cured = true;
      await entityOf(object).executeUpdate(verbUpdates.resume, { args: [{}] });
      expect(await entityOf(object).result()).toBe('finished');
    });
  });
});

describe('a skipped step', () => {
  test('is no reason to begin again until somebody says retry', async () => {
    const { object, tries, activities, written, world } = blockedCluster();
    await temporal.withWorker(activities, async (queue) => {
      await startEntity(queue, object);
      await untilBlocked(object);
      await operationOn(object).executeUpdate(verbUpdates.skip, { args: [{ step: GROUP }] });
      await untilPhase(object, 'settled');
      await until('its status names it', () =>
        written.some((subject) => subject.kind === 'settled' && subject.note?.includes(GROUP) === true),
      );
      world.cured = true;
      await entityOf(object).executeUpdate(verbUpdates.retry, { args: [{}] });
      await until('it is made after all', () => tries.length === 2);
      await untilPhase(object, 'settled');
      await entityOf(object).terminate();
    });
  });
});

describe('an entity', () => {
  test('that waits for a person looks again at once when told to, and refuses what makes no sense', async () => {
    const { object, activities } = blockedCluster();
    let cured = false;
    let looks = 0;
    const assess = async (): Promise<Assessment> => {
      looks += 1;
      return cured
        ? { kind: 'settled', generation: 1 }
        : { kind: 'blocked', generation: 1, reason: 'wrong account', cure: 'use the other', pacing: NEVER };
    };
    await temporal.withWorker({ ...activities, assess }, async (queue) => {
      const entity = await startEntity(queue, object);
      await untilPhase(object, 'blocked');
      for (const verb of ['skip', 'pause', 'abort'] as const) {
        expect(await refusal(entity.executeUpdate(verbUpdates[verb], { args: [{}] }))).toBe(
          `No operation runs: there is nothing to ${verb}.`,
        );
      }
      const listed = await entity.describe();
      expect(listed.searchAttributes['SlipwayBlockedStep']).toEqual(['assess']);
      expect(listed.memo?.[BLOCKED_MEMO]).toMatchObject([
        { step: 'assess', verdict: 'blocked', message: 'wrong account' },
      ]);
      // As a worker counts it, over the connection that a worker has.
      const client = new Client({ connection: temporal.environment.nativeConnection, namespace: temporal.namespace });
      const counted = await waitFor('it is counted', async () =>
        (await listStuck(client)).find(({ blocked }) => blocked.some(({ step }) => step === 'assess')),
      );
      expect(counted).toMatchObject({
        ...{ object: 'AWSCluster', phase: 'blocked' },
        blocked: [{ kind: 'assess', verdict: 'blocked', reason: 'Blocked', since: expect.any(Number) }],
      });
      cured = true;
      await entity.executeUpdate(verbUpdates.retry, { args: [{}] });
      await untilPhase(object, 'settled');
      expect(looks).toBe(2);
      // A query sees what the server is told only a moment later.
      await waitFor('nothing is blocked any more', async () => {
        const { searchAttributes } = await entity.describe();
        return searchAttributes['SlipwayBlockedStep'] === undefined ? true : undefined;
      });
      expect(await refusal(entity.executeUpdate(verbUpdates.retry, { args: [{}] }))).toMatch(/^Nothing is blocked/);
      await entity.terminate();
    });
  });

  test('whose look keeps failing says so, and goes on by itself once the cause is gone', async () => {
    const { object, activities, written } = blockedCluster();
    let cured = false;
    const assess = async (): Promise<Assessment> => {
      if (cured) return { kind: 'settled', generation: 1 };
      throw ApplicationFailure.create({ type: 'retry', message: 'connect ECONNREFUSED' });
    };
    await temporal.withWorker({ ...activities, assess }, async (queue) => {
      const entity = await temporal.environment.client.workflow.start('AwsCluster', {
        workflowId: entityWorkflowId(object),
        taskQueue: queue,
        args: [{ v: 1, object, dependents: [], pacing: OFTEN } satisfies EntityState],
      });
      await until('its status says so', () =>
        written.some(
          (subject) =>
            subject.kind === 'failing' && subject.reason === 'It could not be looked at: connect ECONNREFUSED',
        ),
      );
      expect((await entity.describe()).searchAttributes['SlipwayBlockedStep']).toEqual(['assess']);
      cured = true;
      await untilPhase(object, 'settled');
      await entity.terminate();
    });
  });

  test('that is cured while a new run begins is no longer listed as blocked', async () => {
    const object = newObject();
    let cured = false;
    const assess = async (): Promise<Assessment> =>
      cured
        ? { kind: 'settled', generation: 1 }
        : { kind: 'blocked', generation: 1, reason: 'wrong account', cure: 'use the other' };
    await temporal.withWorker({ assess, mirror: async () => undefined }, async (queue) => {
      await startEntity(queue, object);
      await untilPhase(object, 'blocked');
      cured = true;
      await entityOf(object).cancel();
      await untilPhase(object, 'settled');
      const { searchAttributes, memo } = await entityOf(object).describe();
      expect(searchAttributes['SlipwayBlockedStep'] ?? []).toEqual([]);
      expect(memo?.[BLOCKED_MEMO] ?? []).toEqual([]);
      await entityOf(object).terminate();
    });
  });

  test('that is cancelled while nothing runs lives on in a new run, and forgets nobody', async () => {
    const { object, activities, world } = blockedCluster();
    world.done = true;
    await temporal.withWorker(activities, async (queue) => {
      const entity = await startEntity(queue, object);
      await untilPhase(object, 'settled');
      const { runId } = await entity.describe();
      await entity.cancel();
      await waitFor('there is a new run', async () =>
        (await entityOf(object).describe()).runId === runId ? undefined : true,
      );
      await untilPhase(object, 'settled');
      expect((await entityOf(object).describe()).status.name).toBe('RUNNING');
      await entityOf(object).terminate();
    });
  });
});
