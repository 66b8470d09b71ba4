import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AWSCluster } from '../../api/cluster.ts';
import { awsCluster, clusterStatus } from '../../api/cluster.ts';
import { nodePoolIdOf } from '../../api/names.ts';
import { nodePoolStatus } from '../../api/nodepool.ts';
import type { Status } from '../../policy/remembered.ts';
import { statusOf } from '../../policy/status.ts';
import type { MirrorRequest, OperationView, StepState } from '../../policy/views.ts';
import {
  ACCOUNT,
  CLUSTER_UID,
  DELETING,
  POOL_UID,
  REGION,
  seedCluster,
  seedPool,
  VERSION,
} from '../topology/objects.ts';
import { blockedBy, done, ID, MINUTE, OBJECT, OWNER, step, T0, view, WORKFLOW } from './operation-views.ts';

const request = (subject: MirrorRequest['subject'], changes: Partial<MirrorRequest> = {}): MirrorRequest => ({
  object: OBJECT,
  owner: OWNER,
  generation: 1,
  version: VERSION,
  kubernetesVersion: '1.36.3',
  subject,
  events: [],
  ...changes,
});
const operating = (operation: OperationView): MirrorRequest => request({ kind: 'operation', operation });
const withStatus = (cluster: AWSCluster, status: Status): AWSCluster => awsCluster.parse({ ...cluster, status });

const conditions = (status: Status): Record<string, string> =>
  Object.fromEntries((status.conditions ?? []).map((one) => [one.type, `${one.status} ${one.reason}`]));
const messageOf = (status: Status, type: string): string | undefined =>
  status.conditions?.find((one) => one.type === type)?.message;

const running = view([step('ensure finalizer', done), step('ensure preflight', { state: 'running', since: T0 })]);

describe('the status of a cluster that is being created', () => {
  const status = statusOf(operating(running), seedCluster(), T0);

  test('says what happens, how far it is, and where it lives, from the first look on', () => {
    expect(status).toMatchObject({
      state: 'Provisioning',
      observedGeneration: 1,
      version: VERSION,
      kubernetesVersion: '1.36.3',
      clusterID: ID,
      aws: { account: ACCOUNT, region: REGION },
      established: false,
      revision: { version: VERSION, kubernetes: '1.36.3', imageID: `ami-slipway-${VERSION}` },
      lastErrors: [],
      lastOperation: {
        type: 'CreateCluster',
        state: 'running',
        workflowID: WORKFLOW,
        runID: 'run-1',
        startedAt: '2026-01-01T00:00:00Z',
        progress: { done: 1, total: 2 },
        steps: [{ step: 'ensure preflight', state: 'running', since: '2026-01-01T00:00:00Z' }],
      },
    });
    expect(conditions(status)).toMatchObject({
      Ready: 'False CreateCluster',
      Reconciling: 'True CreateCluster',
      Stalled: 'False NothingToDo',
    });
  });

  test('says what it waits for, once that takes a while', () => {
    const waiting = view([
      step('ensure finalizer', done),
      step('wait nodes/1', { state: 'running', since: T0, awaited: 'Waiting for nodes: 1 of 3 ready' }),
    ]);
    const said = statusOf(operating(waiting), seedCluster(), T0);
    expect(messageOf(said, 'Reconciling')).toBe('1 of 2 steps done. Waiting for nodes: 1 of 3 ready');
    expect(said.lastOperation?.steps).toMatchObject([
      { step: 'wait nodes/1', message: 'Waiting for nodes: 1 of 3 ready' },
    ]);
    expect(clusterStatus.strict().parse(said)).toEqual(said);
  });

  test('names the fields that have no effect yet', () => {
    expect(conditions(status)['FieldsWithoutEffect']).toBe('True NotImplemented');
    expect(messageOf(status, 'FieldsWithoutEffect')).toContain('spec.authentication.awsIAM.adminIdentityARNs');
  });

  test('shows the endpoint as soon as the load balancer exists, while still Provisioning', () => {
    const outputs = { 'load-balancer/controlplane': { dnsName: 'gke-1.elb.amazonaws.com', arn: 'arn' } };
    const later = statusOf(operating(view([], { outputs })), seedCluster(), T0);
    expect(later).toMatchObject({ state: 'Provisioning', endpoint: 'gke-1.elb.amazonaws.com' });
  });

  test('is a status that the schema names every field of', () => {
    expect(clusterStatus.strict().parse(status)).toEqual(status);
    const pool = statusOf(operating(running), seedPool(), T0);
    expect(nodePoolStatus.strict().parse(pool)).toEqual(pool);
    expect(pool).toMatchObject({ nodePoolID: nodePoolIdOf(POOL_UID), clusterID: ID });
    expect(pool.endpoint).toBeUndefined();
  });

  test('names the version asked for while a pool only waits', () => {
    const {
      version: _version,
      kubernetesVersion: _kubernetes,
      owner: _owner,
      ...bare
    } = request({ kind: 'waiting', reason: 'w' });
    expect(statusOf(bare, seedPool(), T0)).toMatchObject({ state: 'Provisioning', version: VERSION });
  });

  test('is the same for the same facts', () => {
    expect(statusOf(operating(running), withStatus(seedCluster(), status), T0 + MINUTE)).toEqual(status);
  });
});

