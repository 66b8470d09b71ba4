/**
 * Add-ons: what runs inside every cluster before its owner runs anything.
 *
 * Owns: which add-ons a cluster has, and the parameters of each: `version` and `image/<name>` come from the release,
 * the rest from the spec. Neighbours: `activities/kubernetes/addons/<name>` turn parameters into objects.
 * - `node-access`: RBAC for bootstrappers, for the API server as a client of kubelets, and for the node approver
 * - `coredns`: `clusterDnsAddress`, `clusterDomain`
 * - `metrics-server`, `storage-classes`: nothing more
 * - `connect-agent`, only with a hub membership: `membership`
 */
import ipaddr from 'ipaddr.js';
import type { AWSCluster } from '../api/cluster.ts';
import type { Release, ReleaseAddon } from '../api/releases.ts';
import type { AddonName } from '../kinds/addon.ts';
import type { Resource } from '../kinds/resource.ts';
import {
  ADDONS_APPLIED,
  addonKey,
  CONTROL_PLANE_READY,
  HUB_AGENT_INSTALLED,
  hubMembershipKey,
  LOAD_BALANCER,
} from '../words/keys.ts';
import { ref } from '../words/references.ts';

const CLUSTER_DOMAIN = 'cluster.local';

/** The tenth address of the Services' range is DNS: every node's kubelet and the CoreDNS Service agree on it. */
const clusterDnsAddress = (serviceCidr: string): string => {
  const [network] = ipaddr.IPv4.parseCIDR(serviceCidr);
  const [a = 0, b = 0, c = 0, d = 0] = network.octets;
  const address = ((a * 256 + b) * 256 + c) * 256 + d + 10;
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
};

const released = (addon: ReleaseAddon): Record<string, string> => ({
  version: addon.version,
  ...Object.fromEntries(Object.entries(addon.images).map(([name, image]) => [`image/${name}`, image])),
});

const addon = (name: AddonName, parameters: Readonly<Record<string, string>>): Resource => ({
  key: addonKey(name),
  kind: 'addon',
  properties: { addon: name, endpoint: ref(LOAD_BALANCER, 'dnsName'), parameters },
  needs: [CONTROL_PLANE_READY],
});

/** The last part of `projects/<project>/locations/<location>/memberships/<name>`. */
const shortName = (membership: string): string => membership.split('/').at(-1) ?? membership;

export const hubMembershipOf = (cluster: AWSCluster): { readonly key: string; readonly name: string } | undefined => {
  const name = cluster.spec.controlPlane.hub?.membershipName;
  return name === undefined ? undefined : { key: hubMembershipKey(shortName(name)), name };
};

const BASIC: readonly AddonName[] = ['node-access', 'coredns', 'metrics-server', 'storage-classes'];

export const addonsOf = (cluster: AWSCluster, release: Release): Resource[] => {
  const membership = hubMembershipOf(cluster);
  const serviceCidr = cluster.spec.networking.serviceAddressCIDRBlocks[0] ?? '';
  const resources: Resource[] = [
    addon('node-access', {}),
    addon('coredns', {
      ...released(release.addons.coredns),
      clusterDnsAddress: clusterDnsAddress(serviceCidr),
      clusterDomain: CLUSTER_DOMAIN,
    }),
    addon('metrics-server', released(release.addons['metrics-server'])),
    addon('storage-classes', {}),
    {
      key: ADDONS_APPLIED,
      kind: 'milestone',
      properties: {},
      needs: BASIC.map(addonKey),
      event: { reason: 'AddonsApplied', message: [`Addons applied for version ${release.version}`] },
    },
  ];
  if (membership === undefined) return resources;
  const agent = addon('connect-agent', { ...released(release.addons['connect-agent']), membership: membership.name });
  return [
    ...resources,
    { ...agent, needs: [CONTROL_PLANE_READY, membership.key] },
    {
      key: HUB_AGENT_INSTALLED,
      kind: 'milestone',
      properties: {},
      needs: [addonKey('connect-agent'), ADDONS_APPLIED],
      event: { reason: 'InstalledGKEHubAgent', message: ['Installed GKE Hub agent'] },
    },
  ];
};
