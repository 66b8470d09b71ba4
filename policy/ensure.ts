/**
 * Ensure: the plan that makes what is into what should be.
 *
 * Owns: the diff of a topology against an inventory. Neighbours: `compare.ts` judges one resource, `order.ts` the result,
 * `decide-cluster.ts` and `decide-nodepool.ts` whether a plan may run at all (what must never be made again is blocked
 * there, before this is asked).
 * Invariants: I6 (nothing differs: no step), I10 (sorted), I3 (whatever changes AWS comes after finalizer and preflight).
 *
 * How each kind gets into a plan:
 * - what an inventory holds: when it is missing, differs, or refers to something whose outputs change;
 * - add-ons and join tokens, which no inventory of AWS shows: unless the object was provisioned with them;
 * - waits and milestones: until the object is provisioned, and afterwards when something they depend on is in the plan
 *   (but for the first and the last milestone, which are told once in an object's life);
 * - preflight: with any step that changes AWS.
 */
import { orderedTopology } from '../topology/check.ts';
import { CLUSTER_PROVISIONED, CLUSTER_STARTED, NODE_POOL_PROVISIONED, NODE_POOL_STARTED } from '../topology/keys.ts';
import { needsOf, type Outputs, type Resource, type ResourceKey } from '../topology/resource.ts';
import { differences, isObserved } from './compare.ts';
import { stateOf } from './observed.ts';
import { orderedSteps } from './order.ts';
import { type Found, PLAN_VERSION, type Plan, type Step, type Verb } from './plan.ts';
import type { Known } from './resolve.ts';

export type EnsureContext = {
  /** Outputs of resources that belong to another object: a pool's cluster. */
  readonly external?: Known;
  /** Nothing was ever begun for the object: its first milestone, an event, is still to come. */
  readonly fresh: boolean;
  /** The object says `Provisioned`: waits and add-ons were done. */
  readonly provisioned: boolean;
  /** Machines run that a new launch template would not reach without a rollout, which a plan isn't. */
  readonly live: boolean;
};

/** A difference that needs a rollout, or another operation than a plan. */
export type Postponed = { readonly key: ResourceKey; readonly reason: string };

export type Ensured = { readonly plan: Plan; readonly postponed: readonly Postponed[] };

/** Kinds whose steps change something in AWS, and so come with preflight. */
const CHANGES_AWS = new Set<Resource['kind']>([
  'subnet-tags',
  'security-group',
  'security-group-rules',
  'etcd-volume',
  'network-interface',
  'load-balancer',
  'target-group',
  'targets',
  'listener',
  'launch-template',
  'auto-scaling-group',
]);

/** Milestones that are told once in an object's life, whatever is mended later. */
const BEGINNINGS = new Set<ResourceKey>([CLUSTER_STARTED, NODE_POOL_STARTED]);
const ENDS = new Set<ResourceKey>([CLUSTER_PROVISIONED, NODE_POOL_PROVISIONED]);

const verbOf = (resource: Resource): Verb =>
  resource.kind === 'control-plane' || resource.kind === 'nodes' ? 'wait' : 'ensure';

/** An auto scaling group that AWS is deleting counts as absent: its name is free once it is gone. */
const existing = (found: Found | undefined, resource: Resource): Found | undefined =>
  found !== undefined && resource.kind === 'auto-scaling-group' && stateOf('auto-scaling-group', found).deleting
    ? undefined
    : found;

type Judgement = 'nothing' | 'step' | { readonly postponed: string };

type Judged = {
  readonly context: EnsureContext;
  readonly found: ReadonlyMap<ResourceKey, Found>;
  readonly known: Known;
  /** Resources in the plan so far, all earlier in the order. */
  readonly planned: ReadonlySet<ResourceKey>;
  /** Those of them whose outputs will be others than the inventory's, or are unknown yet. */
  readonly changing: ReadonlySet<ResourceKey>;
};

const ROLLOUT = 'machines would be told something else than they run with; that takes a rollout';

