/**
 * Tagging: how each of AWS's services has the tags of what is there changed.
 *
 * Owns: the calls, so many things at a time as a service takes. Neighbours: `kinds/tags.ts` says which tags; each kind's driver
 * says of what. A thing has fifty tags at most, so that some go before others come.
 * Invariants: I2 (each call may be repeated), I4 (only tags of the spec come here).
 */

import { CreateTagsCommand, DeleteTagsCommand, type EC2Client, paginateDescribeTags } from '@aws-sdk/client-ec2';
import {
  AddTagsCommand,
  type ElasticLoadBalancingV2Client,
  RemoveTagsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { TAG_LIMITS } from '../../api/aws-limits.ts';
import type { Tags } from '../../kinds/row.ts';
import type { Tagging } from '../../kinds/tags.ts';
import { awsCodeOf, blockedError, verdictOf } from '../verdicts.ts';
import { filter, inPages, portions, readAll, tagList } from './tags.ts';

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html: up to 1,000 things, each with all the tags. */
const EC2_AT_ONCE = 500;

/** A filter takes two hundred values. */
const IDS_AT_ONCE = 200;

/** Those that have as many tags as AWS lets them have, with how many; AWS's own don't count. */
const fullOf = async (ec2: EC2Client, ids: readonly string[]): Promise<readonly string[]> => {
  const counts = new Map<string, number>();
  for (const some of portions(ids, IDS_AT_ONCE)) {
    const pages = paginateDescribeTags(inPages(ec2), { Filters: [filter('resource-id', ...some)] });
    for (const { ResourceId = '', Key = '' } of await readAll(pages, (page) => page.Tags)) {
      if (!Key.startsWith(TAG_LIMITS.reservedPrefix)) counts.set(ResourceId, (counts.get(ResourceId) ?? 0) + 1);
    }
  }
  const full = [...counts].filter(([, count]) => count >= TAG_LIMITS.most);
  return full.map(([id, count]) => `${id} (${count})`).sort();
};

/** Sets tags on anything of EC2's. AWS tags all of them or none, and does not say which of them it was that has too many. */
export const setInEc2 = async (ec2: EC2Client, ids: readonly string[], tags: Tags): Promise<void> => {
  try {
    await ec2.send(new CreateTagsCommand({ Resources: [...ids], Tags: tagList(tags) }));
  } catch (error) {
    const full = awsCodeOf(error) === 'TagLimitExceeded' ? await fullOf(ec2, ids) : [];
    if (full.length === 0) throw error;
    throw blockedError(
      `${verdictOf(error).message} These have as many tags as AWS lets them have: ${full.join(', ')}. Take one off each.`,
      error,
    );
  }
};

/** Of anything of EC2's, by id. */
export const tagInEc2 = async (ec2: EC2Client, ids: readonly string[], { set, remove }: Tagging): Promise<void> => {
  for (const Resources of portions(ids, EC2_AT_ONCE)) {
    if (remove.length > 0) {
      await ec2.send(new DeleteTagsCommand({ Resources, Tags: remove.map((Key) => ({ Key })) }));
    }
    if (Object.keys(set).length > 0) await setInEc2(ec2, Resources, set);
  }
};

/** Of load balancers, listeners and target groups, by ARN; twenty at the most. */
export const tagInLoadBalancing = async (
  elbv2: ElasticLoadBalancingV2Client,
  arns: readonly string[],
  { set, remove }: Tagging,
): Promise<void> => {
  const ResourceArns = [...arns];
  if (remove.length > 0) await elbv2.send(new RemoveTagsCommand({ ResourceArns, TagKeys: [...remove] }));
  if (Object.keys(set).length > 0) await elbv2.send(new AddTagsCommand({ ResourceArns, Tags: tagList(set) }));
};
