/**
 * What is done to a node pool while its cluster stands, in a sandbox, with real activities: the situations of the fault matrix, each
 * lived once without a fault.
 *
 * Owns: which of their runs are kept: those of the pools, but for what a life records anyway. Neighbours: `life.ts` records a create and
 * a delete, `variants.ts` plays what a sandbox shows only by chance.
 */
import { openSetting } from '../../bench/faults/setting.ts';
import { SITUATION_NAMES, SITUATIONS } from '../../bench/faults/situations.ts';
import { standUp } from '../../bench/faults/standing.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { type Run, runsIn } from './life.ts';

const LATE_MS = 1_000;
const LIMIT_MS = 240_000;

const isKept = ({ type }: Run): boolean =>
  ['AwsNodePool', 'ResizeNodePool', 'UpdateNodePool', 'UpgradeNodePool', 'RepairNodePool'].includes(type);

/** Lives them, and hands their runs on while the sandbox still stands. */
export const recordPools = async (take: (runs: readonly Run[]) => Promise<void>): Promise<void> => {
  const setting = await openSetting({ stub: true, settleSeconds: 1 });
  try {
    const lane = await setting.startLane('recorded');
    for (const nodes of new Set(SITUATION_NAMES.map((name) => SITUATIONS[name].nodes))) {
      const standing = await standUp(
        setting,
        { name: `cluster-${nodes}`, nodes, lane },
        { lateMs: LATE_MS, limitMs: LIMIT_MS },
      );
      for (const name of SITUATION_NAMES)
        if (SITUATIONS[name].nodes === nodes) await standing.live(SITUATIONS[name], []);
      await standing.end();
    }
    const runs = await waitFor('all workflows have ended', () => runsIn(setting.cloud.temporal), UNHURRIED);
    await take(runs.filter(isKept));
  } finally {
    await setting.end();
  }
};
