/**
 * Account: the proof that nothing of an object is left, before its finalizer goes.
 *
 * Owns: the last look, wider than an inventory: whatever carries the owner's tags, what goes with it without carrying
 * any (the load balancer's own interfaces), and the Secrets that are kept for it elsewhere. A terminated instance does not count. Invariants: I3, I7, I12: two complete
 * looks must both find nothing, each a step of its own, the second no sooner than the settling time after the first; every
 * step that changes anything was done before, so that is also after the last mutating call.
 *
 * What goes by itself is waited for. A resource of ours that a removal would take away was not there when the plan was
 * made, or it would be gone: a call of a worker that died may arrive after all. The plan is then out of date, and the
 * entity looks again.
 */
import type { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import {
  type EC2Client,
  paginateDescribeNetworkInterfaces,
  paginateDescribeSecurityGroups,
  paginateDescribeVolumes,
} from '@aws-sdk/client-ec2';
import {
  CLUSTER_TAG,
  controlPlaneName,
  KEY_TAG,
  kubernetesClusterTag,
  OWNED,
  SHARED,
  UID_TAG,
} from '../../api/names.ts';
import type { ResourceKind } from '../../kinds/resource.ts';
import type { Outputs, Tags } from '../../kinds/row.ts';
import { ACCOUNT_EMPTY, kindOf } from '../../words/keys.ts';
import { noticeOutput } from '../../words/warnings.ts';
import type { ResourceDriver, Wanted } from '../driver.ts';
import { supersededError } from '../verdicts.ts';
import { isGoing, listGroups } from './auto-scaling-group.ts';
import { arnsOf, named } from './balancing.ts';
import type { AwsClients } from './clients.ts';
import { foundCloudLoadBalancers, listAllLoadBalancers } from './cloud-load-balancers.ts';
import { listTemplates } from './launch-template-marks.ts';
import { instanceLabel, livingInstances } from './machines.ts';
import { securityGroupLabel } from './security-group.ts';
import { type SnapshotsLeft, snapshotsLeft } from './snapshots.ts';
import { listTagged, type Tagged } from './tagged.ts';
import { distinct, filter, filterLike, inPages, readAll, tagRecord } from './tags.ts';
import { exists } from './volumes.ts';

const AGAIN_MS = 2_000;
/** The event's reason. */
const SNAPSHOTS_STAY = 'SnapshotsStay';
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

/** The tag by which an object knows its own: a pool its uid, a cluster its id. */
type OwnTag = { readonly name: string; readonly value: string };

const ownInEc2 = async (
  ec2: EC2Client,
  { name, value }: OwnTag,
  tagged: Promise<Tagged>,
  abortSignal: AbortSignal,
): Promise<readonly Remaining[]> => {
  const Filters = [filter(`tag:${name}`, value)];
  const { whenAny } = await tagged;
  const all = await Promise.all([
    whenAny('security-group', name, () =>
      readAll(paginateDescribeSecurityGroups({ client: ec2 }, { Filters }, { abortSignal }), (page) =>
        page.SecurityGroups?.map((one) => keyed(securityGroupLabel(one), tagRecord(one.Tags), 'security-group')),
      ),
    ),
    whenAny('volume', name, () =>
      readAll(paginateDescribeVolumes(inPages(ec2), { Filters }, { abortSignal }), (page) =>
        page.Volumes?.filter(exists).map((one) =>
          keyed(`volume ${one.VolumeId ?? '?'}`, tagRecord(one.Tags), 'etcd-volume'),
        ),
      ),
    ),
    whenAny('network-interface', name, () =>
      readAll(paginateDescribeNetworkInterfaces(inPages(ec2), { Filters }, { abortSignal }), (page) =>
        page.NetworkInterfaces?.map((one) =>
          keyed(`network interface ${one.NetworkInterfaceId ?? '?'}`, tagRecord(one.TagSet), 'network-interface'),
        ),
      ),
    ),
    whenAny('launch-template', name, async () =>
      (await listTemplates(ec2, Filters, abortSignal)).map((one) =>
        keyed(`launch template ${one.LaunchTemplateName ?? '?'}`, tagRecord(one.Tags), 'launch-template'),
      ),
    ),
    whenAny('instance', name, async () =>
      (await livingInstances(ec2, filter(`tag:${name}`, value), abortSignal)).map((one) =>
        goesByItself(instanceLabel(one)),
      ),
    ),
  ]);
  return all.flat();
};

const ownGroups = async (
  autoScaling: AutoScalingClient,
  { name, value }: OwnTag,
  signal: AbortSignal,
): Promise<readonly Remaining[]> => {
  const groups = await listGroups(autoScaling, { Filters: [filter(`tag:${name}`, value)] }, signal);
  return groups.map((one) => {
    const label = `auto scaling group ${one.AutoScalingGroupName ?? '?'}`;
    return isGoing(one) ? goesByItself(label) : keyed(label, tagRecord(one.Tags), 'auto-scaling-group');
  });
};

/** What belongs to a cluster beside: subnets' tags, its load balancer with its interfaces, and what controllers made. */
const besideOwn = async (
  clients: AwsClients,
  clusterId: string,
  tagged: Promise<Tagged>,
  signal: AbortSignal,
): Promise<readonly Remaining[]> => {
  const name = controlPlaneName(clusterId);
  const [{ ids }, interfaces, { balancing, cloud }] = await Promise.all([
    tagged,
    readAll(
      paginateDescribeNetworkInterfaces(
        { client: clients.ec2 },
        { Filters: [filterLike('description', `ELB net/${name}/*`)] },
        { abortSignal: signal },
      ),
      (page) => page.NetworkInterfaces,
    ),
    listAllLoadBalancers(clients, clusterId, tagged, signal),
  ]);
  const { balancer, group, tags } = named(balancing, name);
  // One by that name that isn't ours was there before.
  const ours = arnsOf({ balancer, group }).filter((arn) => tags.get(arn)?.[CLUSTER_TAG] === clusterId);
  const made = foundCloudLoadBalancers('', cloud);
  return [
    ...ids('subnet', kubernetesClusterTag(clusterId), SHARED).map((id) =>
      removable(`tag ${kubernetesClusterTag(clusterId)} on ${id}`),
    ),
    ...interfaces.map((one) =>
      goesByItself(`network interface ${one.NetworkInterfaceId ?? '?'} of load balancer ${name}`),
    ),
    ...ours.map((arn) =>
      removable(arn === balancer?.LoadBalancerArn ? `load balancer ${name}` : `target group ${name}`),
    ),
    ...(made?.state.names ?? []).map(removable),
  ];
};

const remainingOfPool = async ({ ec2, autoScaling }: AwsClients, uid: string, signal: AbortSignal) => {
  const tag = { name: UID_TAG, value: uid };
  const tagged = listTagged(ec2, { keys: [tag.name], values: [tag.value] }, signal);
  return Promise.all([ownInEc2(ec2, tag, tagged, signal), ownGroups(autoScaling, tag, signal)]);
};

const remainingOfCluster = async (clients: AwsClients, clusterId: string, signal: AbortSignal) => {
  const { ec2, autoScaling } = clients;
  const tag = { name: CLUSTER_TAG, value: clusterId };
  const keys = [tag.name, kubernetesClusterTag(clusterId)];
  const tagged = listTagged(ec2, { keys, values: [tag.value, SHARED, OWNED] }, signal);
  return Promise.all([
    ownInEc2(ec2, tag, tagged, signal),
    ownGroups(autoScaling, tag, signal),
    besideOwn(clients, clusterId, tagged, signal),
  ]);
};

/** What is kept for an object outside of AWS, by name; `going` where it was asked to go and hasn't yet. */
export type KeptElsewhere = (
  wanted: Pick<Wanted<'account'>, 'object' | 'owner' | 'signal'>,
) => Promise<readonly { readonly label: string; readonly going: boolean }[]>;

/** Everything of an object that is still there, sorted, as a person would name it. */
const listRemaining = async (
  clients: AwsClients,
  keptElsewhere: KeptElsewhere,
  wanted: Pick<Wanted<'account'>, 'object' | 'owner' | 'signal'>,
): Promise<Remaining[]> => {
  const { object, owner, signal } = wanted;
  const [inAws, elsewhere] = await Promise.all([
    object.kind === 'AWSNodePool'
      ? remainingOfPool(clients, owner.uid, signal)
      : remainingOfCluster(clients, owner.clusterId, signal),
    keptElsewhere(wanted),
  ]);
  const kept = elsewhere.map(({ label, going }) => (going ? goesByItself(label) : removable(label)));
  return distinct([...inAws.flat(), ...kept], ({ label }) => label).sort((a, b) => (a.label < b.label ? -1 : 1));
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

/** Told when nothing else is there any more, while the object still is. */
const whatStays = async ({ key, object, owner, signal }: Wanted<'account'>, left: SnapshotsLeft): Promise<Outputs> => {
  if (key !== ACCOUNT_EMPTY || object.kind !== 'AWSCluster') return {};
  const sentence = await left(owner.clusterId, signal);
  return sentence === undefined ? {} : { [noticeOutput(SNAPSHOTS_STAY)]: sentence };
};

export const accountDriver = (
  clients: AwsClients,
  keptElsewhere: KeptElsewhere,
  now: () => number = Date.now,
): ResourceDriver<'account'> => ({
  kind: 'account',

  candidates: () => Promise.resolve([]),
  create: () => Promise.resolve({ outputs: {}, change: 'unchanged' }),
  update: () => Promise.resolve({ outputs: {} }),
  remove: () => Promise.resolve(),

  async check(wanted) {
    const left = wanted.since + wanted.properties.settleSeconds * 1_000 - now();
    if (left > 0) {
      const awaited = `Nothing is left in the account; looking again in ${Math.ceil(left / 1_000)} s, when AWS has settled.`;
      return { ready: false, awaited, againInMs: left };
    }
    const remaining = await listRemaining(clients, keptElsewhere, wanted);
    if (now() - wanted.since > LAG_MS) refuseUnplanned(remaining);
    if (remaining.length > 0) return { ready: false, awaited: sentence(remaining), againInMs: AGAIN_MS };
    return { ready: true, outputs: await whatStays(wanted, snapshotsLeft(clients)) };
  },
});
