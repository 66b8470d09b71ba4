/**
 * Room: how much an account still has to give: virtual CPUs, load balancers and security groups under its quotas, addresses in use.
 *
 * Owns: reading quotas and what counts against them. All but addresses is remembered, as facts are, until asked for afresh.
 * Neighbours: `preflight.ts` compares it with what an object takes; `facts.ts` has what is simply there or not. Spot
 * Instances have quotas of their own and don't count. Whether AWS has a machine to give shows at launch only.
 */
import {
  type Instance,
  type NetworkInterface,
  paginateDescribeInstances,
  paginateDescribeNetworkInterfaces,
  paginateDescribeSecurityGroups,
} from '@aws-sdk/client-ec2';
import { paginateDescribeLoadBalancers } from '@aws-sdk/client-elastic-load-balancing-v2';
import { GetAWSDefaultServiceQuotaCommand, GetServiceQuotaCommand } from '@aws-sdk/client-service-quotas';
import { CLUSTER_TAG, UID_TAG } from '../../api/names.ts';
import type { Tags } from '../../kinds/row.ts';
import type { AwsClients } from './clients.ts';
import { courtesy, type OnUnread } from './courtesy.ts';
import type { AwsFacts } from './facts.ts';
import type { Remember } from './memory.ts';
import { filter, inPages, readAll, tagRecord } from './tags.ts';

/** A quota, and how much of it is used. */
export type Usage = { readonly code: string; readonly name: string; readonly limit: number; readonly used: number };

export type Machine = {
  readonly id: string;
  readonly type: string;
  readonly subnetId: string;
  readonly tags: Tags;
};

type BalancerUsage = Usage & { readonly names: readonly string[] };
/** `owners`: of each that a cluster has, the cluster's id. */
type GroupUsage = Usage & { readonly owners: readonly string[] };

/** `fresh`: not from memory. */
type Look = { readonly signal: AbortSignal; readonly fresh?: boolean };

type Owner = {
  readonly clusterId: string;
  readonly uid: string;
  readonly machines: readonly Machine[];
  readonly loadBalancer?: string;
};

export type AwsRoom = {
  /** On-demand instances that run, or are about to. */
  machines(look: Look): Promise<readonly Machine[]>;
  /** Virtual CPUs under the quota that counts the type; undefined where we know of none. */
  cpus(type: string, look: Look): Promise<Usage | undefined>;
  loadBalancers(look: Look): Promise<BalancerUsage | undefined>;
  /** Security groups of the region; undefined where it has so few load balancers that clusters' groups can't be what fills it. */
  securityGroups(look: Look): Promise<GroupUsage | undefined>;
  /** How many addresses of a subnet the owner has: in its interfaces, its machines' and its load balancer's. */
  ownAddresses(subnetId: string, own: Owner, signal: AbortSignal): Promise<number>;
};

/** Quotas of running on-demand instances, in virtual CPUs, by the families that they count. */
const CPU_QUOTAS: readonly { readonly code: string; readonly families: RegExp }[] = [
  { code: 'L-1216C47A', families: /^(a|c|d|h|i|im|is|m|r|t|z)\d/ },
  { code: 'L-DB2E81BA', families: /^(g|gr|vt)\d/ },
  { code: 'L-417A185B', families: /^p\d/ },
  { code: 'L-74FC7D96', families: /^f\d/ },
  { code: 'L-7295265B', families: /^x\d/ },
  { code: 'L-1945791B', families: /^inf\d/ },
  { code: 'L-2C3B7624', families: /^trn\d/ },
  { code: 'L-6E869C2A', families: /^dl\d/ },
  { code: 'L-43DA4232', families: /^u(-|\d)/ },
  { code: 'L-F7808C92', families: /^hpc\d/ },
];
const BALANCER_QUOTA = 'L-69A177A2';
const GROUP_QUOTA = 'L-E79EC296';

/**
 * Groups are counted where the region has so many network load balancers: AWS lets every account have 2500 groups, a cluster has three and a
 * load balancer, and everybody else is spared a listing of all groups with all their rules.
 * https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups
 */
const GROUPS_COUNTED_FROM_BALANCERS = 50;

const countedMachine = (instance: Instance): Machine => ({
  id: instance.InstanceId ?? '',
  type: instance.InstanceType ?? '',
  subnetId: instance.SubnetId ?? '',
  tags: tagRecord(instance.Tags),
});

const isUnknownQuota = (error: unknown): boolean => error instanceof Error && error.name === 'NoSuchResourceException';

type Quota = { readonly ServiceCode: string; readonly QuotaCode: string };

type Asking = { readonly clients: AwsClients; readonly remember: Remember; readonly onUnread: OnUnread };

/** What was applied to the account, else what AWS gives every account: Service Quotas knows the one only once somebody asked for more. */
const readQuota = async ({ serviceQuotas }: AwsClients, quota: Quota, abortSignal: AbortSignal) => {
  try {
    return (await serviceQuotas.send(new GetServiceQuotaCommand(quota), { abortSignal })).Quota;
  } catch (error) {
    if (!isUnknownQuota(error)) throw error;
  }
  try {
    return (await serviceQuotas.send(new GetAWSDefaultServiceQuotaCommand(quota), { abortSignal })).Quota;
  } catch (error) {
    if (!isUnknownQuota(error)) throw error;
    return undefined;
  }
};

