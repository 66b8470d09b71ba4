/**
 * Subnet tags: the mark by which the cloud controller finds subnets for a cluster's load balancers.
 *
 * Owns: one tag on subnets that are the user's: set, and taken away again, never more. Setting a tag twice is the same as
 * once (I2). Only tags that name this cluster are removed: others may be shared with anybody (I4). One that says anything
 * but `shared` is somebody else's: nobody who looks takes it for ours.
 */
import {
  CreateTagsCommand,
  DeleteTagsCommand,
  type EC2Client,
  paginateDescribeSubnets,
  paginateDescribeTags,
} from '@aws-sdk/client-ec2';
import { kubernetesClusterTag, SHARED } from '../../api/names.ts';
import { type FoundOf, observed } from '../../kinds/resource.ts';
import { itemsOf, type Tags } from '../../kinds/row.ts';
import type { ResourceKey } from '../../words/keys.ts';
import type { ResourceDriver, Wanted } from '../driver.ts';
import { awsCodeOf, blockedError, verdictOf } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { subnetFact } from './facts.ts';
import { isFull } from './preflight-subnets.ts';
import { filter, readAll, tagList } from './tags.ts';

export const foundSubnetTags = (key: ResourceKey, tagged: readonly string[]): FoundOf<'subnet-tags'> | undefined =>
  tagged.length === 0 ? undefined : observed('subnet-tags', key, {}, { tagged: [...new Set(tagged)].sort() });

const tag = async (ec2: EC2Client, subnetIds: readonly string[], tags: Tags): Promise<void> => {
  await ec2.send(new CreateTagsCommand({ Resources: [...subnetIds], Tags: tagList(tags) }));
};

const untag = async (ec2: EC2Client, subnetIds: readonly string[], clusterId: string): Promise<void> => {
  await ec2.send(
    new DeleteTagsCommand({
      Resources: [...subnetIds],
      Tags: [{ Key: kubernetesClusterTag(clusterId), Value: SHARED }],
    }),
  );
};

/** Those that have as many tags as AWS lets them have, with how many. */
const fullOf = async (ec2: EC2Client, subnetIds: readonly string[], abortSignal: AbortSignal): Promise<string[]> => {
  const Filters = [filter('subnet-id', ...subnetIds)];
  const pages = paginateDescribeSubnets({ client: ec2 }, { Filters }, { abortSignal });
  const full = (await readAll(pages, (page) => page.Subnets)).map(subnetFact).filter(isFull);
  return full.map(({ id, tagKeys = [] }) => `${id} (${tagKeys.length})`).sort();
};

/** AWS tags all of them or none, and does not say which of them it was that has too many. */
const tagOrName = async (
  ec2: EC2Client,
  { properties, signal }: Wanted<'subnet-tags'>,
  subnetIds: readonly string[],
): Promise<void> => {
  try {
    await tag(ec2, subnetIds, properties.tags);
  } catch (error) {
    const full = awsCodeOf(error) === 'TagLimitExceeded' ? await fullOf(ec2, subnetIds, signal) : [];
    if (full.length === 0) throw error;
    throw blockedError(
      `${verdictOf(error).message} These subnets have as many tags as AWS lets them have: ${full.join(', ')}. Take one off each.`,
      error,
    );
  }
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
    await tagOrName(ec2, wanted, wanted.properties.subnetIds);
    return { outputs: {} };
  },

  async update(wanted, _found, differences) {
    const untagged = itemsOf(differences, 'untagged');
    const forgotten = itemsOf(differences, 'forgotten');
    if (untagged.length > 0) await tagOrName(ec2, wanted, untagged);
    if (forgotten.length > 0) await untag(ec2, forgotten, wanted.owner.clusterId);
    return { outputs: {}, change: 'updated' };
  },

  remove: (sought, found) => untag(ec2, found.state.tagged, sought.owner.clusterId),
});
