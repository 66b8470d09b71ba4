/**
 * Insights: what in a living cluster stands in the way of an upgrade, or is endangered by it, each with its cure.
 *
 * Owns: what is looked at, what of it blocks, and the order: what blocks comes first. Neighbours: `activities/kubernetes/insights.ts`
 * reads what is judged here, `deprecated-apis.ts`, `fail-closed.ts` and `certificates.ts` judge what takes more than a line; `upgrade-target.ts` says which
 * versions may be asked for. Pure. Invariants: I8 (of certificates only the date), I12 (what was not read is told, never left out).
 */
import type { AWSCluster } from '../api/cluster.ts';
import type { Release } from '../api/releases.ts';
import { skewProblem } from '../api/skew.ts';
import { authorityEnding, type SeenCertificate } from './certificates.ts';
import { deprecatedApis, type RequestedApi } from './deprecated-apis.ts';
import { failClosedWebhooks, type Webhooks } from './fail-closed.ts';
import { type Insight, isUnread, listed, type Read, unreadInsight } from './insight.ts';

export type SeenNode = {
  readonly name: string;
  /** As the node says it, without a leading v: `1.36.3`. */
  readonly kubelet: string;
};

export type SeenBudget = {
  readonly namespace: string;
  readonly name: string;
  /** As the disruption controller last counted. */
  readonly allowed: number;
  readonly healthy: number;
  readonly desired: number;
  readonly expected: number;
};

export type SeenAuthority = Pick<SeenCertificate, 'object' | 'notAfter'>;

/** What a cluster's own API says. */
export type SeenInside = {
  readonly apis: Read<readonly RequestedApi[]>;
  readonly nodes: Read<readonly SeenNode[]>;
  readonly budgets: Read<readonly SeenBudget[]>;
  readonly webhooks: Read<Webhooks>;
  /** The size of etcd's database on disk, as an API server knows it. */
  readonly etcd: Read<{ readonly bytes: number }>;
};

/** What was seen of one cluster. */
export type Seen = {
  /** Unread as a whole where nothing of it could be read. */
  readonly inside: Read<SeenInside>;
  /** What the management API keeps for it. */
  readonly authorities: Read<readonly SeenAuthority[]>;
};

/** What is judged with it. */
export type InsightsRequest = {
  /**
   * The operation that upgrades asks. What status says of state and replicas is left out then: the operation itself writes it, so that
   * waiting for it would never end, and each of its turns looks at the other replicas.
   */
  readonly underWay?: true;
  readonly cluster: Pick<AWSCluster, 'metadata' | 'spec' | 'status'>;
  readonly target: Release;
  readonly now: number;
  /** Whether a snapshot is to be taken before, and where it would go; absent where nobody takes any, or nobody asks yet. */
  readonly snapshots?: { readonly bucket?: string };
};

const tooOld = (nodes: readonly SeenNode[], kubernetes: string): readonly Insight[] => {
  const byVersion = new Map<string, string[]>();
  for (const { name, kubelet } of nodes) byVersion.set(kubelet, [...(byVersion.get(kubelet) ?? []), name]);
  return [...byVersion].flatMap(([kubelet, names]) => {
    const problem = skewProblem(kubernetes, kubelet);
    if (problem === undefined) return [];
    const newer = /newer/.test(problem);
    return [
      {
        name: 'KubeletSkew' as const,
        severity: 'blocks' as const,
        object: `${names.length === 1 ? 'node' : 'nodes'} ${listed(names.toSorted())}`,
        message: `${names.length === 1 ? 'runs' : 'run'} kubelet ${kubelet}, which is ${newer ? 'newer' : 'more than two minor versions older'} than Kubernetes ${kubernetes}`,
        cure: newer
          ? 'ask for a version that is no older than the nodes'
          : 'bring their node pools to a newer version first',
      },
    ];
  });
};

const kubeletSkew = (nodes: SeenInside['nodes'], kubernetes: string): readonly Insight[] =>
  isUnread(nodes) ? [unreadInsight('KubeletSkew', 'blocks', 'nodes', nodes)] : tooOld(nodes, kubernetes);

const stuckBudget = ({ namespace, name, healthy, desired, expected }: SeenBudget): Insight => {
  const wants = `allows no pod to be evicted: of ${expected} pods ${healthy} are healthy, and ${desired} must be`;
  const ill = healthy < desired;
  return {
    name: 'DisruptionBudgets',
    severity: 'warns',
    object: `PodDisruptionBudget ${namespace}/${name}`,
    message: `${wants}; node pools that are upgraded afterwards can't drain the nodes of these pods`,
    cure: ill
      ? 'see why these pods are not healthy'
      : 'let it allow a disruption, by more replicas or a lower minAvailable',
  };
};

const disruptionBudgets = (budgets: SeenInside['budgets']): readonly Insight[] =>
  isUnread(budgets)
    ? [unreadInsight('DisruptionBudgets', 'warns', 'PodDisruptionBudgets', budgets)]
    : // One that selects nobody keeps nobody.
      budgets.filter(({ allowed, expected }) => allowed <= 0 && expected > 0).map(stuckBudget);

