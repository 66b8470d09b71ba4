/**
 * The driver: how any resource is found, made, changed and removed, whatever its kind.
 *
 * Owns: the order of looks and acts, so that repeating a step makes no second thing (I2) and nothing that isn't ours is
 * touched (I4). Neighbours: one small file a kind says *how* AWS, Kubernetes or the hub is asked; `verdicts.ts` says what
 * their errors mean; the plan runner says whether this is the step's first execution.
 *
 * Found is what carries the owner's tags and the resource's key. What only has the name belongs to somebody else: that
 * is `blocked`, and names whose it is, never adopted and never removed.
 */
import type { ObjectRef, Owner } from '../api/object.ts';
import type { Found } from '../policy/plan.ts';
import type {
  Outputs,
  Reference,
  ResourceKey,
  ResourceKind,
  ResourceOf,
  ResourceProperties,
} from '../topology/resource.ts';
import type { StepOutcome, StepRequest } from './contract.ts';
import {
  blockedError,
  bugError,
  existsAlready,
  isAbsent,
  notYet,
  retryError,
  supersededError,
  verdictOf,
} from './verdicts.ts';

/** A type with every reference replaced by the value it stands for. */
type Resolved<T> = T extends Reference
  ? never
  : T extends string | number | boolean | undefined
    ? T
    : T extends readonly (infer Item)[]
      ? readonly Resolved<Item>[]
      : T extends object
        ? { readonly [Name in keyof T]: Resolved<T[Name]> }
        : T;

/** One resource as it is wanted, and on whose behalf. */
export type Wanted<K extends ResourceKind> = {
  readonly kind: K;
  readonly key: ResourceKey;
  readonly properties: Resolved<ResourceProperties[K]>;
  readonly object: ObjectRef;
  readonly owner: Owner;
  /** Outputs known from an earlier look, if any: the quickest way to find it again. */
  readonly known?: Outputs;
  /** Raised when the thing that this key named is gone for good or is replaced on purpose (part of client tokens). */
  readonly incarnation: number;
  /** For reads only: a mutation that was sent is awaited, cancelled or not. */
  readonly signal: AbortSignal;
  /** When the step was first scheduled, in epoch milliseconds: everything it needs was done by then. */
  readonly since: number;
};

/** Something that is, or claims the place of, the wanted resource. */
export type Candidate = Found & {
  /** How AWS calls it, for messages: `sg-1 (gke-1-controlplane)`. */
  readonly label: string;
  /** `ours`: by owner tags and key. Otherwise whose it is, as a person would say it. */
  readonly belongsTo: 'ours' | { readonly other: string };
};

export type Made = { readonly outputs: Outputs; readonly change?: StepOutcome['change'] };

/**
 * One kind of resource. Methods may throw whatever the service's client throws.
 *
 * `create` may be called although the thing exists: it throws an error for which `existsAlready` holds, or answers with
 * what is there. `update` changes only what differs, and answers `unchanged` when nothing does. `remove` is called with
 * ours only; "not there" is success.
 */
export type ResourceDriver<K extends ResourceKind> = {
  readonly kind: K;
  /** Refuses where the worker's credentials, account or region aren't the owner's (I12). */
  guard?(wanted: Wanted<K>): Promise<void>;
  candidates(wanted: Wanted<K>): Promise<readonly Candidate[]>;
  create(wanted: Wanted<K>): Promise<Made>;
  update(wanted: Wanted<K>, found: Found): Promise<Made>;
  remove(wanted: Wanted<K>, found: Found): Promise<void>;
  /** What is still there after `remove`, as a sentence; undefined once it is gone. For kinds that go slowly. */
  remains?(wanted: Wanted<K>, found: Found): Promise<string | undefined>;
  /** For kinds that are waited for: outputs once ready, or what is still awaited, as a sentence, and when to look again. */
  look?(wanted: Wanted<K>): Promise<Look>;
};

export type Look =
  | { readonly ready: true; readonly outputs: Outputs }
  | { readonly ready: false; readonly awaited: string; readonly againInMs: number };

