/**
 * Draining: what becomes of the connections to a target that turns unhealthy.
 *
 * Owns: when they are cut: at once, after the time that the target's group gives them, or never, and not if the target is well
 * again by then. Neighbours: `balancers.ts` says of each turn, and does the cutting.
 * (https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health.html#unhealthy-target-connection-termination)
 */
import type { Health } from './health.ts';
import type { Target } from './routes.ts';

export type Draining = {
  readonly turned: (target: Target, state: Health['state']) => void;
  readonly stop: () => void;
};

export const createDraining = (cut: (target: Target) => void): Draining => {
  const timers = new Map<string, NodeJS.Timeout>();
  return {
    turned: (target, state) => {
      const { key, unhealthyDrainSeconds: seconds } = target;
      clearTimeout(timers.get(key));
      timers.delete(key);
      if (state !== 'unhealthy' || seconds === null) return;
      if (seconds === 0) cut(target);
      else timers.set(key, setTimeout(cut, seconds * 1_000, target));
    },
    stop: () => {
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
};
