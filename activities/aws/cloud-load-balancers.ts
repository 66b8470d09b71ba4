/**
 * Cloud load balancers: what controllers inside the cluster made in AWS for Services, and nobody removes once they are gone.
 *
 * Owns: finding them by the Kubernetes cluster tag, and removing them; Slipway makes none. What carries Slipway's own tags
 * has files of its own and is left alone here (I4: tagged as this cluster's by its id). Load balancers go first, then
 * target groups, then the security groups that only they used.
 */
import { paginateDescribeSecurityGroups, type SecurityGroup } from '@aws-sdk/client-ec2';
import {
  DeleteLoadBalancerCommand as DeleteClassicCommand,
  DescribeTagsCommand as DescribeClassicTagsCommand,
  paginateDescribeLoadBalancers as paginateClassic,
} from '@aws-sdk/client-elastic-load-balancing';
import { DeleteLoadBalancerCommand, DeleteTargetGroupCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { CLUSTER_TAG, kubernetesClusterTag, OWNED } from '../../api/names.ts';
import { type FoundOf, observed } from '../../kinds/resource.ts';
import type { Tags } from '../../kinds/row.ts';
import type { ResourceKey } from '../../words/keys.ts';
import type { ResourceDriver } from '../driver.ts';
import { retryError } from '../verdicts.ts';
import { type Balancing, listBalancing } from './balancing.ts';
import type { AwsClients } from './clients.ts';
import { deleteSecurityGroup, securityGroupLabel } from './security-group.ts';
import { revokeAll } from './security-group-rules.ts';
import type { Tagged } from './tagged.ts';
import { filter, portions, readAll, tagRecord } from './tags.ts';

const CLASSIC_TAGS_AT_ONCE = 20;

/** Made by a controller of this cluster, and not by Slipway. */
const isControllers = (tags: Tags, clusterId: string): boolean =>
  tags[kubernetesClusterTag(clusterId)] === OWNED && tags[CLUSTER_TAG] === undefined;

export type CloudLoadBalancers = {
  readonly loadBalancers: readonly { readonly name: string; readonly arn: string }[];
  readonly targetGroups: readonly { readonly name: string; readonly arn: string }[];
  /** Classic ones, by name. */
  readonly classic: readonly string[];
  readonly securityGroups: readonly SecurityGroup[];
};

const listClassic = async ({ elb }: AwsClients, clusterId: string, abortSignal: AbortSignal): Promise<string[]> => {
  const balancers = await readAll(
    paginateClassic({ client: elb }, {}, { abortSignal }),
    (page) => page.LoadBalancerDescriptions,
  );
  const names = balancers.flatMap(({ LoadBalancerName }) => LoadBalancerName ?? []);
  const answers = await Promise.all(
    portions(names, CLASSIC_TAGS_AT_ONCE).map((LoadBalancerNames) =>
      elb.send(new DescribeClassicTagsCommand({ LoadBalancerNames }), { abortSignal }),
    ),
  );
  return answers
    .flatMap((answer) => answer.TagDescriptions ?? [])
    .filter(({ Tags: tags }) => isControllers(tagRecord(tags), clusterId))
    .flatMap(({ LoadBalancerName }) => LoadBalancerName ?? []);
};

const inBalancing = ({ balancers, groups, tags }: Balancing, clusterId: string) => {
  const theirs = ({ arn }: { readonly arn: string }): boolean => isControllers(tags.get(arn) ?? {}, clusterId);
  return {
    loadBalancers: balancers
      .map(({ LoadBalancerName: name = '', LoadBalancerArn: arn = '' }) => ({ name, arn }))
      .filter(theirs),
    targetGroups: groups
      .map(({ TargetGroupName: name = '', TargetGroupArn: arn = '' }) => ({ name, arn }))
      .filter(theirs),
  };
};

const listSecurityGroups = async ({ ec2 }: AwsClients, clusterId: string, abortSignal: AbortSignal) => {
  const Filters = [filter(`tag:${kubernetesClusterTag(clusterId)}`, OWNED)];
  const groups = await readAll(
    paginateDescribeSecurityGroups({ client: ec2 }, { Filters }, { abortSignal }),
    (page) => page.SecurityGroups,
  );
  return groups.filter((group) => isControllers(tagRecord(group.Tags), clusterId));
};

/** Everything that controllers of this cluster made for load balancing. */
const listCloudLoadBalancers = async (
  clients: AwsClients,
  clusterId: string,
  signal: AbortSignal,
): Promise<CloudLoadBalancers> => {
  const [balancing, classic, securityGroups] = await Promise.all([
    listBalancing(clients.elbv2, signal),
    listClassic(clients, clusterId, signal),
    listSecurityGroups(clients, clusterId, signal),
  ]);
  return { ...inBalancing(balancing, clusterId), classic, securityGroups };
};

/** The same, and all the account's balancing, for who asks after the cluster's own, too; `tagged` says what EC2 has. */
export const listAllLoadBalancers = async (
  clients: AwsClients,
  clusterId: string,
  tagged: Promise<Tagged>,
  signal: AbortSignal,
): Promise<{ readonly balancing: Balancing; readonly cloud: CloudLoadBalancers }> => {
  const groups = async (): Promise<readonly SecurityGroup[]> => {
    const { ids } = await tagged;
    const own = ids('security-group', CLUSTER_TAG);
    const others = ids('security-group', kubernetesClusterTag(clusterId), OWNED).filter((id) => !own.includes(id));
    return others.length === 0 ? [] : listSecurityGroups(clients, clusterId, signal);
  };
  const [balancing, classic, securityGroups] = await Promise.all([
    listBalancing(clients.elbv2, signal),
    listClassic(clients, clusterId, signal),
    groups(),
  ]);
  return { balancing, cloud: { ...inBalancing(balancing, clusterId), classic, securityGroups } };
};

const namesOf = (all: CloudLoadBalancers): string[] =>
  [
    ...all.loadBalancers.map(({ name }) => `load balancer ${name}`),
    ...all.targetGroups.map(({ name }) => `target group ${name}`),
    ...all.classic.map((name) => `classic load balancer ${name}`),
    ...all.securityGroups.map(securityGroupLabel),
  ].sort();

export const foundCloudLoadBalancers = (
  key: ResourceKey,
  all: CloudLoadBalancers,
): FoundOf<'cloud-load-balancers'> | undefined => {
  const names = namesOf(all);
  return names.length === 0 ? undefined : observed('cloud-load-balancers', key, {}, { names });
};

export const cloudLoadBalancersDriver = (clients: AwsClients): ResourceDriver<'cloud-load-balancers'> => {
  const { ec2, elb, elbv2 } = clients;

  /** Our own groups let a load balancer's group in; that rule would keep it from going. */
  const removeGroup = async (group: SecurityGroup, clusterId: string, signal: AbortSignal): Promise<void> => {
    const id = group.GroupId ?? '';
    const referring = await readAll(
      paginateDescribeSecurityGroups(
        { client: ec2 },
        { Filters: [filter('ip-permission.group-id', id), filter(`tag:${kubernetesClusterTag(clusterId)}`, OWNED)] },
        { abortSignal: signal },
      ),
      (page) => page.SecurityGroups,
    );
    for (const other of referring) await revokeAll(ec2, other, id);
    await deleteSecurityGroup(ec2, id, securityGroupLabel(group), signal);
  };

  return {
    kind: 'cloud-load-balancers',

    async candidates(wanted) {
      const all = await listCloudLoadBalancers(clients, wanted.owner.clusterId, wanted.signal);
      const found = foundCloudLoadBalancers(wanted.key, all);
      return found === undefined ? [] : [{ ...found, label: namesOf(all).join(', '), belongsTo: 'ours' }];
    },

    /** Slipway never makes one. */
    create: () => Promise.resolve({ outputs: {}, change: 'unchanged' }),
    update: () => Promise.resolve({ outputs: {} }),

    async remove(wanted) {
      const { clusterId } = wanted.owner;
      const all = await listCloudLoadBalancers(clients, clusterId, wanted.signal);
      await Promise.all([
        ...all.loadBalancers.map(({ arn }) => elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn }))),
        ...all.classic.map((name) => elb.send(new DeleteClassicCommand({ LoadBalancerName: name }))),
      ]);
      await Promise.all(
        all.targetGroups.map(({ arn }) => elbv2.send(new DeleteTargetGroupCommand({ TargetGroupArn: arn }))),
      );
      const outcomes = await Promise.allSettled(
        all.securityGroups.map((group) => removeGroup(group, clusterId, wanted.signal)),
      );
      const failures = outcomes.flatMap((outcome) =>
        outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
      );
      if (failures.length === 1) throw failures[0];
      if (failures.length > 1) throw retryError(failures.map((failure) => String(failure)).join(' '), failures[0]);
    },

    async remains(wanted) {
      const names = namesOf(await listCloudLoadBalancers(clients, wanted.owner.clusterId, wanted.signal));
      return names.length === 0 ? undefined : `Still there, made by controllers in the cluster: ${names.join(', ')}.`;
    },
  };
};
