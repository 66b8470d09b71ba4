import { describe, expect, test } from '@jest/globals';
import { type AWSCluster, awsCluster } from '../../api/cluster.ts';
import type { Status } from '../../policy/remembered.ts';
import type { ControlPlaneReport } from '../../policy/repair.ts';
import { statusOf } from '../../policy/status.ts';
import type { MirrorRequest, OperationView } from '../../policy/views.ts';
import { CLUSTER_UID, seedCluster } from '../topology/objects.ts';

const T0 = Date.parse('2026-01-01T00:00:00Z');
const MINUTE = 60_000;
const LIVE = { state: 'Provisioned', established: true } as const;

const hung: ControlPlaneReport = {
  quorumLost: false,
  replicas: [{ index: 1, instanceId: 'i-1', message: 'replica 1 (i-1) does not serve: timeout' }],
};
const lost: ControlPlaneReport = {
  quorumLost: true,
  replicas: [...hung.replicas, { index: 2, message: 'replica 2 has no machine' }],
};
const settled = (controlPlane?: ControlPlaneReport): MirrorRequest['subject'] => ({
  kind: 'settled',
  ...(controlPlane === undefined ? {} : { controlPlane }),
});
const repair = (state: OperationView['state']): MirrorRequest['subject'] => ({
  kind: 'operation',
  operation: {
    type: 'RepairCluster',
    workflowId: 'entity/operation',
    runId: 'run-1',
    state,
    startedAt: T0,
    steps: [{ id: 'wait replica/1', key: 'replica/1', needs: [], status: { state: 'running', since: T0 } }],
    outputs: {},
    incarnations: { 'etcd-volume/1': 2 },
  },
});

const live = (status: Status = LIVE): AWSCluster => awsCluster.parse({ ...seedCluster(), status });
const after = (subject: MirrorRequest['subject'], before: AWSCluster = live(), now = T0): AWSCluster => {
  const { metadata } = before;
  const object = { kind: 'AWSCluster' as const, namespace: 'default', name: metadata.name, uid: CLUSTER_UID };
  return live(statusOf({ object, generation: 1, subject, events: [] }, before, now));
};
const condition = ({ status }: AWSCluster, type: string) => status?.conditions?.find((one) => one.type === type);

describe('a replica that does not serve', () => {
  const first = after(settled(hung));

  test('is named in a condition of its own, while the cluster stays ready', () => {
    expect(condition(first, 'Degraded')).toMatchObject({
      status: 'True',
      reason: 'ReplicaUnhealthy',
      message: 'replica 1 (i-1) does not serve: timeout.',
    });
    expect(condition(first, 'Ready')?.status).toBe('True');
    expect(condition(first, 'Stalled')?.status).toBe('False');
    expect(first.status?.state).toBe('Provisioned');
  });

  test('keeps the time since when, for as long as it is the same machine', () => {
    const later = after(settled(hung), first, T0 + 5 * MINUTE);
    expect(later.status?.unhealthyReplicas).toEqual([
      { index: 1, instanceID: 'i-1', since: '2026-01-01T00:00:00Z', message: hung.replicas[0]?.message },
    ]);
    const [replica] = hung.replicas;
    const another = { ...hung, replicas: [{ index: 1, message: '', ...replica, instanceId: 'i-2' }] };
    expect(after(settled(another), later, T0 + 6 * MINUTE).status?.unhealthyReplicas?.[0]?.since).toBe(
      '2026-01-01T00:06:00Z',
    );
  });

  test('remembers since when its volume is gone by its id, and forgets it with another volume', () => {
    const losing = (lostVolumeId: string): ControlPlaneReport => ({
      quorumLost: false,
      replicas: [{ index: 1, instanceId: 'i-1', message: 'it has lost its volume', lostVolumeId }],
    });
    // A machine that was in trouble before says nothing of when its disk went.
    const noticed = after(settled(losing('vol-1')), first, T0 + 5 * MINUTE);
    const confirmed = after(settled(losing('vol-1')), noticed, T0 + 6 * MINUTE);
    const lostVolume = { id: 'vol-1', since: '2026-01-01T00:05:00Z' };
    expect(confirmed.status?.unhealthyReplicas).toMatchObject([{ since: '2026-01-01T00:00:00Z', lostVolume }]);
    const another = after(settled(losing('vol-2')), confirmed, T0 + 7 * MINUTE);
    expect(another.status?.unhealthyReplicas).toMatchObject([
      { lostVolume: { id: 'vol-2', since: '2026-01-01T00:07:00Z' } },
    ]);
    expect(after(settled(hung), another, T0 + 8 * MINUTE).status?.unhealthyReplicas?.[0]).not.toHaveProperty(
      'lostVolume',
    );
  });

  test('has its time anew once the machine before it has let go of what it waited for', () => {
    const waiting: ControlPlaneReport = {
      quorumLost: false,
      replicas: [{ index: 1, instanceId: 'i-1', message: 'waits for volume vol-1', heldBy: 'i-0' }],
    };
    const held = after(settled(waiting), first, T0 + 5 * MINUTE);
    expect(held.status?.unhealthyReplicas).toMatchObject([{ since: '2026-01-01T00:00:00Z', heldBy: 'i-0' }]);
    const free = after(settled(hung), held, T0 + 60 * MINUTE);
    expect(free.status?.unhealthyReplicas?.[0]).toMatchObject({ since: '2026-01-01T01:00:00Z' });
    expect(free.status?.unhealthyReplicas?.[0]).not.toHaveProperty('heldBy');
  });

  test.each([
    ['shutting-down', 'aws ec2 terminate-instances --region eu-west-1 --instance-ids i-0 --force'],
    ['running', 'aws ec2 terminate-instances --region eu-west-1 --instance-ids i-0'],
  ])(
    'comes with the command that ends the machine that has its volume, by force only where it can’t end: %s',
    (state, command) => {
      const message = `waits for volume vol-1, which instance i-0 still has: that one is ${state}`;
      const replica = { index: 1, instanceId: 'i-1', message, heldBy: 'i-0', holderState: state };
      const told = after(settled({ quorumLost: false, replicas: [replica] })).status?.lastErrors?.[0]?.commands ?? [];
      expect(told[0]).toBe(command);
      // Another machine in place of its own would wait no less.
      expect(told.join()).not.toContain('i-1');
    },
  );

  test('comes with the commands that replace its machine, or look again, now', () => {
    expect(first.status?.lastErrors).toMatchObject([
      {
        step: 'replica/1',
        verdict: 'retry',
        commands: [
          'aws ec2 terminate-instances --region eu-west-1 --instance-ids i-1',
          expect.stringContaining('temporal workflow signal'),
        ],
      },
    ]);
  });

  test('is forgotten once it serves', () => {
    const { status } = after(settled(), first);
    expect(status?.unhealthyReplicas).toBeUndefined();
    expect(status?.lastErrors).toEqual([]);
    expect(condition(live(status), 'Degraded')).toBeUndefined();
  });
});

