/**
 * Variants: what an operation or an entity may meet, each played with doubles of the activities on a real Temporal server.
 *
 * Owns: the stories that a sandbox tells only by chance: a step that fails, waits, is skipped, or finds its plan out of
 * date; verbs; what supersedes. Neighbours: `life.ts` records whole lives in a sandbox; `record.ts` runs both.
 */
import { ApplicationFailure, type WorkflowHandle } from '@temporalio/client';
import { OPERATIONS } from '../../words/operations.ts';
import type { Activities, Assessment, OperationInput, StepRequest } from '../../activities/contract.ts';
import { entityWorkflowId } from '../../api/names.ts';
import type { ObjectRef } from '../../api/object.ts';
import type { Plan } from '../../policy/plan.ts';
import { annotated, BACKUP_WORKFLOW, DRIFT_SWEEP_WORKFLOW, driftFound, ENTITY_WORKFLOW, type EntityState, getEntityState, getOperationState, LIST_BACKUPS_WORKFLOW, LIST_ORPHANS_WORKFLOW, PLAN_CHANGE_WORKFLOW, PLAN_UPGRADE_WORKFLOW, PLAN_WORKFLOW, PREVIEW_RESTORE_WORKFLOW, REMOVE_ORPHANS_WORKFLOW, specChanged, supersede, verbUpdates } from '../../workflows/messages.ts';
import type { TemporalForTests } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';
import { seedPool } from '../topology/objects.ts';
import { made, operationOf, planOf, securityGroup, stepOf } from '../workflows/builders.ts';

export type Variant = {
  readonly name: string;
  /** Plays it to its end; answers the runs to be recorded. */
  readonly play: (stage: Stage) => Promise<readonly WorkflowHandle[]>;
};

type Stage = { readonly temporal: TemporalForTests; readonly uid: string };

const failure = (type: string, message: string, ...details: unknown[]): ApplicationFailure =>
  ApplicationFailure.create({ type, message, nonRetryable: true, details });

const pacing = { retryMs: 200, retryMaxMs: 1_000 };
const GROUP = 'ensure security-group/controlplane';
const WAIT = 'wait control-plane/ready';

const twoSteps: Plan = planOf(
  stepOf(securityGroup('controlplane')),
  stepOf(
    {
      key: 'control-plane/ready',
      kind: 'control-plane',
      properties: {
        endpoint: { ref: 'security-group/controlplane', output: 'id' },
        certificateAuthority: 'secret/root-ca',
      },
    },
    { id: WAIT, verb: 'wait', needs: [GROUP] },
  ),
);

const objectOf = ({ uid }: Stage, kind: ObjectRef['kind'] = 'AWSCluster'): ObjectRef => ({
  kind,
  namespace: 'default',
  name: 'cluster-0',
  uid,
});

const DRIFT = [{ key: 'security-group/controlplane', difference: 'its tag slipway.dev/key is missing' }];

const quiet = { mirror: async () => undefined, find: async () => ({ id: 'sg-1' }) };
const done = async () => made({ id: 'sg-1' });

const stateOf = async (handle: WorkflowHandle, id: string): Promise<string | undefined> =>
  (await handle.query(getOperationState)).steps.find((step) => step.id === id)?.status.state;

const untilStep = (handle: WorkflowHandle, id: string, state: string): Promise<true> =>
  waitFor(`${id} is ${state}`, async () => ((await stateOf(handle, id)) === state ? true : undefined));

/** One operation, with no entity above it. */
const operation =
  (
    activities: Partial<Activities>,
    act: (handle: WorkflowHandle) => Promise<unknown>,
    overrides: Partial<OperationInput> = {},
  ): Variant['play'] =>
  (stage) =>
    stage.temporal.withWorker({ ...quiet, ensure: done, wait: done, remove: done, ...activities }, async (taskQueue) => {
      const object = objectOf(stage, OPERATIONS[overrides.type ?? 'CreateCluster'].of);
      const input = operationOf(twoSteps, { object, pacing, entityId: entityWorkflowId(object), ...overrides });
      const handle = await stage.temporal.environment.client.workflow.start(input.type, {
        taskQueue,
        workflowId: `${entityWorkflowId(object)}/operation`,
        args: [input],
      });
      await act(handle);
      await handle.result();
      return [handle];
    });

