/**
 * Addresses: the little arithmetic on IPv4 ranges that a machine needs.
 *
 * Owns: nothing but that. Neighbours: `certificates.ts` (the API's Service address).
 */
import ipaddr from 'ipaddr.js';

/** The first usable address of a range: Kubernetes gives it to the Service `default/kubernetes`. */
export const firstAddressOf = (cidr: string): string => {
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.networkAddressFromCIDR(cidr).octets;
  return [a, b, c, d + 1].join('.');
};
