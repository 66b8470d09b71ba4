/**
 * Status: writes what Slipway says about an object.
 *
 * Owns: the one call that writes `/status`: server-side apply under one field manager, forced, the whole status each time,
 * so that what is no longer said goes. Neighbours: `policy/` projects it; the mirror activity sends it.
 * Invariants: I1 (only to the very object: the uid is a precondition), I8 (nothing here looks into it).
 */
import { API_VERSION } from '../../api/names.ts';
import type { ObjectRef } from '../../api/object.ts';
import type { Cancellation, KubernetesClient } from './client.ts';
import { isConflict, isNotFound, KubernetesError } from './errors.ts';
import { findObject } from './objects.ts';

/** `gone` and `replaced` are no failures of a mirror: there is nobody left to tell. */
export type StatusWritten = 'written' | 'gone' | 'replaced';

/** An object whose uid is another one refuses the precondition as a conflict, or as an invalid change. */
const mayBeAnother = (error: unknown): boolean =>
  isConflict(error) || (error instanceof KubernetesError && error.reason === 'Invalid');

export const writeStatus = async (
  management: KubernetesClient,
  object: ObjectRef,
  status: object,
  options?: Cancellation,
): Promise<StatusWritten> => {
  const { kind, namespace, name, uid } = object;
  try {
    await management.applyStatus(
      { apiVersion: API_VERSION, kind, metadata: { namespace, name, uid }, status },
      options,
    );
    return 'written';
  } catch (error) {
    if (!isNotFound(error) && !mayBeAnother(error)) throw error;
    const found = await findObject(management, object, options);
    if (found === null) return 'gone';
    if (found.metadata.uid !== uid) return 'replaced';
    throw error;
  }
};
