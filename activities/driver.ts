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
import { KEY_TAG } from '../api/names.ts';
import type { ObjectRef, Owner } from '../api/object.ts';
import {
  type DifferenceOf,
  differencesOf,
  type ResourceIdentity,
  type ResourceKind,
  type ResourceProperties,
  rowOf,
  type Thing,
} from '../kinds/resource.ts';
import type { Outputs, Tagged } from '../kinds/row.ts';
import { type Tagging, taggingOf } from '../kinds/tags.ts';
import type { EnsureStep, RemoveStep, Step, WaitStep } from '../policy/plan.ts';
import type { ResourceKey } from '../words/keys.ts';
import { type Resolved, referencesIn } from '../words/references.ts';
import type { StepOutcome, StepRequest } from './contract.ts';
import { BECOMES_VISIBLE_MS, settled, stillSettling } from './settling.ts';
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

/** One resource as it is looked for, and on whose behalf: all that a removal knows. */
export type Sought<K extends ResourceKind> = {
  readonly kind: K;
  readonly key: ResourceKey;
  readonly properties: ResourceIdentity[K];
  readonly object: ObjectRef;
  readonly owner: Owner;
  /** For reads only: a mutation that was sent is awaited, cancelled or not. */
  readonly signal: AbortSignal;
  /** When its operation began with the step, in epoch milliseconds: everything it needs was done by then. */
  readonly since: number;
};

/** One resource as it is wanted, every reference replaced by its value. */
export type Wanted<K extends ResourceKind> = Omit<Sought<K>, 'properties'> & {
  readonly properties: Resolved<ResourceProperties[K]>;
  /** Raised when the thing that this key named is gone for good or is replaced on purpose (part of client tokens). */
  readonly incarnation: number;
};

/** `ours`: by owner tags and key. Otherwise whose it is, as a person would say it. */
export type BelongsTo = 'ours' | { readonly other: string };

/** Something that is, or claims the place of, the wanted resource. */
export type Candidate<K extends ResourceKind> = Thing<K> & {
  /** How AWS calls it, for messages: `sg-1 (gke-1-controlplane)`. */
  readonly label: string;
  readonly belongsTo: BelongsTo;
  /** What AWS is still doing to make it, as a sentence: nothing may rely on it before that. */
  readonly settling?: string;
  /** Why it will never be what is wanted, and what a person does about it. */
  readonly spoilt?: string;
};

export type Made = {
  readonly outputs: Outputs;
  readonly change?: StepOutcome['change'];
  /** As in `Candidate`. */
  readonly settling?: string;
};

/**
 * One kind of resource. Methods may throw whatever the service's client throws.
 *
 * `create` may be called although the thing exists: it throws an error for which `existsAlready` holds, or answers with
 * what is there. `update` mends the differences that it is given, and no others: what is told and what is mended is the same. A
 * kind without differences makes sure, and answers `unchanged` where nothing was to be done. `remove` is called with ours only;
 * "not there" is success.
 */
export type ResourceDriver<K extends ResourceKind> = {
  readonly kind: K;
  /** Refuses where the worker's credentials, account or region aren't the owner's (I12). */
  guard?(sought: Pick<Sought<K>, 'owner' | 'signal'>): Promise<void>;
  candidates(sought: Sought<K>): Promise<readonly Candidate<K>[]>;
  /**
   * The same for a removal that looks again, of a kind of which many go slowly at once: perhaps as another of them saw it a
   * moment ago, but after this step began. The first execution then asks it to go and looks at nothing.
   */
  departing?(sought: Sought<K>): Promise<readonly Candidate<K>[]>;
  /** The same for a removal, of a kind that may go with what it is kept in, whoever removes that. */
  leaving?(sought: Sought<K>): Promise<readonly Candidate<K>[]>;
  create(wanted: Wanted<K>): Promise<Made>;
  update(wanted: Wanted<K>, found: Thing<K>, differences: readonly DifferenceOf<K>[]): Promise<Made>;
  /**
   * Mends the tags of a tagged kind after all else: those to be set and to be taken off, whichever of them differ. Without it
   * they are a difference like any other, for `update`.
   */
  retag?(wanted: Wanted<K>, found: Thing<K>, tagging: Tagging): Promise<void>;
  remove(sought: Sought<K>, found: Thing<K>): Promise<void>;
  /** What is still there after `remove`, as a sentence; undefined once it is gone. For kinds that go slowly. */
  remains?(sought: Sought<K>, found: Thing<K>): Promise<string | undefined>;
  /** For kinds that are waited for: outputs once ready, or what is still awaited, as a sentence, and when to look again. */
  check?(wanted: Wanted<K>): Promise<Readiness>;
};

export type Readiness =
  | { readonly ready: true; readonly outputs: Outputs }
  | {
      readonly ready: false;
      readonly awaited: string;
      readonly againInMs: number;
      /** What its outputs would be by now, where that is worth showing. */
      readonly soFar?: Outputs;
    };

