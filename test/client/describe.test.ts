import { describe, expect, test } from '@jest/globals';
import { type Description, describeLines } from '../../client/cli/describe.ts';
import {
  ago,
  describing,
  ENTITY_ID,
  endedOperation,
  entity,
  NOW,
  operation,
  PLAIN,
  step,
  storedCluster,
  storedNodePool,
  view,
} from './objects.ts';

const lines = (description: Description): string[] => describeLines(description, NOW, PLAIN);

const operating = entity({
  object: { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: 'uid-0' },
  phase: 'operating',
});
const settled = entity({
  object: { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: 'uid-0' },
  phase: 'settled',
});

const ROOT =
  'AWSCluster/cluster-0  Provisioning  gke-dfccaa67  version 1.16.9-gke.12 (Kubernetes 1.36.3)  gke-dfccaa67-controlplane-1.elb.eu-west-1.amazonaws.com';

describe('the description of a cluster', () => {
  test('that is upgraded says where it is, whether it may go back, and how far each replica is', () => {
    const upgrade = {
      ...{ from: '1.36.3-gke.1', to: '1.37.2-gke.1', phase: 'Soaking' as const, committed: false },
      soakUntil: '2026-01-02T00:00:00Z',
      replicas: [{ index: 0, version: '1.37.2-gke.1', emulation: '1.36' }, { index: 1 }],
    };
    const said = (change: object) =>
      lines(describing({ object: storedCluster({ upgrade: { ...upgrade, ...change } }), entity: settled }, []));
    expect(said({})).toEqual(
      expect.arrayContaining([
        '└─ upgrade 1.36.3-gke.1 -> 1.37.2-gke.1: soaks until 2026-01-02T00:00:00Z, and it may go back to 1.36.3-gke.1 until then',
        '   ├─ replica 0: 1.37.2-gke.1, serves as Kubernetes 1.36',
        '   └─ replica 1: has no machine',
      ]),
    );
    expect(said({ phase: 'Committing', committed: true }).join()).toContain(
      'begins to serve as 1.37.2-gke.1, and there is no way back to 1.36.3-gke.1',
    );
    expect(said({ phase: 'Returning' }).join()).toContain('goes back to 1.36.3-gke.1');
    expect(said({ phase: 'Replacing' }).join()).toContain('machines give way to others, and it may go back');
  });

  test('is a tree with the live step, its attempts and its last error, and a number for what is done', () => {
    const running = operation(
      view([
        step('ensure finalizer', { state: 'done', at: ago(19), change: 'created' }),
        step('ensure preflight', { state: 'skipped', at: ago(18) }),
        step('wait control-plane/ready', { state: 'running', since: ago(7) }),
        step('ensure addon/coredns', { state: 'pending' }),
      ]),
      { live: [{ id: 'wait control-plane/ready', attempt: 3, lastError: 'replica 1 does not answer yet' }] },
    );
    const pool = storedNodePool(0, { state: 'Provisioned' });
    expect(
      lines(
        describing({ object: storedCluster(), entity: operating, operation: running }, [
          { object: pool, entity: settled },
        ]),
      ),
    ).toEqual([
      ROOT,
      '├─ ▸ CreateCluster running for 20s: 2 of 4 steps done',
      '│  ├─ ▸ wait control-plane/ready (7s, attempt 3)',
      '│  │  └─ replica 1 does not answer yet',
      '│  └─ · 1 more wait for these',
      '└─ AWSNodePool/cluster-0-pool-0  Provisioned  3-5 nodes  t3.medium  version 1.16.9-gke.12',
    ]);
  });

  test.each<[string, object]>([
    ['3-5 nodes', {}],
    ['2 of 4 nodes ready (3-5)', { readyNodes: 2, desiredNodes: 4 }],
    ['? of 4 nodes ready (3-5)', { desiredNodes: 4 }],
  ])('says of a pool: %s', (nodes, status) => {
    const pool = storedNodePool(0, { state: 'Provisioned', ...status });
    const shown = lines(describing({ object: storedCluster(), entity: settled }, [{ object: pool, entity: settled }]));
    expect(shown.at(-1)).toBe(
      `└─ AWSNodePool/cluster-0-pool-0  Provisioned  ${nodes}  t3.medium  version 1.16.9-gke.12`,
    );
  });

  test('says of a blocked step why, since when, when it is tried again, and the command that tries it now', () => {
    const blocked = view([
      step('ensure security-group/controlplane', {
        state: 'blocked',
        since: ago(5),
        attempt: 2,
        verdict: 'blocked',
        message: 'security group sg-1 is not ours:\n  it has no owner tag',
        retryAt: ago(-15),
      }),
    ]);
    const description = describing({ object: storedCluster(), entity: operating, operation: operation(blocked) }, [], {
      temporalFlags: ' --address 127.16.0.2:7233',
    });
    expect(lines(description).slice(1)).toEqual([
      '└─ ▸ CreateCluster running for 20s: 0 of 1 steps done',
      '   └─ ✗ ensure security-group/controlplane waits for a person (attempt 2 failed 5s ago, next try in 15s)',
      '      ├─ security group sg-1 is not ours: it has no owner tag',
      "      ├─ retry now: npx slipway operations retry cluster cluster-0 -n default --step 'ensure security-group/controlplane'",
      `      └─ or: temporal workflow update execute --address 127.16.0.2:7233 --workflow-id '${ENTITY_ID}/operation' --name retry --input '{"step":"ensure security-group/controlplane"}'`,
    ]);
  });

  test.each([
    ['retry', 'failed and is tried again'],
    ['capacity', 'waits for capacity at AWS'],
    ['bug', 'failed unexpectedly: please report it'],
  ] as const)('says of a step with verdict %s that it %s', (verdict, words) => {
    const status = { state: 'blocked', since: ago(1), attempt: 1, verdict, message: 'm', retryAt: ago(0) } as const;
    const shown = lines(
      describing({
        object: storedCluster(),
        entity: operating,
        operation: operation(view([step('ensure a/b', status)])),
      }),
    );
    expect(shown[2]).toBe(`   └─ ✗ ensure a/b ${words} (attempt 1 failed 1s ago, next try now)`);
  });

  test('says that an operation is paused, in Temporal or altogether, and how it goes on; and that its status is refused', () => {
    const paused = operation(
      view([step('ensure a/b', { state: 'running', since: ago(5) })], {
        pausedAt: ago(3),
        statusProblem: 'HTTP 403: no',
      }),
      { live: [{ id: 'ensure a/b', attempt: 2, paused: true }] },
    );
    expect(lines(describing({ object: storedCluster(), entity: operating, operation: paused })).slice(1)).toEqual([
      '└─ ▸ CreateCluster paused for 3s: 0 of 1 steps done',
      '   ├─ resume: npx slipway operations resume cluster cluster-0 -n default',
      `   ├─ or: temporal workflow update execute --workflow-id '${ENTITY_ID}/operation' --name resume --input '{}'`,
      "   ├─ its status can't be written: HTTP 403: no",
      '   └─ ▸ ensure a/b (5s, attempt 2)',
      `      └─ paused in Temporal; go on: temporal activity unpause --workflow-id '${ENTITY_ID}/operation' --activity-id 'ensure a/b'`,
    ]);
  });

  test('of an aborted operation says how it begins again', () => {
    const held = entity({
      object: { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: 'uid-0' },
      phase: 'blocked',
      reason: 'CreateCluster was aborted',
      held: 'CreateCluster',
    });
    expect(lines(describing({ object: storedCluster(), entity: held })).slice(1)).toEqual([
      '├─ blocked: CreateCluster was aborted',
      '├─ begin again: npx slipway operations resume cluster cluster-0 -n default',
      `└─ or: temporal workflow update execute --workflow-id '${ENTITY_ID}' --name resume --input '{}'`,
    ]);
  });

  test('says how the last operation ended, and shows conditions that are not as they should be', () => {
    const object = storedCluster({
      lastOperation: { runID: 'run-0', progress: { done: 1, total: 2 } },
      conditions: [
        { type: 'Ready', status: 'False', reason: 'Aborted', message: 'change or delete the object to go on' },
        { type: 'Reconciling', status: 'True', reason: 'x', message: 'x' },
        { type: 'Stalled', status: 'True', reason: 'Aborted' },
        { type: 'Other', status: 'False', reason: 'x', message: 'x' },
      ],
    });
    const description = describing({ object, entity: settled, operation: endedOperation({ state: 'aborted' }) });
    expect(lines(description).slice(1)).toEqual([
      '├─ not Ready (Aborted): change or delete the object to go on',
      '├─ Stalled (Aborted)',
      '└─ ✗ CreateCluster aborted in 17s (1 of 2 steps)',
    ]);
  });

  test('of an object that waits for a person says why, once, and how to have it looked at again', () => {
    const object = storedCluster({
      conditions: ['Ready', 'Stalled'].map((type) => ({
        type,
        status: type === 'Ready' ? ('False' as const) : ('True' as const),
        reason: 'Blocked',
        message: 'version 9 is not in the catalogue',
      })),
    });
    const blocked = entity({
      object: { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: 'uid-0' },
      phase: 'blocked',
      reason: 'version 9 is not in the catalogue',
    });
    expect(lines(describing({ object, entity: blocked })).slice(1)).toEqual([
      '├─ not Ready, Stalled (Blocked): version 9 is not in the catalogue',
      '├─ look again now: npx slipway operations retry cluster cluster-0 -n default',
      `└─ or: temporal workflow update execute --workflow-id '${ENTITY_ID}' --name retry --input '{}'`,
    ]);
  });

  test('of a cluster with a machine that hangs says so, and the commands for who does not want to wait', () => {
    const message = 'replica 1 (i-1) does not serve: its machine is replaced at 10:05 unless it serves before';
    const command = 'aws ec2 terminate-instances --region eu-west-1 --instance-ids i-1';
    const since = new Date(ago(9)).toISOString();
    const object = storedCluster({
      state: 'Provisioned',
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'Degraded', status: 'True', reason: 'ReplicaUnhealthy', message },
      ],
      lastErrors: [{ step: 'replica/1', verdict: 'retry', message, since, commands: [command] }],
    });
    expect(lines(describing({ object, entity: settled })).slice(1)).toEqual([
      `├─ Degraded (ReplicaUnhealthy): ${message}`,
      `└─ replica/1: ${command}`,
    ]);
  });

  test('of a cluster that is as it should be has nothing but facts', () => {
    const object = storedCluster({ state: 'Provisioned', conditions: [{ type: 'Ready', status: 'True' }] });
    const ended = endedOperation({ state: 'succeeded' });
    expect(lines(describing({ object, entity: settled, operation: ended })).slice(1)).toEqual([
      '└─ ✓ CreateCluster succeeded in 17s',
    ]);
  });
});

