/**
 * The model: what must be true of one cluster and its node pool, whatever people and faults do to them, in a dozen lines.
 *
 * Owns: what is wanted and what stands in the way, as plain data, and the sentences that are wrong with a world that doesn't
 * agree. Neighbours: `commands.ts` changes model and world alike; `world.ts` is the world. Pure.
 */
import { SURGE_TAG } from '../../api/names.ts';
import type { SeenNode } from '../../bench/faults/inside.ts';
import { doubles, type Row } from '../journeys/lifecycle.ts';

type Presence = 'absent' | 'wanted' | 'going';
export type Kind = 'cluster' | 'pool';

export type Model = {
  cluster: Presence;
  pool: Presence;
  /** What the pool's spec says now; no number of nodes leaves it to whoever scales the group. */
  maxNodes: number;
  nodes: number | undefined;
  /** Pods that a node takes at the most: another number takes other machines. */
  pods: number;
  /** One of its nodes fell silent since all settled: a second would be more than Slipway replaces by itself. */
  hung: boolean;
  /** A fault of the account stands until it is taken back. */
  blocked: boolean;
};

/** As the manifest has it. */
export const FIRST_POOL = { maxNodes: 1, nodes: undefined, pods: 100 } as const;

export const emptyModel = (): Model => ({
  cluster: 'absent',
  pool: 'absent',
  ...FIRST_POOL,
  hung: false,
  blocked: false,
});

/** One object as the API server shows it. */
export type Shown = {
  readonly state?: string;
  readonly deleting: boolean;
  readonly finalizers: readonly string[];
  readonly waiting: boolean;
};

/** What the world looks like at one moment. */
export type Seen = {
  readonly account: readonly Row[];
  readonly cluster: Shown | undefined;
  readonly pool: Shown | undefined;
  /** Nodes of the cluster, as its own API has them; undefined where there is none to ask. */
  readonly nodes: readonly SeenNode[] | undefined;
};

const isOwned = (row: Row): boolean => row.detail.tags?.['slipway.dev/cluster'] !== undefined;

/**
 * What is wrong at any moment, whatever goes on: doubles (I2), things of others that are gone (I4), things in AWS without a
 * finalizer that would see to them (I3). `before` is the account before the first apply.
 */
export const wrongNow = (seen: Seen, before: readonly Row[]): readonly string[] => {
  const there = new Set(seen.account.map(({ id }) => id));
  const owned = seen.account.filter(isOwned);
  const guarded = [seen.cluster, seen.pool].some((object) => object?.finalizers.includes('slipway.dev/cleanup'));
  return [
    ...doubles(seen.account).map((one) => `${one} exists twice`),
    ...before.filter(({ id }) => !there.has(id)).map(({ kind, id }) => `${kind} ${id}, which is not ours, is gone`),
    ...(owned.length > 0 && !guarded
      ? [`${owned.map(({ kind, id }) => `${kind} ${id}`).join(', ')} exist, and no object has our finalizer`]
      : []),
  ];
};

const wrongObject = (kind: Kind, presence: Presence, shown: Shown | undefined, ready: boolean): string[] => {
  switch (presence) {
    case 'absent':
    case 'going':
      return shown === undefined ? [] : [`the ${kind} is still there`];
    case 'wanted':
      if (shown === undefined) return [`the ${kind} is gone, and nobody deleted it`];
      if (shown.deleting) return [`the ${kind} is being deleted, and nobody asked for it`];
      if (!ready)
        return shown.waiting ? [] : [`the ${kind} does not wait for its cluster: ${shown.state ?? 'no state'}`];
      return shown.state === 'Provisioned' ? [] : [`the ${kind} is ${shown.state ?? 'without a state'}`];
  }
};

const POOL_GROUP = /^auto-scaling-group\/nodepool-/;

/** What AWS has of this kind for the pool. */
export const ofPool = (account: readonly Row[], sought: string): readonly Row[] =>
  account.filter(({ kind, detail }) => kind === sought && POOL_GROUP.test(detail.tags?.['slipway.dev/key'] ?? ''));

/** What is wrong with the group, the machines and the nodes of a pool that is wanted. */
const wrongPool = (model: Model, { account, nodes = [] }: Seen): readonly string[] => {
  const groups = ofPool(account, 'auto-scaling-group');
  const [group] = groups;
  if (group === undefined || groups.length > 1) return [`the pool has ${groups.length} groups`];
  const machines = ofPool(account, 'instance');
  return [
    ...(Number(group.detail['max']) === model.maxNodes
      ? []
      : [`the pool's group takes ${String(group.detail['max'])} nodes at most, not ${model.maxNodes}`]),
    ...(group.detail.tags?.[SURGE_TAG] === undefined ? [] : ['the pool’s group is still held larger by a rollout']),
    ...(model.nodes === undefined || machines.length === model.nodes
      ? []
      : [`the pool has ${machines.length} machines, not ${model.nodes}`]),
    ...(nodes.length === machines.length
      ? []
      : [`the cluster has ${nodes.length} nodes of ${machines.length} machines`]),
    ...nodes.flatMap(({ name, isReady, isClosed, isMarked, maxPods }) => [
      ...(isReady && !isClosed && !isMarked ? [] : [`node ${name} is ${isReady ? 'closed' : 'not Ready'}`]),
      ...(maxPods === model.pods ? [] : [`node ${name} takes ${maxPods} pods, not ${model.pods}`]),
    ]),
  ];
};

/** What is still wrong once nothing stands in the way and all had time. */
export const wrongInTheEnd = (model: Model, seen: Seen, before: readonly Row[]): readonly string[] => {
  const builds = model.pool === 'wanted' && model.cluster === 'wanted';
  const known = new Set(before.map(({ id }) => id));
  const left = seen.account.filter(({ id }) => !known.has(id));
  return [
    ...wrongNow(seen, before),
    ...wrongObject('cluster', model.cluster, seen.cluster, true),
    ...wrongObject('pool', model.pool, seen.pool, model.cluster === 'wanted'),
    ...(builds ? wrongPool(model, seen) : []),
    ...(model.cluster === 'wanted' || left.length === 0
      ? []
      : [`left behind: ${left.map(({ kind, id }) => `${kind} ${id}`).join(', ')}`]),
  ];
};
