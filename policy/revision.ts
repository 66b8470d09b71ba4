/**
 * Revision: the exact set of components that an object's plan is made with.
 *
 * Owns: which one counts, the pinned or the catalogue's. Neighbours: `api/releases.ts` is the catalogue; `status.ts`
 * pins. No upgrade of Slipway replaces a machine: what runs keeps its revision until somebody asks for another version,
 * and then until the operation that brings it.
 */

import type { ObjectKind } from '../api/object.ts';
import { RELEASES, type Release, type ReleaseAddon, releaseInFormat, releaseOf } from '../api/releases.ts';
import type { Revision } from '../api/status.ts';
import { type Found, observedState } from '../kinds/resource.ts';
import { LOAD_BALANCER } from '../words/keys.ts';

export const revisionOf = (release: Release): Revision => ({
  version: release.version,
  number: release.revision,
  format: release.format,
  kubernetes: release.kubernetes,
  etcd: release.etcd,
  cloudController: release.cloudController,
  imageID: release.imageId,
  rendering: release.rendering,
  addons: Object.fromEntries(
    Object.entries(release.addons).map(([name, addon]) => [
      name,
      { version: addon.version, images: { ...addon.images } },
    ]),
  ),
});

/** A pinned revision as a release. One that names no add-ons at all has those of the catalogue, where it still has them. */
const releaseFromRevision = (revision: Revision): Release => ({
  version: revision.version,
  revision: revision.number ?? 1,
  format: revision.format ?? 1,
  kubernetes: revision.kubernetes,
  etcd: revision.etcd,
  cloudController: revision.cloudController,
  imageId: revision.imageID,
  rendering: revision.rendering ?? 1,
  addons: revision.addons ?? releaseOf(revision.version)?.addons ?? {},
});

type Part = { readonly name: string; readonly is: string | undefined; readonly was: string | undefined };

const partsOfCluster = (today: Revision, pinned: Revision): readonly Part[] => {
  const names = [...new Set([...Object.keys(today.addons ?? {}), ...Object.keys(pinned.addons ?? {})])].sort();
  const labelOf = (addon: ReleaseAddon | undefined): string | undefined =>
    addon && [addon.version, ...Object.values(addon.images)].join(' ');
  return [
    { name: 'etcd', is: today.etcd, was: pinned.etcd },
    { name: 'cloud controller', is: today.cloudController, was: pinned.cloudController },
    { name: 'rendering of add-ons', is: String(today.rendering), was: String(pinned.rendering ?? 1) },
    // A pinned revision that names no add-ons runs today's.
    ...(pinned.addons === undefined ? [] : names).map((name) => ({
      name,
      is: labelOf(today.addons?.[name]),
      was: labelOf(pinned.addons?.[name]),
    })),
  ];
};

/**
 * What of a pinned revision is another one in today's catalogue, as a person would say it.
 * Nothing where the catalogue no longer has the version: that is no offer.
 */
export const newerRevision = (kind: ObjectKind, pinned: Revision, current: Release | undefined): readonly string[] => {
  if (current === undefined) return [];
  const today = revisionOf(current);
  const ofNode: readonly Part[] = [
    { name: 'Kubernetes', is: today.kubernetes, was: pinned.kubernetes },
    { name: 'machine image', is: today.imageID, was: pinned.imageID },
    { name: 'format', is: String(today.format), was: String(pinned.format ?? 1) },
  ];
  // Nodes run neither etcd nor what looks after the cluster.
  const parts = kind === 'AWSCluster' ? [...ofNode, ...partsOfCluster(today, pinned)] : ofNode;
  return parts
    .filter(({ is, was }) => is !== was)
    .map(({ name, is, was }) => `${name} ${is ?? 'none'} instead of ${was ?? 'none'}`);
};

/**
 * The release as what is there was made by: a load balancer without a security group is of format 1, whatever a status says that was
 * lost and written again. What its machines run is then what that revision had, not what a newer one has.
 */
export const asMade = (
  release: Release,
  inventory: readonly Found[],
  catalogue: readonly Release[] = RELEASES,
): Release => {
  const balancer = inventory.find(({ key }) => key === LOAD_BALANCER);
  const groupIds = balancer === undefined ? undefined : observedState('load-balancer', balancer).groupIds;
  if (groupIds?.length !== 0 || release.format === 1) return release;
  return releaseInFormat({ version: release.version, format: 1 }, catalogue) ?? { ...release, format: 1 };
};

/** The release that a pool's machines are to be of: what it runs keeps its revision as long as the same version is asked for. */
export const releaseOfPool = (
  { spec, status }: { readonly spec: { readonly version: string }; readonly status?: { readonly revision?: Revision } },
  catalogue: readonly Release[] = RELEASES,
): Release | undefined => releaseToPlan(spec.version, status?.revision, false, catalogue);

/** The release to plan with: the pinned one while machines run it or the same version is asked for, else today's. */
export const releaseToPlan = (
  asked: string,
  pinned: Revision | undefined,
  live: boolean,
  catalogue: readonly Release[] = RELEASES,
): Release | undefined =>
  pinned !== undefined && (live || pinned.version === asked)
    ? releaseFromRevision(pinned)
    : releaseOf(asked, catalogue);