describe('the description of a cluster that nobody works on', () => {
  test('says that its deletion was asked for, while nobody has taken notice', () => {
    const { metadata, ...rest } = storedCluster();
    const object = { ...rest, metadata: { ...metadata, deletionTimestamp: new Date(ago(5)).toISOString() } };
    expect(lines(describing({ object, entity: settled }))[1]).toBe('└─ deletion was asked for 5s ago');
    const heeded = { ...object, status: { ...object.status, state: 'Deleting' as const } };
    expect(lines(describing({ object: heeded, entity: settled }))).toHaveLength(1);
  });

  test('says that no workflow owns it, and where to look', () => {
    expect(lines(describing({ object: storedCluster() }))[1]).toBe(
      '└─ no workflow owns it: is the watcher (slipway-client) up, and does it see this namespace?',
    );
  });

  test('says that its workflow has ended, and why', () => {
    const orphaned = entity(
      {
        object: operating.view?.object ?? { kind: 'AWSCluster', namespace: '', name: '', uid: '' },
        phase: 'orphaned',
        reason: 'the object is gone',
      },
      { status: 'COMPLETED' },
    );
    expect(lines(describing({ object: storedCluster(), entity: orphaned }))[1]).toBe(
      '└─ its workflow has ended: completed (the object is gone)',
    );
  });

  test('shows what an entity is trying, with attempts and the last error, though there is no operation yet', () => {
    const assessing = entity(undefined, {
      live: [{ id: '1', attempt: 7, lastError: 'No usable credentials: the session has expired' }],
    });
    expect(lines(describing({ object: storedCluster(), entity: assessing })).slice(2)).toEqual([
      '└─ ▸ 1 (attempt 7)',
      '   └─ No usable credentials: the session has expired',
    ]);
  });

  test('says once, above the tree, that no worker answers', () => {
    const pool = { object: storedNodePool(0), entity: entity(undefined) };
    const shown = lines(describing({ object: storedCluster(), entity: entity(undefined) }, [pool]));
    expect(shown.filter((line) => line.includes('worker'))).toEqual([
      'No worker answers: this is what Temporal and status know. Is the worker (slipway-worker) up?',
    ]);
    expect(shown[1]).toBe(ROOT);
  });

  test('says what an entity waits for, unless a condition says so already', () => {
    const waiting = entity({
      object: { kind: 'AWSNodePool', namespace: 'default', name: 'cluster-0-pool-0', uid: 'uid-pool-0' },
      phase: 'waiting',
      reason: 'the cluster has no network yet',
    });
    const quiet = { object: storedNodePool(0), entity: waiting };
    const told = {
      object: storedNodePool(1, {
        conditions: [{ type: 'Ready', status: 'False', reason: 'Waiting', message: 'the cluster has no network yet' }],
      }),
      entity: waiting,
    };
    const shown = lines(describing({ object: storedCluster(), entity: settled }, [quiet, told])).slice(1);
    expect(shown.map((line) => line.slice(0, 58).trimEnd())).toEqual([
      '├─ AWSNodePool/cluster-0-pool-0  Provisioning  3-5 nodes',
      '│  └─ waiting: the cluster has no network yet',
      '└─ AWSNodePool/cluster-0-pool-1  Provisioning  3-5 nodes',
      '   └─ not Ready (Waiting): the cluster has no network yet',
    ]);
  });
});