describe('what stands in the way', () => {
  const blocked = view([
    step('ensure finalizer', done),
    step('remove security-group/nodepool', blockedBy('blocked')),
    step('ensure etcd-volume/0', blockedBy('capacity')),
  ]);

  test('is named with its reason and the commands that move it on', () => {
    const status = statusOf(operating(blocked), seedCluster(), T0);
    expect(status.lastErrors?.[0]).toEqual({
      step: 'remove security-group/nodepool',
      verdict: 'blocked',
      message: 'Security group sg-1 is used by network interface eni-2',
      attempt: 3,
      since: '2026-01-01T00:00:00Z',
      retryAt: '2026-01-01T00:01:00Z',
      commands: [
        "npx slipway operations retry cluster cluster-0 -n default --step 'remove security-group/nodepool'",
        `temporal workflow update execute --workflow-id '${WORKFLOW}' --name retry --input '{"step":"remove security-group/nodepool"}'`,
      ],
    });
    expect(status.lastErrors).toHaveLength(2);
  });

  test.each([
    ['blocked', 'Stalled', 'True StepBlocked'],
    ['bug', 'Stalled', 'True UnexpectedError'],
    ['capacity', 'Reconciling', 'True WaitingForCapacity'],
    ['retry', 'Reconciling', 'True Retrying'],
  ] as const)('makes a step that is %s show as %s', (verdict, type, expected) => {
    const status = statusOf(operating(view([step('ensure preflight', blockedBy(verdict))])), seedCluster(), T0);
    expect(conditions(status)[type]).toBe(expected);
    expect(messageOf(status, type)).toContain('ensure preflight: Security group sg-1');
  });

  test('has the time since when of the step itself, which keeps it from try to try, whatever was written before', () => {
    const first = statusOf(operating(blocked), seedCluster(), T0);
    const again = view([step('remove security-group/nodepool', blockedBy('blocked', T0 + 5 * MINUTE))]);
    const second = statusOf(operating(again), withStatus(seedCluster(), first), T0 + 9 * MINUTE);
    expect(second.lastErrors?.[0]).toMatchObject({ since: '2026-01-01T00:05:00Z', retryAt: '2026-01-01T00:06:00Z' });
  });

  test('of an assessment keeps its time also where a workflow of the release before does not tell it', () => {
    const subject = { kind: 'blocked', reason: 'it lives in account 1', cure: 'use the other' } as const;
    const first = statusOf(request(subject), seedCluster(), T0);
    const told = (more: { readonly since?: number }) =>
      statusOf(request({ ...subject, ...more }), withStatus(seedCluster(), first), T0 + MINUTE).lastErrors?.[0]?.since;
    expect(told({})).toBe('2026-01-01T00:00:00Z');
    expect(told({ since: T0 - MINUTE })).toBe('2025-12-31T23:59:00Z');
  });

  test('of an assessment is shown with how to have it looked at again', () => {
    const subject = {
      kind: 'blocked',
      reason: 'it lives in account 1',
      cure: 'give the worker credentials of it',
    } as const;
    const status = statusOf(request(subject), seedCluster(), T0);
    expect(conditions(status)).toMatchObject({ Ready: 'False Blocked', Stalled: 'True Blocked' });
    expect(status.lastErrors?.[0]).toMatchObject({
      step: 'assess',
      message: 'it lives in account 1. To cure it: give the worker credentials of it.',
      commands: [
        'npx slipway operations retry cluster cluster-0 -n default',
        `temporal workflow update execute --workflow-id 'awscluster/default/cluster-0/${CLUSTER_UID}' --name retry --input '{}'`,
      ],
    });
  });
});

