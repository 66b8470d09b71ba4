/** What in-cluster controllers made in AWS for this cluster: only ever removed, found by the cluster's tag. */
import type { Nothing, Row } from './row.ts';

/** Names or ids of load balancers and groups that carry the cluster's tag and aren't Slipway's; no entry when none. */
export type CloudLoadBalancersState = { readonly names: readonly string[] };

export const cloudLoadBalancers: Row<Nothing, CloudLoadBalancersState> = {
  planned: 'never',
  // The controllers that would make them again run on the replicas.
  removal: { after: ['auto-scaling-group'], of: 'the cluster', identity: () => ({}) },
};
