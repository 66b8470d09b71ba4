import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/client';
import type { Assessment, MirrorRequest, OperationInput } from '../../activities/contract.ts';
import { entityWorkflowId } from '../../api/names.ts';
import type { ObjectRef } from '../../api/object.ts';
import { PLAN_VERSION } from '../../words/steps.ts';
import { driftFound, getEntityState, specChanged } from '../../workflows/messages.ts';
import { startTemporal, type TemporalForTests } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';
import { made, operationOf, planOf, recordingActivities, securityGroup, stepOf } from './builders.ts';
import { entitiesOn, newObject } from './entities.ts';

let temporal: TemporalForTests;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.stop());

const { startEntity, operationOn, untilPhase } = entitiesOn(() => temporal);

const operationFor = (object: ObjectRef, overrides: Partial<OperationInput> = {}): OperationInput =>
  operationOf(planOf(stepOf(securityGroup('controlplane'))), {
    object,
    entityId: entityWorkflowId(object),
    ...overrides,
  });

describe('an entity', () => {
  test('runs the operation that assess calls for under one fixed id, then settles', async () => {
    const object = newObject();
    const { calls, activities } = recordingActivities();
    const mirrored: MirrorRequest[] = [];
    const assess = async (): Promise<Assessment> =>
      calls.length === 0 ? { kind: 'operate', operation: operationFor(object) } : { kind: 'settled', generation: 1 };
    await temporal.withWorker(
      { ...activities, assess, mirror: async (request) => void mirrored.push(request) },
      async (queue) => {
        const entity = await startEntity(queue, object);
        await untilPhase(object, 'settled');
        const operation = await operationOn(object).describe();
        expect(operation.type).toBe('CreateCluster');
        expect(operation.status.name).toBe('COMPLETED');
        await waitFor('its status is written', async () =>
          mirrored.at(-1)?.subject.kind === 'settled' ? true : undefined,
        );
        await entity.terminate();
      },
    );
    expect(calls).toEqual(['ensure security-group/controlplane']);
  });

  test('does not look again after an operation that leaves nothing to do, but does when the object changes', async () => {
    const object = newObject();
    const { activities } = recordingActivities();
    let looks = 0;
    const assess = async (): Promise<Assessment> => {
      looks += 1;
      return looks === 1
        ? { kind: 'operate', operation: operationFor(object, { settles: true }) }
        : { kind: 'orphaned', reason: 'enough' };
    };
    await temporal.withWorker({ ...activities, assess, mirror: async () => undefined }, async (queue) => {
      const entity = await startEntity(queue, object);
      await untilPhase(object, 'settled');
      expect(looks).toBe(1);
      await entity.signal(specChanged);
      expect(await entity.result()).toBe('orphaned: enough');
    });
    expect(looks).toBe(2);
  });

  test('that is settled does not look again at what a watcher that starts anew tells once more', async () => {
    const object = newObject();
    let looks = 0;
    const assess = async (): Promise<Assessment> => {
      looks += 1;
      return looks < 3 ? { kind: 'settled', generation: looks } : { kind: 'orphaned', reason: 'enough' };
    };
    await temporal.withWorker({ assess, mirror: async () => undefined }, async (queue) => {
      const entity = await startEntity(queue, object);
      const untilLooked = (count: number) =>
        waitFor(`it has looked ${count} times`, async () =>
          looks === count && (await entity.query(getEntityState)).phase === 'settled' ? true : undefined,
        );
      await untilLooked(1);
      await entity.signal(specChanged, { news: 'generation 2' });
      await untilLooked(2);
      await entity.signal(specChanged, { news: 'generation 2' });
      await untilLooked(2);
      // Whoever says nothing of what he saw is believed.
      await entity.signal(specChanged);
      expect(await entity.result()).toBe('orphaned: enough');
    });
    expect(looks).toBe(3);
  });

  test('whose object is gone changes nothing and ends as orphaned', async () => {
    const object = newObject();
    const { calls, activities } = recordingActivities();
    const mirrored: MirrorRequest[] = [];
    await temporal.withWorker(
      {
        ...activities,
        assess: async () => ({ kind: 'orphaned', reason: 'the object is gone' }),
        mirror: async (request) => void mirrored.push(request),
      },
      async (queue) => {
        const entity = await startEntity(queue, object);
        expect(await entity.result()).toBe('orphaned: the object is gone');
      },
    );
    expect(calls).toEqual([]);
    expect(mirrored).toEqual([]);
  });

  test('lets a deletion take the place of a create that is blocked, and ends when the delete is done', async () => {
    const object = newObject();
    let deleting = false;
    const done: string[] = [];
    await temporal.withWorker(
      {
        assess: async () => ({
          kind: 'operate',
          operation: deleting
            ? operationFor(object, {
                type: 'DeleteCluster',
                plan: planOf(
                  stepOf(securityGroup('controlplane'), { id: 'remove security-group/controlplane', verb: 'remove' }),
                ),
              })
            : operationFor(object),
        }),
        mirror: async () => undefined,
        ensure: async () => {
          throw ApplicationFailure.create({ type: 'blocked', message: 'not permitted', nonRetryable: true });
        },
        remove: async (request) => {
          done.push(request.step.id);
          return made();
        },
      },
      async (queue) => {
        const entity = await startEntity(queue, object);
        await waitFor('the create is blocked', async () =>
          (await operationOn(object).describe()).searchAttributes['SlipwayBlockedStep']?.[0] ===
          'ensure security-group/controlplane'
            ? true
            : undefined,
        );
        deleting = true;
        await entity.signal(specChanged);
        expect(await entity.result()).toBe('finished');
      },
    );
    expect(done).toEqual(['remove security-group/controlplane']);
  });

  test('sees a deletion that arrives while it still looks, or while its operation starts', async () => {
    const object = newObject();
    let deleting = false;
    const looks: { answer: () => void }[] = [];
    await temporal.withWorker(
      {
        assess: async () => {
          const operation = deleting
            ? operationFor(object, { type: 'DeleteCluster', plan: planOf() })
            : operationFor(object);
          // The first look has read the object, and answers late.
          if (looks.length === 0) await new Promise<void>((resolve) => looks.push({ answer: resolve }));
          return { kind: 'operate', operation };
        },
        mirror: async () => undefined,
        ensure: async () => {
          throw ApplicationFailure.create({ type: 'blocked', message: 'not permitted', nonRetryable: true });
        },
      },
      async (queue) => {
        const entity = await startEntity(queue, object);
        const look = await waitFor('it looks', async () => looks[0]);
        deleting = true;
        await entity.signal(specChanged);
        look.answer();
        expect(await entity.result()).toBe('finished');
      },
    );
  });

  test('looks again when an operation finds its own plan out of date, but makes no storm of it', async () => {
    const object = newObject();
    let looks = 0;
    const { activities } = recordingActivities(async () => {
      throw ApplicationFailure.create({ type: 'superseded', message: 'made from old facts', nonRetryable: true });
    });
    await temporal.withWorker(
      {
        ...activities,
        mirror: async () => undefined,
        assess: async () => {
          looks += 1;
          return looks < 4
            ? { kind: 'operate', operation: operationFor(object) }
            : { kind: 'orphaned', reason: 'enough' };
        },
      },
      async (queue) => {
        const began = Date.now();
        const entity = await startEntity(queue, object);
        expect(await entity.result()).toBe('orphaned: enough');
        // 0.5 s, 1 s and 2 s between the looks.
        expect(Date.now() - began).toBeGreaterThan(3_500);
      },
    );
  });

  test('tells a waiting node pool as soon as its cluster makes progress', async () => {
    const cluster = newObject();
    const pool = newObject('AWSNodePool');
    let poolLooks = 0;
    const { calls, activities } = recordingActivities();
    await temporal.withWorker(
      {
        ...activities,
        assess: async (request) => {
          if (request.object.kind === 'AWSCluster') {
            return calls.length === 0
              ? { kind: 'operate', operation: operationFor(cluster) }
              : { kind: 'settled', generation: 1 };
          }
          poolLooks += 1;
          return calls.length === 0
            ? {
                kind: 'waiting',
                generation: 1,
                reason: 'the network is not there',
                entityId: entityWorkflowId(cluster),
              }
            : { kind: 'settled', generation: 1 };
        },
        mirror: async () => undefined,
      },
      async (queue) => {
        const waiting = await startEntity(queue, pool);
        await untilPhase(pool, 'waiting');
        const entity = await startEntity(queue, cluster);
        // The pool asked before its cluster's entity existed: it asks again when it next looks.
        await waiting.signal(specChanged);
        await untilPhase(pool, 'settled');
        await Promise.all([entity.terminate(), waiting.terminate()]);
      },
    );
    expect(poolLooks).toBeLessThanOrEqual(5);
  });

  test('told by a sweep what drifted, writes it to the status, looks at nothing and plans nothing', async () => {
    const object = newObject();
    let looks = 0;
    const mirrored: MirrorRequest[] = [];
    const differences = [{ key: 'security-group-rules/controlplane', difference: 'tcp 6443 is not allowed' }];
    const driftWritten = (): unknown => {
      const subject = mirrored.at(-1)?.subject;
      return subject?.kind === 'settled' ? (subject.drift ?? 'none') : undefined;
    };
    const { calls, activities } = recordingActivities();
    await temporal.withWorker(
      {
        ...activities,
        assess: async () => {
          looks += 1;
          return { kind: 'settled', generation: 1 };
        },
        mirror: async (request) => void mirrored.push(request),
      },
      async (queue) => {
        const entity = await startEntity(queue, object);
        await waitFor('it is settled', async () => (driftWritten() === 'none' ? true : undefined));
        // Older than the look that found nothing: no news.
        await entity.signal(driftFound, { lookedAt: 0, differences });
        await entity.signal(driftFound, { lookedAt: Date.now() + 60_000, differences });
        await waitFor('it is told', async () => (Array.isArray(driftWritten()) ? true : undefined));
        await entity.signal(driftFound, { lookedAt: Date.now() + 120_000, differences: [] });
        await waitFor('it is cured', async () => (driftWritten() === 'none' ? true : undefined));
        await entity.terminate();
      },
    );
    expect(mirrored).toHaveLength(3);
    expect(looks).toBe(1);
    expect(calls).toEqual([]);
  });

  test('told by a sweep of its nodes, writes both the counts and what differs', async () => {
    const object = newObject();
    const mirrored: MirrorRequest[] = [];
    const report = {
      lookedAt: Date.now() + 60_000,
      differences: [{ key: 'auto-scaling-group/nodepool-1', difference: 'it keeps 2 machines, not 3' }],
      nodes: { desired: 2, ready: 1 },
    };
    await temporal.withWorker(
      {
        ...recordingActivities().activities,
        assess: async () => ({ kind: 'settled', generation: 1 }),
        mirror: async (request) => void mirrored.push(request),
      },
      async (queue) => {
        const entity = await startEntity(queue, object);
        await waitFor('it is settled', async () => (mirrored.length === 1 ? true : undefined));
        await entity.signal(driftFound, report);
        await waitFor('it is told', async () => (mirrored.length === 2 ? true : undefined));
        await entity.terminate();
      },
    );
    expect(mirrored.at(-1)?.subject).toEqual({ kind: 'settled', drift: report.differences, nodes: report.nodes });
  });

  test('assesses again when its operation has a plan of a release that the worker does not know', async () => {
    const object = newObject();
    let looks = 0;
    const { calls, activities } = recordingActivities();
    const mirrored: MirrorRequest[] = [];
    const newer = operationFor(object);
    await temporal.withWorker(
      {
        ...activities,
        assess: async () => {
          looks += 1;
          return looks === 1
            ? { kind: 'operate', operation: { ...newer, plan: { ...newer.plan, version: PLAN_VERSION + 1 } } }
            : { kind: 'settled', generation: 1 };
        },
        mirror: async (request) => void mirrored.push(request),
      },
      async (queue) => {
        const entity = await startEntity(queue, object);
        await waitFor('it is settled', async () => (mirrored.at(-1)?.subject.kind === 'settled' ? true : undefined));
        expect(await operationOn(object).result()).toMatchObject({ state: 'superseded' });
        await entity.terminate();
      },
    );
    expect(calls).toEqual([]);
    expect(looks).toBe(2);
  });
});
