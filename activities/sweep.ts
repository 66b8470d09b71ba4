/**
 * Sweep: looks at every cluster and node pool of the account and region at once, and says whose entities to tell what.
 *
 * Owns: which objects are looked at, and putting listings together to one inventory an object. Neighbours: `aws/survey.ts`
 * and `kubernetes/survey.ts` list, `policy/` decides just as it would for an operation and tells drift of it; the workflow
 * `DriftSweep` signals entities. Invariants: I6 (reads only), I12 (a listing that fails fails the sweep, which then
 * concludes nothing about anyone; what can't be read for one object concludes nothing about that one).
 */
import pLimit from 'p-limit';
import type { AWSCluster } from '../api/cluster.ts';
import { entityWorkflowId } from '../api/names.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import type { ObjectRef } from '../api/object.ts';
import type { Found } from '../kinds/resource.ts';
import type { Assessment } from '../policy/assessment.ts';
import { decideCluster } from '../policy/decide-cluster.ts';
import { decideNodePool } from '../policy/decide-nodepool.ts';
import { findingOf, isSaidToDiffer, isSwept } from '../policy/drift.ts';
import type { ClusterFacts, Served } from '../policy/facts.ts';
import type { Inventory } from '../policy/plan.ts';
import { clusterRequest, type ObserveRequest, poolRequest } from './assess.ts';
import type { TakeSurvey } from './aws/survey.ts';
import type { SweepAnswer, SweepFinding } from './contract.ts';
import type { ManagementSurvey } from './kubernetes/survey.ts';
import { verdictOf } from './verdicts.ts';

export type SweepSources = {
  readonly served: (signal: AbortSignal) => Promise<Served>;
  readonly settleSeconds: number;
  readonly repair: ClusterFacts['repair'];
  readonly management: (signal: AbortSignal) => Promise<ManagementSurvey>;
  readonly aws: TakeSurvey;
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

type StoredObject = AWSCluster | AWSNodePool;
type Look = {
  readonly object: StoredObject;
  readonly request: ObserveRequest;
  readonly fresh: boolean;
  readonly decide: (inventory: Inventory) => Assessment;
};

const referenceOf = ({ kind, metadata }: StoredObject): ObjectRef => ({
  kind,
  namespace: metadata.namespace,
  name: metadata.name,
  uid: metadata.uid,
});

export const createSweep = (sources: SweepSources) => {
  const { settleSeconds, repair } = sources;

  const lookAtCluster = (cluster: AWSCluster, worker: Served): Look => {
    const requested = referenceOf(cluster);
    return {
      object: cluster,
      request: clusterRequest(requested, cluster),
      fresh: isSaidToDiffer(cluster),
      decide: (inventory) =>
        decideCluster({
          requested,
          worker,
          settleSeconds,
          entityId: entityWorkflowId(requested),
          object: cluster,
          repair,
          now: Date.now(),
          inventory,
        }),
    };
  };

  const lookAtNodePool = (pool: AWSNodePool, cluster: AWSCluster | null, worker: Served): Look => {
    const requested = referenceOf(pool);
    return {
      object: pool,
      request: poolRequest(requested, pool, cluster),
      // What is remembered is of load balancing, which a pool has no part in.
      fresh: false,
      decide: (inventory) =>
        decideNodePool({
          requested,
          worker,
          settleSeconds,
          entityId: entityWorkflowId(requested),
          object: pool,
          cluster,
          inventory,
        }),
    };
  };

  return async (signal: AbortSignal): Promise<SweepAnswer> => {
    const worker = await sources.served(signal);
    const management = await sources.management(signal);
    const isOurs = ({ status, spec }: StoredObject): boolean =>
      status?.aws?.account === worker.account &&
      worker.regions.includes(status.aws.region) &&
      spec.region === status.aws.region;
    const isLookedAt = (object: StoredObject): boolean => isOurs(object) && isSwept(object);
    const clusterOf = (pool: AWSNodePool): AWSCluster | null =>
      management.clusters.find(
        ({ metadata }) => metadata.namespace === pool.metadata.namespace && metadata.name === pool.spec.clusterName,
      ) ?? null;
    const looks = [
      ...management.clusters.filter(isLookedAt).map((cluster) => lookAtCluster(cluster, worker)),
      ...management.nodePools.filter(isLookedAt).map((pool) => lookAtNodePool(pool, clusterOf(pool), worker)),
    ];
    const swept = { clusters: management.clusters.length, nodePools: management.nodePools.length };
    const counted = { ...swept, looked: looks.length, invalid: management.invalid };
    // An account in which nothing rests needs no listing.
    if (looks.length === 0) return { ...counted, unread: 0, lookedAt: Date.now(), findings: [] };
    const survey = await sources.aws(signal);

    const hubOf = async ({ membership, clusterUid }: ObserveRequest): Promise<readonly Found[]> =>
      membership === undefined ? [] : sources.hub({ uid: clusterUid, membershipName: membership }, signal);

    let unread = 0;
    const atOnce = pLimit(LOOKS_AT_ONCE);
    const findings = await Promise.all(
      looks.map(({ object, request, fresh, decide }) =>
        atOnce(async (): Promise<SweepFinding[]> => {
          let elsewhere: readonly Found[];
          try {
            elsewhere = (await Promise.all([management.foundOf(object, request.clusterId), hubOf(request)])).flat();
          } catch (error) {
            if (signal.aborted) throw error;
            unread += 1;
            sources.onUnread(request.object, verdictOf(error).message);
            return [];
          }
          const inAws = await survey.inventoryOf({ ...request, fresh });
          const found = [...inAws.found, ...elsewhere];
          const finding = findingOf(object, decide({ ...inAws, found }), found);
          return finding === undefined ? [] : [{ entityId: entityWorkflowId(request.object), finding }];
        }),
      ),
    );
    const sorted = findings.flat().sort((a, b) => (a.entityId < b.entityId ? -1 : 1));
    return { ...counted, unread, lookedAt: survey.began, findings: sorted.slice(0, MOST_FINDINGS) };
  };
};
