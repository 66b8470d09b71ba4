/**
 * Adoption: an object gets what another one made, which is gone with its management API or was left behind in the old one.
 *
 * Owns: the proof that what is there is this object's to adopt, who may act where two objects own the same, and the step that says so in
 * AWS. Neighbours: `api/ownership.ts` says what follows from a uid that was adopted, `activities/assess.ts` gathers the proof,
 * `operation.ts` puts the step before all others of a plan, `remembered.ts` keeps the uid. Pure.
 * Invariants: I4 (the uid of the tags is what counts, and the object's namespace and name are on the things themselves), I12 (a listing
 * that found nothing is of this account and region only). Of two objects that own the same things the last that adopted them acts: each
 * looks at the tag before it begins, and no object takes them twice.
 */

import type { AWSCluster } from '../api/cluster.ts';
import {
  ADOPT_ANNOTATION,
  CLUSTER_TAG,
  clusterIdOf,
  FINALIZER,
  isClusterId,
  isNodePoolId,
  nodePoolIdOf,
  OBJECT_TAG,
  objectTagOf,
} from '../api/names.ts';
import { hasFinalizer, isDeleting } from '../api/object.ts';
import { ownerUidOf } from '../api/ownership.ts';
import { type Found, idOf, type Resource } from '../kinds/resource.ts';
import { ADOPTION, FINALIZER_KEY, kindOf, poolOfKey } from '../words/keys.ts';
import { stepId } from '../words/steps.ts';
import { type BlockedAssessment, blocked } from './facts.ts';
import { orderedSteps } from './order.ts';
import type { Inventory, Plan } from './plan.ts';
import { ensureStep } from './steps.ts';
import type { StoredObject } from './views.ts';

/** An object of the management API, and whose things it owns. */
export type LivingOwner = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly ownerUid: string;
};

export type AdoptionFacts = {
  /** What the annotation names. */
  readonly asked: string;
  /** Of the whole cluster that is adopted, or of which the pool is. */
  readonly inventory: Inventory;
  /** All objects of the kind, whatever their namespace. */
  readonly living: readonly LivingOwner[];
};

/** These stand for all that an object has: they are there from its first step on, and have tags to spare. */
const isStanding = ({ key }: Found): boolean => ['security-group', 'launch-template'].includes(kindOf(key));

const distinct = (values: readonly (string | undefined)[]): readonly string[] =>
  [...new Set(values.filter((value) => value !== undefined))].sort();

/** What stands for an object that owns what carries its uid. */
const standingOf = (object: StoredObject, found: readonly Found[]): readonly Found[] =>
  found.filter((one) => isStanding(one) && one.uid === ownerUidOf(object));

const adoptedNothing = (object: StoredObject): boolean => object.status?.adopted === undefined;

type Words = {
  readonly isId: (text: string) => boolean;
  readonly idOf: (uid: string) => string;
  readonly pinned: string | undefined;
  readonly form: string;
  readonly isOf: (found: Found, asked: string) => boolean;
};

const wordsFor = (object: StoredObject): Words =>
  object.kind === 'AWSCluster'
    ? {
        isId: isClusterId,
        idOf: clusterIdOf,
        pinned: object.status?.clusterID,
        form: 'the id of a cluster, gke- and eight hexadecimal digits',
        isOf: ({ key }) => poolOfKey(key) === undefined,
      }
    : {
        isId: isNodePoolId,
        idOf: nodePoolIdOf,
        pinned: object.status?.nodePoolID,
        form: "the eight hexadecimal digits of a node pool's own id",
        isOf: ({ key }, asked) => poolOfKey(key) === asked,
      };

const TAKE_OFF = `take annotation ${ADOPT_ANNOTATION} off to have one made anew; nothing was touched`;

/** Why what is there is not this object's, by its own tags. */
const judgeTags = (object: StoredObject, asked: string, things: readonly Found[]): BlockedAssessment | undefined => {
  const { namespace, name, generation } = object.metadata;
  const uids = distinct(things.map(({ uid }) => uid));
  const [uid] = uids;
  if (uid === undefined || uids.length > 1 || wordsFor(object).idOf(uid) !== asked) {
    return blocked(
      generation,
      `what carries the id ${asked} has the uid${uids.length === 1 ? '' : 's'} ${uids.join(' and ') || 'of nobody'}, and the id follows from one uid only: somebody changed its tags`,
      'give all of it the tag slipway.dev/uid that it had; nothing was touched',
    );
  }
  const own = objectTagOf({ namespace, name });
  const madeFor = distinct(things.map((one) => one.madeFor));
  const others = madeFor.filter((one) => one !== own);
  if (others.length > 0) {
    return blocked(
      generation,
      `${asked} was made for ${others.join(' and ')}, and this is ${own}`,
      `apply it as ${others.join(' or ')}, or ${TAKE_OFF}`,
    );
  }
  if (madeFor.length > 0) return undefined;
  const ids = distinct(things.map(idOf));
  return blocked(
    generation,
    `nothing of ${asked} says for which object it was made: an earlier release made it`,
    `if you know that it is this one, say so: aws ec2 create-tags --region ${object.spec.region} --resources ${ids.join(' ')} --tags Key=${OBJECT_TAG},Value=${own}`,
  );
};

