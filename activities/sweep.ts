/**
 * Sweep: looks at every cluster and node pool of the account and region at once, and says whose entities to tell what.
 *
 * Owns: which objects are looked at, which clusters are asked for their nodes, and putting listings together to one inventory
 * an object. Neighbours: `aws/survey.ts`, `kubernetes/survey.ts` and `kubernetes/node-sweep.ts` list, `policy/` decides just as it would for an operation and tells drift of it; the workflow
 * `DriftSweep` signals entities. Invariants: I6 (reads only, but for snapshots that a spec lets go), I12 (a listing that fails fails the sweep, which then
 * concludes nothing about anyone; what can't be read for one object concludes nothing about that one).
 */
import pLimit from 'p-limit';
import type { AWSCluster } from '../api/cluster.ts';
import { entityWorkflowId } from '../api/names.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import { type ObjectRef, referenceTo } from '../api/object.ts';
import type { Found } from '../kinds/resource.ts';
import type { Assessment } from '../policy/assessment.ts';
import type { BackupSeen } from '../policy/backup-status.ts';
import { conditionOf } from '../policy/conditions.ts';
import { decideCluster } from '../policy/decide-cluster.ts';
import { decideNodePool } from '../policy/decide-nodepool.ts';
import { type Answers, type Finding, findingOf, isSaidToDiffer, isSwept } from '../policy/drift.ts';
import { type ClusterFacts, judgePlace, type Served, stayingCluster } from '../policy/facts.ts';
import { ADDONS_UNKNOWN, type InsideRequest, insideRequest } from '../policy/inside.ts';
import { type ClusterNodes, isCountUnknown } from '../policy/node-counts.ts';
import type { Inside, Inventory } from '../policy/plan.ts';
import type { UpgradeSeen } from '../policy/upgrade-insights.ts';
import type { StoredObject } from '../policy/views.ts';
import { present } from '../words/present.ts';
import { clusterRequest, type ObserveRequest, poolRequest } from './assess.ts';
import type { Survey, TakeSurvey } from './aws/survey.ts';
import type { Swept } from './backup-sweep.ts';
import type { SweepCertificates, SweptCertificates } from './certificate-sweep.ts';
import type { SweepAnswer, SweepFinding } from './contract.ts';
import type { InsideLook, SweepInside } from './inside-sweep.ts';
import type { SweepInsights } from './insights-sweep.ts';
import type { SweepNodes } from './kubernetes/node-sweep.ts';
import type { ManagementSurvey } from './kubernetes/survey.ts';
import type { UserCluster } from './kubernetes/user-cluster.ts';
import { verdictOf } from './verdicts.ts';

export type SweepSources = {
  readonly served: (signal: AbortSignal) => Promise<Served>;
  readonly settleSeconds: number;
  /** Between two sweeps. */
  readonly everySeconds: number;
  readonly repair: ClusterFacts['repair'];
  readonly management: (signal: AbortSignal) => Promise<ManagementSurvey>;
  readonly aws: TakeSurvey;
  /** Asks clusters themselves, those first that come first. */
  readonly nodes: SweepNodes;
  /** Asks them about their add-ons, where that is due. */
  readonly inside: SweepInside;
  /** Asks them what would stand in the way of their next upgrade, where that is due. */
  readonly insights: SweepInsights;
  /** A cluster's snapshots; nothing is said of them unless given. */
  readonly backup?: (swept: Swept, signal: AbortSignal) => Promise<BackupSeen | undefined>;
  /** A cluster's certificates, among what the management API keeps for it. */
  readonly certificates: SweepCertificates;
  /** The hub knows no listing over all projects: one look a cluster that is registered. */
  readonly hub: (
    membership: { readonly uid: string; readonly membershipName: string },
    signal: AbortSignal,
  ) => Promise<readonly Found[]>;
  /** Told where one object could not be judged. */
  readonly onUnread: (object: ObjectRef, reason: string) => void;
};

/** What does not fit in one answer is found again by the next sweep, since its status does not say it yet. */
const MOST_FINDINGS = 200;
/** Once an hour each of them asks for what has no listing: that must not use up what AWS grants to operations. */
const LOOKS_AT_ONCE = 10;

type Look = {
  readonly object: StoredObject;
  readonly request: ObserveRequest;
  readonly fresh: boolean;
  readonly decide: (inventory: Inventory) => Assessment;
  /** The cluster itself, or that of a pool. */
  readonly cluster: AWSCluster | null;
  /** Of a pool: the cluster that knows its nodes, where it may be asked. */
  readonly nodesOf?: UserCluster;
  /** Of a cluster: what it would be asked about its add-ons. */
  readonly inside?: InsideRequest;
};