/** One entity; its operations are recorded with it. */
const entity =
  (
    kind: ObjectRef['kind'],
    activities: (object: ObjectRef) => Partial<Activities>,
    act: (handle: WorkflowHandle, operation: () => WorkflowHandle) => Promise<readonly WorkflowHandle[]>,
  ): Variant['play'] =>
  (stage) => {
    const object = objectOf(stage, kind);
    const { client } = stage.temporal.environment;
    return stage.temporal.withWorker(
      { ...quiet, ensure: done, wait: done, remove: done, ...activities(object) },
      async (taskQueue) => {
        const workflowId = entityWorkflowId(object);
        const handle = await client.workflow.signalWithStart(ENTITY_WORKFLOW[kind], {
          workflowId,
          taskQueue,
          args: [{ v: 1, object, dependents: [] } satisfies EntityState],
          signal: specChanged,
          signalArgs: [],
        });
        return [handle, ...(await act(handle, () => client.workflow.getHandle(`${workflowId}/operation`)))];
      },
    );
  };

const untilPhase = (handle: WorkflowHandle, phase: string): Promise<true> =>
  waitFor(`it is ${phase}`, async () =>
    (await handle.query(getEntityState)).phase === phase ? true : undefined,
  );

/** A run that has ended, by its own id: the workflow's id is used again. */
const ended = async (handle: WorkflowHandle): Promise<WorkflowHandle> => {
  const { workflowId, runId } = await handle.describe();
  return handle.client.getHandle(workflowId, runId);
};

const createFor = (object: ObjectRef, overrides: Partial<OperationInput> = {}): Assessment => ({
  kind: 'operate',
  pacing,
  operation: operationOf(twoSteps, { object, pacing, entityId: entityWorkflowId(object), ...overrides }),
});
const deleteFor = (object: ObjectRef): Assessment =>
  createFor(object, {
    type: object.kind === 'AWSCluster' ? 'DeleteCluster' : 'DeleteNodePool',
    plan: planOf(stepOf(securityGroup('controlplane'), { id: 'remove security-group/controlplane', verb: 'remove' })),
  });

const times = (count: number, error: () => Error) => {
  let failed = 0;
  return async (_request: StepRequest) => {
    failed += 1;
    if (failed <= count) throw error();
    return made({ id: 'sg-1' });
  };
};
const never = (type: string, message: string) => async () => {
  throw failure(type, message, 60_000);
};

