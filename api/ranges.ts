/**
 * Ranges: whether two IPv4 ranges have an address in common.
 *
 * Owns: that one question, for those who judge ranges: admission those of one object, preflight those of a VPC.
 * Neighbours: the CRD says how a range is written.
 */
import ipaddr from 'ipaddr.js';

/** Throws for what is no IPv4 range; who asks has seen to that. */
export const rangesOverlap = (one: string, other: string): boolean => {
  const [first, firstBits] = ipaddr.IPv4.parseCIDR(one);
  const [second, secondBits] = ipaddr.IPv4.parseCIDR(other);
  return first.match(second, Math.min(firstBits, secondBits));
};
