/**
 * Snapshot retention: which of a cluster's snapshots nobody needs any more.
 *
 * Owns: that decision. Only what a schedule made is ever too much; what a person or an upgrade asked for stays until somebody removes it.
 * Neighbours: `backups.ts` judges each snapshot, `activities/backups.ts` has them removed. Pure.
 * Invariants: I4 (only what that judged as this cluster's own is looked at), I12 (what can't be relied on is no reason to let go of
 * what can: only whole ones count as kept).
 */
import type { Backup } from './backups.ts';

/** Whoever was sending it gave up hours ago. */
const HALF_THERE_MS = 24 * 60 * 60_000;

/**
 * The newest first, as `backups` are. `keep`: how many whole ones of the schedule stay, at least one; `now` in epoch milliseconds.
 */
export const expendable = (backups: readonly Backup[], keep: number, now: number): readonly Backup[] => {
  const scheduled = backups.filter(({ problem, scheduled: is }) => problem === undefined && is === true);
  const kept = new Set(scheduled.slice(0, Math.max(1, keep)));
  return backups.filter((one) =>
    one.incomplete === true ? now - Date.parse(one.time) > HALF_THERE_MS : scheduled.includes(one) && !kept.has(one),
  );
};