/** What the activity knows beside the request. */
export type StepContext = {
  readonly signal: AbortSignal;
  /** When the step was first scheduled, in epoch milliseconds. */
  readonly since: number;
};

/** How soon a removal is looked at again while something is still going. */
const GOING_DELAY_MS = 1_000;

const refuseReferences = (value: unknown, key: ResourceKey): void => {
  if (Array.isArray(value)) for (const item of value) refuseReferences(item, key);
  else if (typeof value === 'object' && value !== null) {
    if ('ref' in value && 'output' in value) {
      throw bugError(`${key} came with an unresolved reference to ${String(value.ref)}.`);
    }
    for (const item of Object.values(value)) refuseReferences(item, key);
  }
};

const wantedOf = <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  request: StepRequest,
  context: StepContext,
): Wanted<K> => {
  const { resource, found } = request.step;
  if (resource.kind !== driver.kind) {
    throw bugError(`The driver of ${driver.kind} was asked for ${resource.key}, a ${resource.kind}.`);
  }
  // A removal may be planned from an inventory alone, where what a property refers to is gone already.
  if (request.step.verb !== 'remove') refuseReferences(resource.properties, resource.key);
  return {
    kind: driver.kind,
    key: resource.key,
    properties: (resource as unknown as ResourceOf<K>).properties as Resolved<ResourceProperties[K]>,
    object: request.object,
    owner: request.owner,
    signal: context.signal,
    since: context.since,
    incarnation: request.step.incarnation ?? 0,
    ...(found === undefined ? {} : { known: found.outputs }),
  };
};

/**
 * The wanted resource as it is now, or undefined. More than one that is ours is an error that names them; one that only
 * has its name is `blocked` (I4).
 */
const findResource = async <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  wanted: Wanted<K>,
): Promise<Found | undefined> => {
  const candidates = await driver.candidates(wanted);
  const ours = candidates.filter((candidate) => candidate.belongsTo === 'ours');
  if (ours.length > 1) {
    throw blockedError(
      `${wanted.key} exists more than once: ${ours.map((one) => one.label).join(', ')}. ` +
        `Slipway cannot tell which one to keep: remove the tag slipway.dev/key from those that are not in use.`,
    );
  }
  if (ours[0] !== undefined) return ours[0];
  const foreign = candidates.find((candidate) => candidate.belongsTo !== 'ours');
  if (foreign !== undefined && foreign.belongsTo !== 'ours') {
    throw blockedError(
      `${wanted.key} cannot be made: ${foreign.label} has its name and belongs to ${foreign.belongsTo.other}. ` +
        `Slipway neither adopts nor removes what it does not own: rename or remove it.`,
    );
  }
  return undefined;
};

/** How long what a call refers to may take to become visible everywhere; what is missing then is gone. */
const BECOMES_VISIBLE_MS = 45_000;

/**
 * What a call refers to may not be visible yet to another part of AWS: then it is looked at again. Or somebody took it
 * away: then the plan is out of date, since it was made when the thing was there.
 */
const referringTo = (key: ResourceKey, error: unknown, began = Date.now()): unknown => {
  if (!isAbsent(error)) return error;
  const { message } = verdictOf(error);
  return Date.now() - began < BECOMES_VISIBLE_MS
    ? retryError(`${key} refers to something that is not there (yet): ${message}`, error)
    : supersededError(`${key} refers to something that is gone: ${message}`, error);
};

/** A look takes several calls, and what the first one saw may be gone before the last: that is no failure. */
const looking = async <T>(key: ResourceKey, look: T | Promise<T>): Promise<T> => {
  try {
    return await look;
  } catch (error) {
    if (!isAbsent(error)) throw error;
    throw notYet(`Something went away while ${key} was looked at: ${verdictOf(error).message}`, GOING_DELAY_MS);
  }
};

