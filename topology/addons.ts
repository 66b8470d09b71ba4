/**
 * Add-ons: what runs inside every cluster before its owner runs anything.
 *
 * Owns: their place among a cluster's resources. Neighbours: a row in `addons/` says whether a cluster has it, in this revision,
 * and what it is rendered with: `version` and `image/<name>` come from the release, the rest from the spec.
 */
import { ADDONS } from '../addons/index.ts';
import type { Addon, AddonParameters } from '../addons/manifest.ts';
import { knowsRendering, refuseUnknownRendering } from '../addons/rendered.ts';
import type { AWSCluster } from '../api/cluster.ts';
import { membershipIn } from '../api/names.ts';
import type { Release } from '../api/releases.ts';
import type { Resource, ResourceOf } from '../kinds/resource.ts';
import {
  ADDONS_APPLIED,
  addonKey,
  CONTROL_PLANE_READY,
  HUB_AGENT_INSTALLED,
  hubMembershipKey,
  LOAD_BALANCER,
} from '../words/keys.ts';
import { ref } from '../words/references.ts';

export const hubMembershipOf = (cluster: AWSCluster): { readonly key: string; readonly name: string } | undefined => {
  const name = cluster.spec.controlPlane.hub?.membershipName;
  return name === undefined ? undefined : { key: hubMembershipKey(membershipIn(name)?.id ?? name), name };
};

type Had = { readonly row: Addon; readonly parameters: AddonParameters };

/** Those that the cluster has in this revision. */
const addonsIn = (cluster: AWSCluster, release: Release): readonly Had[] =>
  ADDONS.flatMap((row) => {
    const parameters = row.parameters(cluster, release);
    return parameters === undefined ? [] : [{ row, parameters }];
  });

const resourceOf = ({ row, parameters }: Had, rendering: number, hub: string | undefined): ResourceOf<'addon'> => ({
  key: addonKey(row.name),
  kind: 'addon',
  properties: {
    addon: row.name,
    endpoint: ref(LOAD_BALANCER, 'dnsName'),
    parameters,
    // Plans of the first rendering say nothing of it.
    ...(rendering === 1 ? {} : { rendering }),
  },
  needs: [CONTROL_PLANE_READY, ...(row.afterHub === true && hub !== undefined ? [hub] : [])],
});

/** Whether this release of Slipway can say which objects they are. */
export const knowsAddons = ({ rendering }: Pick<Release, 'rendering'>): boolean => knowsRendering(rendering);

/** The add-ons alone. Throws where another release of Slipway is needed to render them. */
export const addonResources = (cluster: AWSCluster, release: Release): readonly ResourceOf<'addon'>[] => {
  refuseUnknownRendering(release.rendering);
  const hub = hubMembershipOf(cluster)?.key;
  return addonsIn(cluster, release).map((one) => resourceOf(one, release.rendering, hub));
};

export const addonsOf = (cluster: AWSCluster, release: Release): Resource[] => {
  const resources = addonResources(cluster, release);
  const afterHub = addonsIn(cluster, release).flatMap(({ row }) => (row.afterHub === true ? [addonKey(row.name)] : []));
  const applied: Resource = {
    key: ADDONS_APPLIED,
    kind: 'milestone',
    properties: {},
    needs: resources.map(({ key }) => key).filter((key) => !afterHub.includes(key)),
    event: { reason: 'AddonsApplied', message: [`Addons applied for version ${release.version}`] },
  };
  const installed: Resource = {
    key: HUB_AGENT_INSTALLED,
    kind: 'milestone',
    properties: {},
    needs: [...afterHub, ADDONS_APPLIED],
    event: { reason: 'InstalledGKEHubAgent', message: ['Installed GKE Hub agent'] },
  };
  return [...resources, applied, ...(afterHub.length === 0 ? [] : [installed])];
};
