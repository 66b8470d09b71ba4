/**
 * Resources: the vocabulary of everything that must exist for a cluster, as plain JSON.
 *
 * Owns: the kinds, each kind's properties and outputs, and references between resources. A reference *is* a dependency:
 * there is no second list to forget (`needs` only adds order that no value expresses).
 * Neighbours: `cluster.ts` and `nodepool.ts` say which resources a spec calls for; `policy/compare.ts` compares them with
 * an inventory; `activities/` has one file a kind that knows how to find, make and remove it.
 * Invariants: I2 (a key names one thing for ever), I8 (no property or output carries a secret: Secrets are named, their
 * content is fingerprinted), I10 (plain, sorted data).
 */
import type { EmptyDisk } from '../api/names.ts';

/** `kind/name`, stable and readable: `security-group/controlplane`, `etcd-volume/1`. Activity ids show it. */
export type ResourceKey = string;

/** An output of another resource, known only once that one exists. */
export type Reference = { readonly ref: ResourceKey; readonly output: string };
export type Value = string | Reference;

export type Tags = Readonly<Record<string, string>>;

export type VolumeProperties = {
  readonly sizeGiB: number;
  readonly type: string;
  readonly iops?: number;
  readonly kmsKeyId?: string;
};

export type IngressRule = {
  /** `tcp`, `udp` or an IP protocol number. */
  readonly protocol: string;
  readonly fromPort: number;
  readonly toPort: number;
  readonly source: { readonly group: Value } | { readonly cidr: Value };
  readonly description: string;
};

/** What one secret in the management API holds. Its bytes never leave `activities/kubernetes` and sealed user data. */
export type SecretContent =
  | { readonly type: 'certificate-authority'; readonly commonName: string }
  | { readonly type: 'signing-key' }
  | { readonly type: 'ssh-key' }
  | { readonly type: 'bootstrap-token' };

/** What a machine is told at boot. `configuration` is public; each name in `secrets` is sealed under the KMS key. */
type UserDataProperties = {
  readonly role: 'replica' | 'node';
  /** A `ReplicaConfiguration` or `NodeConfiguration` (see `machine/configuration.ts`) whose values may be references. */
  readonly configuration: unknown;
  /** Part of the sealed document -> Secret in the management API that holds it. */
  readonly secrets: Readonly<Record<string, ResourceKey>>;
  readonly kmsKeyArn: string;
};

/** A value of a spec, and the field that it stands in, for those who must correct it. */
export type NamedValue = {
  readonly about: 'vpc' | 'range' | 'subnet' | 'group' | 'keyPair' | 'profile' | 'key' | 'instanceType';
  /** `spec.controlPlane.subnetIDs[1]`, or that of another object: `spec.networking.vpcID of AWSCluster a`. */
  readonly field: string;
  readonly value: string;
  /** The API server refuses to change it. */
  readonly fixed?: boolean;
};

/** What an object takes of one subnet in all. */
export type SubnetDemand = { readonly subnetId: string; readonly machines: number; readonly addresses: number };

/** Where the machine of a replica is found, and where one sees whether it serves. */
export type ReplicaMachine = {
  readonly groupName: string;
  readonly targetGroupArn: string;
  /** The replica's fixed address. */
  readonly address: string;
};

