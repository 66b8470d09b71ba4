/**
 * One replica of the control plane: a volume and an address that outlive its instance, a launch template, a group of one.
 *
 * Owns: what is particular to replica 0, 1 or 2. AWS replaces an instance that dies; the new one attaches the same volume
 * and interface, so etcd comes back with its data and address without Slipway being up (I11).
 * Neighbours: `network.ts` for groups and load balancer; `machine/configuration.ts` for what the instance is told.
 * Invariants: I5 (a new volume says `bootstrap` and nothing but `established` and repair ever change that tag).
 */
import type { AWSCluster } from '../api/cluster.ts';
import { apiServerName, replicaName, replicaTemplateName } from '../api/names.ts';
import type { Release } from '../api/releases.ts';
import type { EtcdVolumeProperties } from '../kinds/etcd-volume.ts';
import type { SealedSecret } from '../kinds/launch-template.ts';
import { SNAPSHOT_BUCKET, zoneOutput } from '../kinds/preflight.ts';
import type { Resource } from '../kinds/resource.ts';
import type { ReplicaConfiguration, ReplicaSecrets } from '../machine/configuration.ts';
import {
  CONTROL_PLANE_GROUP,
  ETCD_CA,
  etcdVolumeKey,
  FRONT_PROXY_CA,
  LOAD_BALANCER,
  networkInterfaceKey,
  PREFLIGHT,
  ROOT_CA,
  replicaGroupKey,
  replicaMachine,
  SERVICE_ACCOUNT,
  templateKey,
} from '../words/keys.ts';
import { ref } from '../words/references.ts';
import { AWS_NEEDS } from './network.ts';
import {
  hasLastingName,
  type Ownership,
  REPLICAS,
  type ReplicaIndex,
  sealed,
  type Templated,
  taggedFor,
  unique,
  volumeProperties,
} from './values.ts';

/** Which secret holds each part of a replica's sealed document. */
const REPLICA_SECRETS: Readonly<Record<keyof ReplicaSecrets, SealedSecret>> = {
  rootCaKey: sealed(ROOT_CA, 'certificate-authority'),
  etcdCaKey: sealed(ETCD_CA, 'certificate-authority'),
  frontProxyCaKey: sealed(FRONT_PROXY_CA, 'certificate-authority'),
  serviceAccountKey: sealed(SERVICE_ACCOUNT, 'signing-key'),
};

/** Three replicas over one to three subnets, in the order in which the spec lists them. */
export const subnetOfReplica = (cluster: AWSCluster, index: ReplicaIndex): string => {
  const subnetIds = unique(cluster.spec.controlPlane.subnetIDs);
  const subnetId = subnetIds[index % Math.max(1, subnetIds.length)];
  if (subnetId === undefined) {
    throw new Error(
      `AWSCluster ${cluster.metadata.namespace}/${cluster.metadata.name} names no control plane subnet, so replica ${index} has no place to run: list one to three ids in spec.controlPlane.subnetIDs.`,
    );
  }
  return subnetId;
};

const configurationOf = (
  cluster: AWSCluster,
  release: Release,
  owner: Ownership,
  index: ReplicaIndex,
): Templated<ReplicaConfiguration> => {
  const { spec, metadata } = cluster;
  return {
    role: 'replica',
    clusterId: owner.clusterId,
    clusterName: metadata.name,
    region: spec.region,
    index,
    versions: { kubernetes: release.kubernetes, etcd: release.etcd, cloudController: release.cloudController },
    endpoint: hasLastingName(release) ? apiServerName(owner.clusterId) : ref(LOAD_BALANCER, 'dnsName'),
    volumeId: ref(etcdVolumeKey(index), 'id'),
    networkInterfaceId: ref(networkInterfaceKey(index), 'id'),
    memberAddresses: REPLICAS.map((member) => ref(networkInterfaceKey(member), 'address')),
    vpcId: spec.networking.vpcID,
    subnetId: subnetOfReplica(cluster, index),
    podCidr: spec.networking.podAddressCIDRBlocks[0] ?? '',
    serviceCidr: spec.networking.serviceAddressCIDRBlocks[0] ?? '',
    kmsKeyArn: spec.controlPlane.databaseEncryption.kmsKeyARN,
    certificateAuthorities: {
      root: ref(ROOT_CA, 'certificate'),
      etcd: ref(ETCD_CA, 'certificate'),
      frontProxy: ref(FRONT_PROXY_CA, 'certificate'),
    },
  };
};

