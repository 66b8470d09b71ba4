/**
 * Ownership: whose uid the tags of what an object has in AWS carry, and the ids that follow from it.
 *
 * Owns: the one place where an object that adopted what another one left is told from one that made its own. Neighbours: `names.ts`
 * spells ids, `policy/adoption.ts` proves an adoption before its uid gets into a status. Pure.
 * Invariants: I1 (who the object *is* stays its own uid: entity, finalizer and status go by that), I4 (what it *owns* goes by this).
 */
import { ADOPT_ANNOTATION, clusterIdOf, nodePoolIdOf } from './names.ts';

type Owning = {
  readonly metadata: { readonly uid: string };
  readonly status?: { readonly adopted?: { readonly uid?: string | undefined } | undefined } | undefined;
};

/** Its own, or that of the object whose things it adopted. */
export const ownerUidOf = ({ metadata, status }: Owning): string => status?.adopted?.uid ?? metadata.uid;

/** The id of an AWSCluster: of what it made, or adopted. */
export const clusterIdFor = (cluster: Owning): string => clusterIdOf(ownerUidOf(cluster));

/** The eight hex digits of an AWSNodePool, in the same way. */
export const nodePoolIdFor = (pool: Owning): string => nodePoolIdOf(ownerUidOf(pool));

type Asking = Owning & {
  readonly kind: string;
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
};

/**
 * What the object asks to adopt and has not adopted yet: the annotation's value. An object that is named by its own id has made it:
 * manifests in Git are applied to both.
 */
export const adoptionAskedBy = (object: Asking): string | undefined => {
  const { annotations = {}, uid } = object.metadata;
  const asked = annotations[ADOPT_ANNOTATION];
  const own = object.kind === 'AWSCluster' ? clusterIdOf(uid) : nodePoolIdOf(uid);
  return asked === undefined || asked === own || object.status?.adopted !== undefined ? undefined : asked;
};
