/**
 * Loss: what an established cluster lost that nobody can make again, and how a person restores it.
 *
 * Owns: the commands that bring them back. Neighbours: a kind's row says what is irreplaceable. A single lost etcd volume
 * is no such loss: the other two members hold its data, and `repair.ts` says when a new disk may join.
 * Pure. Invariants: I5 (such a loss is `blocked`, never repaired by a new authority, volume or member address).
 */
import type { AWSCluster } from '../api/cluster.ts';
import { CLUSTER_TAG, clusterIdOf, EMPTY_DISK_TAG, KEY_TAG, UID_TAG } from '../api/names.ts';
import { ownerUidOf } from '../api/ownership.ts';
import { zoneOutput } from '../kinds/preflight.ts';
import { type Found, isIrreplaceable, type Resource } from '../kinds/resource.ts';
import { subnetOfReplica } from '../topology/replica.ts';
import { REPLICAS } from '../topology/values.ts';
import { restoreCommand } from '../words/commands.ts';
import type { ResourceKey } from '../words/keys.ts';
import { CONTROL_PLANE_GROUP, etcdVolumeKey, networkInterfaceKey, PREFLIGHT } from '../words/keys.ts';
import type { Replica } from './replicas.ts';

type Lost = {
  readonly cluster: AWSCluster;
  readonly inventory: readonly Found[];
  readonly replicas: readonly Replica[];
};

const ownerTags = ({ cluster }: Lost, { key, kind }: Resource): string[] => {
  const uid = ownerUidOf(cluster);
  return [
    `Key=${CLUSTER_TAG},Value=${clusterIdOf(uid)}`,
    `Key=${UID_TAG},Value=${uid}`,
    `Key=${KEY_TAG},Value=${key}`,
    // Never bootstrap: what is on it is all there is.
    ...(kind === 'etcd-volume' ? [`Key=${EMPTY_DISK_TAG},Value=wait`] : []),
  ];
};

const specification = (type: string, tags: readonly string[]): string =>
  `--tag-specifications 'ResourceType=${type},Tags=[${tags.map((tag) => `{${tag}}`).join(',')}]'`;

const outputOf = (lost: Lost, key: ResourceKey, output: string): string | undefined =>
  lost.inventory.find((found) => found.key === key)?.outputs[output];

const fromSnapshot = (region: string, zone: string | undefined, tags: readonly string[]): string =>
  `aws ec2 create-volume --region ${region} --snapshot-id <snapshot> --availability-zone ${zone ?? '<zone of the replica>'} ${specification('volume', tags)}`;

const volumeHint = (lost: Lost, replica: Replica, resource: Resource & { readonly kind: 'etcd-volume' }): string => {
  const { region } = lost.cluster.spec;
  const tags = ownerTags(lost, resource);
  if (replica.volume === 'disowned' && replica.attaches !== undefined) {
    return `give it its tags back: aws ec2 create-tags --region ${region} --resources ${replica.attaches.volumeId} --tags ${tags.join(' ')}`;
  }
  const zone = outputOf(lost, PREFLIGHT, zoneOutput(subnetOfReplica(lost.cluster, replica.index)));
  if (replica.volume === 'unlisted') {
    const { name } = resource.properties;
    return `find volume ${name} and give it its tags back: aws ec2 create-tags --region ${region} --resources <volume> --tags ${tags.join(' ')}; where it is gone, restore it from a snapshot: ${fromSnapshot(region, zone, tags)}`;
  }
  return `restore the volume from a snapshot: ${fromSnapshot(region, zone, tags)}`;
};

const restoreHint = (lost: Lost, resource: Resource): string => {
  const { region, controlPlane } = lost.cluster.spec;
  const { namespace } = lost.cluster.metadata;
  switch (resource.kind) {
    case 'secret':
      return `restore Secret ${resource.properties.name} from a backup: kubectl apply --namespace ${namespace} --filename <backup of ${resource.properties.name}>`;
    case 'etcd-volume': {
      const replica = lost.replicas.find(({ index }) => resource.key === etcdVolumeKey(index));
      return replica === undefined ? 'restore it from a snapshot' : volumeHint(lost, replica, resource);
    }
    case 'network-interface': {
      const replica = lost.replicas.find(({ index }) => resource.key === networkInterfaceKey(index));
      if (replica?.networkInterface === 'disowned' && replica.attaches !== undefined) {
        return `give it its tags back: aws ec2 create-tags --region ${region} --resources ${replica.attaches.networkInterfaceId} --tags ${ownerTags(lost, resource).join(' ')}`;
      }
      const group = outputOf(lost, CONTROL_PLANE_GROUP, 'id') ?? '<group of the control plane>';
      const groups = [group, ...controlPlane.securityGroupIDs].join(' ');
      return `make it again with the address that it had: aws ec2 create-network-interface --region ${region} --subnet-id ${resource.properties.subnetId} --private-ip-address ${replica?.address ?? '<its address>'} --groups ${groups} ${specification('network-interface', ownerTags(lost, resource))}`;
    }
    default:
      return 'restore it from a backup';
  }
};

/**
 * Where disks are gone for good, so many of them that no quorum comes back, and nothing else is: all of etcd at once, from a snapshot in the
 * bucket. While a quorum may come back, that is never proposed: it would take away what was written since.
 */
const wholeHint = ({ cluster, replicas }: Lost, missing: readonly Resource[]): readonly string[] => {
  const gone = replicas.filter(({ volume }) => volume === 'lost').length;
  const onlyDisks = missing.every(({ kind }) => kind === 'etcd-volume') && missing.length === gone;
  return onlyDisks && gone > REPLICAS.length / 2
    ? [
        `have etcd begin again with what its newest snapshot in the bucket holds: ${restoreCommand(cluster.metadata)}; or volume by volume`,
      ]
    : [];
};

/** What is lost and how each is restored, but for the disk that a repair is allowed to replace. */
export const lossOf = (
  lost: Lost,
  topology: readonly Resource[],
  repaired: ResourceKey | undefined,
): { readonly keys: readonly ResourceKey[]; readonly hints: readonly string[] } => {
  const present = new Set(lost.inventory.map((found) => found.key));
  const missing = topology.filter(
    (resource) => isIrreplaceable(resource) && !present.has(resource.key) && resource.key !== repaired,
  );
  const hints = missing.map((resource) => restoreHint(lost, resource));
  return { keys: missing.map(({ key }) => key), hints: [...wholeHint(lost, missing), ...hints] };
};
