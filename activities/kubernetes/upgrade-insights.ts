/**
 * Upgrade insights: holds an upgrade for as long as something stands in its way that would break it.
 *
 * Owns: one look, of the same insights that `slipway clusters plan --version` shows, and what a held step says. Neighbours: `insights.ts`
 * reads, `policy/insights.ts` judges, `policy/upgrade-gate.ts` says what holds; `plan-upgrade.ts` is asked before anybody begins.
 * Invariants: I6 (reads only), I9 (what holds is named with its cure), I12 (what could not be read is waited for, never taken for well).
 */
import type { AWSCluster } from '../../api/cluster.ts';
import { type Release, releaseOf } from '../../api/releases.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import { insightsOf } from '../../policy/insights.ts';
import { upgradeGate } from '../../policy/upgrade-gate.ts';
import { warningOutput } from '../../words/warnings.ts';
import type { Readiness, ResourceDriver, Wanted } from '../driver.ts';
import { blockedError, supersededError } from '../verdicts.ts';
import type { ReadInsights } from './insights.ts';
import { describeObject, findCluster } from './objects.ts';
import { onlyWaitedFor } from './only-waited-for.ts';

type Settings = {
  /** Where snapshots go; absent where nobody said so. */
  readonly bucket?: string;
  readonly now?: () => number;
};

/** A look is some ten requests, and metrics of some megabytes. */
const AGAIN_MS = 10_000;

type WantedInsights = Wanted<'upgrade-insights'>;

const releaseFor = ({ key, properties: { version } }: WantedInsights): Release => {
  const release = releaseOf(version);
  if (release !== undefined) return release;
  throw supersededError(
    `This release of Slipway does not know version ${version}, which ${key} is about. Planning again.`,
  );
};

export const upgradeInsightsDriver = (
  management: KubernetesClient,
  insights: ReadInsights,
  { bucket, now = Date.now }: Settings = {},
): ResourceDriver<'upgrade-insights'> => {
  const clusterOf = async ({ object, signal }: WantedInsights): Promise<AWSCluster> => {
    const cluster = await findCluster(management, object, { signal });
    if (cluster?.metadata.uid === object.uid) return cluster;
    throw supersededError(`${describeObject(object)} is gone, or another one has its name. Planning again.`);
  };
  return {
    ...onlyWaitedFor('upgrade-insights'),

    check: async (wanted): Promise<Readiness> => {
      const { object, signal } = wanted;
      const { endpoint, version, snapshot } = wanted.properties;
      const target = releaseFor(wanted);
      const cluster = await clusterOf(wanted);
      const status = { ...cluster.status, endpoint };
      const seen = await insights({ metadata: cluster.metadata, status }, signal);
      const snapshots = bucket === undefined ? {} : { bucket };
      const judging = { cluster, target, now: now(), underWay: true } as const;
      const judged = insightsOf(seen, snapshot === 'None' ? judging : { ...judging, snapshots });
      const gate = upgradeGate(judged, { object, version });
      switch (gate.kind) {
        case 'shut':
          throw blockedError(gate.says);
        case 'unread':
          return { ready: false, awaited: gate.says, againInMs: AGAIN_MS };
        case 'open':
          return {
            ready: true,
            outputs: gate.warns === undefined ? {} : { [warningOutput('UpgradeAtRisk')]: gate.warns },
          };
      }
    },
  };
};
