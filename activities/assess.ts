/**
 * Assess: read the object, observe the account, and let the pure functions decide what its entity does next.
 *
 * Owns: which facts are gathered, and in which order, so that nothing is looked at in AWS for an object that doesn't need
 * it. Neighbours: `policy/` decides, `inventory.ts` observes, the entity acts on the answer.
 * Invariants: I6 (reads only), I12 (what could not be read is an error or `blocked`, never absence).
 */
import type { AWSCluster } from '../api/cluster.ts';
import { entityWorkflowId } from '../api/names.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import { hasFinalizer, isDeleting, type ObjectKind, type ObjectRef, referenceTo } from '../api/object.ts';
import { adoptionAskedBy, clusterIdFor, nodePoolIdFor, ownerUidOf } from '../api/ownership.ts';
import type { ResourceProperties } from '../kinds/resource.ts';
import { adopting, type LivingOwner, proveAdoption } from '../policy/adoption.ts';
import { decideCluster, decideClusterEarly } from '../policy/decide-cluster.ts';
import { decideNodePool, decideNodePoolEarly } from '../policy/decide-nodepool.ts';
import { machinesToRead } from '../policy/decide-pool-machines.ts';
import {
  type ClusterFacts,
  clusterIdOfPool,
  judgeIdentity,
  judgeInventory,
  type NodePoolFacts,
  type Served,
} from '../policy/facts.ts';
import { firstLookOfCluster, firstLookOfNodePool, isNew } from '../policy/first-look.ts';
import { returned, returnedCluster } from '../policy/given-up.ts';
import { insideRequest, isInsideNext } from '../policy/inside.ts';
import type { Inventory } from '../policy/plan.ts';
import type { PoolMachines } from '../policy/pool-machines.ts';
import { isSequential, type Sibling } from '../policy/pool-order.ts';
import { REPAIR_AFTER_SECONDS, type RepairSettings } from '../policy/repair.ts';
import { present } from '../words/present.ts';
import type { Assessment, AssessRequest, Pacing } from './contract.ts';
import type { ReadInside } from './kubernetes/inside.ts';
import type { ReadPoolMachines } from './pool-machines.ts';
import { retryError, verdictOf } from './verdicts.ts';

/** What to observe: everything of one cluster id, or what one node pool has and takes from its cluster. */
export type ObserveRequest = {
  readonly object: ObjectRef;
  /** Whose uid its things carry, where it adopted them. */
  readonly ownerUid?: string;
  readonly clusterId: string;
  readonly clusterUid: string;
  readonly clusterName: string;
  /** The VPC and the subnets that the spec names; no VPC where the cluster's object is gone. */
  readonly vpcId?: string;
  readonly subnetIds: readonly string[];
  /** The cluster is going or gone: what controllers made for it goes too, and nobody takes anything from it any more. */
  readonly clusterGoes: boolean;
  /** The object itself is being deleted. */
  readonly objectGoes: boolean;
  /** By finalizer and status nothing was begun for it: its first plan proves that it owns nothing. */
  readonly isNew: boolean;
  /** `projects/P/locations/global/memberships/NAME` */
  readonly membership?: string;
};

export type AssessSources = {
  readonly served: (signal: AbortSignal) => Promise<Served>;
  readonly settleSeconds: number;
  /** Told with every answer, so that it is part of the histories that it shapes. */
  readonly pacing?: Pacing;
  /** When a replica that does not serve is repaired; policy's own limit unless given. */
  readonly repair?: RepairSettings;
  /** When a node that does not serve is repaired; policy's own limit unless given. */
  readonly nodeRepair?: RepairSettings;
  readonly now?: () => number;
  readonly findCluster: (name: Named, signal: AbortSignal) => Promise<AWSCluster | null>;
  readonly findNodePool: (name: Named, signal: AbortSignal) => Promise<AWSNodePool | null>;
  /** All node pools that name a cluster. */
  readonly poolsOf: (cluster: Named, signal: AbortSignal) => Promise<readonly Sibling[]>;
  readonly observe: (request: ObserveRequest, signal: AbortSignal) => Promise<Inventory>;
  /** Looks at a user cluster itself, once nothing else comes first. */
  readonly inside: ReadInside;
  /** Looks at a pool's machines one by one, where one of them is to go, or may be. */
  readonly machines: ReadPoolMachines;
  /** All objects of the kind in the management API, and whose things they own: read to the end, or the call fails (I12). */
  readonly owners: (kind: ObjectKind, signal: AbortSignal) => Promise<readonly LivingOwner[]>;
  /** Asks early what the preflight of a new object will ask. */
  readonly foresee: (properties: ResourceProperties['preflight'], signal: AbortSignal) => Promise<void>;
};

