/** The network load balancer in front of a cluster's API: unique by name. */
import { isDeepStrictEqual } from 'node:util';
import type { Value } from '../words/references.ts';
import type { Difference, Row, Tagged } from './row.ts';

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
  differences: (wanted, { crossZone, groupIds }) => {
    const all: readonly (Difference<What> | false)[] = [
      crossZone === false && { what: 'crossZone', says: 'it does not spread clients across zones' },
      wanted.groupIds !== undefined &&
        !isDeepStrictEqual([...wanted.groupIds].sort(), groupIds) && {
          what: 'groups',
          says: `its security groups are ${groupIds.join(', ') || 'none'}`,
        },
    ];
    return all.filter((one) => one !== false);
  },
  removal: { after: ['listener'], identity: ({ state }) => ({ name: state.name }) },
};