/** Properties by kind. A value that another resource yields is a `Reference` until its step runs. */
export type ResourceProperties = {
  /** The finalizer on the object itself: nothing is created in AWS before it (I3). */
  finalizer: Readonly<Record<string, never>>;
  /** A look at the account: named wrong facts block the operation. Outputs: `vpcCidr`, `zone/<subnet id>`. */
  preflight: {
    readonly vpcId: string;
    readonly subnetIds: readonly string[];
    readonly securityGroupIds: readonly string[];
    readonly keyName: string;
    readonly instanceProfiles: readonly string[];
    readonly kmsKeyArns: readonly string[];
    readonly instanceType: string;
    readonly version: string;
    /** By which field each is named. This and what follows is absent in plans that an older release made. */
    readonly fields?: readonly NamedValue[];
    /** Subnets that must each be in another zone: those of the replicas. */
    readonly zonalSubnetIds?: readonly string[];
    /** What there must be room for, unless it is there already. */
    readonly demand?: readonly SubnetDemand[];
    /** It needs a network load balancer. */
    readonly loadBalancer?: boolean;
  };
  'subnet-tags': { readonly subnetIds: readonly string[]; readonly tags: Tags };
  'security-group': {
    readonly name: string;
    readonly description: string;
    readonly vpcId: string;
    readonly tags: Tags;
  };
  'security-group-rules': { readonly groupId: Value; readonly ingress: readonly IngressRule[] };
  'etcd-volume': VolumeProperties & {
    readonly name: string;
    readonly availabilityZone: Value;
    readonly emptyDisk: EmptyDisk;
    /** The volume whose place it takes: it is made only if that one is gone. */
    readonly former?: string;
    readonly tags: Tags;
  };
  'network-interface': {
    readonly name: string;
    readonly subnetId: string;
    readonly groupIds: readonly Value[];
    readonly tags: Tags;
  };
  'load-balancer': { readonly name: string; readonly subnetIds: readonly string[]; readonly tags: Tags };
  'target-group': { readonly name: string; readonly port: number; readonly vpcId: string; readonly tags: Tags };
  targets: { readonly targetGroupArn: Value; readonly addresses: readonly Value[]; readonly port: number };
  listener: {
    readonly loadBalancerArn: Value;
    readonly targetGroupArn: Value;
    readonly port: number;
    readonly tags: Tags;
  };
  /** A Secret in the management API. */
  secret: { readonly namespace: string; readonly name: string; readonly content: SecretContent };
  'launch-template': {
    readonly name: string;
    readonly imageId: string;
    readonly instanceType: string;
    readonly keyName: string;
    readonly iamInstanceProfile: string;
    readonly groupIds: readonly Value[];
    readonly rootVolume: VolumeProperties;
    readonly userData: UserDataProperties;
    readonly tags: Tags;
  };
  'auto-scaling-group': {
    readonly name: string;
    readonly launchTemplateId: Value;
    readonly launchTemplateVersion: Value;
    readonly subnetId: string;
    readonly minSize: number;
    readonly maxSize: number;
    readonly tags: Tags;
  };
  /** Wait: the API answers through its load balancer and every replica's etcd member is healthy. */
  'control-plane': { readonly endpoint: Value; readonly certificateAuthority: ResourceKey };
  /** The mark that etcd has had quorum: volumes may no longer bootstrap (I5), nor join once `joined` says that they did. */
  established: { readonly volumeIds: readonly Value[]; readonly joined?: boolean };
  'hub-membership': { readonly name: string; readonly endpoint: Value };
  /** Objects applied to the user cluster from `activities/kubernetes/addons/<name>`. */
  addon: { readonly addon: AddonName; readonly endpoint: Value; readonly parameters: Readonly<Record<string, string>> };
  /** The bootstrap token of a pool inside the user cluster, copied from its Secret. */
  'join-token': { readonly endpoint: Value; readonly token: ResourceKey; readonly poolId: string };
  /** Wait: so many nodes of the pool are Ready. */
  nodes: { readonly endpoint: Value; readonly poolId: string; readonly expected: number };
  /** The cluster's AWSNodePool objects: removed through the API, then waited for. */
  'node-pools': { readonly clusterName: string };
  /** What in-cluster controllers made in AWS for this cluster: only ever removed, found by the cluster's tag. */
  'cloud-load-balancers': Readonly<Record<string, never>>;
  /** Wait: two complete inventories are empty, the second after the settling time. */
  account: { readonly settleSeconds: number };
  /** One machine of a replica, only ever removed: its group puts another in its place. */
  instance: ReplicaMachine & {
    /** Its EC2 id. */
    readonly name: string;
    /** Addresses of the other replicas, each of which must serve at that moment (I5). */
    readonly others: readonly string[];
    /** It goes because it does not serve: it stays if it does by now. */
    readonly onlyUnhealthy: boolean;
  };
  /** Wait: a machine other than the one it is to replace serves as the replica. */
  replica: ReplicaMachine & { readonly former?: string };
  /** No effect: a name for "all of these are done", for events and for pools that wait for their cluster. */
  /** `beginning`: nothing is ready by it, so nobody who waits is told. */
  milestone: { readonly beginning?: true };
};

export type AddonName = 'node-access' | 'coredns' | 'metrics-server' | 'storage-classes' | 'connect-agent';

export type ResourceKind = keyof ResourceProperties;

/** An event on the owning object once the resource was made: the seed's reasons and messages, word for word. */
export type ResourceEvent = {
  readonly reason: string;
  readonly message: readonly Value[];
  /** `Normal` when absent. */
  readonly type?: 'Warning';
};

export type ResourceOf<K extends ResourceKind> = {
  readonly key: ResourceKey;
  readonly kind: K;
  readonly properties: ResourceProperties[K];
  /** Order beyond what the references in `properties` say. */
  readonly needs?: readonly ResourceKey[];
  readonly event?: ResourceEvent;
};

/** One thing that must exist. */
export type Resource = { [K in ResourceKind]: ResourceOf<K> }[ResourceKind];

/** What a resource yields once it exists, by output name (`id`, `arn`, `dnsName`, …). Never a secret (I8). */
export type Outputs = Readonly<Record<string, string>>;

const isReference = (value: unknown): value is Reference =>
  typeof value === 'object' && value !== null && 'ref' in value && 'output' in value;

const referencesIn = (value: unknown): Reference[] => {
  if (isReference(value)) return [value];
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(referencesIn);
  return [];
};

/** The keys that a resource needs, sorted: those its properties and event refer to, and those it names. */
export const needsOf = (resource: Resource): readonly ResourceKey[] =>
  [
    ...new Set([
      ...referencesIn(resource.properties).map((reference) => reference.ref),
      ...referencesIn(resource.event?.message ?? []).map((reference) => reference.ref),
      ...(resource.kind === 'launch-template' ? Object.values(resource.properties.userData.secrets) : []),
      ...(resource.needs ?? []),
    ]),
  ]
    .filter((key) => key !== resource.key)
    .sort();