describe('the status of a cluster that runs', () => {
  const provisioned = withStatus(
    seedCluster(),
    statusOf(
      operating(view([step('ensure established/etcd', done)], { state: 'succeeded', finishedAt: T0 })),
      seedCluster(),
      T0,
    ),
  );

  test('is Provisioned, ready and established', () => {
    expect(provisioned.status).toMatchObject({ state: 'Provisioned', established: true });
    expect(conditions(provisioned.status ?? {})).toMatchObject({
      Ready: 'True Provisioned',
      Reconciling: 'False NothingToDo',
      Stalled: 'False NothingToDo',
    });
  });

  test('stays ready while something is mended, and after a worker that cannot judge it', () => {
    const looking = [step('ensure preflight', { state: 'running', since: T0 })];
    const mending = statusOf(operating(view(looking, { type: 'UpdateCluster' })), provisioned, T0);
    expect(mending.state).toBe('Updating');
    expect(conditions(mending)).toMatchObject({ Ready: 'True UpdateCluster', Reconciling: 'True UpdateCluster' });
    const { version: _version, owner: _owner, ...bare } = request({ kind: 'blocked', reason: 'r', cure: 'c' });
    const blind = statusOf(bare, provisioned, T0);
    expect(conditions(blind)).toMatchObject({ Ready: 'True Blocked', Stalled: 'True Blocked' });
    expect(blind).toMatchObject({ state: 'Provisioned', version: VERSION, clusterID: ID });
  });

  test('says what waits for a rollout, for as long as it does', () => {
    const noted = statusOf(request({ kind: 'settled', note: 'version 2 is asked for' }), provisioned, T0);
    expect(conditions(noted)['ChangesPending']).toBe('True RolloutNeeded');
    expect(messageOf(noted, 'Ready')).toMatch(/exists, but for what the condition ChangesPending names$/);
    const later = statusOf(request({ kind: 'settled' }), withStatus(provisioned, noted), T0);
    expect(conditions(later)['ChangesPending']).toBeUndefined();
  });

  test('says why the next turn of a rollout waits', () => {
    const subject = { kind: 'settled', rollout: 'UpdateNodePool', note: 'its API does not answer' } as const;
    const waiting = statusOf(request(subject), provisioned, T0);
    expect(conditions(waiting)['Reconciling']).toBe('True UpdateNodePool');
    expect(messageOf(waiting, 'Reconciling')).toBe('The next turn waits: its API does not answer.');
  });

  test('says in one sentence that something is not as the spec asks, and where that is named', () => {
    const drift = [{ key: 'k', difference: 'is missing' }];
    const subject = { kind: 'settled', drift, note: 'version 2 is asked for' } as const;
    expect(messageOf(statusOf(request(subject), provisioned, T0), 'Ready')).toMatch(
      /ChangesPending and Drifted names$/,
    );
    expect(messageOf(statusOf(request({ kind: 'settled' }), provisioned, T0), 'Ready')).toMatch(/exists$/);
  });

  test('keeps the account that was pinned first, and never takes back that it was established', () => {
    const other = operating(running);
    const moved = statusOf({ ...other, owner: { ...OWNER, account: '999999999999' } }, provisioned, T0);
    expect(moved).toMatchObject({ aws: { account: ACCOUNT, region: REGION }, established: true });
  });

  test('moves a condition’s time only with its status', () => {
    const later = statusOf(request({ kind: 'settled' }), provisioned, T0 + MINUTE);
    expect(later.conditions?.map((one) => one.lastTransitionTime)).toEqual(
      provisioned.status?.conditions?.map((one) => one.lastTransitionTime),
    );
    const waiting = statusOf(request({ kind: 'waiting', reason: 'x' }), provisioned, T0 + MINUTE);
    const changed = waiting.conditions?.filter((one) => one.lastTransitionTime === '2026-01-01T00:01:00Z');
    expect(changed?.map((one) => one.type)).toEqual(['Reconciling']);
  });

  test('is Deleting and not ready from the moment that somebody deletes it', () => {
    const going = awsCluster.parse({ ...provisioned, metadata: { ...provisioned.metadata, ...DELETING } });
    const deleting = statusOf(operating(view([], { type: 'DeleteCluster' })), going, T0);
    expect(deleting.state).toBe('Deleting');
    expect(conditions(deleting)).toMatchObject({ Ready: 'False DeleteCluster', Reconciling: 'True DeleteCluster' });
    expect(statusOf(request({ kind: 'blocked', reason: 'r', cure: 'c' }), going, T0).state).toBe('Deleting');
  });
});