const createOrFind = async <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  wanted: Wanted<K>,
  began: number | undefined,
): Promise<StepOutcome> => {
  try {
    const made = await driver.create(wanted);
    return { change: made.change ?? 'created', outputs: made.outputs };
  } catch (error) {
    if (!existsAlready(error)) throw referringTo(wanted.key, error, began);
    // An earlier try may have taken effect although its answer was lost (I2); or somebody else has the name (I4).
    const found = await findResource(driver, wanted);
    if (found === undefined) {
      throw retryError(`${wanted.key} was refused as existing, yet is not visible: ${verdictOf(error).message}`, error);
    }
    return updateFound(driver, wanted, found, began);
  }
};

const updateFound = async <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  wanted: Wanted<K>,
  found: Found,
  began: number | undefined,
): Promise<StepOutcome> => {
  try {
    const made = await driver.update(wanted, found);
    return { change: made.change ?? 'unchanged', outputs: { ...found.outputs, ...made.outputs } };
  } catch (error) {
    throw referringTo(wanted.key, error, began);
  }
};

/** Makes one resource what it should be. Only a first execution trusts the plan's inventory (I2). */
export const ensureResource = async <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  request: StepRequest,
  context: StepContext,
): Promise<StepOutcome> => {
  const wanted = wantedOf(driver, request, context);
  await driver.guard?.(wanted);
  const found = request.first ? request.step.found : await findResource(driver, wanted);
  return found === undefined
    ? createOrFind(driver, wanted, request.since)
    : updateFound(driver, wanted, found, request.since);
};

/** Removes one resource and sees to it that it is gone. Removing twice is fine. */
export const removeResource = async <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  request: StepRequest,
  context: StepContext,
): Promise<StepOutcome> => {
  const wanted = ownedAsFound(wantedOf(driver, request, context), request.step.found);
  await driver.guard?.(wanted);
  const trusted = request.first ? request.step.found : undefined;
  const all = trusted === undefined ? await findOwned(driver, wanted) : [trusted];
  for (const found of all) await removeFound(driver, wanted, found);
  return { change: all.length === 0 ? 'unchanged' : 'removed', outputs: {} };
};

const removeFound = async <K extends ResourceKind>(driver: ResourceDriver<K>, wanted: Wanted<K>, found: Found) => {
  try {
    await driver.remove(wanted, found);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  const remaining = await looking(wanted.key, driver.remains?.(wanted, found));
  if (remaining !== undefined) throw notYet(remaining, GOING_DELAY_MS);
};

/** For removals: what only has the name is none of our business, and where several are ours, all go. */
const findOwned = async <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  wanted: Wanted<K>,
): Promise<readonly Found[]> => {
  const candidates = await driver.candidates(wanted);
  return candidates.filter((candidate) => candidate.belongsTo === 'ours');
};

/** A cluster also removes what its lost node pools left behind: theirs by uid, the cluster's by its id (I4). */
const ownedAsFound = <K extends ResourceKind>(wanted: Wanted<K>, found: Found | undefined): Wanted<K> =>
  found?.uid === undefined ? wanted : { ...wanted, owner: { ...wanted.owner, uid: found.uid } };

/** One look. Throws `notYet` with what is awaited while it isn't ready. */
export const waitForResource = async <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  request: StepRequest,
  context: StepContext,
): Promise<StepOutcome> => {
  const wanted = wantedOf(driver, request, context);
  await driver.guard?.(wanted);
  if (driver.look === undefined) throw bugError(`${wanted.key} cannot be waited for: ${driver.kind} has no look.`);
  const look = await looking(wanted.key, driver.look(wanted));
  if (!look.ready) throw notYet(look.awaited, look.againInMs);
  return { change: 'unchanged', outputs: look.outputs };
};

/** What is there of one resource, changing nothing; null when nothing of ours is. */
export const findOutputs = async <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  request: StepRequest,
  context: StepContext,
): Promise<Outputs | null> => {
  const wanted = wantedOf(driver, request, context);
  await driver.guard?.(wanted);
  return (await findResource(driver, wanted))?.outputs ?? null;
};