describe('the description of a cluster while something is away', () => {
  const object = storedCluster({
    lastOperation: {
      type: 'CreateCluster',
      state: 'running',
      progress: { done: 4, total: 51 },
      steps: [
        { step: 'ensure etcd-volume/0', state: 'running', message: 'it is being made' },
        { step: 'ensure etcd-volume/1', state: 'blocked' },
      ],
    },
    lastErrors: [{ step: 'ensure etcd-volume/1', verdict: 'blocked', message: 'the quota is used up' }],
  });

  test('without a worker shows what Temporal and status know of the running operation', () => {
    const running = operation(undefined, {
      live: [{ id: 'ensure etcd-volume/0', attempt: 2, lastError: 'throttled' }],
    });
    expect(lines(describing({ object, entity: entity(undefined), operation: running })).slice(2)).toEqual([
      '└─ · CreateCluster running, began 20s ago',
      '   ├─ ▸ ensure etcd-volume/0 (attempt 2)',
      '   │  └─ throttled',
      '   └─ · CreateCluster running: 4 of 51 steps done',
      '      ├─ ▸ ensure etcd-volume/0',
      '      │  └─ it is being made',
      '      └─ ✗ ensure etcd-volume/1: the quota is used up',
    ]);
  });

  test('without Temporal shows what status recorded, and says so first', () => {
    const trouble = { temporalTrouble: 'Temporal at 127.0.0.1:7233 did not answer.' };
    expect(lines(describing({ object }, [{ object: storedNodePool(0) }], trouble))).toEqual([
      'This is the last that status recorded. Temporal at 127.0.0.1:7233 did not answer.',
      ROOT,
      '├─ · CreateCluster running: 4 of 51 steps done',
      '│  ├─ ▸ ensure etcd-volume/0',
      '│  │  └─ it is being made',
      '│  └─ ✗ ensure etcd-volume/1: the quota is used up',
      '└─ AWSNodePool/cluster-0-pool-0  Provisioning  3-5 nodes  t3.medium  version 1.16.9-gke.12',
    ]);
  });

  test('an object of which hardly anything is known is shown all the same', () => {
    const bare = { kind: 'AWSCluster', metadata: { namespace: 'a', name: 'b', uid: 'c' } } as const;
    expect(lines(describing({ object: bare, entity: settled }))).toEqual(['AWSCluster/b  Pending']);
  });
});
