/**
 * Inside sweep: asks clusters that rest about their add-ons, once an hour each.
 *
 * Owns: which of a sweep's clusters are asked. One that was as it should be is left alone for an hour; one of which something is to be
 * said, or that did not answer, is asked by every sweep, so that what is said goes soon after it is cured. Neighbours:
 * `kubernetes/inside.ts` asks one cluster; `sweep.ts` concludes. Invariants: I12 (a cluster that was not asked says nothing: what its
 * status says of its inside stays).
 */
import pLimit from 'p-limit';
import type { InsideRequest } from '../policy/inside.ts';
import type { Inside } from '../policy/plan.ts';
import type { ReadInside } from './kubernetes/inside.ts';

/** A cluster of a sweep; `fresh` where its status says that something differs. */
export type InsideLook = { readonly request: InsideRequest; readonly fresh: boolean };

/** Answers by cluster id, of those that were asked. */
export type SweepInside = (looks: readonly InsideLook[], signal: AbortSignal) => Promise<ReadonlyMap<string, Inside>>;

const HOUR_MS = 3_600_000;
const AT_ONCE = 10;
/** For all together, so that a network that is down leaves a sweep its time. */
const ALL_MS = 60_000;

const NO_TIME: Inside = { unread: 'too many other clusters did not answer, and no time was left' };

const isAsItShouldBe = (inside: Inside, { addons }: InsideRequest): boolean =>
  !('unread' in inside) &&
  inside.found.length === addons.length &&
  inside.found.every(({ state }) => state.differs.length === 0);

type Settings = { readonly now?: () => number; readonly allMs?: number };

export const createInsideSweep = (read: ReadInside, { now = Date.now, allMs = ALL_MS }: Settings = {}): SweepInside => {
  /** When a cluster was last seen to be as it should be, by what it was asked. */
  const well = new Map<string, number>();
  return async (looks, signal) => {
    const began = now();
    for (const [question, at] of well) if (at + HOUR_MS <= began) well.delete(question);
    const time = AbortSignal.timeout(allMs);
    const atOnce = pLimit(AT_ONCE);
    const ask = async ({ request }: InsideLook): Promise<readonly [string, Inside]> => {
      if (time.aborted) return [request.clusterId, NO_TIME];
      const inside = await read(request, signal);
      const question = JSON.stringify(request);
      if (isAsItShouldBe(inside, request)) well.set(question, began);
      else well.delete(question);
      return [request.clusterId, inside];
    };
    const due = looks.filter(({ request, fresh }) => fresh || !well.has(JSON.stringify(request)));
    return new Map(await Promise.all(due.map((look) => atOnce(() => ask(look)))));
  };
};
