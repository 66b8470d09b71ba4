/**
 * Observed: what an inventory says of each kind of resource, in one table.
 *
 * Owns: the shape of `Found.state` and which keys an inventory holds at all. Neighbours: `activities/` fill the table
 * while they read AWS, Kubernetes and the hub; `compare.ts` holds it against the desired properties, `remove.ts` names
 * what to delete by it. Invariants: I6 (what isn't in this table can't make a difference, so it can't make a call),
 * I8 (fingerprints where content is secret), I10 (every list is sorted).
 *
 * An inventory covers everything tagged with one cluster's id, the node pools' own things included: keys are unique
 * within a cluster. `finalizer` and `preflight` speak of the object whose assessment reads the inventory.
 */
import type { EmptyDisk } from '../api/names.ts';
import type { Outputs, ResourceKey } from '../topology/resource.ts';
import type { Found } from './plan.ts';

type Nothing = Readonly<Record<string, never>>;

export type TargetHealth = {
  readonly address: string;
  /** `initial` and `unused` tell nothing: nobody has asked the target yet. */
  readonly state: 'healthy' | 'unhealthy' | 'unknown';
  /** Why not, in the load balancer's words. */
  readonly said?: string;
};

export type GroupInstance = {
  readonly id: string;
  readonly inService: boolean;
  readonly templateVersion: string;
};

/** A replica's disk and interface as its machines know them, and whether EC2 has a disk of that id, whosever it is. */
export type Attached = {
  readonly volumeId: string;
  readonly volumeExists: boolean;
  readonly networkInterfaceId: string;
};

/** An entry exists only if the thing exists. Outputs are those that the kind's step would answer, all of them. */
export type Observed = {
  /** Our finalizer is on the object. */
  finalizer: Nothing;
  /**
   * Always present when the VPC and the subnets could be read, with outputs `vpcCidr` and `zone/<subnet id>`: plans of
   * existing clusters compare rules and volumes against them without running preflight again.
   */
  preflight: Nothing;
  /** Outputs: `name`, `fingerprint`, and `certificate` (authorities) or `public` (signing key). */
  secret: Nothing;
  /** Of the subnets that the cluster names: those that carry its tag, whatever the value. */
  'subnet-tags': { readonly tagged: readonly string[] };
  'security-group': { readonly name: string };
  /** Present when the group has any ingress rule; each as `ingressRuleId` of `rules.ts` writes it. */
  'security-group-rules': { readonly ingress: readonly string[] };
  'etcd-volume': {
    readonly name: string;
    readonly availabilityZone: string;
    readonly sizeGiB: number;
    /** The volume's own tag: anything but `bootstrap` means that etcd was established once (I5). */
    readonly emptyDisk: EmptyDisk;
  };
  'network-interface': { readonly name: string; readonly groupIds: readonly string[] };
  /** `crossZone` is false when a create died before its last call: the attribute is set by a call of its own. */
  'load-balancer': { readonly name: string; readonly crossZone?: boolean };
  'target-group': { readonly name: string };
  /** Present when the target group has any target. */
  targets: {
    readonly addresses: readonly string[];
    /** What the load balancer last saw of each of them, sorted by address. */
    readonly health?: readonly TargetHealth[];
  };
  listener: { readonly port: number; readonly targetGroupArn: string };
  /** `fingerprint` as the version's description records it (output `fingerprint`, too). */
  'launch-template': {
    readonly name: string;
    readonly fingerprint: string;
    /** What machines of a replica in trouble are told to attach; read only where it matters. */
    readonly attaches?: Attached;
  };
  'auto-scaling-group': {
    readonly name: string;
    readonly launchTemplateId: string;
    readonly launchTemplateVersion: string;
    readonly minSize: number;
    readonly maxSize: number;
    /** True when AWS is deleting it already: it no longer counts as existing, but its removal is still to be awaited. */
    readonly deleting: boolean;
    /** The machines of a group of one, sorted by id: a replica's. */
    readonly instances?: readonly GroupInstance[];
  };
  /** Present when at least one etcd volume no longer says `bootstrap`; those volumes. */
  established: { readonly volumeIds: readonly string[] };
  'hub-membership': Nothing;
  /** Only if the user cluster was looked at; otherwise what status says of the object's state decides. */
  addon: Nothing;
  'join-token': Nothing;
  /** The cluster's AWSNodePool objects, by name and by pool id; absent when there is none. */
  'node-pools': { readonly names: readonly string[]; readonly poolIds: readonly string[] };
  /** Names or ids of load balancers and groups that carry the cluster's tag and aren't Slipway's; absent when none. */
  'cloud-load-balancers': { readonly names: readonly string[] };
};

export type ObservedKind = keyof Observed;

/** Writes one entry of an inventory; the kind is there so that the compiler checks the state against the table. */
export const observed = <K extends ObservedKind>(
  _kind: K,
  key: ResourceKey,
  outputs: Outputs,
  state: Observed[K],
  uid?: string,
): Found => ({ key, outputs, state, ...(uid === undefined ? {} : { uid }) });

/** Reads an entry's state back. `observed` is the only writer, so the kind in the key vouches for the shape. */
export const stateOf = <K extends ObservedKind>(_kind: K, found: Found): Observed[K] =>
  found.state as unknown as Observed[K];

/** The kind that a key of an inventory names: `security-group/controlplane` is a `security-group`. */
export const kindOf = (key: ResourceKey): string => key.split('/', 1)[0] ?? key;
