/**
 * Revision: the exact set of components that an object's plan is made with.
 *
 * Owns: which one counts, the pinned or the catalogue's. Neighbours: `api/releases.ts` is the catalogue; `status.ts`
 * pins. No upgrade of Slipway replaces a machine: what runs keeps its revision until somebody asks for another version,
 * and then until the operation that brings it.
 */
import { type Release, type ReleaseAddon, releaseOf } from '../api/releases.ts';
import type { Revision } from '../api/status.ts';

export const revisionOf = (release: Release): Revision => ({
  version: release.version,
  kubernetes: release.kubernetes,
  etcd: release.etcd,
  cloudController: release.cloudController,
  imageID: release.imageId,
  addons: Object.fromEntries(
    Object.entries(release.addons).map(([name, addon]) => [
      name,
      { version: addon.version, images: { ...addon.images } },
    ]),
  ),
});

const NO_ADDON: ReleaseAddon = { version: '', images: {} };

/** A pinned revision as a release. Add-ons that it doesn't name come from the catalogue, where it still has them. */
export const releaseFromRevision = (revision: Revision): Release => {
  const listed = releaseOf(revision.version)?.addons;
  const addon = (name: keyof Release['addons']): ReleaseAddon => revision.addons?.[name] ?? listed?.[name] ?? NO_ADDON;
  return {
    version: revision.version,
    kubernetes: revision.kubernetes,
    etcd: revision.etcd,
    cloudController: revision.cloudController,
    imageId: revision.imageID,
    addons: {
      coredns: addon('coredns'),
      'metrics-server': addon('metrics-server'),
      'connect-agent': addon('connect-agent'),
    },
  };
};

/** The release to plan with: the pinned one while machines run it or the same version is asked for. */
export const releaseToPlan = (asked: string, pinned: Revision | undefined, live: boolean): Release | undefined =>
  pinned !== undefined && (live || pinned.version === asked) ? releaseFromRevision(pinned) : releaseOf(asked);
