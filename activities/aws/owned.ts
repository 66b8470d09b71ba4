/**
 * Owned: everything in the account and region that carries our tags, whosever it is.
 *
 * Owns: the listings over all clusters, and what a thing says of itself there. Neighbours: `inventory.ts` lists for one object, `survey.ts` for
 * all that rest; `policy/orphans.ts` says which of it nobody owns. Invariants: I6 (reads only), I12 (each is read to its end, or all fails).
 */
import { paginateDescribeAutoScalingGroups } from '@aws-sdk/client-auto-scaling';
import {
  paginateDescribeNetworkInterfaces,
  paginateDescribeSecurityGroups,
  paginateDescribeVolumes,
} from '@aws-sdk/client-ec2';
import { paginateDescribeLoadBalancers, paginateDescribeTargetGroups } from '@aws-sdk/client-elastic-load-balancing-v2';
import { ADOPTER_TAG, CLUSTER_TAG, isControlPlaneName, KEY_TAG, OBJECT_TAG, UID_TAG } from '../../api/names.ts';
import type { Tags } from '../../kinds/row.ts';
import type { OwnedKind, OwnedThing } from '../../policy/orphans.ts';
import { present } from '../../words/present.ts';
import type { AwsClients } from './clients.ts';
import { listTemplates } from './launch-template-marks.ts';
import { tagsOf } from './load-balancer.ts';
import { livingInstances } from './machines.ts';
import { type AwsTag, filter, inPages, readAll, tagRecord } from './tags.ts';
import { exists } from './volumes.ts';

type Seen = {
  readonly id: string | undefined;
  readonly tags: Tags;
  readonly since?: Date | undefined;
};

const ofKind = (kind: OwnedKind, seen: readonly Seen[]): readonly OwnedThing[] =>
  seen.flatMap(({ id, tags, since }) => {
    const clusterId = tags[CLUSTER_TAG];
    if (id === undefined || clusterId === undefined) return [];
    const said = { uid: tags[UID_TAG], key: tags[KEY_TAG], madeFor: tags[OBJECT_TAG], adopter: tags[ADOPTER_TAG] };
    return [{ kind, id, clusterId, ...present({ ...said, since: since?.toISOString() }) }];
  });

const OURS = filter('tag-key', CLUSTER_TAG);

const tagged = (tags: readonly AwsTag[] | undefined): Tags => tagRecord(tags);

const inEc2 = async ({ ec2 }: AwsClients, abortSignal: AbortSignal): Promise<readonly OwnedThing[]> => {
  const [paging, asked, options] = [inPages(ec2), { Filters: [OURS] }, { abortSignal }];
  const [groups, volumes, interfaces, templates, instances] = await Promise.all([
    readAll(paginateDescribeSecurityGroups(paging, asked, options), (page) => page.SecurityGroups),
    readAll(paginateDescribeVolumes(paging, asked, options), (page) => page.Volumes),
    readAll(paginateDescribeNetworkInterfaces(paging, asked, options), (page) => page.NetworkInterfaces),
    listTemplates(ec2, [OURS], abortSignal),
    livingInstances(ec2, OURS, abortSignal),
  ]);
  return [
    ...ofKind(
      'security-group',
      groups.map(({ GroupId: id, Tags }) => ({ id, tags: tagged(Tags) })),
    ),
    ...ofKind(
      'volume',
      volumes.filter(exists).map(({ VolumeId: id, Tags, CreateTime: since }) => ({ id, tags: tagged(Tags), since })),
    ),
    ...ofKind(
      'network-interface',
      interfaces.map(({ NetworkInterfaceId: id, TagSet }) => ({ id, tags: tagged(TagSet) })),
    ),
    ...ofKind(
      'launch-template',
      templates.map(({ LaunchTemplateId: id, Tags, CreateTime: since }) => ({ id, tags: tagged(Tags), since })),
    ),
    ...ofKind(
      'instance',
      instances.map(({ InstanceId: id, Tags, LaunchTime: since }) => ({ id, tags: tagged(Tags), since })),
    ),
  ];
};

const groupsIn = async ({ autoScaling }: AwsClients, abortSignal: AbortSignal): Promise<readonly OwnedThing[]> => {
  const pages = paginateDescribeAutoScalingGroups({ client: autoScaling }, { Filters: [OURS] }, { abortSignal });
  const all = await readAll(pages, (page) => page.AutoScalingGroups);
  return ofKind(
    'auto-scaling-group',
    all.map(({ AutoScalingGroupName: id, Tags, CreatedTime: since }) => ({ id, tags: tagged(Tags), since })),
  );
};

/** Nothing in load balancing is found by its tags: by the names that Slipway gives, and then by theirs. */
const balancersIn = async ({ elbv2 }: AwsClients, signal: AbortSignal): Promise<readonly OwnedThing[]> => {
  const options = { abortSignal: signal };
  const [balancers, groups] = await Promise.all([
    readAll(paginateDescribeLoadBalancers({ client: elbv2 }, {}, options), (page) => page.LoadBalancers),
    readAll(paginateDescribeTargetGroups({ client: elbv2 }, {}, options), (page) => page.TargetGroups),
  ]);
  const named = balancers.filter(({ LoadBalancerName: name = '' }) => isControlPlaneName(name));
  const targets = groups.filter(({ TargetGroupName: name = '' }) => isControlPlaneName(name));
  const arns = [...named.map((one) => one.LoadBalancerArn), ...targets.map((one) => one.TargetGroupArn)];
  const tags = await tagsOf(elbv2, arns.filter((arn) => arn !== undefined).sort(), signal);
  const of = (arn: string | undefined): Tags => tags.get(arn ?? '') ?? {};
  return [
    ...ofKind(
      'load-balancer',
      named.map(({ LoadBalancerArn: id, CreatedTime: since }) => ({ id, tags: of(id), since })),
    ),
    ...ofKind(
      'target-group',
      targets.map(({ TargetGroupArn: id }) => ({ id, tags: of(id) })),
    ),
  ];
};

/** All of it, in no order. */
export const listOwned = async (clients: AwsClients, signal: AbortSignal): Promise<readonly OwnedThing[]> =>
  (await Promise.all([inEc2(clients, signal), groupsIn(clients, signal), balancersIn(clients, signal)])).flat();
