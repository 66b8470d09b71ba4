/**
 * Checks: a topology that cannot be carried out is refused where it is made, not half way through.
 *
 * Owns: duplicate keys, needs that nothing meets, and cycles; and the one order in which resources are listed.
 * Neighbours: `machine/order.ts` makes layers; `policy/` orders every topology here before it plans. Invariants: I2 (a key
 * names one thing), I10 (the order depends on keys alone).
 */
import { needsOf, type Resource } from '../kinds/resource.ts';
import { layersOf } from '../machine/order.ts';
import type { ResourceKey } from '../words/keys.ts';

export type Node = { readonly id: string; readonly needs: readonly string[] };

const byId = (a: Node, b: Node): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** Ids of those that no other needs: whoever waits for these waits for all. */
export const sinksOf = (nodes: readonly Node[]): string[] => {
  const needed = new Set(nodes.flatMap(({ needs }) => needs));
  return nodes.map(({ id }) => id).filter((id) => !needed.has(id));
};

/**
 * Nodes in the order of their needs, in layers, each layer sorted by id. Throws on an id that occurs twice, a need that
 * is not among the nodes, and a cycle.
 */
export const inOrder = <N extends Node>(nodes: readonly N[], what: string): N[] => {
  const ids = new Set<string>();
  for (const { id } of nodes) {
    if (ids.has(id)) throw new Error(`${what} names ${id} twice: every key stands for exactly one thing.`);
    ids.add(id);
  }
  for (const node of nodes) {
    const missing = node.needs.filter((need) => !ids.has(need));
    if (missing.length > 0) {
      throw new Error(`${what} is incomplete: ${node.id} needs ${missing.join(', ')}, which is not part of it.`);
    }
  }
  const { layers, stuck } = layersOf(
    nodes,
    ({ id }) => id,
    ({ needs }) => needs,
  );
  if (stuck.length === 0) return layers.flatMap((layer) => [...layer].sort(byId));
  const circle = stuck.map(({ id }) => id).sort();
  throw new Error(`${what} has a cycle among ${circle.join(', ')}: none of them could ever start.`);
};

/** Resources in the order of their needs. `external` are keys whose outputs come from another object's resources. */
export const orderedTopology = (
  resources: readonly Resource[],
  external: readonly ResourceKey[] = [],
): readonly Resource[] => {
  const elsewhere = new Set(external);
  const nodes = resources.map((resource) => ({
    id: resource.key,
    needs: needsOf(resource).filter((key) => !elsewhere.has(key)),
    resource,
  }));
  return inOrder(nodes, 'The topology').map((node) => node.resource);
};
