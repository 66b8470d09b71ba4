/**
 * Plans: what to do about the difference between a topology and an inventory, as plain data (I10).
 *
 * Owns: steps and their order. Neighbours: `workflows/run-plan.ts` executes a plan without understanding it;
 * `activities/` perform one step each. A plan is the *input* of an operation's workflow, so Temporal's UI shows what the
 * operation set out to do, and a new release may plan differently without breaking the replay of what is in flight.
 */
import type { Found, FoundOf, Going, Resource } from '../kinds/resource.ts';
import type { Outputs } from '../kinds/row.ts';
import type { ResourceKey } from '../words/keys.ts';

/** One activity on one resource. Its id, `<verb> <key>`, is the activity id in Temporal. */
type StepOf<Verb, Thing> = {
  readonly id: string;
  readonly verb: Verb;
  readonly resource: Thing;
  /** Ids of steps of this plan that must be done before, sorted. */
  readonly needs: readonly string[];
  /** Why nobody may skip it. */
  readonly neverSkipped?: string;
  /** Once it has begun nobody aborts the operation: why, as a sentence. */
  readonly noReturn?: string;
  /** It only goes with other steps: where nothing else is left to do, nothing is. */
  readonly accompanies?: true;
};

/** Makes a thing, or mends it. */
export type EnsureStep = StepOf<'ensure', Resource> & {
  /** What the inventory saw of it: the first execution trusts this, every later one finds for itself (I2). */
  readonly found?: Found;
  /** Part of the create's client token; raised only once what it named is proven gone, or is replaced on purpose. */
  readonly incarnation?: number;
  /** Differences that it leaves as they are, since another operation is to mend them. */
  readonly leaves?: readonly string[];
};

/** Takes a thing away, by what it is found. */
export type RemoveStep = StepOf<'remove', Going> & { readonly found?: Found };

/** Looks at a thing until it is ready. */
export type WaitStep = StepOf<'wait', Resource>;

export type Step = EnsureStep | RemoveStep | WaitStep;

export type Plan = {
  readonly version: number;
  readonly steps: readonly Step[];
  /** Outputs of resources that need no step, for those that refer to them. */
  readonly known: Readonly<Record<ResourceKey, Outputs>>;
  /** The way back from what was begun, where a person aborts it: run once everything else has settled. */
  readonly undo?: readonly Step[];
};

/** What was observed, with its scope: anything else must not look like absence (I12). */
export type Inventory = {
  readonly account: string;
  readonly region: string;
  /** True only when every listing was read to its end. */
  readonly complete: boolean;
  /**
   * Nothing of the object's own was listed in AWS: by all that the management API knows it is new. That is no proof, so nothing may
   * be told as lost or removed by it, and what is planned begins with the proof.
   */
  readonly unlisted?: true;
  /** What could not be read to its end, as a person would say it; sorted. */
  readonly unread?: readonly string[];
  readonly found: readonly Found[];
  /** What was read in the user cluster itself, a scope of its own; absent where nobody asked it. */
  readonly inside?: Inside;
};

/** What was read of add-ons, those that nobody wants any more among them; or why nothing was. */
export type Inside = { readonly found: readonly FoundOf<'addon'>[] } | { readonly unread: string };

/** The default StorageClass, and the driver that it names and that is not there. */
export type StorageSeen = { readonly storageClass: string; readonly missingDriver?: string };

/** What is to be told of a look inside, whatever is planned. */
export type InsideSeen = { readonly unread: string } | { readonly storage?: StorageSeen };
