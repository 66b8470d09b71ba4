/**
 * Preflight: a look at what a spec takes for granted in the account; named wrong facts block the operation.
 *
 * An inventory always has it when the VPC and the subnets could be read, with outputs: plans of existing clusters compare rules
 * and volumes against them without running preflight again.
 */
import type { Nothing, Row } from './row.ts';

/** The output that is the first address range of the VPC. */
export const VPC_CIDR = 'vpcCidr';
/** The output that is all of them, sorted, with a space between each two. */
export const VPC_CIDRS = 'vpcCidrs';
/** The output that is the bucket where this worker has snapshots of etcd kept; empty where it knows of none. */
export const SNAPSHOT_BUCKET = 'snapshotBucket';

/** The field whose subnets are tagged for load balancers. */
export const BALANCER_SUBNETS = 'spec.networking.serviceLoadBalancerSubnetIDs';

/** The output that is the availability zone of a subnet. */
export const zoneOutput = (subnetId: string): string => `zone/${subnetId}`;

/** The reason of the warning that machines would reach nothing beyond their VPC. */
export const NO_WAY_OUT = 'NoWayOut';

/** A value of a spec, and the field that it stands in, for those who must correct it. */
export type NamedValue = {
  readonly about: 'vpc' | 'range' | 'subnet' | 'group' | 'keyPair' | 'profile' | 'key' | 'instanceType' | 'membership';
  /** `spec.controlPlane.subnetIDs[1]`, or that of another object: `spec.networking.vpcID of AWSCluster a`. */
  readonly field: string;
  readonly value: string;
  /** The API server refuses to change it. */
  readonly fixed?: boolean;
};

/** What an object takes of one subnet in all. */
export type SubnetDemand = { readonly subnetId: string; readonly machines: number; readonly addresses: number };

export type PreflightProperties = {
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
  readonly keyName: string;
  readonly instanceProfiles: readonly string[];
  readonly kmsKeyArns: readonly string[];
  readonly instanceType: string;
  /** What the machine image is made for; plans of earlier releases don't say. */
  readonly architecture?: string;
  readonly version: string;
  /** By which field each is named. */
  readonly fields: readonly NamedValue[];
  /** Subnets that must each be in another zone: those of the replicas. */
  readonly zonalSubnetIds?: readonly string[];
  /** What there must be room for, unless it is there already. */
  readonly demand: readonly SubnetDemand[];
  /** It needs a network load balancer. */
  readonly loadBalancer?: boolean;
  /** So many security groups are its own. */
  readonly securityGroups?: number;
  /** The membership of GKE Hub that a cluster is about to take, by its full name. */
  readonly membershipName?: string;
  /** The id of a cluster whose object is new: nothing in AWS may carry it yet, or the plan is out of date. */
  readonly nothingOf?: string;
};

export const preflight: Row<PreflightProperties, Nothing> = {
  planned: 'before changes',
  accompanies: true,
  neverSkipped: 'what it found wrong would only show later, and half done',
};
