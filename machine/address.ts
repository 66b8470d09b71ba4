/**
 * Addresses: the little arithmetic on IPv4 ranges that a cluster needs, and the domain of its Services.
 *
 * Owns: nothing but that. Neighbours: `certificates.ts` (the API's Service address), `addons/coredns.ts` (the cluster's DNS).
 */
import ipaddr from 'ipaddr.js';

/** Under it every Service has its name. */
export const CLUSTER_DOMAIN = 'cluster.local';

/** The n-th address of a range, counted from the network's own. */
export const addressAt = (cidr: string, n: number): string => {
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.networkAddressFromCIDR(cidr).octets;
  const address = ((a * 256 + b) * 256 + c) * 256 + d + n;
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
};

/** The first usable address of a range: Kubernetes gives it to the Service `default/kubernetes`. */
export const firstAddressOf = (cidr: string): string => addressAt(cidr, 1);

/** The tenth address of the Services' range is DNS: every node's kubelet and the CoreDNS Service agree on it. */
export const clusterDnsOf = (serviceCidr: string): string => addressAt(serviceCidr, 10);