describe('what a person stopped', () => {
  const stopped = (operation: OperationView): Status => statusOf(operating(operation), seedCluster(), T0);
  const resume = 'npx slipway operations resume cluster cluster-0 -n default';

  test('says that it is paused, under way until what had begun has ended, then waiting for a person', () => {
    const settling = stopped({ ...running, pausedAt: T0 });
    expect(conditions(settling)).toMatchObject({ Reconciling: 'True Paused', Stalled: 'False NothingToDo' });
    const still = stopped(
      view([step('ensure finalizer', done), step('ensure preflight', blockedBy('blocked'))], { pausedAt: T0 }),
    );
    expect(conditions(still)).toMatchObject({ Reconciling: 'False NothingToDo', Stalled: 'True Paused' });
    expect(messageOf(still, 'Stalled')).toBe(
      `Paused since 2026-01-01T00:00:00Z: 1 of 2 steps done. To go on: ${resume}`,
    );
    expect(still.lastOperation?.state).toBe('paused');
    expect(still.lastErrors).toMatchObject([{ step: 'ensure preflight' }]);
    clusterStatus.strict().parse(still);
  });

  test('says that it was aborted, and how to begin again', () => {
    const status = statusOf(request({ kind: 'held', operation: 'CreateCluster' }), seedCluster(), T0);
    expect(conditions(status)).toMatchObject({ Ready: 'False Aborted', Stalled: 'True Aborted' });
    expect(messageOf(status, 'Stalled')).toContain(resume);
  });

  test('says that what an aborted upgrade brought has gone back: its pool is provisioned, and no rollout is open', () => {
    const rollout = { type: 'UpgradeNodePool' as const, turn: 2, of: 5, startedAt: '2026-08-01T10:00:00Z' };
    const upgrading = withStatus(seedCluster(), {
      ...statusOf(operating(running), seedCluster(), T0),
      state: 'Upgrading',
      rollout,
    });
    const held = { kind: 'held', operation: 'UpgradeNodePool' } as const;
    expect(statusOf(request(held), upgrading, T0)).toMatchObject({ state: 'Upgrading', rollout });
    const status = statusOf(request({ ...held, returned: true }), upgrading, T0);
    expect(status.state).toBe('Provisioned');
    expect(status).not.toHaveProperty('rollout');
    expect(messageOf(status, 'Stalled')).toMatch(/^UpgradeNodePool was aborted \(all is as it was before\): /);
  });
});

