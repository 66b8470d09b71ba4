/**
 * Tagging: how each of AWS's services has the tags of what is there changed.
 *
 * Owns: the calls, so many things at a time as a service takes. Neighbours: `kinds/tags.ts` says which tags; each kind's driver
 * says of what. A thing has fifty tags at most, so that some go before others come.
 * Invariants: I2 (each call may be repeated), I4 (only tags of the spec come here).
 */

import { CreateTagsCommand, DeleteTagsCommand, type EC2Client } from '@aws-sdk/client-ec2';
import {
  AddTagsCommand,
  type ElasticLoadBalancingV2Client,
  RemoveTagsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Tagging } from '../../kinds/tags.ts';
import { portions, tagList } from './tags.ts';

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html: up to 1,000 things, each with all the tags. */
const EC2_AT_ONCE = 500;

/** Of anything of EC2's, by id. */
export const tagInEc2 = async (ec2: EC2Client, ids: readonly string[], { set, remove }: Tagging): Promise<void> => {
  for (const Resources of portions(ids, EC2_AT_ONCE)) {
    if (remove.length > 0) {
      await ec2.send(new DeleteTagsCommand({ Resources, Tags: remove.map((Key) => ({ Key })) }));
    }
    if (Object.keys(set).length > 0) await ec2.send(new CreateTagsCommand({ Resources, Tags: tagList(set) }));
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
