/**
 * Add-on revision: which revision a cluster's add-ons are rendered from.
 *
 * Owns: what the annotation `slipway.dev/revision` asks for, and what stands against it. Machines keep the revision that they run
 * until somebody asks for another version; add-ons have no machine behind them, so a newer revision of the same version reaches
 * them as soon as it is asked for, and never before (I6). Neighbours: `revision.ts` says what runs, `remembered.ts` pins what was
 * brought, `specific-conditions.ts` tells of a refusal. Pure.
 */
import type { AWSCluster } from '../api/cluster.ts';
import { REVISION_ANNOTATION } from '../api/names.ts';
import { RELEASES, type Release, revisionsOf } from '../api/releases.ts';
import type { Revision } from '../api/status.ts';
import type { StoredObject } from './views.ts';

export type AskedRevision =
  /** Nothing is asked for, or what runs already. */
  | { readonly kind: 'none' }
  | { readonly kind: 'newer'; readonly release: Release }
  | { readonly kind: 'refused'; readonly reason: 'UnknownRevision' | 'OlderRevision'; readonly message: string };

const cureOf = ({ namespace, name }: StoredObject['metadata']): string =>
  `To cure it: kubectl annotate awscluster ${name} -n ${namespace} ${REVISION_ANNOTATION}-`;

/** What a number that isn't the pinned one's comes to. */
const judgeNumber = (
  asked: string,
  pinned: Revision,
  { metadata }: StoredObject,
  revisions: readonly Release[],
): AskedRevision => {
  const { version, number: runs = 1 } = pinned;
  const release = revisions.find(({ revision }) => String(revision) === asked);
  if (release === undefined) {
    const known = revisions.map(({ revision }) => revision).join(', ') || 'none';
    const message = `Revision ${asked} of ${version} is asked for, and this release of Slipway knows ${known}; ${runs} runs on. ${cureOf(metadata)}`;
    return { kind: 'refused', reason: 'UnknownRevision', message };
  }
  if (release.revision > runs) return { kind: 'newer', release };
  const message = `Revision ${asked} of ${version} is asked for, and ${runs} runs: revisions are never taken back. ${cureOf(metadata)}`;
  return { kind: 'refused', reason: 'OlderRevision', message };
};

/** What an object asks for, beside the revision that its status has pinned. */
export const askedRevision = (object: StoredObject, catalogue: readonly Release[] = RELEASES): AskedRevision => {
  const asked = object.metadata.annotations?.[REVISION_ANNOTATION] ?? '';
  const pinned = object.status?.revision;
  if (object.kind !== 'AWSCluster' || asked === '' || pinned === undefined) return { kind: 'none' };
  if (asked === String(pinned.number ?? 1)) return { kind: 'none' };
  return judgeNumber(asked, pinned, object, revisionsOf(pinned.version, catalogue));
};

/** What the machines run, with the add-ons of the revision that was asked for. */
export const withAddons = (cluster: AWSCluster, runs: Release, catalogue: readonly Release[] = RELEASES): Release => {
  const asked = askedRevision(cluster, catalogue);
  if (asked.kind !== 'newer') return runs;
  const { addons, rendering } = asked.release;
  return { ...runs, addons, rendering };
};

/** A pinned revision, once another one's add-ons have come: its number, and all of it that has no machine behind it. */
export const pinnedWithAddons = (
  pinned: Revision,
  number: number,
  catalogue: readonly Release[] = RELEASES,
): Revision => {
  const release = revisionsOf(pinned.version, catalogue).find(({ revision }) => revision === number);
  if (release === undefined || number <= (pinned.number ?? 1)) return pinned;
  const addons = Object.entries(release.addons).map(([name, { version, images }]) => [
    name,
    { version, images: { ...images } },
  ]);
  return { ...pinned, number, rendering: release.rendering, addons: Object.fromEntries(addons) };
};
