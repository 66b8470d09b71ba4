/**
 * Subnet tags: the mark by which the cloud controller finds subnets for a cluster's load balancers.
 *
 * Owns: one tag on subnets that are the user's: set, and taken away again, never more. Setting a tag twice is the same as
 * once (I2). Only tags that name this cluster are removed: others may be shared with anybody (I4). One that says anything
 * but `shared` is somebody else's: nobody who looks takes it for ours.
 */
import { DeleteTagsCommand, type EC2Client, paginateDescribeTags } from '@aws-sdk/client-ec2';
import { kubernetesClusterTag, SHARED } from '../../api/names.ts';
import { type FoundOf, observed } from '../../kinds/resource.ts';
import { itemsOf } from '../../kinds/row.ts';
import type { ResourceKey } from '../../words/keys.ts';
import type { ResourceDriver } from '../driver.ts';
import type { AwsClients } from './clients.ts';
import { setInEc2 } from './tagging.ts';
import { filter, readAll } from './tags.ts';

export const foundSubnetTags = (key: ResourceKey, tagged: readonly string[]): FoundOf<'subnet-tags'> | undefined =>
  tagged.length === 0 ? undefined : observed('subnet-tags', key, {}, { tagged: [...new Set(tagged)].sort() });

const untag = async (ec2: EC2Client, subnetIds: readonly string[], clusterId: string): Promise<void> => {
  await ec2.send(
    new DeleteTagsCommand({
      Resources: [...subnetIds],
      Tags: [{ Key: kubernetesClusterTag(clusterId), Value: SHARED }],
    }),
  );
};

export const subnetTagsDriver = ({ ec2 }: AwsClients): ResourceDriver<'subnet-tags'> => ({
  kind: 'subnet-tags',

  async candidates(wanted) {
    const tags = await readAll(
      paginateDescribeTags(
        { client: ec2 },
        {
          Filters: [
            filter('resource-type', 'subnet'),
            filter('key', kubernetesClusterTag(wanted.owner.clusterId)),
            filter('value', SHARED),
          ],
        },
        { abortSignal: wanted.signal },
      ),
      (page) => page.Tags,
    );
    const found = foundSubnetTags(
      wanted.key,
      tags.flatMap(({ ResourceId }) => ResourceId ?? []),
    );
    return found === undefined ? [] : [{ ...found, label: 'tags of subnets', belongsTo: 'ours' }];
  },

  async create(wanted) {
    await setInEc2(ec2, wanted.properties.subnetIds, wanted.properties.tags);
    return { outputs: {} };
  },

  async update(wanted, _found, differences) {
    const untagged = itemsOf(differences, 'untagged');
    const forgotten = itemsOf(differences, 'forgotten');
    if (untagged.length > 0) await setInEc2(ec2, untagged, wanted.properties.tags);
    if (forgotten.length > 0) await untag(ec2, forgotten, wanted.owner.clusterId);
    return { outputs: {}, change: 'updated' };
  },

  remove: (sought, found) => untag(ec2, found.state.tagged, sought.owner.clusterId),
});
