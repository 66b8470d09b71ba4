/**
 * Leftovers: a resource to remove of which only the inventory knows.
 *
 * Owns: properties for things that no topology calls for any more: those of a node pool whose cluster or object is gone,
 * or of a part that the spec no longer names. Removal goes by id, tags and key; properties only help to name a thing.
 * Neighbours: `remove.ts` prefers the topology's resource wherever there is one.
 */
import type { Resource } from '../topology/resource.ts';
import { kindOf, stateOf } from './observed.ts';
import type { Found } from './plan.ts';

const NO_TAGS = {};

/** The resource behind an entry of the inventory; undefined for kinds that are never removed on their own. */
export const leftover = (found: Found, namespace: string): Resource | undefined => {
  const { key, outputs } = found;
  switch (kindOf(key)) {
    case 'auto-scaling-group': {
      const state = stateOf('auto-scaling-group', found);
      return {
        key,
        kind: 'auto-scaling-group',
        properties: {
          name: state.name,
          launchTemplateId: state.launchTemplateId,
          launchTemplateVersion: state.launchTemplateVersion,
          subnetId: '',
          minSize: state.minSize,
          maxSize: state.maxSize,
          tags: NO_TAGS,
        },
      };
    }
    case 'launch-template':
      return {
        key,
        kind: 'launch-template',
        properties: {
          name: stateOf('launch-template', found).name,
          imageId: '',
          instanceType: '',
          keyName: '',
          iamInstanceProfile: '',
          groupIds: [],
          rootVolume: { sizeGiB: 0, type: '' },
          userData: { role: 'node', configuration: {}, secrets: {}, kmsKeyArn: '' },
          tags: NO_TAGS,
        },
      };
    case 'secret':
      return {
        key,
        kind: 'secret',
        properties: { namespace, name: outputs.name ?? '', content: { type: 'bootstrap-token' } },
      };
    case 'hub-membership':
      return { key, kind: 'hub-membership', properties: { name: outputs.name ?? '', endpoint: '' } };
    case 'subnet-tags':
      return {
        key,
        kind: 'subnet-tags',
        properties: { subnetIds: stateOf('subnet-tags', found).tagged, tags: NO_TAGS },
      };
    case 'security-group':
      return {
        key,
        kind: 'security-group',
        properties: { name: stateOf('security-group', found).name, description: '', vpcId: '', tags: NO_TAGS },
      };
    case 'security-group-rules':
      return { key, kind: 'security-group-rules', properties: { groupId: outputs.id ?? '', ingress: [] } };
    case 'etcd-volume': {
      const state = stateOf('etcd-volume', found);
      const { name, availabilityZone, sizeGiB, emptyDisk } = state;
      return {
        key,
        kind: 'etcd-volume',
        properties: { name, availabilityZone, sizeGiB, emptyDisk, type: '', tags: NO_TAGS },
      };
    }
    case 'network-interface': {
      const { name, groupIds } = stateOf('network-interface', found);
      return { key, kind: 'network-interface', properties: { name, groupIds, subnetId: '', tags: NO_TAGS } };
    }
    case 'load-balancer':
      return {
        key,
        kind: 'load-balancer',
        properties: { name: stateOf('load-balancer', found).name, subnetIds: [], tags: NO_TAGS },
      };
    case 'target-group':
      return {
        key,
        kind: 'target-group',
        properties: { name: stateOf('target-group', found).name, port: 0, vpcId: '', tags: NO_TAGS },
      };
    case 'targets':
      return {
        key,
        kind: 'targets',
        properties: { targetGroupArn: outputs.targetGroupArn ?? '', addresses: [], port: 0 },
      };
    case 'listener': {
      const { port, targetGroupArn } = stateOf('listener', found);
      return { key, kind: 'listener', properties: { loadBalancerArn: '', targetGroupArn, port, tags: NO_TAGS } };
    }
    case 'cloud-load-balancers':
      return { key, kind: 'cloud-load-balancers', properties: {} };
    default:
      return undefined;
  }
};
