/**
 * Plans: what to do about the difference between a topology and an inventory, as plain data (I10).
 *
 * Owns: steps and their order. Neighbours: `workflows/run-plan.ts` executes a plan without understanding it;
 * `activities/` perform one step each. A plan is the *input* of an operation's workflow, so Temporal's UI shows what the
 * operation set out to do, and a new release may plan differently without breaking the replay of what is in flight.
 */
import type { Outputs, Resource, ResourceKey } from '../topology/resource.ts';

export const PLAN_VERSION = 1;

export type Verb = 'ensure' | 'remove' | 'wait';

/** One activity on one resource. Its id, `<verb> <key>`, is the activity id in Temporal. */
export type Step = {
  readonly id: string;
  readonly verb: Verb;
  readonly resource: Resource;
  /** Ids of steps of this plan that must be done before, sorted. */
  readonly needs: readonly string[];
  /** What the inventory saw of it: the first execution trusts this, every later one finds for itself (I2). */
  readonly found?: Found;
  /** Part of the create's client token; raised only once what it named is proven gone, or is replaced on purpose. */
  readonly incarnation?: number;
};

export type Plan = {
  readonly version: number;
  readonly steps: readonly Step[];
  /** Outputs of resources that need no step, for those that refer to them. */
  readonly known: Readonly<Record<ResourceKey, Outputs>>;
};

/** One owned resource as the inventory saw it. */
export type Found = {
  readonly key: ResourceKey;
  readonly outputs: Outputs;
  /** What the kind's file compares with the desired properties; a fingerprint where content is secret: `observed.ts`. */
  readonly state: Readonly<Record<string, unknown>>;
  /** The owner tag's uid: tells a node pool's things from its cluster's. Absent where a kind carries no tag. */
  readonly uid?: string;
};

/** What was observed, with its scope: anything else must not look like absence (I12). */
export type Inventory = {
  readonly account: string;
  readonly region: string;
  /** True only when every listing was read to its end. */
  readonly complete: boolean;
  /** What could not be read to its end, as a person would say it; sorted. */
  readonly unread?: readonly string[];
  readonly found: readonly Found[];
};
