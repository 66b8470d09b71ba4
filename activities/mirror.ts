/**
 * Mirror: writes what workflows know to the object: its status and its events.
 *
 * Owns: order and economy: events first, in order, and a status only when it differs. Neighbours: `policy/status.ts`
 * projects, `kubernetes/status.ts` writes. Invariants: I1 (the very object, by uid), I6 (what didn't change isn't written).
 */
import { isDeepStrictEqual } from 'node:util';
import type { AWSCluster } from '../api/cluster.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import type { ObjectRef } from '../api/object.ts';
import { statusOf } from '../policy/status.ts';
import type { EventView, MirrorRequest } from './contract.ts';

export type MirrorTarget = {
  readonly find: (object: ObjectRef, signal: AbortSignal) => Promise<AWSCluster | AWSNodePool | null>;
  readonly writeStatus: (object: ObjectRef, status: object, signal: AbortSignal) => Promise<unknown>;
  readonly recordEvents: (object: ObjectRef, events: readonly EventView[], signal: AbortSignal) => Promise<void>;
  readonly now: () => number;
};

/** Writes status and events. An object that is gone, or another one by now, has nobody left to tell: that is no error. */
export const createMirror =
  (target: MirrorTarget) =>
  async (request: MirrorRequest, signal: AbortSignal): Promise<void> => {
    const { object } = request;
    const found = await target.find(object, signal);
    if (found?.metadata.uid !== object.uid) return;
    if (request.events.length > 0) await target.recordEvents(object, request.events, signal);
    const status = statusOf(request, found, target.now());
    if (!isDeepStrictEqual(status, found.status)) await target.writeStatus(object, status, signal);
  };
