/**
 * Inventory: everything that is known to exist for one object, from AWS, the management API and the hub.
 *
 * Owns: putting the three together under one scope. Neighbours: each has its own part (`aws/inventory.ts`,
 * `kubernetes/inventory.ts`, `hub/membership.ts`); a row of `kinds/` says what an entry holds.
 * Invariants: I12 (one part that can't be read makes the whole fail: nothing partial looks like absence), I10 (sorted).
 */
import type { Found } from '../kinds/resource.ts';
import type { Inventory } from '../policy/plan.ts';
import type { ObserveRequest } from './assess.ts';
import type { Observe } from './aws/inventory.ts';

export type InventorySources = {
  readonly aws: Observe;
  readonly management: (request: ObserveRequest, signal: AbortSignal) => Promise<readonly Found[]>;
  readonly hub: (
    membership: { readonly uid: string; readonly membershipName: string },
    signal: AbortSignal,
  ) => Promise<readonly Found[]>;
};

const byKey = (a: Found, b: Found): number => (a.key < b.key ? -1 : 1);

export const createInventory =
  (sources: InventorySources) =>
  async (request: ObserveRequest, signal: AbortSignal): Promise<Inventory> => {
    const { membership, clusterUid } = request;
    const [aws, management, hub] = await Promise.all([
      sources.aws(request, signal),
      sources.management(request, signal),
      // A new one is not registered yet (I3): a hub that is down keeps it from nothing but its own step.
      membership === undefined || request.isNew
        ? []
        : sources.hub({ uid: clusterUid, membershipName: membership }, signal),
    ]);
    return { ...aws, found: [...aws.found, ...management, ...hub].sort(byKey) };
  };