/** What is exceeded shows at launch. In a partition of AWS that doesn't count this, nothing is. */
const quotaOf = ({ clients, remember, onUnread }: Asking, quota: Quota, { signal, fresh = false }: Look) =>
  remember(
    `quota ${quota.QuotaCode}`,
    () => {
      const { QuotaCode } = quota;
      const look = async () => {
        const { Value, QuotaName = QuotaCode } = (await readQuota(clients, quota, signal)) ?? {};
        return Value === undefined ? undefined : { code: QuotaCode, name: QuotaName, limit: Value };
      };
      return courtesy(`quota ${QuotaCode}`, look, { onUnread, signal });
    },
    () => !fresh,
  );

const machinesOf = ({ clients, remember }: Asking, look: Look): Promise<readonly Machine[]> =>
  remember(
    'running machines',
    async () => {
      const instances = await readAll(
        paginateDescribeInstances(
          inPages(clients.ec2),
          { Filters: [filter('instance-state-name', 'pending', 'running')] },
          { abortSignal: look.signal },
        ),
        (page) => (page.Reservations ?? []).flatMap(({ Instances }) => Instances ?? []),
      );
      return instances.filter(({ InstanceLifecycle }) => InstanceLifecycle !== 'spot').map(countedMachine);
    },
    () => look.fresh !== true,
  );

const balancerNames = ({ clients, remember }: Asking, look: Look): Promise<readonly string[]> =>
  remember(
    'network load balancers',
    async () => {
      const all = await readAll(
        paginateDescribeLoadBalancers({ client: clients.elbv2, pageSize: 400 }, {}, { abortSignal: look.signal }),
        (page) => page.LoadBalancers,
      );
      return all.filter(({ Type }) => Type === 'network').flatMap(({ LoadBalancerName }) => LoadBalancerName ?? []);
    },
    () => look.fresh !== true,
  );

const securityGroupsOf = ({ clients, remember }: Asking, look: Look): Promise<readonly Tags[]> =>
  remember(
    'all security groups',
    async () => {
      const all = await readAll(
        paginateDescribeSecurityGroups(inPages(clients.ec2), {}, { abortSignal: look.signal }),
        (page) => page.SecurityGroups,
      );
      return all.map((group) => tagRecord(group.Tags));
    },
    () => look.fresh !== true,
  );

const isOwn =
  (own: Owner) =>
  ({ TagSet, Attachment, Description = '' }: NetworkInterface): boolean => {
    const tags = tagRecord(TagSet);
    if (tags[CLUSTER_TAG] === own.clusterId && tags[UID_TAG] === own.uid) return true;
    // How AWS describes an interface that it made for a load balancer: `ELB net/<name>/<id>`.
    const ofBalancer = own.loadBalancer !== undefined && Description.startsWith(`ELB net/${own.loadBalancer}/`);
    return ofBalancer || own.machines.some(({ id }) => id === Attachment?.InstanceId);
  };

export const createRoom = (
  clients: AwsClients,
  facts: AwsFacts,
  remember: Remember,
  onUnread: OnUnread = () => undefined,
): AwsRoom => {
  const asking: Asking = { clients, remember, onUnread };
  return {
    machines: (look) => machinesOf(asking, look),

    cpus: async (type, look) => {
      const counted = CPU_QUOTAS.find(({ families }) => families.test(type));
      if (counted === undefined) return undefined;
      const [limits, all] = await Promise.all([
        quotaOf(asking, { ServiceCode: 'ec2', QuotaCode: counted.code }, look),
        machinesOf(asking, look),
      ]);
      if (limits === undefined) return undefined;
      const types = all.map((machine) => machine.type).filter((one) => counted.families.test(one));
      const known = await facts.instanceTypes([...new Set(types)].sort(), look.signal);
      const cpus = new Map(known.map((one) => [one.id, one.cpus]));
      return { ...limits, used: types.reduce((sum, one) => sum + (cpus.get(one) ?? 0), 0) };
    },

    loadBalancers: async (look) => {
      const [limits, names] = await Promise.all([
        quotaOf(asking, { ServiceCode: 'elasticloadbalancing', QuotaCode: BALANCER_QUOTA }, look),
        balancerNames(asking, look),
      ]);
      return limits === undefined ? undefined : { ...limits, used: names.length, names };
    },

    securityGroups: async (look) => {
      if ((await balancerNames(asking, look)).length < GROUPS_COUNTED_FROM_BALANCERS) return undefined;
      const [limits, groups] = await Promise.all([
        quotaOf(asking, { ServiceCode: 'vpc', QuotaCode: GROUP_QUOTA }, look),
        securityGroupsOf(asking, look),
      ]);
      const owners = groups.flatMap((tags) => tags[CLUSTER_TAG] ?? []);
      return limits === undefined ? undefined : { ...limits, used: groups.length, owners };
    },

    ownAddresses: async (subnetId, own, abortSignal) => {
      const interfaces = await readAll(
        paginateDescribeNetworkInterfaces(
          inPages(clients.ec2),
          { Filters: [filter('subnet-id', subnetId)] },
          { abortSignal },
        ),
        (page) => page.NetworkInterfaces,
      );
      return interfaces.filter(isOwn(own)).length;
    },
  };
};