/** The uid that the object owns things by from now on, or why it may not. */
export const proveAdoption = (
  object: StoredObject,
  { asked, inventory, living }: AdoptionFacts,
): { readonly uid: string } | { readonly refused: BlockedAssessment } => {
  const { generation, uid: itself } = object.metadata;
  const { isId, pinned, form, isOf } = wordsFor(object);
  const refused = (reason: string, cure: string) => ({ refused: blocked(generation, reason, cure) });
  if (!isId(asked)) return refused(`annotation ${ADOPT_ANNOTATION} is "${asked}", and it takes ${form}`, TAKE_OFF);
  if (pinned !== undefined && pinned !== asked && object.status?.aws !== undefined) {
    return refused(
      `it has ${pinned} of its own, and is asked to adopt ${asked}`,
      `delete it and apply it again with the annotation, or ${TAKE_OFF}`,
    );
  }
  const things = inventory.found.filter((one) => isStanding(one) && isOf(one, asked));
  if (things.length === 0) {
    const tag = object.kind === 'AWSCluster' ? ` with tag ${CLUSTER_TAG}=${asked}` : ` of node pool ${asked}`;
    return refused(
      `account ${inventory.account} has nothing in ${inventory.region}${tag}`,
      `see that the id is right, and that this worker serves the account and region that it lives in, or ${TAKE_OFF}`,
    );
  }
  const untrue = judgeTags(object, asked, things);
  if (untrue !== undefined) return { refused: untrue };
  const uid = things[0]?.uid ?? '';
  const owner = living.find((one) => one.uid !== itself && [one.uid, one.ownerUid].includes(uid));
  if (owner === undefined) return { uid };
  return refused(
    `${object.kind} ${owner.namespace}/${owner.name} (uid ${owner.uid}) owns ${asked}, and it is there`,
    `leave it to that one, or ${TAKE_OFF}`,
  );
};

/** The object as it is judged once that is proven, before its status says so. */
export const adopting = <T extends StoredObject>(object: T, uid: string): T => ({
  ...object,
  status: { ...object.status, adopted: { uid } },
});

/** What it owns by adoption does not say so yet, in AWS. */
export const isAdoptionDue = (object: StoredObject, found: readonly Found[]): boolean =>
  !adoptedNothing(object) && standingOf(object, found).some(({ adopter }) => adopter !== object.metadata.uid);

const heldBy = (generation: number, adopters: readonly string[]): BlockedAssessment =>
  blocked(
    generation,
    `the object with uid ${adopters.join(' and ')} has adopted what it owns, perhaps in another management API: this one only looks from now on`,
    `look after it there; to be rid of this object, take finalizer ${FINALIZER} from it and delete it, which removes nothing in AWS`,
  );

/**
 * Blocked where another object acts on what this one owns. `adopts`: the object is about to adopt it, and has never done so: it takes
 * it from whoever had it, since a person said so.
 */
export const judgeHeld = (
  object: StoredObject,
  found: readonly Found[],
  adopts: boolean,
): BlockedAssessment | undefined => {
  const { generation, uid, namespace, name } = object.metadata;
  const standing = standingOf(object, found);
  const others = distinct(standing.map(({ adopter }) => adopter)).filter((one) => one !== uid);
  if (others.length > 0 && !adopts) return heldBy(generation, others);
  const own = objectTagOf({ namespace, name });
  const strange = distinct(standing.map(({ madeFor }) => madeFor)).filter((one) => one !== own);
  if (adoptedNothing(object) || strange.length === 0) return undefined;
  return blocked(
    generation,
    `what it adopted was made for ${strange.join(' and ')}, and this is ${own}`,
    `see who changed the tag ${OBJECT_TAG}; nothing was touched`,
  );
};

/** The same of a pool's cluster, as far as the pool's inventory shows it. */
export const judgeHeldCluster = (
  generation: number,
  cluster: AWSCluster,
  found: readonly Found[],
): BlockedAssessment | undefined => {
  const { uid } = cluster.metadata;
  const others = distinct(standingOf(cluster, found).map(({ adopter }) => adopter)).filter((one) => one !== uid);
  return others.length === 0 ? undefined : heldBy(generation, others);
};

/** Secrets that machines know, and that are not in this management API: nothing may be made in their place. */
export const judgeSecrets = (
  object: StoredObject,
  topology: readonly Resource[],
  found: readonly Found[],
): BlockedAssessment | undefined => {
  if (!isAdoptionDue(object, found)) return undefined;
  const missing = topology.flatMap((resource) =>
    resource.kind === 'secret' && !found.some(({ key }) => key === resource.key) ? [resource.properties.name] : [],
  );
  if (missing.length === 0) return undefined;
  const { namespace, generation } = object.metadata;
  return blocked(
    generation,
    `what it is to adopt runs with Secrets that are not in namespace ${namespace}: ${missing.join(', ')}`,
    `bring them back: slipway clusters import-secrets --file <file>, or from a backup with their labels and annotations; until then it is only looked at`,
  );
};

const FINALIZE = stepId('ensure', FINALIZER_KEY);

/** The plan with the adoption before everything else but the finalizer (I3); the same where nothing is to be adopted. */
export const withAdoption = (object: StoredObject, found: readonly Found[], plan: Plan): Plan => {
  if (!isAdoptionDue(object, found)) return plan;
  const guarded = hasFinalizer(object) || isDeleting(object) || plan.steps.some(({ id }) => id === FINALIZE);
  const before = guarded ? [] : [ensureStep({ key: FINALIZER_KEY, kind: 'finalizer', properties: {} }, [])];
  const all = [...before, ...plan.steps];
  const ids = distinct(standingOf(object, found).map(idOf));
  const properties = { ids, adopter: object.metadata.uid };
  const adoption = ensureStep(
    { key: ADOPTION, kind: 'adoption', properties },
    all.some(({ id }) => id === FINALIZE) ? [FINALIZE] : [],
  );
  const after = all.map((step) =>
    step.id === FINALIZE ? step : { ...step, needs: [...step.needs, adoption.id].sort() },
  );
  return { ...plan, steps: orderedSteps([adoption, ...after]) };
};
