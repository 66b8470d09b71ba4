/**
 * Account: the proof that nothing of an object is left, before its finalizer goes.
 *
 * Owns: the last look, wider than an inventory: whatever carries the owner's tags, and what goes with it without carrying
 * any (the load balancer's own interfaces). A terminated instance does not count. Invariants: I3, I7, I12: two complete
 * looks must both find nothing, the second no sooner than the settling time after the step was scheduled; every step that
 * changes anything was done by then, so that is also after the last mutating call. The look needs no memory: once the
 * time has come, it looks twice.
 *
 * What goes by itself is waited for. A resource of ours that a removal would take away was not there when the plan was
 * made, or it would be gone: a call of a worker that died may arrive after all. The plan is then out of date, and the
 * entity looks again.
 */
import {
  paginateDescribeNetworkInterfaces,
  paginateDescribeSecurityGroups,
  paginateDescribeTags,
  paginateDescribeVolumes,
} from '@aws-sdk/client-ec2';
import { CLUSTER_TAG, controlPlaneName, KEY_TAG, kubernetesClusterTag, UID_TAG } from '../../api/names.ts';
import { kindOf } from '../../policy/observed.ts';
import type { ResourceKind, Tags } from '../../topology/resource.ts';
import type { ResourceDriver, Wanted } from '../driver.ts';
import { supersededError } from '../verdicts.ts';
import { instanceLabel, listGroups, livingInstances } from './auto-scaling-group.ts';
import type { AwsClients } from './clients.ts';
import { foundCloudLoadBalancers, listCloudLoadBalancers } from './cloud-load-balancers.ts';
import { exists } from './etcd-volume.ts';
import { listTemplates } from './launch-template.ts';
import { loadBalancerNamed, tagsOf } from './load-balancer.ts';
import { securityGroupLabel } from './security-group.ts';
import { distinct, filter, readAll, tagRecord } from './tags.ts';
import { targetGroupNamed } from './target-group.ts';

const AGAIN_MS = 2_000;
/** Listings may lag behind removals: what is still seen after so long is there. */
const LAG_MS = 5_000;

/** Something that is still there, as a person would name it, and whether a new plan would remove it. */
type Remaining = { readonly label: string; readonly removable: boolean };

const goesByItself = (label: string): Remaining => ({ label, removable: false });
const removable = (label: string): Remaining => ({ label, removable: true });

const keyed = (label: string, tags: Tags, kind: ResourceKind): Remaining => {
  const key = tags[KEY_TAG];
  return key === undefined ? goesByItself(label) : { label: `${label} [${key}]`, removable: kindOf(key) === kind };
};

/** What carries the tag by which the object knows its own: a pool its uid, a cluster its id. */
const listTagged = async ({ ec2, autoScaling }: AwsClients, name: string, value: string, abortSignal: AbortSignal) => {
  const Filters = [filter(`tag:${name}`, value)];
  const all = await Promise.all([
    readAll(paginateDescribeSecurityGroups({ client: ec2 }, { Filters }, { abortSignal }), (page) =>
      page.SecurityGroups?.map((one) => keyed(securityGroupLabel(one), tagRecord(one.Tags), 'security-group')),
    ),
    readAll(paginateDescribeVolumes({ client: ec2 }, { Filters }, { abortSignal }), (page) =>
      page.Volumes?.filter(exists).map((one) =>
        keyed(`volume ${one.VolumeId ?? '?'}`, tagRecord(one.Tags), 'etcd-volume'),
      ),
    ),
    readAll(paginateDescribeNetworkInterfaces({ client: ec2 }, { Filters }, { abortSignal }), (page) =>
      page.NetworkInterfaces?.map((one) =>
        keyed(`network interface ${one.NetworkInterfaceId ?? '?'}`, tagRecord(one.TagSet), 'network-interface'),
      ),
    ),
    listTemplates(ec2, Filters, abortSignal).then((all) =>
      all.map((one) =>
        keyed(`launch template ${one.LaunchTemplateName ?? '?'}`, tagRecord(one.Tags), 'launch-template'),
      ),
    ),
    livingInstances(ec2, filter(`tag:${name}`, value), abortSignal).then((all) =>
      all.map((one) => goesByItself(instanceLabel(one))),
    ),
    listGroups(autoScaling, { Filters }, abortSignal).then((all) =>
      all.map((one) => {
        const label = `auto scaling group ${one.AutoScalingGroupName ?? '?'}`;
        return one.Status === undefined ? keyed(label, tagRecord(one.Tags), 'auto-scaling-group') : goesByItself(label);
      }),
    ),
  ]);
  return all.flat();
};

