/**
 * Others serving: whether both other replicas serve at this moment, before one is taken out of service.
 *
 * Owns: that question, and how the answer is said. Neighbours: `replica.ts` ends machines, `order.ts` tells them to leave.
 * Invariant: I5 (what the plan saw may be minutes old).
 */
import type { TargetHealth } from '../../kinds/targets.ts';
import { notYet } from '../verdicts.ts';

/** As often as the load balancer asks the targets. */
const AGAIN_MS = 5_000;

export const healthOf = (all: readonly TargetHealth[], address: string): TargetHealth =>
  all.find((one) => one.address === address) ?? { address, state: 'unknown', said: 'it is not a target' };

export const sayHealth = ({ address, state, said }: TargetHealth): string =>
  `${address} is ${state === 'unknown' ? 'not known to serve' : state}${said === undefined ? '' : ` (${said})`}`;

/** Throws `notYet` unless each of them is healthy; `saying` is told of those that aren't. */
export const refuseUnlessOthersServe = (
  health: readonly TargetHealth[],
  others: readonly string[],
  saying: (down: string) => string,
): void => {
  const down = others.map((other) => healthOf(health, other)).filter(({ state }) => state !== 'healthy');
  if (down.length > 0) throw notYet(saying(down.map(sayHealth).join('; ')), AGAIN_MS);
};
