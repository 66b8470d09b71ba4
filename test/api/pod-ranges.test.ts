import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nodeMaskOf, podProblem } from '../../api/pod-ranges.ts';

const pool = (maxNodeCount: number, maxPodsPerNode: number, name = 'pool-0') => ({
  name,
  maxNodeCount,
  maxPodsPerNode,
});

describe('a range of pod addresses', () => {
  test('is divided into parts of a /24, as long as there are sixteen of them, and into smaller ones then', () => {
    const masks = [8, 16, 19, 20, 21, 22, 23, 24].map((prefix) => nodeMaskOf(`10.0.0.0/${prefix}`));
    expect(masks).toEqual([24, 24, 24, 24, 25, 26, 27, 27]);
  });

  test('has an address for each Pod of each node that it takes, whatever the range and the pools', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 8, max: 24 }),
        fc.array(fc.record({ nodes: fc.integer({ min: 1, max: 1_000 }), pods: fc.integer({ min: 1, max: 250 }) }), {
          minLength: 1,
          maxLength: 4,
        }),
        (prefix, pools) => {
          const [first, ...others] = pools.map(({ nodes, pods }, index) => pool(nodes, pods, `pool-${index}`));
          if (first === undefined) return;
          const range = `10.0.0.0/${prefix}`;
          if (podProblem(range, first, others) !== undefined) return;
          const part = 2 ** (32 - nodeMaskOf(range));
          const all = pools.reduce((sum, { nodes }) => sum + nodes, 0);
          expect(first.maxPodsPerNode).toBeLessThan(part - 2);
          expect(all * part).toBeLessThanOrEqual(2 ** (32 - prefix));
        },
      ),
    );
  });

  test('refuses more Pods on a node, or more nodes, with the numbers', () => {
    expect(podProblem('10.2.0.0/24', pool(5, 110))).toEqual({
      field: 'maxPodsPerNode',
      problem: "the cluster's pod range 10.2.0.0/24 gives each node a /27, which is 29 Pods, and 110 are asked for",
      cure: 'ask for at most 29, or create the cluster with a wider range',
    });
    expect(podProblem('10.2.0.0/24', pool(5, 29))).toBeUndefined();
    expect(podProblem('10.2.0.0/24', pool(5, 29), [pool(4, 29, 'pool-1')])).toEqual({
      field: 'maxNodeCount',
      problem:
        "the cluster's pod range 10.2.0.0/24 has a /27 for each of 8 nodes, and this node pool and pool-1 may have 9",
      cure: 'lower maxNodeCount by 1, or create the cluster with a wider range',
    });
    expect(podProblem('10.2.0.0/16', pool(256, 250))).toBeUndefined();
  });
});
