/**
 * A row: all that is known of one kind of resource without asking anybody, in one file a kind.
 *
 * Owns: the shape of a row. `index.ts` is the table of all rows, made from the files in this room. Neighbours: `topology/` says
 * which resources a spec calls for, and gives them the properties named here; `policy/` plans by rows; `activities/` have one
 * driver a kind, which finds, makes, mends and removes. Pure.
 * Invariants: I6 (what no row calls a difference is never changed, and what is told and what is mended is the same).
 */
import type { ResourceKey } from '../words/keys.ts';
import type { Resolved } from '../words/references.ts';

/** What a resource yields once it exists, by output name (`id`, `arn`, `dnsName`, …). Never a secret (I8). */
export type Outputs = Readonly<Record<string, string>>;

export type Tags = Readonly<Record<string, string>>;

/** Properties of what carries the tags of its object's spec, and Slipway's own. */
export type Tagged = {
  readonly tags: Tags;
  /** Keys that the spec named once and names no more, sorted: what still carries one loses it. */
  readonly formerTags?: readonly string[];
};

export type Nothing = Readonly<Record<string, never>>;

/** When a plan that makes has a step of the kind. */
type Planned =
  /** When an inventory does not show it, or when what it shows differs. */
  | 'when it differs'
  /** No inventory shows it reliably: until the object was provisioned with it, and when something it refers to changes. */
  | 'once'
  /** Like `once` as long as nobody has looked inside the cluster; where somebody has, `when it differs`. */
  | 'as seen inside'
  /** It is waited for: until the object is provisioned, and when something that it needs is in the plan. */
  | 'as a wait'
  /** It has no effect but an event: like a wait, or once in an object's life. */
  | 'as a milestone'
  /** A look, before any step that changes AWS. */
  | 'before changes'
  /** Only removals and replacements have steps of it. */
  | 'never';

/** One thing that is not as it should be. */
export type Difference<What extends string = string> = {
  readonly what: What;
  /** Which of several: a subnet, an address, a rule. */
  readonly item?: string;
  /** As a person would say it: `tcp 6443-6443 from 10.0.0.0/16 is not allowed`. */
  readonly says: string;
};

/** Which of several have a difference: subnets, addresses, rules. */
export const itemsOf = <What extends string>(differences: readonly Difference<What>[], what: What): readonly string[] =>
  differences.flatMap((one) => (one.what === what && one.item !== undefined ? [one.item] : []));

/** Security groups other than those wanted, in whatever order and however often one is named. */
export const groupsDifference = (wanted: readonly string[], is: readonly string[]): readonly Difference<'groups'>[] =>
  wanted.every((id) => is.includes(id)) && is.every((id) => wanted.includes(id))
    ? []
    : [{ what: 'groups', says: `its security groups are ${is.join(', ') || 'none'}` }];

/**
 * A difference that no plan mends while machines run. Others of the same thing are mended meanwhile: with the properties that
 * stand `instead`, or those that are not among what it `leaves`.
 */
export type Withheld<Properties, What extends string = string> = {
  readonly reason: string;
  readonly instead?: Partial<Properties>;
  readonly leaves?: readonly What[];
};

/** One thing of the kind that is there. */
export type Seen<State> = {
  readonly key: ResourceKey;
  /** All that the kind's step would answer. */
  readonly outputs: Outputs;
  /** What is compared with the properties; a fingerprint where content is secret. Every list is sorted. */
  readonly state: State;
};

export type Removal<State, Identity> = {
  /** Kinds that must be gone before it. */
  readonly after: readonly string[];
  /** Only those of the same replica or pool; or only the cluster's own, since a lost pool's machines run no controllers. */
  readonly of?: 'the same machine' | 'the cluster';
  /** The cluster's node pools, too. */
  readonly afterPools?: true;
  /** How it is found again, from what was found. */
  readonly identity: (seen: Seen<State>) => Identity;
};

/**
 * `Properties`: what the topology asks for; values may be references. `State`: what an inventory holds of it. `Identity`: by what
 * a driver finds it beside its tags, a part of the properties; all that a removal carries.
 */
export type Row<Properties, State = undefined, Identity = Nothing, What extends string = never> = {
  readonly planned: Planned;
  /** It carries the tags of its object's spec (see `tags.ts`): its properties are `Tagged`, and what is found says which it has. */
  readonly tagged?: true;
  /** Its steps change something in AWS, and so come after a look at the account. */
  readonly changesAws?: true;
  /** What differs, of properties without references; kinds without it exist or don't. */
  readonly differences?: (wanted: Resolved<Properties>, state: State) => readonly Difference<What>[];
  /** False for what is there and no longer counts as existing. */
  readonly counts?: (state: State) => boolean;
  /**
   * What is asked for and waits for another operation while machines run; `unknown` where it refers to what is
   * not there, `changing` where to what the plan itself makes or renews.
   */
  readonly withheld?: (
    wanted: Properties,
    state: State,
    whats: readonly What[] | 'unknown' | 'changing',
  ) => Withheld<Properties, What> | undefined;
  /** Mending it changes its outputs, and with them whatever refers to it. */
  readonly renews?: true;
  /** Its steps may change how many nodes a pool has: a plan with one of a pool ends by a look at its nodes. */
  readonly changesNodes?: true;
  /** Clients reach the cluster's API through it: these of its differences, or that it is `absent`, leave them no way. */
  readonly cutsOff?: readonly (What | 'absent')[];
  /** It holds what only this cluster has: once established, another one would make another cluster (I5). */
  readonly irreplaceable?: (properties: Properties) => boolean;
  /** Why no step of it may be skipped. */
  readonly neverSkipped?: string;
  /** Its steps only go with those of others: where nothing else is left to do, nothing is. */
  readonly accompanies?: true;
  /** How it is removed; kinds without it never go on their own. */
  readonly removal?: Removal<State, Identity>;
  /** For the compiler only. */
  readonly types?: {
    readonly properties: Properties;
    readonly state: State;
    readonly identity: Identity;
    readonly what: What;
  };
};
