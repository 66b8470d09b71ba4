/**
 * Healths: how all targets in use are, and what the account knows of it.
 *
 * Owns: a monitor for each target in use, and which state the account was told. Neighbours: `monitor.ts` watches one target;
 * `balancers.ts` acts when one turns.
 */
import type { Account } from '../instances/account.ts';
import type { Health } from './health.ts';
import { type Monitor, watchTarget } from './monitor.ts';
import { isInUse, type Target } from './routes.ts';

export type Healths = {
  /** Watches these targets, as far as they are in use, and no others. */
  readonly follow: (targets: ReadonlyMap<string, Target>) => void;
  readonly of: (target: Target) => Health['state'];
  /** Tells the account what it doesn't know yet. */
  readonly report: () => Promise<void>;
  /** Forgets what the account was told: it may have been another one. */
  readonly forgetReports: () => void;
  readonly stop: () => void;
};

export const createHealths = (
  account: Pick<Account, 'reportHealth'>,
  onTurn: (target: Target, health: Health) => void,
): Healths => {
  const monitors = new Map<string, Monitor>();
  const reported = new Map<string, Health['state']>();
  return {
    follow: (targets) => {
      for (const [key, monitor] of monitors) {
        const target = targets.get(key);
        if (target !== undefined && isInUse(target)) {
          monitor.follow(target);
          continue;
        }
        monitor.stop();
        monitors.delete(key);
        reported.delete(key);
      }
      for (const [key, target] of targets) {
        if (isInUse(target) && !monitors.has(key)) monitors.set(key, watchTarget(target, onTurn));
      }
    },
    of: (target) => monitors.get(target.key)?.health().state ?? 'initial',
    report: async () => {
      for (const [key, monitor] of monitors) {
        const { state, failure } = monitor.health();
        if (state === 'initial' || reported.get(key) === state) continue;
        const target = monitor.target();
        await account.reportHealth({
          tg: target.group,
          id: target.id,
          port: target.port,
          state,
          reason: state === 'healthy' ? null : 'Target.FailedHealthChecks',
          description: state === 'healthy' ? null : `Health checks failed: ${failure}`,
        });
        reported.set(key, state);
      }
    },
    forgetReports: () => reported.clear(),
    stop: () => {
      for (const monitor of monitors.values()) monitor.stop();
    },
  };
};
