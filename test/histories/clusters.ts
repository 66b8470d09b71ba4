/**
 * What is done to a control plane while its cluster stands, in a sandbox, with real activities: the situations of the fault matrix, each
 * lived once without a fault, in a cluster of its own.
 *
 * Owns: which of their runs are kept: those of the clusters, but for what a life records anyway. Neighbours: `pools.ts` records what is
 * done to node pools, `life.ts` a create and a delete, `variants.ts` plays what a sandbox shows only by chance.
 */
import { CONTROL_PLANE_NAMES } from '../../bench/faults/control-planes.ts';
import { openSetting } from '../../bench/faults/setting.ts';
import { standFor } from '../../bench/faults/stages.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { type Run, runsIn } from './life.ts';

const SETTINGS = { lateMs: 1_000, limitMs: 240_000 };

const isKept = ({ type }: Run): boolean =>
  ['AwsCluster', 'UpgradeCluster', 'CommitUpgrade', 'UpdateCluster'].includes(type);

/** Lives them, and hands their runs on while the sandbox still stands. */
export const recordClusters = async (take: (runs: readonly Run[]) => Promise<void>): Promise<void> => {
  const setting = await openSetting({ stub: true, settleSeconds: 1 });
  try {
    const lane = await setting.startLane('recorded');
    await Promise.all(
      CONTROL_PLANE_NAMES.map(async (situation, index) => {
        const stand = await standFor(setting, { situation, name: `cluster-${index}`, lane }, SETTINGS);
        await stand.live(situation, []);
        await stand.end();
      }),
    );
    const runs = await waitFor('all workflows have ended', () => runsIn(setting.cloud.temporal), UNHURRIED);
    await take(runs.filter(isKept));
  } finally {
    await setting.end();
  }
};