/** A request for one step of a certain verb. */
export type RequestOf<S extends Step> = Omit<StepRequest, 'step'> & { readonly step: S };

/** What the activity knows beside the request. */
export type StepContext = {
  readonly signal: AbortSignal;
  /** When the step was first scheduled, in epoch milliseconds. */
  readonly since: number;
};

/** How soon a removal is looked at again while something is still going. */
const GOING_DELAY_MS = 1_000;

const subjectOf = <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  { object, owner, step: { resource } }: StepRequest,
  { signal, since }: StepContext,
) => {
  if (resource.kind !== driver.kind) {
    throw bugError(`The driver of ${driver.kind} was asked for ${resource.key}, a ${resource.kind}.`);
  }
  return { kind: driver.kind, key: resource.key, object, owner, signal, since };
};

/** The kind was looked at: the properties are its own. */
const soughtOf = <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  request: StepRequest,
  context: StepContext,
): Sought<K> => ({
  ...subjectOf(driver, request, context),
  properties: request.step.resource.properties as unknown as ResourceIdentity[K],
});

const wantedOf = <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  request: RequestOf<EnsureStep | WaitStep>,
  context: StepContext,
): Wanted<K> => {
  const { step } = request;
  const { key, properties } = step.resource;
  const [unresolved] = referencesIn(properties);
  if (unresolved !== undefined) throw bugError(`${key} came with an unresolved reference to ${unresolved.ref}.`);
  return {
    ...subjectOf(driver, request, context),
    properties: properties as unknown as Resolved<ResourceProperties[K]>,
    incarnation: (step.verb === 'ensure' ? step.incarnation : undefined) ?? 0,
  };
};

/** The step's inventory speaks of a thing of the step's kind. */
const trusted = <K extends ResourceKind>({ first, step }: RequestOf<EnsureStep | RemoveStep>): Thing<K> | undefined =>
  first ? (step.found as unknown as Thing<K> | undefined) : undefined;

/** Refuses what has a wanted thing's name and isn't ours, be it found or what a create answered with (I4). */
export const refuseForeign = (
  key: ResourceKey,
  { label, belongsTo }: Pick<Candidate<ResourceKind>, 'label' | 'belongsTo'>,
): void => {
  if (belongsTo === 'ours') return;
  throw blockedError(
    `${key} cannot be made: ${label} has its name and belongs to ${belongsTo.other}. ` +
      `Slipway neither adopts nor removes what it does not own: rename or remove it.`,
  );
};

/**
 * The wanted resource as it is now, or undefined. More than one that is ours is an error that names them; one that only
 * has its name is `blocked` (I4).
 */
const findResource = async <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  wanted: Wanted<K>,
): Promise<Thing<K> | undefined> => {
  // What is wanted says all by which it is found.
  const candidates = await driver.candidates(wanted as unknown as Sought<K>);
  const ours = candidates.filter((candidate) => candidate.belongsTo === 'ours');
  if (ours.length > 1) {
    throw blockedError(
      `${wanted.key} exists more than once: ${ours.map((one) => one.label).join(', ')}. ` +
        `Slipway cannot tell which one to keep: remove the tag ${KEY_TAG} from those that are not in use.`,
    );
  }
  if (ours[0] !== undefined) return settled(ours[0], wanted);
  const foreign = candidates.find((candidate) => candidate.belongsTo !== 'ours');
  if (foreign !== undefined) refuseForeign(wanted.key, foreign);
  return undefined;
};

/**
 * What a call refers to may not be visible yet to another part of AWS: then it is looked at again. Or somebody took it
 * away: then the plan is out of date, since it was made when the thing was there. Where a service has no word of its own for
 * that, a person is to see what it said.
 */
const referringTo = (key: ResourceKey, error: unknown, began = Date.now()): unknown => {
  const { verdict, message, unseen = false } = verdictOf(error);
  if (verdict !== 'absent' && !unseen) return error;
  if (Date.now() - began < BECOMES_VISIBLE_MS) {
    return retryError(`${key} refers to something that is not there (yet): ${message}`, error);
  }
  return unseen ? error : supersededError(`${key} refers to something that is gone: ${message}`, error);
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

/** When the operation began with the step, and what its plan leaves as it is. */
type Asked = { readonly began?: number | undefined; readonly leaves: readonly string[] };

const createOrFind = async <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  wanted: Wanted<K>,
  asked: Asked,
): Promise<StepOutcome> => {
  try {
    const made = await driver.create(wanted);
    if (made.settling !== undefined) throw stillSettling(made.settling, wanted);
    return { change: made.change ?? 'created', outputs: made.outputs };
  } catch (error) {
    if (!existsAlready(error)) throw referringTo(wanted.key, error, asked.began);
    // An earlier try may have taken effect although its answer was lost (I2); or somebody else has the name (I4).
    const found = await findResource(driver, wanted);
    if (found === undefined) {
      throw retryError(`${wanted.key} was refused as existing, yet is not visible: ${verdictOf(error).message}`, error);
    }
    return updateFound(driver, wanted, found, asked);
  }
};