/** What belongs to a cluster beside: subnets' tags, its load balancer with its interfaces, and what controllers made. */
const listOfCluster = async (clients: AwsClients, clusterId: string, signal: AbortSignal): Promise<Remaining[]> => {
  const { ec2, elbv2 } = clients;
  const name = controlPlaneName(clusterId);
  const [subnets, interfaces, balancer, group, cloud] = await Promise.all([
    readAll(
      paginateDescribeTags(
        { client: ec2 },
        { Filters: [filter('resource-type', 'subnet'), filter('key', kubernetesClusterTag(clusterId))] },
        { abortSignal: signal },
      ),
      (page) => page.Tags,
    ),
    readAll(
      paginateDescribeNetworkInterfaces(
        { client: ec2 },
        { Filters: [filter('description', `ELB net/${name}/*`)] },
        { abortSignal: signal },
      ),
      (page) => page.NetworkInterfaces,
    ),
    loadBalancerNamed(elbv2, name, signal),
    targetGroupNamed(elbv2, name, signal),
    listCloudLoadBalancers(clients, clusterId, signal),
  ]);
  const arns = [balancer?.LoadBalancerArn, group?.TargetGroupArn].filter((arn) => arn !== undefined);
  const tags = await tagsOf(elbv2, arns, signal);
  // One by that name that isn't ours was there before.
  const ours = arns.filter((arn) => tags.get(arn)?.[CLUSTER_TAG] === clusterId);
  const made = foundCloudLoadBalancers('', cloud);
  return [
    ...subnets.map(({ ResourceId }) => removable(`tag ${kubernetesClusterTag(clusterId)} on ${ResourceId ?? '?'}`)),
    ...interfaces.map((one) =>
      goesByItself(`network interface ${one.NetworkInterfaceId ?? '?'} of load balancer ${name}`),
    ),
    ...ours.map((arn) =>
      removable(arn === balancer?.LoadBalancerArn ? `load balancer ${name}` : `target group ${name}`),
    ),
    ...((made?.state.names as readonly string[] | undefined) ?? []).map(removable),
  ];
};

/** Everything of an object that is still there, sorted, as a person would name it. */
const listRemaining = async (
  clients: AwsClients,
  wanted: Pick<Wanted<'account'>, 'object' | 'owner' | 'signal'>,
): Promise<Remaining[]> => {
  const { object, owner, signal } = wanted;
  const all =
    object.kind === 'AWSNodePool'
      ? await listTagged(clients, UID_TAG, owner.uid, signal)
      : (
          await Promise.all([
            listTagged(clients, CLUSTER_TAG, owner.clusterId, signal),
            listOfCluster(clients, owner.clusterId, signal),
          ])
        ).flat();
  return distinct(all, ({ label }) => label).sort((a, b) => (a.label < b.label ? -1 : 1));
};

const SHOWN = 5;

const sentence = (remaining: readonly Remaining[]): string => {
  const more = remaining.length > SHOWN ? ` and ${remaining.length - SHOWN} more` : '';
  const shown = remaining.slice(0, SHOWN).map(({ label }) => label);
  return `Still in the account: ${shown.join(', ')}${more}.`;
};

const refuseUnplanned = (remaining: readonly Remaining[]): void => {
  const unplanned = remaining.filter((one) => one.removable);
  if (unplanned.length === 0) return;
  throw supersededError(`${sentence(unplanned)} It was not there when this deletion was planned: planning again.`);
};

export const accountDriver = (clients: AwsClients, now: () => number = Date.now): ResourceDriver<'account'> => ({
  kind: 'account',

  candidates: () => Promise.resolve([]),
  create: () => Promise.resolve({ outputs: {}, change: 'unchanged' }),
  update: () => Promise.resolve({ outputs: {} }),
  remove: () => Promise.resolve(),

  async look(wanted) {
    const settled = wanted.since + wanted.properties.settleSeconds * 1_000;
    const remaining = await listRemaining(clients, wanted);
    if (now() - wanted.since > LAG_MS) refuseUnplanned(remaining);
    if (remaining.length > 0) return { ready: false, awaited: sentence(remaining), againInMs: AGAIN_MS };
    const left = settled - now();
    if (left > 0) {
      const awaited = `Nothing is left in the account; looking again in ${Math.ceil(left / 1_000)} s, when AWS has settled.`;
      return { ready: false, awaited, againInMs: left };
    }
    const appeared = await listRemaining(clients, wanted);
    if (appeared.length > 0) return { ready: false, awaited: sentence(appeared), againInMs: AGAIN_MS };
    return { ready: true, outputs: {} };
  },
});
