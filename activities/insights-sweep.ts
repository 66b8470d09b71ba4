/**
 * Insights sweep: asks clusters that rest what would stand in the way of their next upgrade, once an hour each.
 *
 * Owns: which of a sweep's clusters are asked, and how many at once: a look is some ten requests to the cluster's own API, its metrics
 * among them, and none to AWS. That there is no bucket is told of those that are asked for another version, since `BackupFailing` tells
 * it of all: it is no property of a cluster. Who can't wait an hour asks `slipway clusters plan --version`. Neighbours: `kubernetes/insights.ts` asks one
 * cluster; `sweep.ts` concludes. Invariants: I6 (reads only), I12 (a cluster that could not be read at all says nothing: what its status
 * says stays, `AddonsUnknown` has the reason, and the next sweep asks again).
 */
import pLimit from 'p-limit';
import type { AWSCluster } from '../api/cluster.ts';
import { clusterIdFor } from '../api/ownership.ts';
import { isUnread } from '../policy/insight.ts';
import { type InsightsRequest, insightsOf } from '../policy/insights.ts';
import { type UpgradeSeen, upgradeIsAsked, upgradeSeen } from '../policy/upgrade-insights.ts';
import { nextUpgrade } from '../policy/upgrade-target.ts';
import type { ReadInsights } from './kubernetes/insights.ts';

/** Answers by cluster id, of those that were asked and answered. */
export type SweepInsights = (
  clusters: readonly AWSCluster[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, UpgradeSeen>>;

const HOUR_MS = 3_600_000;
const AT_ONCE = 5;
/** For all together: those that are not reached are the next sweep's. */
const ALL_MS = 60_000;

type Settings = Pick<InsightsRequest, 'snapshots'> & { readonly now?: () => number; readonly allMs?: number };

export const createInsightsSweep = (
  read: ReadInsights,
  { now = Date.now, allMs = ALL_MS, ...judging }: Settings = {},
): SweepInsights => {
  /** When a cluster was asked last, by its uid, the version that is next, and whether somebody asks for an upgrade. */
  const asked = new Map<string, number>();
  return async (clusters, signal) => {
    const began = now();
    for (const [question, at] of asked) if (at + HOUR_MS <= began) asked.delete(question);
    const time = AbortSignal.timeout(allMs);
    const atOnce = pLimit(AT_ONCE);
    const ask = async (cluster: AWSCluster): Promise<readonly (readonly [string, UpgradeSeen])[]> => {
      const { metadata, status } = cluster;
      const target = status?.revision === undefined ? undefined : nextUpgrade(status.revision);
      if (target === undefined || status?.endpoint === undefined || time.aborted) return [];
      const isAsked = upgradeIsAsked(cluster);
      const question = `${metadata.uid} ${target.version}${isAsked ? ' asked' : ''}`;
      if (asked.has(question)) return [];
      const seen = await read(cluster, signal);
      if (isUnread(seen.inside)) return [];
      asked.set(question, began);
      const request = { cluster, target, now: began };
      const insights = insightsOf(seen, isAsked ? { ...request, ...judging } : request);
      return [[clusterIdFor(cluster), upgradeSeen(insights, target)]];
    };
    return new Map((await Promise.all(clusters.map((one) => atOnce(() => ask(one))))).flat());
  };
};