describe('an object that could not be looked at', () => {
  test('says why and when it is tried again, and keeps what was known of it', () => {
    const known = statusOf(operating(running), seedCluster(), T0);
    const subject = { kind: 'failing', reason: 'It could not be looked at: timeout', attempt: 2, retryAt: T0 } as const;
    const status = statusOf(request(subject, { generation: 0 }), withStatus(seedCluster(), known), T0);
    expect(conditions(status)).toMatchObject({ Reconciling: 'True Retrying', Stalled: 'False NothingToDo' });
    expect(status).toMatchObject({ state: 'Provisioning', observedGeneration: 1 });
    expect(status.lastErrors).toMatchObject([{ step: 'assess', verdict: 'retry', attempt: 2 }]);
    expect(status.lastErrors?.[0]?.commands?.[0]).toBe('npx slipway operations retry cluster cluster-0 -n default');
  });

  test('speaks of no generation until one was seen, and neither do its conditions', () => {
    const subject = { kind: 'failing', reason: 'timeout', attempt: 1, retryAt: T0 } as const;
    for (const before of [seedCluster(), withStatus(seedCluster(), { observedGeneration: -1 })]) {
      const status = statusOf(request(subject, { generation: 0 }), before, T0);
      expect(status.observedGeneration).toBe(-1);
      expect(status.conditions?.filter((one) => 'observedGeneration' in one)).toEqual([]);
      expect(clusterStatus.strict().parse(status)).toEqual(status);
    }
  });
});

describe('every status', () => {
  const stepState = fc.oneof(
    fc.constant<StepState>({ state: 'pending' }),
    fc.constant<StepState>({ state: 'running', since: T0 }),
    fc.constant(done),
    fc.constantFrom('blocked', 'capacity', 'retry', 'bug').map((verdict) => blockedBy(verdict as 'blocked')),
  );
  const subjects: fc.Arbitrary<MirrorRequest['subject']> = fc.oneof(
    fc.constant({ kind: 'settled' as const }),
    fc.string().map((reason) => ({ kind: 'waiting' as const, reason })),
    fc.string().map((reason) => ({ kind: 'blocked' as const, reason, cure: 'c' })),
    fc
      .record({
        states: fc.array(stepState, { maxLength: 30 }),
        state: fc.constantFrom('running', 'succeeded', 'superseded', 'aborted', 'failed'),
        type: fc.constantFrom('CreateCluster', 'DeleteCluster'),
        runId: fc.constantFrom(...Array.from({ length: 40 }, (_, index) => `run-${index}`)),
      })
      .map(({ states, ...rest }) => ({
        kind: 'operation' as const,
        operation: view(
          states.map((state, index) => step(`ensure x/${index}`, state)),
          rest as Partial<OperationView>,
        ),
      })),
  );

  test('is never both Stalled and Reconciling, fits the schema, and keeps at most twenty operations', () => {
    fc.assert(
      fc.property(fc.array(subjects, { minLength: 1, maxLength: 30 }), (history) => {
        let cluster = seedCluster();
        for (const [index, subject] of history.entries()) {
          const status = statusOf(request(subject), cluster, T0 + index * MINUTE);
          const shown = conditions(status);
          expect(shown['Stalled']?.startsWith('True') && shown['Reconciling']?.startsWith('True')).toBe(false);
          expect(status.operations?.length ?? 0).toBeLessThanOrEqual(20);
          clusterStatus.strict().parse(status);
          cluster = withStatus(cluster, status);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('what stands in the way', () => {
  test('is told in sentences with one full stop each, whether or not who said it put one', () => {
    const stop = fc.constantFrom('', '.');
    fc.assert(
      fc.property(stop, stop, (first, second) => {
        const subject = { kind: 'blocked', reason: `It is away${first}`, cure: `Bring it back${second}` } as const;
        const status = statusOf(request(subject), seedCluster(), T0);
        expect(messageOf(status, 'Stalled')).toBe('It is away. To cure it: Bring it back.');
        expect(status.lastErrors?.map(({ message }) => message)).toEqual(['It is away. To cure it: Bring it back.']);
      }),
    );
  });
});