/** A pool's cluster where it has an API of its own that will stay: nobody is told off for not answering while it goes. */
const apiOf = (cluster: AWSCluster | null, clusterId: string): UserCluster | undefined => {
  const staying = stayingCluster(clusterId, cluster);
  const endpoint = staying?.status?.endpoint;
  if (staying === undefined || endpoint === undefined) return undefined;
  return { namespace: staying.metadata.namespace, clusterId, endpoint };
};

/** Each cluster once. Those that did not answer the last time come last, so that they cost the others nothing. */
const clustersToAsk = (looks: readonly Look[]): readonly UserCluster[] => {
  const isLast = ({ object }: Look): boolean => object.kind === 'AWSNodePool' && isCountUnknown(object);
  const ordered = [...looks.filter((look) => !isLast(look)), ...looks.filter(isLast)];
  const clusters = ordered.flatMap(({ nodesOf }) =>
    nodesOf === undefined ? [] : [[nodesOf.clusterId, nodesOf] as const],
  );
  return [...new Map(clusters).values()];
};

/** What the looks of one sweep have in common. */
type Ground = Pick<SweepSources, 'settleSeconds' | 'repair'> & { readonly worker: Served };

const lookAtCluster = (cluster: AWSCluster, ground: Ground): Look => {
  const requested = referenceTo(cluster);
  const inside = insideRequest(cluster);
  return {
    object: cluster,
    cluster,
    ...(inside === undefined ? {} : { inside }),
    request: clusterRequest(requested, cluster),
    fresh: isSaidToDiffer(cluster),
    decide: (inventory) =>
      decideCluster({
        ...ground,
        requested,
        entityId: entityWorkflowId(requested),
        object: cluster,
        now: Date.now(),
        inventory,
      }),
  };
};

const lookAtNodePool = (pool: AWSNodePool, cluster: AWSCluster | null, ground: Ground): Look => {
  const requested = referenceTo(pool);
  const request = poolRequest(requested, pool, cluster);
  const nodesOf = apiOf(cluster, request.clusterId);
  return {
    object: pool,
    cluster,
    request,
    ...(nodesOf === undefined ? {} : { nodesOf }),
    // What is remembered is of load balancing, which a pool has no part in.
    fresh: false,
    decide: (inventory) =>
      decideNodePool({
        ...ground,
        requested,
        entityId: entityWorkflowId(requested),
        object: pool,
        cluster,
        now: Date.now(),
        inventory,
      }),
  };
};

/** Whatever rests in the worker's account and regions. */
const looksAt = ({ clusters, nodePools }: ManagementSurvey, ground: Ground): readonly Look[] => {
  const { worker } = ground;
  const isLookedAt = (object: StoredObject): boolean =>
    object.status?.aws !== undefined && judgePlace(object, object.spec.region, worker) === undefined && isSwept(object);
  const clusterOf = ({ metadata: { namespace }, spec: { clusterName } }: AWSNodePool): AWSCluster | null =>
    clusters.find(({ metadata }) => metadata.namespace === namespace && metadata.name === clusterName) ?? null;
  return [
    ...clusters.filter(isLookedAt).map((cluster) => lookAtCluster(cluster, ground)),
    ...nodePools.filter(isLookedAt).map((pool) => lookAtNodePool(pool, clusterOf(pool), ground)),
  ];
};

/** Clusters that may be asked about their add-ons. */
const insideLooks = (looks: readonly Look[]): readonly InsideLook[] =>
  looks.flatMap(({ inside, fresh, object }) =>
    inside === undefined
      ? []
      : [{ request: inside, fresh: fresh || conditionOf(object, ADDONS_UNKNOWN) !== undefined }],
  );

const clustersAmong = (looks: readonly Look[]): readonly AWSCluster[] =>
  looks.flatMap(({ object }) => (object.kind === 'AWSCluster' ? [object] : []));

/** What was read for all objects at once. */
type Listings = {
  readonly management: ManagementSurvey;
  readonly survey: Survey;
  readonly nodes: ReadonlyMap<string, ClusterNodes>;
  readonly insides: ReadonlyMap<string, Inside>;
  readonly upgrades: ReadonlyMap<string, UpgradeSeen>;
};

const sweptOf = (clusterId: string, { spec }: AWSCluster): Swept => ({
  clusterId,
  ...present({ backup: spec.controlPlane.backup }),
});

