/** The node of a machine that is to end is closed and drained; a machine without one has nothing to drain. */
import { expect, test } from '@jest/globals';
import type { EmptyMachine } from '../../../activities/aws/surge.ts';
import { emptyMachine } from '../../../activities/kubernetes/emptying.ts';
import type { KubernetesClient } from '../../../kubernetes/client.ts';

const NODE = {
  metadata: { name: 'node-a', resourceVersion: '1' },
  spec: { providerID: 'aws:///eu-west-1a/i-0a' },
};
const POD = {
  metadata: {
    ...{ namespace: 'default', name: 'web-0', uid: 'u' },
    ownerReferences: [{ kind: 'ReplicaSet', name: 'web', controller: true }],
  },
  spec: { nodeName: 'node-a' },
};

/** `labelled`: whether the node carries its pool's label. */
const emptying = async (instanceId: string, pods: readonly object[], labelled = true) => {
  const done: string[] = [];
  const client = {
    list: ({ kind }: { readonly kind: string }, { labelSelector }: { readonly labelSelector?: string } = {}) =>
      Promise.resolve(kind !== 'Node' ? pods : labelled || labelSelector === undefined ? [NODE] : []),
    find: ({ kind }: { readonly kind: string }) => Promise.resolve(kind === 'Node' ? NODE : null),
    patch: ({ name }: { readonly name: string }, { spec }: { readonly spec: object }) => {
      done.push(`${name} ${JSON.stringify(spec)}`);
      return Promise.resolve(NODE);
    },
    evict: ({ name }: { readonly name: string }) => {
      done.push(`evict ${name}`);
      return Promise.resolve();
    },
  } as unknown as KubernetesClient;
  const empty = emptyMachine(client, () => Promise.resolve(client));
  const sought = {
    ...{ kind: 'surge', key: 'surge/1a2b3c4d', object: { namespace: 'default' }, owner: { clusterId: 'gke-1' } },
    properties: { endpoint: 'nlb', poolId: '1a2b3c4d', groupName: 'g', besides: [], drainSeconds: 600 },
    ...{ signal: new AbortController().signal, since: Date.now() },
  } as unknown as Parameters<EmptyMachine>[1];
  const outcome = await empty(instanceId, sought).then(
    () => 'empty',
    (error: Error) => error.message,
  );
  return { outcome, done };
};

test('a node with pods is closed, they are evicted, and it is said that they are awaited', async () => {
  expect(await emptying('i-0a', [POD])).toEqual({
    outcome: expect.stringContaining('default/web-0'),
    done: ['node-a {"unschedulable":true}', 'evict web-0'],
  });
});

test('a node without pods is closed, and that is all', async () => {
  expect(await emptying('i-0a', [])).toEqual({ outcome: 'empty', done: ['node-a {"unschedulable":true}'] });
});

test('a machine that has not joined has nothing to close', async () => {
  expect(await emptying('i-0b', [POD])).toEqual({ outcome: 'empty', done: [] });
});

test('a node from which somebody took the pool’s label is its machine’s all the same: it is closed and emptied', async () => {
  expect(await emptying('i-0a', [POD], false)).toEqual({
    outcome: expect.stringContaining('default/web-0'),
    done: ['node-a {"unschedulable":true}', 'evict web-0'],
  });
});
