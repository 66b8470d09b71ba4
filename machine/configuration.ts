/**
 * Machine configuration: what an instance is told at boot, and how it is packed into EC2 user data.
 *
 * Owns: the user-data document. Its public part is readable by anyone who can describe the launch template; everything
 * secret is in the sealed part (I8), under an AES-256-GCM data key that only the KMS key named here opens, with the
 * cluster id and the role as encryption context. Neighbours: `activities/` seals, `agent/` unseals, `components.ts`
 * turns a configuration into the processes to run.
 */
import { CLUSTER_TAG } from '../api/names.ts';

/** A replica of the control plane: etcd, API server, controller manager, scheduler, cloud controller. */
export type ReplicaConfiguration = {
  readonly role: 'replica';
  readonly clusterId: string;
  readonly clusterName: string;
  readonly region: string;
  readonly index: number;
  readonly versions: ComponentVersions;
  /** What certificates and the tokens' issuer call the cluster's API: a name of its own; before format 3 its load balancer's. */
  readonly endpoint: string;
  /** What the replica owns across instances, and attaches at boot. */
  readonly volumeId: string;
  readonly networkInterfaceId: string;
  /** Fixed addresses of all replicas' network interfaces, by index: etcd's members. */
  readonly memberAddresses: readonly string[];
  readonly vpcId: string;
  readonly subnetId: string;
  readonly podCidr: string;
  readonly serviceCidr: string;
  readonly kmsKeyArn: string;
  /** PEM certificates; their keys are sealed. */
  readonly certificateAuthorities: { readonly root: string; readonly etcd: string; readonly frontProxy: string };
};

/** A worker node of one pool. */
export type NodeConfiguration = {
  readonly role: 'node';
  readonly clusterId: string;
  readonly region: string;
  readonly poolId: string;
  readonly poolName: string;
  /** Of what nodes run: a newer etcd or cloud controller concerns none of them. Revisions of format 1 name those, too. */
  readonly versions: Pick<ComponentVersions, 'kubernetes'> & Partial<ComponentVersions>;
  /** The name that the API's certificate has to show. Without `loadBalancer` it is also where the API is dialled. */
  readonly endpoint: string;
  /** The load balancer's name in AWS, by which its DNS name of the day is looked up. From format 3. */
  readonly loadBalancer?: string;
  /** Where pods ask for names. From format 3. */
  readonly clusterDns?: string;
  readonly certificateAuthority: string;
  readonly maxPodsPerNode: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
};

export type MachineConfiguration = ReplicaConfiguration | NodeConfiguration;

/** Versions without a leading v. */
type ComponentVersions = {
  readonly kubernetes: string;
  readonly etcd: string;
  readonly cloudController: string;
};

/** The sealed document of a replica: PEM private keys (PKCS8, P-256). */
export type ReplicaSecrets = {
  readonly rootCaKey: string;
  readonly etcdCaKey: string;
  readonly frontProxyCaKey: string;
  readonly serviceAccountKey: string;
};

/** The sealed document of a node: its pool's bootstrap token, `<6>.<16>`. */
export type NodeSecrets = { readonly token: string };

/** AES-256-GCM under a data key of KMS; every field base64. */
export type SealedDocument = {
  readonly encryptedKey: string;
  readonly nonce: string;
  readonly tag: string;
  readonly ciphertext: string;
};

/** The JSON document in user data, at most 16 KiB as EC2 counts it. */
export type UserData = {
  readonly slipway: 1;
  readonly configuration: MachineConfiguration;
  readonly sealed: SealedDocument;
};

export const USER_DATA_LIMIT_BYTES = 16 * 1024;

/** The KMS encryption context that binds a sealed document to its cluster and role. */
export const encryptionContextOf = (configuration: MachineConfiguration): Record<string, string> => ({
  [CLUSTER_TAG]: configuration.clusterId,
  'slipway.dev/role': configuration.role,
});
