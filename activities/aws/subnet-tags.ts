/**
 * Subnet tags: the mark by which the cloud controller finds subnets for a cluster's load balancers.
 *
 * Owns: one tag on subnets that are the user's: set, and taken away again, never more. Setting a tag twice is the same as
 * once (I2). Only tags that name this cluster are removed: others may be shared with anybody (I4).
 */
import { CreateTagsCommand, DeleteTagsCommand, paginateDescribeTags } from '@aws-sdk/client-ec2';
import { kubernetesClusterTag } from '../../api/names.ts';
import { observed, stateOf } from '../../policy/observed.ts';
import type { Found } from '../../policy/plan.ts';
import type { ResourceKey } from '../../topology/resource.ts';
import type { ResourceDriver } from '../driver.ts';
import type { AwsClients } from './clients.ts';
import { filter, readAll, tagList } from './tags.ts';

/** What the tag says of a subnet, which is the user's. */
export const SHARED = 'shared';

export const foundSubnetTags = (key: ResourceKey, tagged: readonly string[]): Found | undefined =>
  tagged.length === 0 ? undefined : observed('subnet-tags', key, {}, { tagged: [...new Set(tagged)].sort() });

export const subnetTagsDriver = ({ ec2 }: AwsClients): ResourceDriver<'subnet-tags'> => ({
  kind: 'subnet-tags',

  async candidates(wanted) {
    const tags = await readAll(
      paginateDescribeTags(
        { client: ec2 },
        {
          Filters: [filter('resource-type', 'subnet'), filter('key', kubernetesClusterTag(wanted.owner.clusterId))],
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
    const { subnetIds, tags } = wanted.properties;
    await ec2.send(new CreateTagsCommand({ Resources: [...subnetIds], Tags: tagList(tags) }));
    return { outputs: {} };
  },

  async update(wanted, found) {
    const { tagged } = stateOf('subnet-tags', found);
    const Resources = wanted.properties.subnetIds.filter((id) => !tagged.includes(id));
    if (Resources.length === 0) return { outputs: {} };
    await ec2.send(new CreateTagsCommand({ Resources, Tags: tagList(wanted.properties.tags) }));
    return { outputs: {}, change: 'updated' };
  },

  async remove(wanted, found) {
    await ec2.send(
      new DeleteTagsCommand({
        Resources: [...stateOf('subnet-tags', found).tagged],
        Tags: [{ Key: kubernetesClusterTag(wanted.owner.clusterId), Value: SHARED }],
      }),
    );
  },
});
