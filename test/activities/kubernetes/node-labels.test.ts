/** Labels and taints are written on the nodes that lack them, each in one write, and on no other. */
import { expect, test } from '@jest/globals';
import { ensureResource } from '../../../activities/driver.ts';
import { nodeLabelsDriver } from '../../../activities/kubernetes/node-labels.ts';
import type { KubernetesObject } from '../../../api/kubernetes-object.ts';
import type { KubernetesClient } from '../../../kubernetes/client.ts';
import { request } from './wanted.ts';

const POOL = { kind: 'AWSNodePool', namespace: 'default', name: 'pool-0', uid: 'u' } as const;
const TAINT = { key: 'team', value: 'a', effect: 'NoSchedule' };

const node = (name: string, labels: Readonly<Record<string, string>>, taints: readonly object[] = []) =>
  ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels, resourceVersion: `7-${name}` },
    spec: { providerID: `aws:///eu-west-1a/i-${name}`, taints },
  }) as unknown as KubernetesObject;

const labelling = async (...nodes: readonly KubernetesObject[]) => {
  const written: { readonly name: string; readonly patch: unknown }[] = [];
  const client = {
    list: async () => nodes,
    patch: async ({ name }: { readonly name: string }, patch: unknown) => written.push({ name, patch }),
  } as unknown as KubernetesClient;
  const outcome = await ensureResource(
    nodeLabelsDriver(async () => client),
    request(
      'ensure',
      {
        key: 'node-labels/3125db34',
        kind: 'node-labels',
        properties: {
          ...{ endpoint: 'nlb', poolId: '3125db34' },
          ...{ labels: { team: 'a' }, taints: [TAINT], formerLabels: ['old'], formerTaints: [] },
        },
      },
      POOL,
    ) as Parameters<typeof ensureResource>[1],
    { signal: new AbortController().signal, since: 0 },
  );
  return { written, outcome };
};

test('a node that lacks them gets all in one write; taints only over the version that was seen', async () => {
  const { written, outcome } = await labelling(node('a', { old: '1' }), node('b', { team: 'a', old: '1' }, [TAINT]));
  expect(written).toEqual([
    {
      name: 'a',
      patch: {
        metadata: { labels: { team: 'a', old: null }, resourceVersion: '7-a' },
        spec: { taints: [TAINT] },
      },
    },
    { name: 'b', patch: { metadata: { labels: { old: null } } } },
  ]);
  expect(outcome).not.toMatchObject({ change: 'unchanged' });
});

test('where every node has them nothing is written, and it is said so', async () => {
  const { written, outcome } = await labelling(node('a', { team: 'a' }, [TAINT]));
  expect(written).toEqual([]);
  expect(outcome).toMatchObject({ change: 'unchanged' });
});