describe('a repair', () => {
  test('is a state of its own, and pins the incarnation of what it makes while it still runs', () => {
    const running = after(repair('running'), after(settled(hung)));
    expect(running.status?.state).toBe('Repairing');
    expect(running.status?.incarnations).toEqual({ 'etcd-volume/1': 2 });
    expect(condition(running, 'Degraded')).toMatchObject({ status: 'True', reason: 'Repairing' });
    expect(condition(running, 'Ready')?.status).toBe('True');
    expect(running.status?.unhealthyReplicas).toHaveLength(1);
  });

  test('that is done leaves a provisioned cluster, and remembers the incarnation', () => {
    const { status } = after(repair('succeeded'), after(repair('running'), after(settled(hung))));
    expect(status?.state).toBe('Provisioned');
    expect(status?.unhealthyReplicas).toBeUndefined();
    expect(after(settled(), live(status)).status?.incarnations).toEqual({ 'etcd-volume/1': 2 });
  });

  test('of a cluster that never was provisioned does not make it so', () => {
    const young = live({ state: 'Provisioning', established: true });
    expect(after(repair('running'), young).status?.state).toBe('Provisioning');
    expect(after(repair('succeeded'), young).status?.state).toBe('Provisioning');
  });
});

describe('a lost quorum', () => {
  const told = after(settled(lost));

  test('makes the cluster stalled and not ready, and says that nothing is overwritten', () => {
    expect(condition(told, 'Ready')).toMatchObject({ status: 'False', reason: 'QuorumLost' });
    expect(condition(told, 'Stalled')).toMatchObject({
      status: 'True',
      message: expect.stringContaining('nothing is replaced or overwritten'),
    });
    expect(told.status?.lastErrors?.map(({ verdict }) => verdict)).toEqual(['blocked', 'blocked']);
  });

  test('is not counted against the last one to come back', () => {
    const { status } = after(settled(hung), told, T0 + 9 * MINUTE);
    expect(status?.unhealthyReplicas?.map(({ index, since }) => `${index} ${since}`)).toEqual([
      '1 2026-01-01T00:09:00Z',
    ]);
  });

  test('is over by itself when the machines are back', () => {
    const back = after(settled(), told);
    expect(condition(back, 'Ready')?.status).toBe('True');
    expect(condition(back, 'Stalled')?.status).toBe('False');
    expect(condition(back, 'Degraded')).toBeUndefined();
  });
});
