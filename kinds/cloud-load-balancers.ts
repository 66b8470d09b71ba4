/** What in-cluster controllers made in AWS for this cluster: only ever removed, found by the cluster's tag. */
import { present } from '../words/present.ts';
import type { Nothing, Row } from './row.ts';

export type CloudLoadBalancersState = {
  /** Names or ids of load balancers and groups that carry the cluster's tag and aren't Slipway's; no entry when none. */
  readonly names: readonly string[];
  /**
   * How AWS describes the interfaces of these load balancers: nothing else of them says whose they are, once those are gone. Plans of
   * earlier releases don't say.
   */
  readonly interfaces?: readonly string[];
};
export type CloudLoadBalancersIdentity = { readonly interfaces?: readonly string[] };

export const cloudLoadBalancers: Row<Nothing, CloudLoadBalancersState, CloudLoadBalancersIdentity> = {
  planned: 'never',
  // The controllers that would make them again run on the replicas.
  removal: {
    after: ['auto-scaling-group'],
    of: 'the cluster',
    identity: ({ state: { interfaces } }) => present({ interfaces }),
  },
};