export type Named = { readonly namespace: string; readonly name: string };

export const clusterRequest = (object: ObjectRef, cluster: AWSCluster): ObserveRequest => {
  const { spec, metadata } = cluster;
  return {
    object,
    ...present({ ownerUid: cluster.status?.adopted?.uid }),
    clusterId: clusterIdFor(cluster),
    clusterUid: ownerUidOf(cluster),
    clusterName: metadata.name,
    vpcId: spec.networking.vpcID,
    subnetIds: distinct([...spec.controlPlane.subnetIDs, ...spec.networking.serviceLoadBalancerSubnetIDs]),
    clusterGoes: isDeleting(cluster),
    objectGoes: isDeleting(cluster),
    isNew: isNew(cluster),
    ...(spec.controlPlane.hub === undefined ? {} : { membership: spec.controlPlane.hub.membershipName }),
  };
};

/** Nobody waits for it, and what it fails with is said by the preflight, which asks again. */
const foresee = (
  sources: AssessSources,
  properties: ResourceProperties['preflight'] | undefined,
  signal: AbortSignal,
) => {
  if (properties !== undefined) void sources.foresee(properties, signal).catch(() => undefined);
};

const foreseeNodePool = (
  sources: AssessSources,
  pool: AWSNodePool | null,
  cluster: AWSCluster | null,
  signal: AbortSignal,
): void => {
  if (pool === null || cluster === null || isDeleting(cluster)) return;
  foresee(sources, firstLookOfNodePool(pool, cluster), signal);
};

/** What was decided, with what the object's status remembers of its annotations. */
const remembering = (object: AWSCluster | AWSNodePool, decided: Assessment): Assessment => {
  const handled = object.status?.handledRequests;
  return handled === undefined ? decided : { ...decided, handled };
};

const distinct = (ids: readonly string[]): readonly string[] => [...new Set(ids)].sort();

const assessCluster = async (
  sources: AssessSources,
  { object, released, returning }: AssessRequest,
  finding: Promise<AWSCluster | null>,
  signal: AbortSignal,
): Promise<Assessment> => {
  const [read, worker] = await Promise.all([finding, sources.served(signal)]);
  const cluster = read === null ? null : returnedCluster(read, returning);
  const facts = {
    requested: object,
    worker,
    entityId: entityWorkflowId(object),
    settleSeconds: sources.settleSeconds,
    repair: sources.repair ?? { afterSeconds: REPAIR_AFTER_SECONDS },
    now: (sources.now ?? Date.now)(),
    object: cluster,
    ...present({ released }),
  };
  const judged = decideClusterEarly(facts);
  if (cluster === null) return judged ?? decideCluster(facts);
  if (judged !== undefined) return remembering(cluster, judged);
  const adopted = await adoptedBy(sources, cluster, { cluster, worker }, signal);
  return 'refused' in adopted
    ? remembering(cluster, adopted.refused)
    : lookAtCluster(sources, adopted.object, { ...facts, ...adopted }, signal);
};

const lookAtCluster = async (
  sources: AssessSources,
  cluster: AWSCluster,
  facts: ClusterFacts,
  signal: AbortSignal,
): Promise<Assessment> => {
  foresee(sources, firstLookOfCluster(cluster), signal);
  const inventory = await sources.observe(clusterRequest(facts.requested, cluster), signal);
  const decided = decideCluster({ ...facts, inventory });
  const request = isInsideNext(decided) ? insideRequest(cluster) : undefined;
  if (request === undefined) return remembering(cluster, decided);
  const inside = await sources.inside(request, signal);
  return remembering(cluster, decideCluster({ ...facts, inventory: { ...inventory, inside } }));
};

type Adopting<T> = { readonly object: T; readonly adopts?: true } | { readonly refused: Assessment };