type OfCluster = Pick<Answers, 'upgrade' | 'backup' | 'certificates'> & { readonly inside?: Inside };

/** What is known of a cluster itself, beside what AWS has; nothing of a pool. */
const ofCluster = async (
  object: StoredObject,
  { clusterId, found }: Pick<SweptCertificates, 'clusterId' | 'found'>,
  { insides, upgrades, backup, certificates }: Pick<Listings, 'insides' | 'upgrades'> & SweepSources,
  signal: AbortSignal,
): Promise<OfCluster> => {
  if (object.kind !== 'AWSCluster') return {};
  return present({
    inside: insides.get(clusterId),
    upgrade: upgrades.get(clusterId),
    backup: await backup?.(sweptOf(clusterId, object), signal),
    certificates: certificates({ namespace: object.metadata.namespace, clusterId, found }),
  });
};

/** What one look comes to; `unread` where something of the object could not be read. */
const conclude = async (
  { object, request, fresh, decide, cluster }: Look,
  { management, survey, nodes, insides, upgrades }: Listings,
  sources: SweepSources,
  signal: AbortSignal,
): Promise<readonly SweepFinding[] | 'unread'> => {
  const { hub, onUnread, everySeconds } = sources;
  const { membership, clusterUid: uid, clusterId } = request;
  const unread = (error: unknown): 'unread' => {
    if (signal.aborted) throw error;
    onUnread(request.object, verdictOf(error).message);
    return 'unread';
  };
  let elsewhere: readonly Found[];
  try {
    const registered = membership === undefined ? [] : hub({ uid, membershipName: membership }, signal);
    elsewhere = (await Promise.all([management.foundOf(object, clusterId), registered])).flat();
  } catch (error) {
    return unread(error);
  }
  const own = await ofCluster(object, { clusterId, found: elsewhere }, { insides, upgrades, ...sources }, signal);
  const look = async (anew: boolean): Promise<Finding | undefined> => {
    const inAws = await survey.inventoryOf({ ...request, fresh: anew });
    const found = [...inAws.found, ...elsewhere];
    const inventory = { ...inAws, found, ...present({ inside: own.inside }) };
    const moment = { cluster, now: Date.now(), everySeconds };
    return findingOf(object, decide(inventory), found, { moment, nodes: nodes.get(clusterId), ...own });
  };
  try {
    const remembered = await look(fresh);
    const differs = remembered?.kind === 'report' && remembered.differences.length > 0;
    // What is remembered may be what was there before a change.
    const finding = differs && !fresh ? await look(true) : remembered;
    return finding === undefined ? [] : [{ entityId: entityWorkflowId(request.object), finding }];
  } catch (error) {
    // What fails in AWS fails the whole sweep; here it is one whose revision another release made.
    if (verdictOf(error).verdict !== 'bug') throw error;
    return unread(error);
  }
};

export const createSweep =
  (sources: SweepSources) =>
  async (signal: AbortSignal): Promise<SweepAnswer> => {
    const { settleSeconds, repair } = sources;
    const worker = await sources.served(signal);
    const management = await sources.management(signal);
    const looks = looksAt(management, { settleSeconds, repair, worker });
    const swept = { clusters: management.clusters.length, nodePools: management.nodePools.length };
    const counted = { ...swept, looked: looks.length, invalid: management.invalid };
    // An account in which nothing rests needs no listing.
    if (looks.length === 0) return { ...counted, unread: 0, uncounted: 0, lookedAt: Date.now(), findings: [] };
    const [survey, nodes, insides, upgrades] = await Promise.all([
      sources.aws(signal),
      sources.nodes(clustersToAsk(looks), signal),
      sources.inside(insideLooks(looks), signal),
      sources.insights(clustersAmong(looks), signal),
    ]);

    const atOnce = pLimit(LOOKS_AT_ONCE);
    const listings: Listings = { management, survey, nodes, insides, upgrades };
    const concluded = await Promise.all(looks.map((look) => atOnce(() => conclude(look, listings, sources, signal))));
    const findings = concluded
      .flatMap((one) => (one === 'unread' ? [] : one))
      .sort((a, b) => (a.entityId < b.entityId ? -1 : 1));
    return {
      ...counted,
      unread: concluded.filter((one) => one === 'unread').length,
      uncounted: [...nodes.values()].filter((one) => 'unread' in one).length,
      lookedAt: survey.began,
      findings: findings.slice(0, MOST_FINDINGS),
    };
  };
