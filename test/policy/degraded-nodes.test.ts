/** What the status of a node pool says of nodes that do not serve. */
import { describe, expect, test } from '@jest/globals';
import { type AWSNodePool, awsNodePool } from '../../api/nodepool.ts';
import type { NodePoolReport } from '../../policy/node-repair.ts';
import { statusOf } from '../../policy/status.ts';
import type { OperationView, Subject } from '../../policy/views.ts';
import { nodeMachineKey } from '../../words/keys.ts';
import { POOL_UID, seedPool } from '../topology/objects.ts';

const T0 = Date.parse('2026-01-01T00:10:00Z');
const SINCE = '2026-01-01T00:00:00Z';

const reportOf = (...indices: readonly number[]): NodePoolReport => ({
  nodes: indices.map((index) => ({
    instanceId: `i-${index}`,
    name: `node-${index}`,
    since: SINCE,
    message: `node node-${index} (i-${index}) is not Ready`,
  })),
});
const settled = (nodePool?: NodePoolReport): Subject => ({
  kind: 'settled',
  ...(nodePool === undefined ? {} : { nodePool }),
});
const operation = (changes: Partial<OperationView>): Subject => ({
  kind: 'operation',
  operation: {
    type: 'RepairNodePool',
    workflowId: 'entity/operation',
    runId: 'run-1',
    state: 'running',
    startedAt: T0,
    steps: ['ensure cordon/i-1', 'remove node-machine/i-1'].map((id) => ({
      id,
      key: id.split(' ')[1] ?? '',
      needs: [],
      status: { state: 'running', since: T0 },
    })),
    outputs: {},
    ...changes,
  },
});

const live = (status: AWSNodePool['status'] = { state: 'Provisioned' }): AWSNodePool =>
  awsNodePool.parse({ ...seedPool(), status });
const after = (subject: Subject, before: AWSNodePool = live()): AWSNodePool => {
  const { metadata } = before;
  const object = { kind: 'AWSNodePool' as const, namespace: 'default', name: metadata.name, uid: POOL_UID };
  return live(statusOf({ object, generation: 1, subject, events: [] }, before, T0));
};
const condition = ({ status }: AWSNodePool, type: string) => status?.conditions?.find((one) => one.type === type);
const namesIn = ({ status }: AWSNodePool) => status?.unhealthyNodes?.map(({ name }) => name);

describe('a pool with a node that is not Ready', () => {
  const one = after(settled(reportOf(1)));

  test('is Degraded, and says which one, since when, and how to replace its machine at once', () => {
    expect(condition(one, 'Degraded')).toMatchObject({
      status: 'True',
      reason: 'NodeUnhealthy',
      message: 'node node-1 (i-1) is not Ready.',
    });
    expect(condition(one, 'Ready')?.status).toBe('True');
    expect(one.status?.unhealthyNodes).toEqual([
      { name: 'node-1', instanceID: 'i-1', since: SINCE, message: 'node node-1 (i-1) is not Ready' },
    ]);
    expect(one.status?.lastErrors).toMatchObject([
      {
        step: nodeMachineKey('i-1'),
        verdict: 'retry',
        since: SINCE,
        commands: [
          'aws ec2 terminate-instances --region eu-west-1 --instance-ids i-1',
          expect.stringContaining('temporal workflow signal'),
        ],
      },
    ]);
  });

  test('that is not replaced says first why, and that a person is to see to it', () => {
    const forbidden = after(settled({ ...reportOf(1, 2), forbidden: 'its zone fails' }));
    expect(condition(forbidden, 'Degraded')).toMatchObject({
      reason: 'NotRepaired',
      message: 'Nothing is replaced: its zone fails. node node-1 (i-1) is not Ready. node node-2 (i-2) is not Ready.',
    });
    expect(forbidden.status?.lastErrors?.map(({ verdict }) => verdict)).toEqual(['blocked', 'blocked']);
  });

  test('names the first few of many', () => {
    const many = after(settled(reportOf(1, 2, 3, 4, 5, 6, 7)));
    expect(condition(many, 'Degraded')?.message).toMatch(/node-5 .*2 more are unhealthy\.$/);
    expect(many.status?.unhealthyNodes).toHaveLength(7);
    expect(many.status?.lastErrors).toHaveLength(5);
  });

  test('remembers a machine that may still join, and says nothing of it', () => {
    const { nodes } = reportOf(1);
    const young = after(settled({ nodes: nodes.map((node) => ({ ...node, joining: true as const })) }));
    expect(namesIn(young)).toEqual(['node-1']);
    expect(condition(young, 'Degraded')).toBeUndefined();
    expect(young.status?.lastErrors).toEqual([]);
  });

  test('forgets it once all are Ready', () => {
    const well = after(settled(), one);
    expect(well.status).not.toHaveProperty('unhealthyNodes');
    expect(condition(well, 'Degraded')).toBeUndefined();
  });
});

describe('what is known of unhealthy nodes', () => {
  const two = after(settled(reportOf(1, 2)));

  test.each<[string, Subject, readonly string[]]>([
    ['stays while one of them is replaced', operation({}), ['node-1', 'node-2']],
    ['loses the one that was replaced', operation({ state: 'succeeded' }), ['node-2']],
    ['stays where its replacement was aborted', operation({ state: 'aborted' }), ['node-1', 'node-2']],
    [
      'stays over any other operation',
      operation({ type: 'UpdateNodePool', state: 'succeeded', steps: [] }),
      ['node-1', 'node-2'],
    ],
    [
      'stays while the pool cannot be looked at',
      { kind: 'failing', reason: 'timeout', attempt: 1, retryAt: T0 },
      ['node-1', 'node-2'],
    ],
  ])('%s', (_, subject, expected) => {
    expect(namesIn(after(subject, two))).toEqual(expected);
  });

  test('goes with the pool', () => {
    expect(namesIn(after(operation({ type: 'DeleteNodePool', steps: [] }), two))).toBeUndefined();
  });
});

describe('a pool of which a machine is replaced', () => {
  const repairing = after(operation({}), after(settled(reportOf(1, 2))));

  test('says which, and what was wrong with it, and goes on to be Ready', () => {
    expect(repairing.status?.state).toBe('Repairing');
    expect(condition(repairing, 'Degraded')).toMatchObject({
      reason: 'Repairing',
      message: 'machine i-1 is being replaced: node node-1 (i-1) is not Ready',
    });
    expect(condition(after(operation({}), after(settled(reportOf(1)))), 'Reconciling')?.status).toBe('True');
  });

  test('says nothing of the kind where it only opens nodes that came back', () => {
    const steps = [
      { id: 'remove cordon/i-1', key: 'cordon/i-1', needs: [], status: { state: 'running', since: T0 } as const },
    ];
    expect(condition(after(operation({ steps })), 'Degraded')).toBeUndefined();
  });

  test('is provisioned again afterwards', () => {
    expect(after(operation({ state: 'succeeded' }), repairing).status?.state).toBe('Provisioned');
  });
});