export const VARIANTS: readonly Variant[] = [
  {
    name: 'retried',
    play: operation({ ensure: times(2, () => failure('retry', 'RequestLimitExceeded')) }, async () => undefined),
  },
  {
    name: 'blocked-and-retried',
    play: operation(
      { ensure: times(1, () => failure('blocked', 'Not permitted: CreateSecurityGroup')) },
      async (handle) => {
        await untilStep(handle, GROUP, 'blocked');
        await handle.executeUpdate(verbUpdates.retry, { args: [{ step: GROUP }] });
      },
      { pacing: { retryMs: 60_000, retryMaxMs: 60_000 } },
    ),
  },
  {
    name: 'blocked-and-skipped',
    play: operation({ ensure: never('blocked', 'Not permitted: CreateSecurityGroup') }, async (handle) => {
      await untilStep(handle, GROUP, 'blocked');
      await handle.executeUpdate(verbUpdates.skip, { args: [{ step: GROUP }] });
    }),
  },
  {
    name: 'waits-and-tells',
    play: operation({ wait: times(2, () => failure('not-ready', 'etcd has no quorum yet', 100)) }, async () => undefined),
  },
  {
    name: 'paused-and-resumed',
    play: operation(
      {},
      async (handle) => {
        await handle.executeUpdate(verbUpdates.resume, { args: [{}] });
      },
      { paused: true },
    ),
  },
  {
    name: 'superseded',
    play: operation({ wait: never('not-ready', 'etcd has no quorum yet') }, async (handle) => {
      await untilStep(handle, WAIT, 'running');
      await handle.signal(supersede, { reason: 'the spec changed' });
    }),
  },
  {
    name: 'aborted',
    play: operation({ ensure: never('capacity', 'InsufficientInstanceCapacity') }, async (handle) => {
      await untilStep(handle, GROUP, 'blocked');
      await handle.executeUpdate(verbUpdates.abort, { args: [{}] });
    }),
  },
  {
    name: 'cancelled',
    play: operation({ ensure: never('bug', 'something unexpected') }, async (handle) => {
      await untilStep(handle, GROUP, 'blocked');
      await handle.cancel();
    }),
  },
  {
    name: 'outdated',
    play: operation({ ensure: never('superseded', 'The account holds something of ours.') }, async () => undefined),
  },
  {
    name: 'unknown-plan',
    play: operation({}, async () => undefined, { plan: { ...twoSteps, version: 9_999 } }),
  },
  {
    name: 'repaired',
    play: operation({ wait: times(1, () => failure('not-ready', 'the replica joins', 100)) }, async () => undefined, {
      type: 'RepairCluster',
      turn: { number: 1, of: 2, since: '2026-01-01T00:00:00Z' },
    }),
  },
  {
    name: 'node-repaired',
    play: operation({ wait: times(1, () => failure('not-ready', 'the node joins', 100)) }, async () => undefined, {
      type: 'RepairNodePool',
      turn: { number: 1, of: 2, since: '2026-01-01T00:00:00Z' },
    }),
  },
  {
    name: 'restored',
    play: operation({}, async () => undefined, {
      type: 'RestoreCluster',
      restores: { id: '5e1f0c9a', from: 'gke-0a1b2c3d/etcd/20261130T194500123Z-4711.db' },
    }),
  },
  { name: 'changed', play: operation({}, async () => undefined, { type: 'UpdateCluster' }) },
  { name: 'pool-changed', play: operation({}, async () => undefined, { type: 'UpdateNodePool' }) },
  { name: 'resized', play: operation({}, async () => undefined, { type: 'ResizeNodePool' }) },
  {
    name: 'pool-upgraded',
    play: operation({ wait: times(1, () => failure('not-ready', '0 of 1 ready', 100)) }, async () => undefined, {
      type: 'UpgradeNodePool',
      turn: { number: 1, of: 2, since: '2026-01-01T00:00:00Z' },
    }),
  },
  {
    name: 'cluster-upgraded',
    play: operation({ wait: times(1, () => failure('not-ready', 'the replica joins', 100)) }, async () => undefined, {
      type: 'UpgradeCluster',
      turn: { number: 3, of: 3, since: '2026-01-01T00:00:00Z' },
    }),
  },
  {
    name: 'etcd-upgraded',
    play: operation({}, async () => undefined, {
      type: 'UpgradeEtcd',
      turn: { number: 1, of: 3, since: '2026-01-01T00:00:00Z' },
    }),
  },
  {
    name: 'upgrade-soaked-and-committed',
    play: (stage) => {
      let committed = false;
      const soaks: Assessment = {
        ...{ kind: 'settled', generation: 1, rollout: 'UpgradeCluster', note: 'it serves as Kubernetes 1.36' },
        heldBack: { type: 'UpgradeCluster', until: 'Soak', target: 'commit' },
      };
      return entity(
        'AWSCluster',
        (object) => ({
          assess: async ({ released }) => {
            if (committed) return { kind: 'settled', generation: 1 };
            return released === 'commit' ? createFor(object, { type: 'CommitUpgrade' }) : soaks;
          },
          ensure: async () => {
            committed = true;
            return made({ id: 'sg-1' });
          },
        }),
        async (handle, running) => {
          await untilPhase(handle, 'settled');
          await handle.executeUpdate(verbUpdates.resume, { args: [{}] });
          await waitFor('it is committed', async () => (committed ? true : undefined));
          await untilPhase(handle, 'settled');
          const commit = await ended(running());
          await handle.terminate('recorded');
          return [commit];
        },
      )(stage);
    },
  },
  {
    name: 'turn-aborted-and-taken-back',
    play: operation(
      { ensure: never('blocked', 'a budget is in the way'), remove: times(1, () => failure('not-ready', 'pods leave', 100)) },
      async (handle) => {
        await untilStep(handle, GROUP, 'blocked');
        await handle.executeUpdate(verbUpdates.abort, { args: [{}] });
      },
      {
        type: 'UpdateNodePool',
        plan: {
          ...twoSteps,
          undo: [stepOf(securityGroup('surge'), { id: 'remove security-group/surge', verb: 'remove' })],
        },
        turn: { number: 1, of: 3, since: '2026-01-01T00:00:00Z' },
      },
    ),
  },
  {
    name: 'turns-superseded',
    play: (stage) => {
      let generation = 1;
      let turns = 0;
      const turn = (object: ObjectRef): Assessment =>
        createFor(object, {
          ...{ type: 'UpdateNodePool', generation },
          turn: { number: turns + 1, of: 3, since: '2026-01-01T00:00:00Z' },
        });
      return entity(
        'AWSNodePool',
        (object) => ({
          assess: async () => (turns === 3 ? { kind: 'settled', generation } : turn(object)),
          ensure: async () => {
            if (turns === 1 && generation === 1) throw failure('not-ready', 'the node joins', 60_000);
            turns += 1;
            return made({ id: 'sg-1' });
          },
        }),
        async (handle, running) => {
          await waitFor('the second turn waits', async () => (turns === 1 ? true : undefined));
          await untilStep(running(), GROUP, 'running');
          const second = await ended(running());
          generation = 2;
          await handle.signal(specChanged);
          await untilPhase(handle, 'settled');
          await handle.terminate('recorded');
          return [second, await ended(running())];
        },
      )(stage);
    },
  },
  {
    name: 'aborted-between-turns-and-resumed',
    play: (stage) => {
      let opened = false;
      let turns = 1;
      return entity(
        'AWSNodePool',
        (object) => ({
          assess: async ({ returning }) => {
            // An aborted upgrade that has gone back leaves nothing to do.
            if (turns === 2 || returning !== undefined) return { kind: 'settled', generation: 1 };
            if (!opened) return { kind: 'settled', generation: 1, rollout: 'UpgradeNodePool', note: 'its window opens later' };
            return createFor(object, {
              type: 'UpgradeNodePool',
              turn: { number: 2, of: 2, since: '2026-01-01T00:00:00Z' },
            });
          },
          ensure: async () => {
            turns = 2;
            return made({ id: 'sg-1' });
          },
        }),
        async (handle, running) => {
          await untilPhase(handle, 'settled');
          await handle.executeUpdate(verbUpdates.abort, { args: [{}] });
          await untilPhase(handle, 'blocked');
          opened = true;
          await handle.executeUpdate(verbUpdates.resume, { args: [{}] });
          await waitFor('the turn is over', async () => (turns === 2 ? true : undefined));
          await untilPhase(handle, 'settled');
          const turn = await ended(running());
          await handle.terminate('recorded');
          return [turn];
        },
      )(stage);
    },
  },
  {
    name: 'given-up-between-turns',
    play: entity(
      'AWSNodePool',
      (object) => ({
        assess: async () => ({
          ...{ kind: 'settled', generation: 1, rollout: 'UpdateNodePool', note: 'nobody answers' },
          givenUp: operationOf(planOf(stepOf(securityGroup('surge'))), {
            ...{ type: 'UpdateNodePool', object, pacing, entityId: entityWorkflowId(object) },
            givesUp: true,
          }),
        }),
      }),
      async (handle, running) => {
        await untilPhase(handle, 'settled');
        await handle.executeUpdate(verbUpdates.abort, { args: [{}] });
        await untilPhase(handle, 'blocked');
        const back = await ended(running());
        await handle.terminate('recorded');
        return [back];
      },
    ),
  },
  {
    name: 'upgrade-aborted-and-returned',
    play: (stage) => {
      let returned = false;
      const turn = (object: ObjectRef, number: number): Assessment =>
        createFor(object, { type: 'UpgradeNodePool', turn: { number, of: 3, since: '2026-01-01T00:00:00Z' } });
      return entity(
        'AWSNodePool',
        (object) => ({
          assess: async ({ returning }) => {
            if (returning === undefined) return turn(object, 1);
            return returned ? { kind: 'settled', generation: 1 } : turn(object, 2);
          },
          ensure: async (request) => {
            if (request.step.id === GROUP && !returned) throw failure('blocked', 'a budget is in the way');
            return made({ id: 'sg-1' });
          },
        }),
        async (handle, running) => {
          await untilPhase(handle, 'operating');
          await untilStep(running(), GROUP, 'blocked');
          const forward = await ended(running());
          returned = false;
          await running().executeUpdate(verbUpdates.abort, { args: [{}] });
          await forward.result();
          await waitFor('its way back is under way', async () => {
            const { runId } = await running().describe();
            return runId === (await forward.describe()).runId ? undefined : true;
          });
          await untilStep(running(), GROUP, 'blocked');
          const back = await ended(running());
          returned = true;
          await running().executeUpdate(verbUpdates.retry, { args: [{}] });
          await untilPhase(handle, 'blocked');
          await handle.terminate('recorded');
          return [forward, back];
        },
      )(stage);
    },
  },
  {
    name: 'asked',
    play: (stage) => {
      const object = objectOf(stage);
      return stage.temporal.withWorker({ assess: async () => createFor(object) }, async (taskQueue) => {
        const handle = await stage.temporal.environment.client.workflow.start(PLAN_WORKFLOW, {
          taskQueue,
          workflowId: `plan-${object.uid}`,
          args: [object],
        });
        await handle.result();
        return [handle];
      });
    },
  },
  {
    name: 'deleted-while-blocked',
    play: (stage) => {
      let deleting = false;
      return entity(
        'AWSCluster',
        (object) => ({
          assess: async () => (deleting ? deleteFor(object) : createFor(object)),
          ensure: never('blocked', 'Not permitted: CreateSecurityGroup'),
        }),
        async (handle, running) => {
          await untilPhase(handle, 'operating');
          await untilStep(running(), GROUP, 'blocked');
          const create = await ended(running());
          deleting = true;
          await handle.signal(specChanged);
          await handle.result();
          return [create, running()];
        },
      )(stage);
    },
  },
  {
    name: 'aborted-by-annotation-and-resumed',
    play: (stage) => {
      let permitted = false;
      return entity(
        'AWSCluster',
        (object) => ({
          assess: async () => createFor(object, { settles: true }),
          ensure: async () => {
            if (permitted) return made({ id: 'sg-1' });
            throw failure('blocked', 'Not permitted: CreateSecurityGroup');
          },
        }),
        async (handle, running) => {
          await untilPhase(handle, 'operating');
          await untilStep(running(), GROUP, 'blocked');
          const first = await ended(running());
          await handle.signal(annotated, { requests: { abort: 'one' } });
          await untilPhase(handle, 'blocked');
          permitted = true;
          await handle.executeUpdate(verbUpdates.resume, { args: [{}] });
          await untilPhase(handle, 'settled');
          const second = await ended(running());
          await handle.terminate('recorded');
          return [first, second];
        },
      )(stage);
    },
  },
  {
    name: 'drifted-and-cured',
    play: entity(
      'AWSCluster',
      () => ({ assess: async () => ({ kind: 'settled', generation: 1, note: 'a rollout is due' }) }),
      async (handle) => {
        await untilPhase(handle, 'settled');
        const differences = [{ key: 'security-group-rules/controlplane', difference: 'tcp 6443 is not allowed' }];
        await handle.signal(driftFound, { lookedAt: Date.now() + 60_000, differences });
        await waitFor('it is told', async () => ((await handle.query(getEntityState)).drifted ? true : undefined));
        await handle.signal(driftFound, { lookedAt: Date.now() + 60_000, differences: [] });
        await waitFor('it is cured', async () => ((await handle.query(getEntityState)).drifted ? undefined : true));
        await handle.terminate('recorded');
        return [];
      },
    ),
  },
  {
    name: 'mended',
    play: (stage) => {
      let differs = false;
      return entity(
        'AWSCluster',
        (object) => ({
          assess: async () =>
            differs
              ? createFor(object, { type: 'MendCluster', mends: DRIFT, settles: true })
              : { kind: 'settled', generation: 1 },
          ensure: done,
          wait: done,
        }),
        async (handle, running) => {
          await untilPhase(handle, 'settled');
          differs = true;
          await handle.signal(driftFound, { lookedAt: Date.now() + 60_000, differences: DRIFT, mends: true });
          const mend = await waitFor('it is mended', () => ended(running()).catch(() => undefined));
          await mend.result();
          await untilPhase(handle, 'settled');
          await handle.terminate('recorded');
          return [mend];
        },
      )(stage);
    },
  },
  { name: 'pool-mended', play: operation({}, async () => undefined, { type: 'MendNodePool', mends: DRIFT }) },
  {
    name: 'held-back-and-let-begin',
    play: (stage) => {
      const heldBack = { type: 'UpdateNodePool', until: 'Manual', target: 'f-1' } as const;
      let isOver = false;
      return entity(
        'AWSNodePool',
        (object) => ({
          assess: async ({ released }) => {
            if (isOver) return { kind: 'settled', generation: 1 };
            isOver = released === heldBack.target;
            if (isOver) return createFor(object, { type: 'UpdateNodePool' });
            return { kind: 'settled', generation: 1, note: '3 machines wait to be replaced', heldBack };
          },
        }),
        async (handle) => {
          await untilPhase(handle, 'settled');
          await handle.executeUpdate(verbUpdates.resume, { args: [{}] });
          await waitFor('it was let begin', async () => (isOver ? true : undefined));
          await untilPhase(handle, 'settled');
          await handle.terminate('recorded');
          return [];
        },
      )(stage);
    },
  },
  {
    name: 'waits-for-its-cluster',
    play: (stage) => {
      let looks = 0;
      return entity(
        'AWSNodePool',
        (object) => ({
          assess: async () => {
            looks += 1;
            if (looks === 1) return { kind: 'waiting', generation: 1, reason: 'no cluster', entityId: 'awscluster/none' };
            if (looks === 2) throw failure('retry', 'the API server does not answer');
            return looks < 5 ? createFor(object, { type: 'CreateNodePool' }) : { kind: 'orphaned', reason: 'enough' };
          },
        }),
        async (handle) => {
          await untilPhase(handle, 'waiting');
          await handle.signal(specChanged);
          await handle.result();
          return [];
        },
      )(stage);
    },
  },
  {
    name: 'tells-and-fails',
    play: async ({ temporal, uid }) => {
      const sweeps = await Promise.all(
        [true, false].map((succeeds) =>
          temporal.withWorker(
            {
              sweep: async () => {
                if (!succeeds) throw failure('blocked', 'UnauthorizedOperation: DescribeVolumes');
                const counts = { clusters: 2, nodePools: 0, looked: 2, invalid: 0, unread: 0, uncounted: 0 };
                const findings = [
                  { entityId: `awscluster/default/a/${uid}`, finding: { kind: 'report' as const, differences: [] } },
                  { entityId: `awscluster/default/b/${uid}`, finding: { kind: 'look' as const, reason: 'a lost volume' } },
                ];
                return { ...counts, lookedAt: 1, findings };
              },
            },
            async (taskQueue) => {
              const handle = await temporal.environment.client.workflow.start(DRIFT_SWEEP_WORKFLOW, {
                taskQueue,
                workflowId: `sweep-${uid}-${succeeds}`,
                args: [],
              });
              await handle.result().catch((error: unknown) => {
                if (succeeds) throw error;
              });
              return handle;
            },
          ),
        ),
      );
      return sweeps;
    },
  },
  {
    name: 'upgrade-asked',
    play: ({ temporal, uid }) =>
      temporal.withWorker(
        {
          planUpgrade: async () => ({
            kind: 'known',
            from: { version: '1.36.3-gke.1', kubernetes: '1.36.3' },
            to: { version: '1.37.2-gke.1', kubernetes: '1.37.2' },
            insights: [
              { name: 'KubeletSkew', severity: 'blocks', object: 'node a', message: 'runs kubelet 1.34.1', cure: 'bring its pool to a newer version' },
            ],
          }),
        },
        async (taskQueue) => {
          const object = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid } as const;
          const handle = await temporal.environment.client.workflow.start(PLAN_UPGRADE_WORKFLOW, {
            taskQueue,
            workflowId: `plan-${uid}`,
            args: [{ object, version: '1.37.2-gke.1' }],
          });
          await handle.result();
          return [handle];
        },
      ),
  },
  {
    name: 'change-asked',
    play: ({ temporal, uid }) =>
      temporal.withWorker(
        { planChange: async () => ({ kind: 'known', fields: [{ field: 'labels', takes: 'turns' }], replaces: 3, fewer: 0 }) },
        async (taskQueue) => {
          const object = { kind: 'AWSNodePool', namespace: 'default', name: 'cluster-0-pool-0', uid } as const;
          const { spec } = seedPool({ spec: { labels: { team: 'platform' } } });
          const handle = await temporal.environment.client.workflow.start(PLAN_CHANGE_WORKFLOW, {
            taskQueue,
            workflowId: `plan-${uid}`,
            args: [{ object, spec }],
          });
          await handle.result();
          return [handle];
        },
      ),
  },
  {
    name: 'restore-asked',
    play: ({ temporal, uid }) => {
      const backup = { key: 'gke-0a1b2c3d/etcd/20261130T194500123Z-7.db', time: '2026-11-30T19:45:00.123Z', revision: '7', size: 9 };
      const pods = { resource: 'pods', created: { count: 1, names: ['default/a'] }, changed: { count: 0, names: [] } };
      return temporal.withWorker(
        {
          previewRestore: async () => ({
            ...{ kind: 'known', bucket: 'b', backup, passedOver: [] },
            since: { kind: 'read', resources: [pods], notRead: [] },
          }),
        },
        async (taskQueue) => {
          const object = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid } as const;
          const handle = await temporal.environment.client.workflow.start(PREVIEW_RESTORE_WORKFLOW, {
            taskQueue,
            workflowId: `restore-${uid}`,
            args: [{ object, from: 'newest' }],
          });
          await handle.result();
          return [handle];
        },
      );
    },
  },
  {
    name: 'backup-asked',
    play: ({ temporal, uid }) => {
      const backup = { key: 'gke-0a1b2c3d/etcd/20261130T194500123Z-7.db', time: '2026-11-30T19:45:00.123Z', revision: '7', size: 9 };
      return temporal.withWorker(
        {
          // One replica after the other is asked, until one has taken it.
          orderBackup: async ({ token, failed }) => ({
            ...{ index: failed.length, volumeId: 'vol-1', instanceId: `i-${failed.length}`, token, until: 1, bucket: 'b' },
          }),
          awaitBackup: async ({ told }) =>
            told.index === 0 ? { kind: 'failed', why: 'its etcd follows no leader' } : { kind: 'done', backup },
          listBackups: async () => ({ bucket: 'b', backups: [backup] }),
        },
        async (taskQueue) => {
          const object = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid } as const;
          const handles = await Promise.all(
            [BACKUP_WORKFLOW, LIST_BACKUPS_WORKFLOW].map((type) =>
              temporal.environment.client.workflow.start(type, {
                taskQueue,
                workflowId: `${type}-${uid}`,
                args: [object],
              }),
            ),
          );
          await Promise.all(handles.map((handle) => handle.result()));
          return handles;
        },
      );
    },
  },
  {
    name: 'orphans-asked',
    play: ({ temporal, uid }) => {
      const object = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid } as const;
      const removal = operationOf(planOf(), { type: 'DeleteCluster', object, entityId: entityWorkflowId(object) });
      return temporal.withWorker(
        {
          ...quiet,
          listOrphans: async () => ({ account: '0123456789012', regions: ['eu-west-1'], clusters: [] }),
          planOrphanRemoval: async () => removal,
        },
        async (taskQueue) => {
          const { workflow } = temporal.environment.client;
          const handles = [
            await workflow.start(LIST_ORPHANS_WORKFLOW, { taskQueue, workflowId: `orphans-${uid}`, args: [] }),
            await workflow.start(REMOVE_ORPHANS_WORKFLOW, {
              taskQueue,
              workflowId: `orphans-removed-${uid}`,
              args: [{ clusterId: 'gke-0a1b2c3d' }],
            }),
          ];
          await Promise.all(handles.map((handle) => handle.result()));
          return handles;
        },
      );
    },
  },
];
