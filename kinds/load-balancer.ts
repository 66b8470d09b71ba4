/** The network load balancer in front of a cluster's API: unique by name. */
import type { Value } from '../words/references.ts';
import { groupsDifference, type Row, type Tagged } from './row.ts';

export type LoadBalancerProperties = Tagged & {
  readonly name: string;
  readonly subnetIds: readonly string[];
  /** Who may dial it: anybody where it is absent. AWS gives none to a balancer that was made without any. */
  readonly groupIds?: readonly Value[];
};
/** `crossZone` is false when a create died before its last call: the attribute is set by a call of its own. */
export type LoadBalancerState = {
  readonly name: string;
  readonly crossZone?: boolean;
  /** Sorted. */
  readonly groupIds: readonly string[];
};
export type LoadBalancerIdentity = { readonly name: string };

type What = 'crossZone' | 'groups';

export const loadBalancer: Row<LoadBalancerProperties, LoadBalancerState, LoadBalancerIdentity, What> = {
  planned: 'when it differs',
  changesAws: true,
  tagged: true,
  cutsOff: ['absent'],
  differences: (wanted, { crossZone, groupIds }) => [
    ...(crossZone === false ? [{ what: 'crossZone' as const, says: 'it does not spread clients across zones' }] : []),
    ...(wanted.groupIds === undefined ? [] : groupsDifference(wanted.groupIds, groupIds)),
  ],
  removal: { after: ['listener'], identity: ({ state }) => ({ name: state.name }) },
};
