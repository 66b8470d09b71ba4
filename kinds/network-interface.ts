/** The fixed address of one replica, which outlives its instances: a part of etcd's data and of its certificates. */
import type { Value } from '../words/references.ts';
import { groupsDifference, type Nothing, type Row, type Tagged } from './row.ts';

export type NetworkInterfaceProperties = Tagged & {
  readonly name: string;
  readonly subnetId: string;
  readonly groupIds: readonly Value[];
};
/** Ids of its security groups, sorted, and the instance that it is attached to. */
export type NetworkInterfaceState = {
  readonly name: string;
  readonly groupIds: readonly string[];
  readonly holder?: string;
};

export const networkInterface: Row<NetworkInterfaceProperties, NetworkInterfaceState, Nothing, 'groups'> = {
  planned: 'when it differs',
  changesAws: true,
  tagged: true,
  // A member's address is part of etcd's data and of its certificates.
  irreplaceable: () => true,
  differences: (wanted, { groupIds }) => groupsDifference(wanted.groupIds, groupIds),
  removal: { after: ['auto-scaling-group'], of: 'the same machine', identity: () => ({}) },
};
