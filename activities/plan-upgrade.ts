/**
 * Plan upgrade: whether a cluster may be asked for a version, and what in it stands in the way.
 *
 * Owns: which facts are gathered for that. The cluster is looked at here, whatever the one who asks believes of it; nothing is asked of
 * AWS. Neighbours: `kubernetes/insights.ts` reads, `policy/insights.ts` and `policy/upgrade-target.ts` judge. Invariants: I6 (reads only),
 * I12 (what could not be read is an insight of its own).
 */
import { isDeleting } from '../api/object.ts';
import { judgeIdentity, judgePlace, wasProvisioned } from '../policy/facts.ts';
import { type InsightsRequest, insightsOf } from '../policy/insights.ts';
import { releaseToPlan } from '../policy/revision.ts';
import { upgradeTarget } from '../policy/upgrade-target.ts';
import { present } from '../words/present.ts';
import type { AssessSources } from './assess.ts';
import type { PlannedUpgrade, UpgradeRequest } from './contract.ts';
import type { ReadInsights } from './kubernetes/insights.ts';

type Sources = Pick<AssessSources, 'served' | 'findCluster' | 'now'> & {
  readonly insights: ReadInsights;
  /** Absent where nobody takes any. */
  readonly snapshots?: InsightsRequest['snapshots'];
};

const unknown = (reason: string): PlannedUpgrade => ({ kind: 'unknown', reason });

export const createPlanUpgrade =
  (sources: Sources) =>
  async ({ object, version }: UpgradeRequest, signal: AbortSignal): Promise<PlannedUpgrade> => {
    const [cluster, worker] = await Promise.all([sources.findCluster(object, signal), sources.served(signal)]);
    if (cluster === null || judgeIdentity(cluster, object) !== undefined) return unknown('it is not there any more');
    if (isDeleting(cluster)) return unknown('it is being deleted');
    if (!wasProvisioned(cluster)) return unknown('it is not provisioned yet');
    const elsewhere = judgePlace(cluster, cluster.spec.region, worker);
    if (elsewhere !== undefined) return unknown(elsewhere.reason);
    const runs = releaseToPlan(cluster.spec.controlPlane.version, cluster.status?.revision, true);
    if (runs === undefined) return unknown(`nobody knows what version ${cluster.spec.controlPlane.version} stands for`);
    const target = upgradeTarget(runs, version);
    const from = { version: runs.version, kubernetes: runs.kubernetes };
    if (target.kind === 'refused') return { ...target, from };
    const { release } = target;
    const now = (sources.now ?? Date.now)();
    const request = { cluster, target: release, now, ...present({ snapshots: sources.snapshots }) };
    const insights = insightsOf(await sources.insights(cluster, signal), request);
    return { kind: 'known', from, to: { version: release.version, kubernetes: release.kubernetes }, insights };
  };
