/**
 * Pool version: by which release a node pool is planned, beside its cluster's.
 *
 * Owns: that no node is newer than its control plane, and what is done meanwhile where that is only a matter of time: a pool may be asked
 * for a version together with its cluster, and comes after it. Neighbours: `api/skew.ts` has the rule, `decide-nodepool.ts` asks,
 * admission judges by what is asked for alone. Pure. Invariant: I9 (for what it waits is told).
 */
import type { AWSCluster } from '../api/cluster.ts';
import { entityWorkflowId } from '../api/names.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import { referenceTo } from '../api/object.ts';
import { type Release, releaseOf, unknownVersion } from '../api/releases.ts';
import { skewProblem } from '../api/skew.ts';
import type { Found } from '../kinds/resource.ts';
import type { Assessment } from './assessment.ts';
import { releaseAsMade } from './decide-turns.ts';
import { blocked } from './facts.ts';
import { releaseToPlan } from './revision.ts';

/** `waits`: why it is not the version that is asked for, as a sentence without its end. */
export type JudgedVersion = { readonly release: Release; readonly waits?: string } | { readonly problem: Assessment };

/** The pool as if this version were asked for. */
export const ofVersion = (pool: AWSNodePool, version: string): AWSNodePool => ({
  ...pool,
  spec: { ...pool.spec, version },
});

/**
 * Where the cluster is on its way to a version with which the pool's goes: what runs stays of its own version until the cluster has
 * committed to that, and what does not run yet waits. Undefined where no waiting helps.
 */
const waitsForCluster = (
  pool: AWSNodePool,
  cluster: AWSCluster,
  { asked, runs }: { readonly asked: Release; readonly runs: Release },
): JudgedVersion | undefined => {
  const comes = releaseOf(cluster.spec.controlPlane.version);
  if (comes === undefined || skewProblem(comes.kubernetes, asked.kubernetes) !== undefined) return undefined;
  const { namespace, generation } = pool.metadata;
  const name = `AWSCluster ${namespace}/${cluster.metadata.name}`;
  const asItIs = `which runs ${runs.version} and is asked for ${comes.version}`;
  const { revision } = pool.status ?? {};
  const own = revision === undefined ? undefined : releaseToPlan(revision.version, revision, true);
  if (own !== undefined && skewProblem(runs.kubernetes, own.kubernetes) === undefined) {
    return { release: own, waits: `version ${asked.version} waits for ${name}, ${asItIs}` };
  }
  const entityId = entityWorkflowId(referenceTo(cluster));
  return { problem: { kind: 'waiting', generation, reason: `Waiting for ${name}, ${asItIs}.`, entityId } };
};

export const judgeVersion = (pool: AWSNodePool, cluster: AWSCluster, inventory: readonly Found[]): JudgedVersion => {
  const { generation } = pool.metadata;
  const release = releaseAsMade({ pool, cluster, inventory });
  if (release === undefined) {
    const { reason, cure } = unknownVersion(pool.spec.version);
    return { problem: blocked(generation, reason, cure) };
  }
  const runs = releaseToPlan(cluster.spec.controlPlane.version, cluster.status?.revision, true);
  const skew = runs === undefined ? undefined : skewProblem(runs.kubernetes, release.kubernetes);
  if (runs === undefined || skew === undefined) return { release };
  const cure = `set spec.version to ${runs.version}, the cluster's own`;
  return waitsForCluster(pool, cluster, { asked: release, runs }) ?? { problem: blocked(generation, skew, cure) };
};

/** How soon it is looked at whether the cluster has come to its version. */
const LOOK_AGAIN_SECONDS = 60;

/** What is done of a pool whose version has to wait, and that it does. */
export const whileWaiting = (decided: Assessment, waits: string): Assessment => {
  if (decided.kind === 'operate') {
    const { settles: _, ...operation } = decided.operation;
    return { ...decided, operation };
  }
  if (decided.kind !== 'settled') return decided;
  const { note, lookAgainSeconds = LOOK_AGAIN_SECONDS } = decided;
  return {
    ...decided,
    note: note === undefined ? waits : `${note}; ${waits}`,
    lookAgainSeconds: Math.min(lookAgainSeconds, LOOK_AGAIN_SECONDS),
  };
};
