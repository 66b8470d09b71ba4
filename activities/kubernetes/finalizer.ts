/**
 * The finalizer on the object itself: the first thing that is made and the last that goes.
 *
 * Owns: `slipway.dev/cleanup` on AWSClusters and AWSNodePools. Neighbours: `policy/` puts it first in every create and
 * last in every delete. Invariants: I3 (nothing exists in AWS of an object without it).
 */

import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { FINALIZER } from '../../api/names.ts';
import { hasFinalizer, isDeleting, type ObjectRef } from '../../api/object.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import { isConflict, isNotFound } from '../../kubernetes/errors.ts';
import type { ResourceDriver } from '../driver.ts';
import { supersededError } from '../verdicts.ts';
import { describeObject, findObject, objectName } from './objects.ts';

/** Others write to the object as well; a lost race is run again. */
const RACES = 10;

/** The very object, or null when it is gone: another one of the same name is another object (I1). */
const findItself = async (
  management: KubernetesClient,
  object: ObjectRef,
  signal?: AbortSignal,
): Promise<KubernetesObject | null> => {
  const found = await findObject(management, object, signal === undefined ? {} : { signal });
  return found?.metadata.uid === object.uid ? found : null;
};

/** Writes the list of finalizers back as `change` makes it, if nobody else wrote in between. */
const rewrite = async (
  management: KubernetesClient,
  object: ObjectRef,
  change: (object: KubernetesObject) => readonly string[],
): Promise<boolean> => {
  for (let race = 1; ; race += 1) {
    const found = await findItself(management, object);
    if (found === null) return false;
    const before = found.metadata.finalizers ?? [];
    const finalizers = change(found);
    if (finalizers.length === before.length) return true;
    const { uid, resourceVersion } = found.metadata;
    try {
      await management.patch(objectName(object), { metadata: { uid, resourceVersion, finalizers } });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      if (!isConflict(error) || race >= RACES) throw error;
    }
  }
};

export const finalizerDriver = (management: KubernetesClient): ResourceDriver<'finalizer'> => ({
  kind: 'finalizer',

  candidates: async (wanted) => {
    const object = await findItself(management, wanted.object, wanted.signal);
    if (object === null || !hasFinalizer(object)) return [];
    return [
      {
        key: wanted.key,
        outputs: {},
        state: {},
        uid: wanted.object.uid,
        label: `the finalizer of ${describeObject(wanted.object)}`,
        belongsTo: 'ours',
      },
    ];
  },

  create: async (wanted) => {
    const there = await rewrite(management, wanted.object, (object) => {
      if (hasFinalizer(object)) return object.metadata.finalizers ?? [];
      if (isDeleting(object)) {
        throw supersededError(`${describeObject(wanted.object)} is being deleted: nothing is made for it.`);
      }
      return [...(object.metadata.finalizers ?? []), FINALIZER];
    });
    if (!there) throw supersededError(`${describeObject(wanted.object)} is gone: nothing is made for it.`);
    return { outputs: {} };
  },

  update: async () => ({ outputs: {} }),

  remove: async (wanted) => {
    await rewrite(management, wanted.object, (object) =>
      (object.metadata.finalizers ?? []).filter((finalizer) => finalizer !== FINALIZER),
    );
  },
});
