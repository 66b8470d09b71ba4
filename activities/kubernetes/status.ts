/**
 * Status: writes what Slipway says about an object.
 *
 * Owns: the one call that writes `/status`: server-side apply under one field manager, forced, the whole status each time,
 * so that what is no longer said goes. Neighbours: `policy/` projects it; the mirror activity sends it.
 * Invariants: I1 (only to the very object), I8 (nothing here looks into it).
 */
import { API_VERSION } from '../../api/names.ts';
import type { ObjectRef } from '../../api/object.ts';
import type { Cancellation, KubernetesClient } from '../../kubernetes/client.ts';
import { isConflict, isNotFound } from '../../kubernetes/errors.ts';
import { findObject } from './objects.ts';

/** `gone` and `replaced` are no failures of a mirror: there is nobody left to tell. */
export type StatusWritten = 'written' | 'gone' | 'replaced';

/** Others write to the object as well; a lost race is run again. */
const RACES = 5;

export const writeStatus = async (
  management: KubernetesClient,
  object: ObjectRef,
  status: object,
  options?: Cancellation,
): Promise<StatusWritten> => {
  const { kind, namespace, name, uid } = object;
  for (let race = 1; ; race += 1) {
    const found = await findObject(management, object, options);
    if (found === null) return 'gone';
    if (found.metadata.uid !== uid) return 'replaced';
    // `/status` of a custom resource takes any uid; the version that was just seen stands for it.
    const { resourceVersion } = found.metadata;
    const metadata = { namespace, name, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
    try {
      await management.applyStatus({ apiVersion: API_VERSION, kind, metadata, status }, options);
      return 'written';
    } catch (error) {
      if (isNotFound(error)) return 'gone';
      if (!isConflict(error) || race >= RACES) throw error;
    }
  }
};
