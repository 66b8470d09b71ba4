/** What the watcher tells entities, and what it remembers of it. */
import { describe, expect, jest, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { type Observed, observed } from '../../client/watcher/observed.ts';
import { signals } from '../../client/watcher/signals.ts';

const cluster: Observed = {
  kind: 'AWSCluster',
  namespace: 'default',
  name: 'cluster-0',
  uid: '0b9b1a52-0000-0000-0000-000000000000',
  generation: 1,
  deleting: false,
  annotations: {},
  finalized: false,
  pins: {},
  writers: [],
};

const clientDouble = () => {
  const signalWithStart = jest.fn(() => Promise.resolve());
  return { signalWithStart, client: { workflow: { signalWithStart } } as unknown as Pick<Client, 'workflow'> };
};

describe('an object that is listed again and again without any news', () => {
  test('is told once, and its entity is noticed when it has ended, however often the list comes', async () => {
    const { client, signalWithStart } = clientDouble();
    const entities = signals(client);
    const clock = jest.spyOn(Date, 'now').mockReturnValue(1_000);
    await entities.tell({ type: 'changed', object: cluster });
    clock.mockReturnValue(20_000);
    await entities.tell({ type: 'changed', object: cluster });
    clock.mockRestore();
    expect(signalWithStart).toHaveBeenCalledTimes(1);
    expect(entities.forgetEnded(new Set(), 10_000)).toBe(1);
    await entities.tell({ type: 'changed', object: cluster });
    expect(signalWithStart).toHaveBeenCalledTimes(2);
  });
});

const FINALIZED: Observed = { ...cluster, finalized: true, pins: { clusterID: '"gke-1"', established: 'true' } };

/** How many signals each of the objects, told one after the other, makes. */
const signalled = async (objects: readonly Observed[]): Promise<readonly number[]> => {
  const { client, signalWithStart } = clientDouble();
  const entities = signals(client);
  const counts: number[] = [];
  for (const object of objects) {
    const before = signalWithStart.mock.calls.length;
    await entities.tell({ type: 'changed', object });
    counts.push(signalWithStart.mock.calls.length - before);
  }
  return counts;
};

describe('what others take from an object of ours', () => {
  test('is news: its finalizer, also while it is being made, and also to a watcher that never saw it', async () => {
    const making = { ...cluster, finalized: true };
    expect(await signalled([FINALIZED, { ...FINALIZED, finalized: false }])).toEqual([1, 1]);
    expect(await signalled([making, { ...making, finalized: false }])).toEqual([1, 1]);
    const { client, signalWithStart } = clientDouble();
    await signals(client).tell({ type: 'changed', object: FINALIZED });
    await signals(client).tell({ type: 'changed', object: { ...FINALIZED, finalized: false } });
    const [whole, unguarded] = signalWithStart.mock.calls.map((call) => JSON.stringify(call));
    expect(unguarded).not.toBe(whole);
  });

  test('is news: what its status keeps for good, and that somebody else wrote it at all', async () => {
    const forgotten = { ...FINALIZED, pins: { clusterID: '"gke-1"' } };
    const byHand = { ...FINALIZED, writers: ['kubectl-edit Update 2026-01-01T00:00:00Z'] };
    expect(await signalled([FINALIZED, forgotten, forgotten])).toEqual([1, 1, 0]);
    expect(await signalled([FINALIZED, byHand, byHand])).toEqual([1, 1, 0]);
  });

  test('is no news where Slipway itself put it there, or took it at the end of a delete', async () => {
    const first = { ...cluster, pins: { clusterID: '"gke-1"' } };
    expect(await signalled([cluster, first, FINALIZED])).toEqual([1, 0, 0]);
    const going = { ...FINALIZED, deleting: true };
    expect(await signalled([FINALIZED, going, { ...going, finalized: false }])).toEqual([1, 1, 0]);
  });
});

describe('what the watcher keeps in mind of an object', () => {
  const object = (metadata: object, status?: object): KubernetesObject => ({
    apiVersion: 'multicloud.cluster.gke.io/v1',
    kind: 'AWSCluster',
    metadata: { name: 'cluster-0', namespace: 'default', uid: 'u', generation: 1, ...metadata },
    ...(status === undefined ? {} : { status }),
  });

  test('is whether our finalizer is on it, what its status pins, and who but Slipway wrote that', () => {
    expect(observed(object({}))).toMatchObject({ finalized: false, pins: {}, writers: [] });
    const managedFields = [
      { manager: 'slipway', operation: 'Apply', subresource: 'status', time: 't1' },
      { manager: 'kubectl-edit', operation: 'Update', subresource: 'status', time: 't2' },
      { manager: 'kubectl', operation: 'Update', time: 't3' },
    ];
    const status = { clusterID: 'gke-1', established: false, state: 'Provisioned' };
    expect(observed(object({ finalizers: ['slipway.dev/cleanup'], managedFields }, status))).toMatchObject({
      finalized: true,
      pins: { clusterID: '"gke-1"' },
      writers: ['kubectl-edit Update t2'],
    });
  });
});
