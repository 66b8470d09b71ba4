/**
 * Cloud load balancers: what controllers inside the cluster made in AWS for Services, and nobody removes once they are gone.
 *
 * Owns: finding them by the Kubernetes cluster tag, and removing them; Slipway makes none. What carries Slipway's own tags
 * has files of its own and is left alone here (I4: tagged as this cluster's by its id). Load balancers go first, then
 * target groups, then, once AWS has taken away the load balancers' interfaces, the security groups that only they used.
 *
 * Those interfaces outlive load balancers by minutes, and hold the user's subnets: they are waited for by name (I7). Nothing but a
 * description says whose they are, so the plan has those that it saw; of a load balancer that is made after that, in the seconds in
 * which its controller ends, only those that hold a group are waited for.
 */
import {
  paginateDescribeNetworkInterfaces,
  paginateDescribeSecurityGroups,
  type SecurityGroup,
} from '@aws-sdk/client-ec2';
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
import type { ResourceDriver, Sought } from '../driver.ts';
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

/** As AWS describes the interfaces of a load balancer: `ELB net/name/0123456789abcdef`, of a classic one `ELB name`. */
const interfacesOf = ({ loadBalancers, classic }: CloudLoadBalancers): string[] =>
  [...loadBalancers.map(({ arn }) => arn.split(':loadbalancer/')[1] ?? ''), ...classic]
    .filter((name) => name !== '')
    .map((name) => `ELB ${name}`)
    .sort();

export const foundCloudLoadBalancers = (
  key: ResourceKey,
  all: CloudLoadBalancers,
): FoundOf<'cloud-load-balancers'> | undefined => {
  const names = namesOf(all);
  return names.length === 0
    ? undefined
    : observed('cloud-load-balancers', key, {}, { names, interfaces: interfacesOf(all) });
};

const DESCRIPTIONS_AT_ONCE = 100;

/** Interfaces of load balancers that may be gone already: AWS takes them away minutes later, and they hold subnets until then. */
const leftInterfaces = async (
  { ec2 }: Pick<AwsClients, 'ec2'>,
  described: readonly string[],
  abortSignal: AbortSignal,
): Promise<readonly string[]> => {
  const found = await Promise.all(
    portions(described, DESCRIPTIONS_AT_ONCE).map((some) =>
      readAll(
        paginateDescribeNetworkInterfaces(
          { client: ec2 },
          { Filters: [filter('description', ...some)] },
          { abortSignal },
        ),
        (page) => page.NetworkInterfaces,
      ),
    ),
  );
  return found
    .flat()
    .map(
      ({ NetworkInterfaceId = '?', Description = '?' }) => `network interface ${NetworkInterfaceId} (${Description})`,
    )
    .sort();
};

/** Our own groups let a load balancer's group in; that rule would keep it from going. */
const removeGroup = async (
  { ec2 }: Pick<AwsClients, 'ec2'>,
  group: SecurityGroup,
  clusterId: string,
  signal: AbortSignal,
): Promise<void> => {
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

export const cloudLoadBalancersDriver = (clients: AwsClients): ResourceDriver<'cloud-load-balancers'> => {
  const { elb, elbv2 } = clients;

  /** All that is there, and the interfaces of what was there when the removal was planned. */
  const left = async ({ owner, properties: { interfaces = [] }, signal }: Sought<'cloud-load-balancers'>) => {
    const [all, going] = await Promise.all([
      listCloudLoadBalancers(clients, owner.clusterId, signal),
      leftInterfaces(clients, interfaces, signal),
    ]);
    return {
      names: [...namesOf(all), ...going],
      interfaces: [...new Set([...interfaces, ...interfacesOf(all)])].sort(),
    };
  };

  return {
    kind: 'cloud-load-balancers',

    async candidates(sought) {
      const state = await left(sought);
      if (state.names.length === 0) return [];
      const found = observed('cloud-load-balancers', sought.key, {}, state);
      return [{ ...found, label: state.names.join(', '), belongsTo: 'ours' }];
    },

    /** Slipway never makes one. */
    create: () => Promise.resolve({ outputs: {}, change: 'unchanged' }),
    update: () => Promise.resolve({ outputs: {} }),

    async remove(wanted, { state: { interfaces = [] } }) {
      const { clusterId } = wanted.owner;
      const all = await listCloudLoadBalancers(clients, clusterId, wanted.signal);
      await Promise.all([
        ...all.loadBalancers.map(({ arn }) => elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn }))),
        ...all.classic.map((name) => elb.send(new DeleteClassicCommand({ LoadBalancerName: name }))),
      ]);
      await Promise.all(
        all.targetGroups.map(({ arn }) => elbv2.send(new DeleteTargetGroupCommand({ TargetGroupArn: arn }))),
      );
      // AWS keeps groups for as long as an interface has them: they go with a later look.
      if ((await leftInterfaces(clients, interfaces, wanted.signal)).length > 0) return;
      const outcomes = await Promise.allSettled(
        all.securityGroups.map((group) => removeGroup(clients, group, clusterId, wanted.signal)),
      );
      const failures = outcomes.flatMap((outcome) =>
        outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
      );
      if (failures.length === 1) throw failures[0];
      if (failures.length > 1) throw retryError(failures.map((failure) => String(failure)).join(' '), failures[0]);
    },

    async remains(sought) {
      const { names } = await left(sought);
      return names.length === 0 ? undefined : `Still there, made by controllers in the cluster: ${names.join(', ')}.`;
    },
  };
};