/**
 * The object with what it is to adopt, once that is proven: by a listing of all that carries the cluster's id, and of all objects
 * there are. One that is going and for which nothing was begun adopts nothing any more.
 */
const adoptedBy = async <T extends AWSCluster | AWSNodePool>(
  sources: AssessSources,
  object: T,
  { cluster, worker }: { readonly cluster: AWSCluster | null; readonly worker: Served },
  signal: AbortSignal,
): Promise<Adopting<T>> => {
  const asked = adoptionAskedBy(object);
  if (asked === undefined || (isDeleting(object) && !hasFinalizer(object))) return { object };
  const clusterId = object.kind === 'AWSCluster' ? asked : clusterIdOfPool(object, cluster);
  if (clusterId === undefined) return { object };
  const request: ObserveRequest = {
    ...{ clusterId, clusterUid: '', clusterName: '', subnetIds: [] },
    object: { ...referenceTo(object), kind: 'AWSCluster' },
    ...{ clusterGoes: false, objectGoes: false, isNew: false },
  };
  const [inventory, living] = await Promise.all([
    sources.observe(request, signal),
    sources.owners(object.kind, signal),
  ]);
  const place = { account: worker.account, region: object.spec.region };
  const partial = judgeInventory(inventory, adopting(object, ''), place);
  if (partial !== undefined) return { refused: partial };
  const proof = proveAdoption(object, { asked, inventory, living });
  return 'refused' in proof ? proof : { object: adopting(object, proof.uid), adopts: true };
};

/**
 * A pool that outlives its cluster's object is still removed, by the cluster id that its status has pinned. One that never
 * had a cluster made nothing: its cluster's id is empty, and nothing carries that.
 */
export const poolRequest = (object: ObjectRef, pool: AWSNodePool, cluster: AWSCluster | null): ObserveRequest => ({
  object,
  ...present({ ownerUid: pool.status?.adopted?.uid }),
  clusterId: clusterIdOfPool(pool, cluster) ?? '',
  clusterUid: cluster === null ? '' : ownerUidOf(cluster),
  clusterName: pool.spec.clusterName,
  subnetIds: distinct([...(cluster?.spec.controlPlane.subnetIDs ?? []), pool.spec.subnetID]),
  clusterGoes: cluster === null || isDeleting(cluster),
  objectGoes: isDeleting(pool),
  isNew: isNew(pool),
  ...(cluster === null ? {} : { vpcId: cluster.spec.networking.vpcID }),
});

/** An upgrade that was aborted returns: the pool is judged as if the version before were asked for. */
const goesBack = (read: AWSNodePool | null, pool: AWSNodePool | null): true | undefined =>
  pool === read ? undefined : true;

const assessNodePool = async (
  sources: AssessSources,
  { object, clusterProgressed, released, returning }: AssessRequest,
  finding: Promise<AWSNodePool | null>,
  signal: AbortSignal,
): Promise<Assessment> => {
  const [read, worker] = await Promise.all([finding, sources.served(signal)]);
  const pool = read === null ? null : returned(read, returning);
  const cluster =
    pool === null
      ? null
      : await sources.findCluster({ namespace: object.namespace, name: pool.spec.clusterName }, signal);
  const facts = {
    requested: object,
    worker,
    entityId: entityWorkflowId(object),
    settleSeconds: sources.settleSeconds,
    object: pool,
    cluster,
    clusterProgressed: clusterProgressed === true,
    now: (sources.now ?? Date.now)(),
    ...present({ nodeRepair: sources.nodeRepair, released, goesBack: goesBack(read, pool) }),
  };
  const judged = decideNodePoolEarly(facts);
  const builds = judged === undefined || judged.kind === 'waiting';
  // Once, however long it waits then.
  if (builds && clusterProgressed !== true) foreseeNodePool(sources, pool, cluster, signal);
  if (pool === null) return judged ?? decideNodePool(facts);
  if (judged !== undefined) return remembering(pool, judged);
  const adopted = await adoptedBy(sources, pool, { cluster, worker }, signal);
  return 'refused' in adopted
    ? remembering(pool, adopted.refused)
    : lookAtNodePool(sources, adopted.object, { ...facts, ...adopted }, signal);
};

