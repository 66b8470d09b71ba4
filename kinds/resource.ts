/**
 * Resources: the vocabulary of everything that exists for a cluster, as plain JSON.
 *
 * Owns: one thing as it is wanted, as it was found, and as it is to go, each by kind, and references between them. A reference
 * *is* a dependency: there is no second list to forget (`needs` only adds order that no value expresses).
 * Neighbours: one file a kind says what belongs to it; `topology/` says which resources a spec calls for; `policy/` compares them
 * with an inventory; `activities/` has one driver a kind.
 * Invariants: I2 (a key names one thing for ever), I8 (no property or output carries a secret), I10 (plain, sorted data).
 */
import type { ResourceKey } from '../words/keys.ts';
import { type Reference, type Resolved, referencesIn, type Value } from '../words/references.ts';
import { KINDS } from './index.ts';
import type { Difference, Outputs, Row, Seen, Tagged, Tags } from './row.ts';
import { tagDifferences } from './tags.ts';

export type ResourceKind = keyof typeof KINDS;

type TypesOf<K extends ResourceKind> = NonNullable<(typeof KINDS)[K]['types']>;

/** Properties by kind. A value that another resource yields is a `Reference` until its step runs. */
export type ResourceProperties = { readonly [K in ResourceKind]: TypesOf<K>['properties'] };
/** By what a thing is found beside its tags, by kind: all that a removal carries. */
export type ResourceIdentity = { readonly [K in ResourceKind]: TypesOf<K>['identity'] };
/** The differences that a kind may have, by kind. */
export type DifferenceOf<K extends ResourceKind> = Difference<TypesOf<K>['what'] | 'tags'>;

/** Kinds that an inventory may hold: waits and milestones leave nothing behind. */
export type ObservedKind = { [K in ResourceKind]: TypesOf<K>['state'] extends undefined ? never : K }[ResourceKind];
/** What an inventory holds of a thing, by kind. */
export type Observed = { readonly [K in ObservedKind]: TypesOf<K>['state'] };

/** One thing of a kind that is there, whether an inventory holds its kind or not. */
export type Thing<K extends ResourceKind> = Seen<TypesOf<K>['state']> & {
  /** The owner tag's uid: tells a node pool's things from its cluster's. Absent where a kind carries no tag. */
  readonly uid?: string;
  /** The object that it was made for, `<namespace>/<name>`, where it says so. */
  readonly madeFor?: string;
  /** The uid of the object that adopted it, where one did. */
  readonly adopter?: string;
  /** The tags that aren't Slipway's own; absent where nobody looked. */
  readonly tags?: Tags;
};

/** An event on the owning object once the resource was made: the seed's reasons and messages, word for word. */
export type ResourceEvent = {
  readonly reason: string;
  readonly message: readonly Value[];
  /** `Normal` when absent. */
  readonly type?: 'Warning';
};

export type ResourceOf<K extends ResourceKind> = {
  readonly key: ResourceKey;
  readonly kind: K;
  readonly properties: ResourceProperties[K];
  /** Order beyond what the references in `properties` say. */
  readonly needs?: readonly ResourceKey[];
  readonly event?: ResourceEvent;
};

/** One thing that must exist. */
export type Resource = { [K in ResourceKind]: ResourceOf<K> }[ResourceKind];

type GoingOf<K extends ResourceKind> = {
  readonly key: ResourceKey;
  readonly kind: K;
  readonly properties: ResourceIdentity[K];
};

/** One thing that is to go: by what it is found, and nothing else. */
export type Going = { [K in ResourceKind]: GoingOf<K> }[ResourceKind];

export type FoundOf<K extends ObservedKind> = Omit<Thing<K>, 'state'> & {
  readonly kind: K;
  readonly state: Observed[K];
};

/**
 * One owned thing as an inventory saw it. An inventory covers everything tagged with one cluster's id, the node pools' own things
 * included: keys are unique within a cluster. `finalizer` and `preflight` speak of the object whose assessment reads it.
 */
export type Found = { [K in ObservedKind]: FoundOf<K> }[ObservedKind];

/** Writes one entry of an inventory. */
export const observed = <K extends ObservedKind>(
  kind: K,
  key: ResourceKey,
  outputs: Outputs,
  state: Observed[K],
  carried: Pick<Thing<K>, 'uid' | 'tags' | 'madeFor' | 'adopter'> = {},
): FoundOf<K> => ({ kind, key, outputs, state, ...carried });

/** The entry as one of this kind. Throws where it is of another: then whoever asked looked up another key than it thinks. */
const foundAs = <K extends ObservedKind>(kind: K, found: Found): FoundOf<K> => {
  if (found.kind !== kind)
    throw new Error(`${found.key} was seen as a ${found.kind}, and is asked about as a ${kind}.`);
  return found as unknown as FoundOf<K>;
};

/** What an inventory holds of an entry of this kind. */
export const observedState = <K extends ObservedKind>(kind: K, found: Found): Observed[K] => foundAs(kind, found).state;

/** How its service calls it, where it has a name of its own there. */
export const idOf = ({ outputs }: Pick<Found, 'outputs'>): string | undefined =>
  outputs.id ?? outputs.arn ?? outputs.name;

/** A row for those who ask about any kind: whoever holds a thing of the kind holds what its row speaks of. */
export type AnyRow = Row<object, object, object, string>;

export const rowOf = (kind: ResourceKind): AnyRow => KINDS[kind] as unknown as AnyRow;

/** Whether it holds what only this cluster has: once established, another one would make another cluster (I5). */
export const isIrreplaceable = ({ kind, properties }: Pick<Resource, 'kind' | 'properties'>): boolean =>
  rowOf(kind).irreplaceable?.(properties) === true;

export const isKind = (text: string): text is ResourceKind => Object.hasOwn(KINDS, text);

/** What differs between what is wanted, with every reference replaced, and what was found; empty where nothing does. */
export const differencesOf = <K extends ResourceKind>(
  kind: K,
  wanted: Resolved<ResourceProperties[K]>,
  found: { readonly state: unknown; readonly tags?: Tags },
): readonly DifferenceOf<K>[] => {
  const { differences, tagged } = rowOf(kind);
  return [
    ...((differences?.(wanted as object, found.state as object) ?? []) as readonly DifferenceOf<K>[]),
    ...(tagged === true ? tagDifferences(wanted as unknown as Tagged, found.tags) : []),
  ];
};

/** Whether what is there can differ from what is wanted, or is or isn't. */
export const canDiffer = (kind: ResourceKind): boolean => {
  const { differences, tagged } = rowOf(kind);
  return differences !== undefined || tagged === true;
};

const refs = (document: unknown): ResourceKey[] => referencesIn(document).map(({ ref }: Reference) => ref);

/** The keys that a resource needs, sorted: those its properties and event refer to, and those it names. */
export const needsOf = (resource: Resource): readonly ResourceKey[] =>
  [...new Set([...refs(resource.properties), ...refs(resource.event?.message ?? []), ...(resource.needs ?? [])])]
    .filter((key) => key !== resource.key)
    .sort();
