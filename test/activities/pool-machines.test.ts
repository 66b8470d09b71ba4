/** Which machine has which node, as whoever decides about a pool's machines is told. */
import { describe, expect, test } from '@jest/globals';
import { readPoolMachines } from '../../activities/pool-machines.ts';
import type { PoolNode } from '../../policy/pool-machines.ts';

const REQUEST = { namespace: 'default', clusterId: 'gke-1', endpoint: 'nlb', poolId: '3125db34' };

const nodeOf = (name: string): PoolNode => ({
  ...{ name, ready: true, pods: 0 },
  ...{ endedByAutoscaler: false, scaleDownDisabled: false, marks: { labels: {}, taints: [] } },
});
const nodesOf = (...ids: readonly string[]) => new Map(ids.map((id) => [id, nodeOf(`node-of-${id}`)]));

type Sources = Parameters<typeof readPoolMachines>[0];

const read = async (sources: Partial<Sources> = {}) => {
  let lists = 0;
  const answer = await readPoolMachines({
    instances: async () =>
      ['i-1', 'i-2'].map((id) => ({ id, inService: true, templateId: 'lt-1', templateVersion: '1' })),
    nodes: async () => nodesOf('i-1', 'i-2'),
    allNodes: async () => {
      lists += 1;
      return nodesOf('i-1', 'i-2', 'i-9');
    },
    ...sources,
  })(REQUEST, new AbortController().signal);
  return { answer, lists, nodes: answer.machines.map(({ node }) => node?.name) };
};

describe('the machines of a pool', () => {
  test('have their nodes by one list of those that carry its label', async () => {
    expect(await read()).toMatchObject({ nodes: ['node-of-i-1', 'node-of-i-2'], lists: 0 });
  });

  test('have their nodes though somebody took the label off', async () => {
    expect(await read({ nodes: async () => nodesOf('i-1') })).toMatchObject({
      nodes: ['node-of-i-1', 'node-of-i-2'],
      lists: 1,
    });
  });

  test('have none only where no node of the cluster is theirs', async () => {
    const { nodes } = await read({ nodes: async () => nodesOf('i-1'), allNodes: async () => nodesOf('i-1', 'i-9') });
    expect(nodes).toEqual(['node-of-i-1', undefined]);
  });

  test.each(['nodes', 'allNodes'] as const)(
    'have no known nodes where %s could not be read, and that is said',
    async (which) => {
      const nodes = async () => nodesOf('i-1');
      const refused = async (): Promise<never> => Promise.reject(new Error('the API is down'));
      const { answer } = await read({ nodes, [which]: refused });
      expect(answer.unread).toContain('the API is down');
      expect(answer.machines.every(({ node }) => node === undefined)).toBe(true);
    },
  );
});