const updateFound = async <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  wanted: Wanted<K>,
  found: Thing<K>,
  { began, leaves }: Asked,
): Promise<StepOutcome> => {
  const differences = differencesOf(driver.kind, wanted.properties, found).filter(({ what }) => !leaves.includes(what));
  const own = driver.retag === undefined ? differences : differences.filter(({ what }) => what !== 'tags');
  const retags = own.length < differences.length;
  const updates = rowOf(driver.kind).differences === undefined ? !retags : own.length > 0;
  try {
    const made: Made = updates ? await driver.update(wanted, found, own) : { outputs: found.outputs };
    // What is tagged is the kind's own: its properties are `Tagged`.
    if (retags) await driver.retag?.(wanted, found, taggingOf(wanted.properties as unknown as Tagged));
    const change = retags ? 'updated' : (made.change ?? 'unchanged');
    return { change, outputs: { ...found.outputs, ...made.outputs } };
  } catch (error) {
    throw referringTo(wanted.key, error, began);
  }
};

/** Makes one resource what it should be. Only a first execution trusts the plan's inventory (I2). */
export const ensureResource = async <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  request: RequestOf<EnsureStep>,
  context: StepContext,
): Promise<StepOutcome> => {
  const wanted = wantedOf(driver, request, context);
  await driver.guard?.(wanted);
  const found = request.first ? trusted<K>(request) : await findResource(driver, wanted);
  const asked: Asked = { began: request.since, leaves: request.step.leaves ?? [] };
  return found === undefined ? createOrFind(driver, wanted, asked) : updateFound(driver, wanted, found, asked);
};

/** Removes one resource and sees to it that it is gone. Removing twice is fine. */
export const removeResource = async <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  request: RequestOf<RemoveStep>,
  context: StepContext,
): Promise<StepOutcome> => {
  const sought = ownedAsFound(soughtOf(driver, request, context), request.step.found);
  await driver.guard?.(sought);
  const known = trusted<K>(request);
  const all = known === undefined ? await findOwned(driver, sought) : [known];
  for (const found of all) await removeFound(driver, sought, found);
  // It has only just been asked to go: whether it has gone is for the next execution, whose look others share.
  if (known !== undefined && driver.departing !== undefined) {
    throw notYet(`${sought.key} was asked to go.`, GOING_DELAY_MS);
  }
  for (const found of all) await refuseRemaining(driver, sought, found);
  return { change: all.length === 0 ? 'unchanged' : 'removed', outputs: {} };
};

const removeFound = async <K extends ResourceKind>(driver: ResourceDriver<K>, sought: Sought<K>, found: Thing<K>) => {
  try {
    await driver.remove(sought, found);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
};

const refuseRemaining = async <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  sought: Sought<K>,
  found: Thing<K>,
) => {
  const remaining = await looking(sought.key, driver.remains?.(sought, found));
  if (remaining !== undefined) throw notYet(remaining, GOING_DELAY_MS);
};

/** For removals: what only has the name is none of our business, and where several are ours, all go. */
const findOwned = async <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  sought: Sought<K>,
): Promise<readonly Thing<K>[]> => {
  const candidates = await (driver.departing?.(sought) ?? driver.leaving?.(sought) ?? driver.candidates(sought));
  return candidates.filter((candidate) => candidate.belongsTo === 'ours');
};

/**
 * A cluster also removes what its lost node pools left behind: theirs by uid, the cluster's by its id (I4). Who of them had adopted it
 * is gone, too.
 */
const ownedAsFound = <K extends ResourceKind>(
  sought: Sought<K>,
  { uid, adopter }: Pick<Thing<K>, 'uid' | 'adopter'> = {},
): Sought<K> =>
  uid === undefined || uid === sought.owner.uid
    ? sought
    : {
        ...sought,
        owner: { ...sought.owner, uid },
        object: { ...sought.object, uid: adopter ?? sought.object.uid },
      };

/** One look. Throws `notYet` with what is awaited while it isn't ready. */
export const waitForResource = async <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  request: RequestOf<WaitStep>,
  context: StepContext,
): Promise<StepOutcome> => {
  const wanted = wantedOf(driver, request, context);
  await driver.guard?.(wanted);
  if (driver.check === undefined) throw bugError(`${wanted.key} cannot be waited for: ${driver.kind} has no check.`);
  const readiness = await looking(wanted.key, driver.check(wanted));
  if (!readiness.ready) throw notYet(readiness.awaited, readiness.againInMs, readiness.soFar);
  return { change: 'unchanged', outputs: readiness.outputs };
};

/** What is there of one resource, changing nothing; null when nothing of ours is. */
export const findOutputs = async <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  request: RequestOf<EnsureStep>,
  context: StepContext,
): Promise<Outputs | null> => {
  const wanted = wantedOf(driver, request, context);
  await driver.guard?.(wanted);
  return (await findResource(driver, wanted))?.outputs ?? null;
};
