/** What the lists say of many clusters: who is stuck comes first, and nothing has more than a line. */
import { describe, expect, test } from '@jest/globals';
import type { Listed } from '../../client/blocked.ts';
import { clusterTable, listedClusters } from '../../client/cli/list.ts';
import { operationTable, urgentFirst } from '../../client/cli/operations-list.ts';
import type { StoredCluster } from '../../client/management.ts';
import { stuckAt } from '../../client/stuck.ts';
import type { BlockedVerdict } from '../../words/steps.ts';
import { stuckByListing, stuckCount } from '../../words/stuck.ts';
import { timeOf } from '../../words/time.ts';
import { ago, NOW, storedCluster } from './objects.ts';

type Status = NonNullable<StoredCluster['status']>;

const VERSION = '1.36.3-gke.1';
const NEWER = '1.37.2-gke.1';
const at = (seconds: number): string => timeOf(ago(seconds));

const condition = (type: string, reason: string, seconds = 60) =>
  ({ type, status: 'True', reason, message: '', lastTransitionTime: at(seconds) }) as const;

const error = (step: string, verdict: BlockedVerdict, seconds: number) =>
  ({ step, verdict, message: 'no', since: at(seconds) }) as const;

const OPERATION = { type: 'UpdateCluster', state: 'running', startedAt: at(900) } as const;

const cluster = (name: string, status: Status = {}, asked: string = VERSION): StoredCluster => ({
  ...storedCluster(),
  metadata: { namespace: 'default', name, uid: name, creationTimestamp: at(86_400) },
  spec: { controlPlane: { version: asked } },
  status: {
    state: 'Provisioned',
    established: true,
    revision: { version: VERSION },
    conditions: [condition('Ready', 'Provisioned')],
    backup: { lastSuccess: { time: at(7_200) } },
    ...status,
  },
});

const STUCK = [
  cluster('in-capacity', {
    state: 'Upgrading',
    lastOperation: OPERATION,
    conditions: [condition('Reconciling', 'WaitingForCapacity')],
    lastErrors: [error('ensure auto-scaling-group/controlplane-1', 'capacity', 3_600)],
  }),
  cluster('in-rights', {
    state: 'Updating',
    lastOperation: OPERATION,
    conditions: [condition('Stalled', 'StepBlocked', 60)],
    lastErrors: [error('ensure listener/controlplane', 'retry', 600), error('ensure etcd-volume/0', 'blocked', 300)],
  }),
  cluster('by-abort', {
    lastOperation: { ...OPERATION, state: 'aborted', type: 'UpgradeCluster' },
    conditions: [condition('Stalled', 'Aborted', 1_800)],
  }),
];

const FLEET = [...Array.from({ length: 97 }, (_, index) => cluster(`c-${index}`)), ...STUCK];

const rowsOf = (clusters: readonly StoredCluster[], wide = false): string[][] =>
  clusterTable(listedClusters(clusters, NOW), NOW, wide)
    .split('\n')
    .slice(1)
    .map((line) => line.split(/ {3,}/));

const rowOf = (one: StoredCluster): string[] => rowsOf([one])[0] ?? [];

describe('the list of a hundred clusters', () => {
  test('has the stuck ones first: those that wait for a person, the longest stuck before others', () => {
    const rows = rowsOf(FLEET);
    expect(rows).toHaveLength(100);
    expect(rows.slice(0, 4)).toEqual([
      ['default', 'by-abort', 'Provisioned', 'Aborted', 'UpgradeCluster', '30m', VERSION, '120m'],
      ['default', 'in-rights', 'Updating', 'StepBlocked', 'ensure etcd-volume/0', '5m', VERSION, '120m'],
      [
        ...['default', 'in-capacity', 'Upgrading', 'WaitingForCapacity', 'ensure auto-scaling-group/controlplane-1'],
        ...['60m', VERSION, '120m'],
      ],
      ['default', 'c-0', 'Provisioned', VERSION, '120m'],
    ]);
  });

  test('counts them', () => {
    const counted = (clusters: readonly StoredCluster[]): string =>
      stuckCount(
        clusters.map((one) => stuckAt(one, NOW)),
        'cluster',
      );
    expect(counted(FLEET)).toBe('100 clusters, 3 of them stuck, of which 2 wait for a person.');
    expect(counted(STUCK.slice(1, 2))).toBe('1 cluster, 1 of them stuck, of which 1 waits for a person.');
    expect(counted(FLEET.slice(0, 2))).toBe('2 clusters, none of them stuck.');
  });

  test('has no line that a screen would break in two', () => {
    const lines = clusterTable(listedClusters(FLEET, NOW), NOW).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(180);
  });
});

