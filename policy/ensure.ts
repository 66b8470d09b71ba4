/**
 * Ensure: the plan that makes what is into what should be.
 *
 * Owns: the difference of a topology and an inventory. Neighbours: a kind's row says what differs and when it has a step,
 * `order.ts` orders the result, `decide-*.ts` whether a plan may run at all (what must never be made again is blocked there, before
 * this is asked). Invariants: I6 (nothing differs: no step), I10 (sorted), I3 (whatever changes AWS comes after finalizer and
 * preflight).
 */
import { canDiffer, type Found, needsOf, type Resource, type ResourceOf, rowOf } from '../kinds/resource.ts';
import type { Outputs, Withheld } from '../kinds/row.ts';
import { orderedTopology } from '../topology/check.ts';
import type { ResourceKey } from '../words/keys.ts';
import { PLAN_VERSION, stepId } from '../words/steps.ts';
import { differencesIn, type Known } from './known.ts';
import { orderedSteps } from './order.ts';
import type { Plan, Step } from './plan.ts';
import { ensureStep, waitStep } from './steps.ts';

export type EnsureContext = {
  /** Outputs of resources that belong to another object: a pool's cluster. */
  readonly external?: Known;
  /** Nothing was ever begun for the object: its first milestone, an event, is still to come. */
  readonly fresh: boolean;
  /** The object says `Provisioned`: waits and add-ons were done. */
  readonly provisioned: boolean;
  /** Somebody looked inside the user cluster, and the inventory has what was found there. */
  readonly inside?: true;
  /** Machines run that a new launch template would not reach without a rollout, which a plan isn't. */
  readonly live: boolean;
  /** Of these nothing is withheld all the same: whoever runs is already what they are to say. */
  readonly rewritable?: ReadonlySet<ResourceKey>;
};

/** A difference that needs a rollout, or another operation than a plan. */
export type Postponed = { readonly key: ResourceKey; readonly reason: string };

export type Ensured = { readonly plan: Plan; readonly postponed: readonly Postponed[] };

/** A resource as it is planned, and which of its differences its step leaves as they are. */
type Planned = { readonly resource: Resource; readonly leaves?: readonly string[] };

/** What the plan does about one resource. */
type Judgement = {
  /** Undefined where it needs no step. */
  readonly step?: Planned;
  readonly postponed?: string;
};

const NOTHING: Judgement = {};

type Judged = {
  readonly context: EnsureContext;
  readonly found: ReadonlyMap<ResourceKey, Found>;
  readonly known: Known;
  /** Resources in the plan so far, all earlier in the order. */
  readonly planned: ReadonlySet<ResourceKey>;
  /** Those of them whose outputs will be others than the inventory's, or are unknown yet. */
  readonly changing: ReadonlySet<ResourceKey>;
};

/** What is there and counts: a group that AWS is deleting is as good as absent, and its name is free once it is gone. */
const existing = (found: Found | undefined): Found | undefined =>
  found === undefined || rowOf(found.kind).counts?.(found.state) === false ? undefined : found;

const changed = (resource: Resource, properties: object): Resource =>
  ({ ...resource, properties: { ...resource.properties, ...properties } }) as Resource;

/** A thing that an inventory shows, or not. */
const judgeObserved = (resource: Resource, { context, known, changing, ...judged }: Judged): Judgement => {
  const found = existing(judged.found.get(resource.key));
  if (found === undefined) return { step: { resource } };
  const row = rowOf(resource.kind);
  // What it refers to changes, so the outputs in `known` no longer stand for it.
  const referred = needsOf(resource).filter((key) => changing.has(key));
  const current = Object.fromEntries(Object.entries(known).filter(([key]) => !referred.includes(key)));
  if (!canDiffer(resource.kind)) return NOTHING;
  const differences = differencesIn(resource, found, current);
  const seen = differences === 'unknown' ? differences : differences.map(({ what }) => what);
  const whats = referred.length > 0 ? 'changing' : seen;
  const isFree = !context.live || context.rewritable?.has(resource.key) === true;
  const withheld = isFree ? undefined : row.withheld?.(resource.properties, found.state, whats);
  if (withheld !== undefined) {
    const differing = (one: Resource) => differencesIn(one, found, current);
    return {
      postponed: withheld.reason,
      ...possibleStep(resource, withheld, { differing, follows: whats === 'changing' }),
    };
  }
  return differences.length > 0 ? { step: { resource } } : NOTHING;
};

type Differing = {
  readonly differing: (resource: Resource) => ReturnType<typeof differencesIn>;
  /** What it refers to is about to be another, so that it has to follow. */
  readonly follows: boolean;
};