/** Of the account's side the cluster's own status knows more than its API does. */
const controlPlane = ({ metadata: { namespace, name }, status }: InsightsRequest['cluster']): readonly Insight[] => {
  const insight = (object: string, message: string, cure: string): Insight => ({
    name: 'ControlPlane',
    severity: 'blocks',
    object,
    message,
    cure,
  });
  const replicas = (status?.unhealthyReplicas ?? []).map(({ index, message }) =>
    insight(
      `replica ${index}`,
      `is not as it should be: ${message}`,
      'wait until it is repaired, or see what lastErrors says of it',
    ),
  );
  if (status?.state === 'Provisioned' || replicas.length > 0) return replicas;
  return [
    insight(
      `AWSCluster ${namespace}/${name}`,
      `is ${status?.state ?? 'not provisioned'}, and an upgrade begins where nothing else goes on`,
      'wait until it is Provisioned',
    ),
  ];
};

const GIB = 1024 ** 3;
/** etcd's own where nobody sets another: https://etcd.io/docs/v3.6/op-guide/maintenance/#space-quota */
const QUOTA = 2 * GIB;
/** Of what there is: from the second on etcd may refuse writes before the upgrade has ended. */
const [LITTLE, TOO_LITTLE] = [0.75, 0.95];

const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MiB`;

const etcdSpace = (etcd: SeenInside['etcd'], { spec }: InsightsRequest['cluster']): readonly Insight[] => {
  if (isUnread(etcd)) return [unreadInsight('EtcdSpace', 'warns', "etcd's database", etcd)];
  // The other half is for its log, its snapshots, and a second copy while it is defragmented.
  const disk = (spec.controlPlane.etcd.mainVolume.sizeGiB * GIB) / 2;
  const room = Math.min(QUOTA, disk);
  const used = etcd.bytes / room;
  if (used < LITTLE) return [];
  const limit = room === QUOTA ? "etcd's quota" : 'half of its volume';
  return [
    {
      name: 'EtcdSpace',
      severity: used < TOO_LITTLE ? 'warns' : 'blocks',
      object: "etcd's database",
      message: `has ${mebibytes(etcd.bytes)} of the ${mebibytes(room)} that ${limit} leaves it: once they are used up, nothing can be written`,
      cure:
        room === QUOTA
          ? 'delete what nobody needs, such as events and finished jobs, and defragment its members one by one'
          : 'raise spec.controlPlane.etcd.mainVolume.sizeGiB, which takes effect in place',
    },
  ];
};

const certificates = (authorities: Seen['authorities'], now: number): readonly Insight[] => {
  if (isUnread(authorities))
    return [unreadInsight('Certificates', 'blocks', 'the authorities of the cluster', authorities)];
  return authorities.flatMap((authority): Insight[] => {
    const ending = authorityEnding(authority, now);
    if (ending === undefined) return [];
    const { object, atOnce, message, cure } = ending;
    return [{ name: 'Certificates', severity: atOnce ? 'blocks' : 'warns', object, message, cure }];
  });
};

const snapshots = ({ snapshots: asked, cluster }: InsightsRequest): readonly Insight[] =>
  asked === undefined || asked.bucket !== undefined || cluster.spec.controlPlane.upgrade.snapshot === 'None'
    ? []
    : [
        {
          name: 'Snapshots',
          severity: 'blocks',
          object: `AWSCluster ${cluster.metadata.namespace}/${cluster.metadata.name}`,
          message:
            "has nowhere to keep a snapshot of etcd, which is taken before an upgrade: the worker's SLIPWAY_BUCKET is not set",
          cure: 'set SLIPWAY_BUCKET of the worker to the name of a bucket',
        },
      ];

const byWeight = (a: Insight, b: Insight): number => {
  const key = ({ severity, name, object }: Insight): string => `${severity} ${name} ${object}`;
  return key(a) < key(b) ? -1 : 1;
};

const insideInsights = (inside: Seen['inside'], { cluster, target }: InsightsRequest): readonly Insight[] =>
  isUnread(inside)
    ? [unreadInsight('ClusterApi', 'blocks', "the cluster's API", inside)]
    : [
        ...deprecatedApis(inside.apis, target.kubernetes),
        ...kubeletSkew(inside.nodes, target.kubernetes),
        ...disruptionBudgets(inside.budgets),
        ...failClosedWebhooks(inside.webhooks),
        ...etcdSpace(inside.etcd, cluster),
      ];

/** All of them: what blocks first, and each in the order of its name and object. */
export const insightsOf = (seen: Seen, request: InsightsRequest): readonly Insight[] =>
  [
    ...insideInsights(seen.inside, request),
    ...(request.underWay === true ? [] : controlPlane(request.cluster)),
    ...certificates(seen.authorities, request.now),
    ...snapshots(request),
  ].toSorted(byWeight);