describe('what is stuck', () => {
  test.each<[string, Status, ReturnType<typeof stuckAt>]>([
    ['is nothing while all goes on', { lastOperation: OPERATION }, undefined],
    [
      'is a machine that does not serve, in the words of Degraded',
      { conditions: [condition('Degraded', 'ReplicaUnhealthy')], lastErrors: [error('replica/1', 'retry', 60)] },
      { reason: 'ReplicaUnhealthy', step: 'replica/1', since: ago(60), waitsForPerson: false },
    ],
    [
      'is a step that fails while another machine is repaired',
      {
        lastOperation: OPERATION,
        conditions: [condition('Degraded', 'Repairing')],
        lastErrors: [error('ensure etcd-volume/1', 'retry', 60)],
      },
      { reason: 'Retrying', step: 'ensure etcd-volume/1', since: ago(60), waitsForPerson: false },
    ],
    [
      'is what a person paused, and since when nothing began',
      { lastOperation: { ...OPERATION, state: 'paused' }, conditions: [condition('Stalled', 'Paused', 30)] },
      { reason: 'Paused', step: 'UpdateCluster', since: ago(30), waitsForPerson: true },
    ],
    [
      'is an object that nobody has looked at for more than a minute',
      { conditions: [] },
      { reason: 'NotLookedAt', since: ago(86_400), waitsForPerson: true },
    ],
  ])('%s', (_what, status, expected) => {
    expect(stuckAt(cluster('one', status), NOW)).toEqual(expected);
  });

  test('is a deletion that nobody heeds, and not one that is a moment old', () => {
    const deleted = (seconds: number): StoredCluster => {
      const one = cluster('one');
      return { ...one, metadata: { ...one.metadata, deletionTimestamp: at(seconds) } };
    };
    expect(stuckAt(deleted(61), NOW)).toMatchObject({ reason: 'NotLookedAt', since: ago(61) });
    expect(stuckAt(deleted(30), NOW)).toBeUndefined();
  });
});

describe('a line of the list', () => {
  const upgrade = { from: VERSION, to: NEWER, soakingSince: at(1_200) } as const;

  test.each<[string, StoredCluster, string]>([
    ['what runs', cluster('one'), VERSION],
    ['what is asked for, too', cluster('one', {}, NEWER), `${VERSION} -> ${NEWER}`],
    ['that nothing runs yet', cluster('one', { established: false }), `-> ${VERSION}`],
    ['an upgrade', cluster('one', { upgrade: { ...upgrade, phase: 'Replacing' } }, NEWER), `${VERSION} -> ${NEWER}`],
    [
      'an upgrade that goes back',
      cluster('one', { upgrade: { ...upgrade, phase: 'Returning' } }),
      `${NEWER} -> ${VERSION}`,
    ],
  ])('says as the version %s', (_what, one, expected) => {
    expect(rowOf(one).at(-2)).toBe(expected);
  });

  test('says the step that runs, and that an upgrade soaks, since when', () => {
    const steps = [{ step: 'wait replica/1', state: 'running', since: at(120) } as const];
    expect(rowOf(cluster('one', { lastOperation: { ...OPERATION, steps } })).slice(3, 5)).toEqual([
      'wait replica/1',
      '2m',
    ]);
    expect(rowOf(cluster('one', { upgrade: { ...upgrade, phase: 'Soaking' } })).slice(3, 5)).toEqual(['soak', '20m']);
  });

  test('says when the newest backup was taken, and what is wrong with backups', () => {
    const { backup: _backup, ...without } = cluster('one').status ?? {};
    const conditions = [condition('BackupFailing', 'Overdue')];
    expect(rowOf(cluster('one', { conditions })).at(-1)).toBe('120m (Overdue)');
    const never: StoredCluster = {
      ...cluster('one'),
      status: { ...without, conditions: [condition('BackupFailing', 'NoBucket')] },
    };
    expect(rowOf(never).at(-1)).toBe('never (NoBucket)');
  });

  test('shows an object of which hardly anything is known', () => {
    const bare = { kind: 'AWSCluster', metadata: { namespace: 'a', name: 'b', uid: 'c' } } as const;
    expect(rowOf(bare)).toEqual(['a', 'b', 'Pending', 'never']);
  });

  test('has age, id and endpoint only where it may be wide', () => {
    const one = cluster('one', { clusterID: 'gke-1', endpoint: 'gke-1.elb' });
    expect(rowOf(one)).toHaveLength(5);
    expect(rowsOf([one], true)[0]?.slice(-3)).toEqual(['24h', 'gke-1', 'gke-1.elb']);
  });
});

describe('the list of operations', () => {
  const listed = (name: string, more: Partial<Listed> = {}): Listed => ({
    ...{ kind: 'AWSCluster', namespace: 'default', name, workflowId: name, operation: 'UpdateCluster' },
    ...{ phase: 'Running', startedAt: at(900), blocked: [], ...more },
  });
  const blocked = (step: string, verdict: BlockedVerdict, seconds: number) =>
    ({ step, kind: 'x', verdict, since: ago(seconds), message: 'first\nsecond' }) as const;
  const { operation: _none, ...aborted } = listed('aborted', { phase: 'blocked' });

  test('has a line for each object, with the step that waits for a person, and the stuck ones first', () => {
    const all = [
      listed('runs'),
      listed('capacity', { blocked: [blocked('ensure a/1', 'capacity', 3_600)] }),
      listed('rights', { blocked: [blocked('ensure a/1', 'retry', 600), blocked('ensure b/1', 'blocked', 300)] }),
      listed('paused', { phase: 'Paused' }),
      aborted,
    ];
    const rows = operationTable(urgentFirst(all), NOW).split('\n');
    expect(rows.slice(1).map((line) => line.split(/ {3,}/).slice(2))).toEqual([
      ['paused', 'UpdateCluster', 'Paused', '15m'],
      ['aborted', 'Aborted', '15m'],
      ['rights', 'UpdateCluster', 'Blocked', '5m', 'ensure b/1 (and 1 more)', 'blocked', 'first second'],
      ['capacity', 'UpdateCluster', 'Blocked', '60m', 'ensure a/1', 'capacity', 'first second'],
      ['runs', 'UpdateCluster', 'Running', '15m'],
    ]);
    expect(stuckCount(all.map(stuckByListing), 'object')).toBe(
      '5 objects, 4 of them stuck, of which 3 wait for a person.',
    );
  });
});