/** What may be mended of a thing of which something is withheld. */
const possibleStep = (
  wanted: Resource,
  { instead, leaves = [] }: Withheld<object>,
  { differing, follows }: Differing,
): Pick<Judgement, 'step'> => {
  if (instead === undefined && leaves.length === 0) return {};
  const resource = changed(wanted, instead ?? {});
  const left = differing(resource);
  const mends = left === 'unknown' ? follows : left.some(({ what }) => !leaves.includes(what));
  return mends ? { step: { resource, leaves } } : {};
};

const isReached = ({ properties }: ResourceOf<'milestone'>, context: EnsureContext, due: boolean): boolean => {
  if (properties.beginning === true) return context.fresh;
  return properties.end === true ? !context.provisioned : due;
};

const judge = (resource: Resource, judged: Judged): Judgement => {
  const { context, planned, changing } = judged;
  const needs = needsOf(resource);
  const after = (keys: ReadonlySet<ResourceKey>): boolean => !context.provisioned || needs.some((key) => keys.has(key));
  const stepIf = (due: boolean): Judgement => (due ? { step: { resource } } : NOTHING);
  const row = rowOf(resource.kind);
  const once = (): Judgement =>
    stepIf(judged.found.has(resource.key) ? needs.some((key) => changing.has(key)) : after(changing));
  switch (row.planned) {
    case 'when it differs':
      return judgeObserved(resource, judged);
    case 'once':
      return once();
    case 'as seen inside':
      return context.inside === true ? judgeObserved(resource, judged) : once();
    case 'as a wait':
      return stepIf(after(planned));
    case 'as a milestone':
      return stepIf(resource.kind === 'milestone' && isReached(resource, context, after(planned)));
    case 'before changes':
    case 'never':
      return NOTHING;
  }
};

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

const outputsByKey = (entries: readonly (readonly [ResourceKey, Outputs])[]): Record<ResourceKey, Outputs> =>
  Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));

const yieldsOutputs = (resource: Resource): boolean => {
  const { planned } = rowOf(resource.kind);
  return planned === 'when it differs' || planned === 'once' || planned === 'as seen inside';
};

type Chosen = { readonly steps: ReadonlyMap<ResourceKey, Planned>; readonly postponed: readonly Postponed[] };

/** Which resources need a step, in the order of their needs. */
const choose = (resources: readonly Resource[], judged: Omit<Judged, 'planned' | 'changing'>): Chosen => {
  const steps = new Map<ResourceKey, Planned>();
  const planned = new Set<ResourceKey>();
  const changing = new Set<ResourceKey>();
  const postponed: Postponed[] = [];
  for (const resource of resources) {
    const judgement = judge(resource, { ...judged, planned, changing });
    if (judgement.postponed !== undefined) postponed.push({ key: resource.key, reason: judgement.postponed });
    if (judgement.step === undefined) continue;
    steps.set(resource.key, judgement.step);
    planned.add(resource.key);
    const renewed = rowOf(resource.kind).renews === true || judged.known[resource.key] === undefined;
    if (renewed && yieldsOutputs(resource)) changing.add(resource.key);
  }
  return { steps, postponed };
};

/** What is looked at before anything in AWS changes, if anything does. */
const lookedAt = (resources: readonly Resource[], steps: ReadonlyMap<ResourceKey, Planned>): readonly Planned[] =>
  [...steps.values()].some(({ resource }) => rowOf(resource.kind).changesAws === true)
    ? resources.filter(({ kind }) => rowOf(kind).planned === 'before changes').map((resource) => ({ resource }))
    : [];

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
    .map(({ key }) => existing(found.get(key)))
    .filter((one) => one !== undefined)
    .map((one): [ResourceKey, Outputs] => [one.key, one.outputs]);
  const known = outputsByKey([...Object.entries(external), ...here]);

  const { steps, postponed } = choose(resources, { context, found, known });
  const planned = new Map([...lookedAt(resources, steps).map((one) => [one.resource.key, one] as const), ...steps]);

  const needs = new Map(resources.map((resource) => [resource.key, needsOf(resource)]));
  const verbOf = (resource: Resource) => (rowOf(resource.kind).planned === 'as a wait' ? 'wait' : 'ensure');
  const ids = new Map([...planned].map(([key, { resource }]) => [key, stepId(verbOf(resource), key)]));
  const stepOf = ({ resource, leaves = [] }: Planned): Step => {
    const before = nearest(resource.key, needs, ids);
    if (verbOf(resource) === 'wait') return waitStep(resource, before);
    // A look is no thing: one that was taken for an inventory doesn't stand for it.
    const isLook = rowOf(resource.kind).planned === 'before changes';
    const step = ensureStep(resource, before, isLook ? undefined : existing(found.get(resource.key)));
    return leaves.length === 0 ? step : { ...step, leaves };
  };
  return {
    plan: {
      version: PLAN_VERSION,
      steps: orderedSteps([...planned.values()].map(stepOf)),
      known: outputsByKey(Object.entries(known).filter(([key]) => !planned.has(key))),
    },
    postponed,
  };
};