/** Agents keep snapshots by themselves, where the worker has them kept. */
const backupOf = ({ backup }: AWSCluster['spec']['controlPlane']): Pick<EtcdVolumeProperties, 'backup'> =>
  backup === undefined ? {} : { backup: { bucket: ref(PREFLIGHT, SNAPSHOT_BUCKET), everyHours: backup.everyHours } };

const storageAndAddress = (cluster: AWSCluster, owner: Ownership, index: ReplicaIndex): Resource[] => {
  const { controlPlane } = cluster.spec;
  const name = replicaName(owner.clusterId, index);
  const volumeKey = etcdVolumeKey(index);
  const interfaceKey = networkInterfaceKey(index);
  const subnetId = subnetOfReplica(cluster, index);
  return [
    {
      key: volumeKey,
      kind: 'etcd-volume',
      properties: {
        ...volumeProperties(controlPlane.etcd.mainVolume),
        name,
        availabilityZone: ref(PREFLIGHT, zoneOutput(subnetId)),
        emptyDisk: 'bootstrap',
        ...backupOf(controlPlane),
        ...taggedFor(owner, volumeKey, name),
      },
      needs: AWS_NEEDS,
      event: { reason: 'CreatedEtcdVolume', message: [`Created etcd volume on replica ${index}`] },
    },
    {
      key: interfaceKey,
      kind: 'network-interface',
      properties: {
        name,
        subnetId,
        groupIds: [ref(CONTROL_PLANE_GROUP, 'id'), ...controlPlane.securityGroupIDs],
        ...taggedFor(owner, interfaceKey, name),
      },
      event: { reason: 'CreatedNetworkInterface', message: [`Created network interface on replica ${index}`] },
    },
  ];
};

/** Everything of one replica. */
export const replicaOf = (cluster: AWSCluster, release: Release, owner: Ownership, index: ReplicaIndex): Resource[] => {
  const { controlPlane } = cluster.spec;
  const groupName = replicaName(owner.clusterId, index);
  const templateName = replicaTemplateName(owner.clusterId, index, release.version);
  const template = templateKey(replicaMachine(index), release.version);
  const groupKey = replicaGroupKey(index);
  return [
    ...storageAndAddress(cluster, owner, index),
    {
      key: template,
      kind: 'launch-template',
      properties: {
        name: templateName,
        imageId: release.imageId,
        instanceType: controlPlane.instanceType,
        keyName: controlPlane.keyName,
        iamInstanceProfile: controlPlane.iamInstanceProfile,
        groupIds: [ref(CONTROL_PLANE_GROUP, 'id'), ...controlPlane.securityGroupIDs],
        rootVolume: volumeProperties(controlPlane.rootVolume),
        userData: {
          role: 'replica',
          configuration: configurationOf(cluster, release, owner, index),
          secrets: REPLICA_SECRETS,
          kmsKeyArn: controlPlane.databaseEncryption.kmsKeyARN,
        },
        ...taggedFor(owner, template, templateName),
      },
      event: { reason: 'CreatedLaunchTemplate', message: [`Created launch template named "${templateName}"`] },
    },
    {
      key: groupKey,
      kind: 'auto-scaling-group',
      properties: {
        name: groupName,
        launchTemplateId: ref(template, 'id'),
        launchTemplateVersion: ref(template, 'version'),
        subnetId: subnetOfReplica(cluster, index),
        minSize: 1,
        maxSize: 1,
        ...taggedFor(owner, groupKey, groupName),
      },
      event: { reason: 'CreatedAutoScalingGroup', message: [`Created auto scaling group named "${groupName}"`] },
    },
  ];
};
