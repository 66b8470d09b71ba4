/** Which machine has which node, as whoever decides about a pool's machines is told. */
import { describe, expect, test } from '@jest/globals';
import { readPoolMachines } from '../../activities/pool-machines.ts';
import type { PoolNode } from '../../policy/pool-machines.ts';

const REQUEST = { namespace: 'default', clusterId: 'gke-1', endpoint: 'nlb', poolId: '3125db34' };

const nodeOf = (name: string): PoolNode => ({
  ...{ name, ready: true },
  ...{ endedByAutoscaler: false, scaleDownDisabled: false, marks: { labels: {}, taints: [] } },
});
const nodesOf = (...ids: readonly string[]) => new Map(ids.map((id) => [id, nodeOf(`node-of-${id}`)]));

type Sources = Parameters<typeof readPoolMachines>[0];

const read = async (sources: Partial<Sources> = {}) => {
  let lists = 0;
  const counted: (readonly string[])[] = [];
  const answer = await readPoolMachines({
    instances: async () =>
      ['i-1', 'i-2'].map((id) => ({ id, inService: true, templateId: 'lt-1', templateVersion: '1' })),
    nodes: async () => nodesOf('i-1', 'i-2'),
    allNodes: async () => {
      lists += 1;
      return nodesOf('i-1', 'i-2', 'i-9');
    },
    countPods: async (_request, nodes) => {
      counted.push(nodes);
      return new Map(nodes.map((name) => [name, 3]));
    },
    ...sources,
  })(REQUEST, new AbortController().signal);
  return { answer, lists, counted, nodes: answer.machines.map(({ node }) => node?.name) };
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

  describe('of which no node is Ready', () => {
    const inZone = (zone: string, ready: boolean, ...ids: readonly string[]) =>
      ids.map((id) => [id, { ...nodeOf(`node-of-${id}`), zone, ready }] as const);
    const silent = inZone('a', false, 'i-1', 'i-2');
    const readWith = (...others: readonly (readonly [string, PoolNode])[]) =>
      read({ nodes: async () => new Map(silent), allNodes: async () => new Map([...silent, ...others]) });

    test('are told with how the others of their zone are, and nobody else', async () => {
      const others = [...inZone('a', true, 'i-3'), ...inZone('a', false, 'i-4'), ...inZone('b', true, 'i-5')];
      expect((await readWith(...others)).answer.beside).toEqual({ zone: 'a', ready: 1, all: 2 });
      expect((await readWith()).answer.beside).toEqual({ zone: 'a', ready: 0, all: 0 });
    });

    test('are told without them as soon as one is Ready', async () => {
      const nodes = new Map([...silent, ...inZone('a', true, 'i-2')]);
      expect((await read({ nodes: async () => nodes })).answer).not.toHaveProperty('beside');
    });
  });

  test('have the pods that would have to leave them counted', async () => {
    const { answer, counted } = await read({ nodes: async () => nodesOf('i-1', 'i-2') });
    expect(counted).toEqual([['node-of-i-1', 'node-of-i-2']]);
    expect(answer.machines.map(({ node }) => node?.pods)).toEqual([3, 3]);
  });

  test('of which there are a thousand have them counted on forty, those of the earliest template first', async () => {
    const ids = Array.from({ length: 1_000 }, (_, index) => `i-${String(index).padStart(4, '0')}`);
    const instances = async () =>
      ids.map((id, index) => ({ id, inService: true, templateId: 'lt-1', templateVersion: index < 990 ? '10' : '9' }));
    const { answer, counted } = await read({ instances, nodes: async () => nodesOf(...ids) });
    expect(counted[0]).toEqual([...ids.slice(990), ...ids.slice(0, 30)].map((id) => `node-of-${id}`));
    expect(answer.machines.filter(({ node }) => node?.pods !== undefined)).toHaveLength(40);
  });

  test.each(['nodes', 'allNodes', 'countPods'] as const)(
    'have no known nodes where %s could not be read, and that is said',
    async (which) => {
      // Asked among all of the cluster's only where one is missing.
      const nodes = async () => (which === 'allNodes' ? nodesOf('i-1') : nodesOf('i-1', 'i-2'));
      const refused = async (): Promise<never> => Promise.reject(new Error('the API is down'));
      const { answer } = await read({ nodes, [which]: refused });
      expect(answer.unread).toContain('the API is down');
      expect(answer.machines.every(({ node }) => node === undefined)).toBe(true);
    },
  );
});
