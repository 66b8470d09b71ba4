/**
 * Marks: by which a Secret is known as ours, in the management API and in clusters.
 *
 * Owns: the label and annotations that say whose a Secret is, and reading them again. Neighbours: `secret.ts` and
 * `join-token.ts` make Secrets, `inventory.ts` and `survey.ts` list them.
 * Invariants: I4 (what lacks our annotations was not made by Slipway, whatever its labels and name say).
 */

import { MANAGED_BY } from '../../addons/manifest.ts';
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { CLUSTER_TAG, KEY_TAG, UID_TAG } from '../../api/names.ts';
import type { ResourceKind } from '../../kinds/resource.ts';
import type { BelongsTo, Sought } from '../driver.ts';

/** A resource, and on whose behalf. */
type Owned = Pick<Sought<ResourceKind>, 'owner' | 'key'>;

export const labelsOf = ({ owner }: Owned): Record<string, string> => ({
  [CLUSTER_TAG]: owner.clusterId,
  ...MANAGED_BY,
});

export const annotationsOf = ({ owner, key }: Owned): Record<string, string> => ({
  [UID_TAG]: owner.uid,
  [KEY_TAG]: key,
});

export const uidMarked = ({ metadata }: KubernetesObject): string | undefined => metadata.annotations?.[UID_TAG];

export const keyMarked = ({ metadata }: KubernetesObject): string | undefined => metadata.annotations?.[KEY_TAG];

/** Made by Slipway, for whomever. */
export const isMarked = (secret: KubernetesObject): boolean =>
  uidMarked(secret) !== undefined && keyMarked(secret) !== undefined;

/** Whose it is. */
export const belongsToByMarks = (secret: KubernetesObject, { owner, key }: Owned): BelongsTo => {
  const uid = uidMarked(secret);
  if (uid === undefined) return { other: 'somebody else: it has no owner annotation' };
  return uid === owner.uid && keyMarked(secret) === key ? 'ours' : { other: `the object with uid ${uid}` };
};

/** Entries as a Secret holds them. */
export const encoded = (data: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([entry, value]) => [entry, Buffer.from(value).toString('base64')]));
