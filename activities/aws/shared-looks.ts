/**
 * Shared looks: one listing for all steps of a cluster that would each ask the same at about the same time.
 *
 * Owns: believing a look for a moment. Neighbours: `departures.ts` looks at what goes, `etcd-volume.ts` at what is being made.
 * Invariants: I2 and I7 (a look counts only for steps that had begun before it; who tells a step to look again later than a look is
 * believed knows that it sees what its own call did).
 */
import type { Owner } from '../../api/object.ts';

/** Whose things are looked at, on behalf of a step that its operation began with at `since`, in epoch milliseconds. */
export type Looking = {
  readonly owner: Pick<Owner, 'clusterId'>;
  readonly since: number;
  readonly signal: AbortSignal;
};

type Look<T> = { readonly began: number; readonly seen: Promise<T> };

/** The same list, asked once for all of a cluster who ask within `believedMs` milliseconds; only answers are kept. */
export const sharedLooks = <T>(
  list: (clusterId: string, signal: AbortSignal) => Promise<T>,
  believedMs: number,
  now: () => number = Date.now,
): ((looking: Looking) => Promise<T>) => {
  const looks = new Map<string, Look<T>>();
  return async ({ owner: { clusterId }, since, signal }) => {
    for (const [id, { began }] of looks) if (now() - began >= believedMs) looks.delete(id);
    const known = looks.get(clusterId);
    if (known !== undefined && known.began >= since) return known.seen;
    const own: Look<T> = { began: now(), seen: list(clusterId, signal) };
    looks.set(clusterId, own);
    try {
      return await own.seen;
    } catch (error) {
      if (looks.get(clusterId) === own) looks.delete(clusterId);
      throw error;
    }
  };
};
