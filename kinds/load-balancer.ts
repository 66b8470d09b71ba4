/** The network load balancer in front of a cluster's API: unique by name. */
import type { Row, Tagged } from './row.ts';

export type LoadBalancerProperties = Tagged & {
  readonly name: string;
  readonly subnetIds: readonly string[];
};
/** `crossZone` is false when a create died before its last call: the attribute is set by a call of its own. */
export type LoadBalancerState = { readonly name: string; readonly crossZone?: boolean };
export type LoadBalancerIdentity = { readonly name: string };

export const loadBalancer: Row<LoadBalancerProperties, LoadBalancerState, LoadBalancerIdentity, 'crossZone'> = {
  planned: 'when it differs',
  changesAws: true,
  tagged: true,
  differences: (_wanted, { crossZone }) =>
    crossZone === false ? [{ what: 'crossZone', says: 'it does not spread clients across zones' }] : [],
  removal: { after: ['listener'], identity: ({ state }) => ({ name: state.name }) },
};