const lookAtNodePool = async (
  sources: AssessSources,
  pool: AWSNodePool,
  facts: NodePoolFacts,
  signal: AbortSignal,
): Promise<Assessment> => {
  const { requested, cluster } = facts;
  const inventory = await sources.observe(poolRequest(requested, pool, cluster), signal);
  if (cluster === null) return remembering(pool, decideNodePool({ ...facts, inventory }));
  const { namespace, name } = cluster.metadata;
  const [machines, siblings] = await Promise.all([
    machinesOf(sources, { pool, cluster, inventory }, signal),
    isSequential(cluster) ? sources.poolsOf({ namespace, name }, signal) : undefined,
  ]);
  return remembering(pool, decideNodePool({ ...facts, inventory, ...present({ machines, siblings }) }));
};

/** The pool's machines one by one, where what is decided about it asks for them. */
const machinesOf = async (
  { machines }: AssessSources,
  { pool, cluster, inventory }: { pool: AWSNodePool; cluster: AWSCluster; inventory: Inventory },
  signal: AbortSignal,
): Promise<PoolMachines | undefined> => {
  const reading = machinesToRead({ pool, cluster, inventory: inventory.found });
  if (reading === undefined) return undefined;
  const { namespace } = pool.metadata;
  const clusterId = clusterIdFor(cluster);
  return machines({ namespace, clusterId, endpoint: reading.endpoint, poolId: nodePoolIdFor(pool) }, signal);
};

const BLOCKED_CURE = 'Correct what it names; it is looked at again by itself.';

/**
 * The activity. What waiting cures is thrown, to be tried again; so is what went away while it was looked at. All else is
 * an answer, so that it is shown: an error would end the entity.
 */
export const createAssess =
  (sources: AssessSources) =>
  async (request: AssessRequest, signal: AbortSignal): Promise<Assessment> =>
    paced(await assessed(sources, request, signal), sources.pacing);

const paced = (assessment: Assessment, pacing: Pacing | undefined): Assessment => {
  if (pacing === undefined) return assessment;
  if (assessment.kind !== 'operate' && assessment.kind !== 'settled') return { ...assessment, pacing };
  const { givenUp } = assessment;
  const back = givenUp === undefined ? {} : { givenUp: { ...givenUp, pacing } };
  return assessment.kind === 'settled'
    ? { ...assessment, pacing, ...back }
    : { ...assessment, pacing, ...back, operation: { ...assessment.operation, pacing } };
};

/** Reads the object, and judges it. */
const reading = (
  sources: AssessSources,
  request: AssessRequest,
  signal: AbortSignal,
): { readonly finding: Promise<AWSCluster | AWSNodePool | null>; readonly assessing: Promise<Assessment> } => {
  const { object } = request;
  if (object.kind === 'AWSCluster') {
    const finding = sources.findCluster(object, signal);
    return { finding, assessing: assessCluster(sources, request, finding, signal) };
  }
  const finding = sources.findNodePool(object, signal);
  return { finding, assessing: assessNodePool(sources, request, finding, signal) };
};

/** The object, null where the API server says that there is none, undefined where it could not be read. */
const readBy = (
  finding: Promise<AWSCluster | AWSNodePool | null>,
): Promise<AWSCluster | AWSNodePool | null | undefined> => finding.catch(() => undefined);

const assessed = async (sources: AssessSources, request: AssessRequest, signal: AbortSignal): Promise<Assessment> => {
  const { finding, assessing } = reading(sources, request, signal);
  try {
    return await assessing;
  } catch (error) {
    const read = await readBy(finding);
    // Of what is gone nobody asks AWS, with whatever credentials: one that was made with wrong ones is deleted all the same.
    const gone = read === undefined ? undefined : judgeIdentity(read, request.object);
    if (gone !== undefined) return gone;
    const { verdict, message } = verdictOf(error);
    if (verdict === 'retry') throw error;
    if (verdict === 'absent') throw retryError(`Something went away while it was looked at: ${message}`, error);
    // Whoever waits for a generation is told that it is blocked, as soon as that one was read; 0 stands for none.
    return { kind: 'blocked', generation: read?.metadata.generation ?? 0, reason: message, cure: BLOCKED_CURE };
  }
};