const judge = (resource: Resource, judged: Judged): Judgement => {
  const { context, planned, changing } = judged;
  const needs = needsOf(resource);
  switch (resource.kind) {
    case 'preflight':
      return 'nothing';
    case 'milestone':
      if (BEGINNINGS.has(resource.key)) return context.fresh ? 'step' : 'nothing';
      if (ENDS.has(resource.key)) return context.provisioned ? 'nothing' : 'step';
      return !context.provisioned || needs.some((key) => planned.has(key)) ? 'step' : 'nothing';
    case 'control-plane':
    case 'nodes':
      return !context.provisioned || needs.some((key) => planned.has(key)) ? 'step' : 'nothing';
    case 'addon':
    case 'join-token':
      if (judged.found.has(resource.key)) return needs.some((key) => changing.has(key)) ? 'step' : 'nothing';
      return !context.provisioned || needs.some((key) => changing.has(key)) ? 'step' : 'nothing';
    default: {
      const found = existing(judged.found.get(resource.key), resource);
      if (found === undefined) return 'step';
      // What it refers to changes, so the outputs in `known` no longer stand for it.
      const referred = needs.filter((key) => changing.has(key));
      const current = Object.fromEntries(Object.entries(judged.known).filter(([key]) => !referred.includes(key)));
      if (differences(resource, found, current).length === 0) return 'nothing';
      if (resource.kind === 'launch-template' && context.live && referred.length === 0) return { postponed: ROLLOUT };
      if (resource.kind === 'auto-scaling-group' && context.live) {
        const { maxSize } = stateOf('auto-scaling-group', found);
        if (resource.properties.maxSize < maxSize) {
          return {
            postponed: `at most ${resource.properties.maxSize} instead of ${maxSize} nodes; that takes a resize`,
          };
        }
      }
      return 'step';
    }
  }
};

/** A template keeps the name that it was made with, though it names another version: looks go by name. */
const named = (resource: Resource, before: Found | undefined): Resource =>
  resource.kind === 'launch-template' && before !== undefined
    ? { ...resource, properties: { ...resource.properties, name: stateOf('launch-template', before).name } }
    : resource;

/** Steps that a step waits for: those of what it needs, through whatever needs no step itself. */
const nearest = (
  key: ResourceKey,
  needs: ReadonlyMap<ResourceKey, readonly ResourceKey[]>,
  ids: ReadonlyMap<ResourceKey, string>,
): string[] => {
  const seen = new Set<ResourceKey>();
  const result = new Set<string>();
  const visit = (from: ResourceKey): void => {
    for (const need of needs.get(from) ?? []) {
      if (seen.has(need)) continue;
      seen.add(need);
      const id = ids.get(need);
      if (id === undefined) visit(need);
      else result.add(id);
    }
  };
  visit(key);
  return [...result];
};

const isFound = (found: Found | undefined): found is Found => found !== undefined;

const outputsByKey = (entries: readonly (readonly [ResourceKey, Outputs])[]): Record<ResourceKey, Outputs> =>
  Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));

/** What to do so that everything in the topology exists, and what has to wait for another operation. */
export const planEnsure = (
  topology: readonly Resource[],
  inventory: readonly Found[],
  context: EnsureContext,
): Ensured => {
  const external = context.external ?? {};
  const resources = orderedTopology(topology, Object.keys(external));
  const found = new Map(inventory.map((one) => [one.key, one]));
  const here = resources
    .map((resource) => existing(found.get(resource.key), resource))
    .filter(isFound)
    .map((one): [ResourceKey, Outputs] => [one.key, one.outputs]);
  const known = outputsByKey([...Object.entries(external), ...here]);

  const planned = new Set<ResourceKey>();
  const changing = new Set<ResourceKey>();
  const postponed: Postponed[] = [];
  for (const resource of resources) {
    const judgement = judge(resource, { context, found, known, planned, changing });
    if (judgement === 'nothing') continue;
    if (judgement !== 'step') {
      postponed.push({ key: resource.key, reason: judgement.postponed });
      continue;
    }
    planned.add(resource.key);
    // Only a new template version has other outputs than before; whatever else is mended keeps its id.
    const renewed = resource.kind === 'launch-template' || known[resource.key] === undefined;
    if (renewed && isObserved(resource.kind)) changing.add(resource.key);
  }

  const preflight = resources.find((resource) => resource.kind === 'preflight');
  const changesAws = resources.some((resource) => planned.has(resource.key) && CHANGES_AWS.has(resource.kind));
  if (preflight !== undefined && changesAws) planned.add(preflight.key);

  const needs = new Map(resources.map((resource) => [resource.key, needsOf(resource)]));
  const included = resources.filter((resource) => planned.has(resource.key));
  const ids = new Map(included.map((resource) => [resource.key, `${verbOf(resource)} ${resource.key}`]));
  const steps = included.map((resource): Step => {
    // Preflight is a look, not a thing: one that was taken for an inventory doesn't stand for it.
    const before = resource.kind === 'preflight' ? undefined : existing(found.get(resource.key), resource);
    return {
      id: `${verbOf(resource)} ${resource.key}`,
      verb: verbOf(resource),
      resource: named(resource, before),
      needs: nearest(resource.key, needs, ids),
      ...(before === undefined ? {} : { found: before }),
    };
  });
  return {
    plan: {
      version: PLAN_VERSION,
      steps: orderedSteps(steps),
      known: outputsByKey(Object.entries(known).filter(([key]) => !planned.has(key))),
    },
    postponed,
  };
};
