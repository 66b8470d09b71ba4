/**
 * Events: records what happened to an object, as `kubectl get events` shows it.
 *
 * Owns: core/v1 Events and their names, which time and sequence determine, so that recording one twice is recording it
 * once (I2). Neighbours: topology words reasons and messages; workflows give time and sequence.
 */

import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { API_VERSION } from '../../api/names.ts';
import type { ObjectRef } from '../../api/object.ts';
import type { Cancellation, KubernetesClient } from '../../kubernetes/client.ts';
import { isAlreadyExists, isNamespaceEnding, KubernetesError } from '../../kubernetes/errors.ts';
import { timeOf } from '../../words/time.ts';
import type { EventView } from '../contract.ts';

/** `<object>.<16 hex digits>`: nanoseconds since 1970, the sequence among them, as Kubernetes' own recorders name events. */
export const eventName = (object: { readonly name: string }, event: Pick<EventView, 'at' | 'sequence'>): string =>
  `${object.name}.${(BigInt(event.at) * 1_000_000n + BigInt(event.sequence)).toString(16).padStart(16, '0')}`;

export const eventObject = (object: ObjectRef, event: EventView): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: eventName(object, event), namespace: object.namespace },
  involvedObject: {
    apiVersion: API_VERSION,
    kind: object.kind,
    namespace: object.namespace,
    name: object.name,
    uid: object.uid,
  },
  reason: event.reason,
  message: event.message,
  type: event.type,
  source: { component: 'slipway' },
  reportingComponent: 'slipway',
  reportingInstance: '',
  firstTimestamp: timeOf(event.at),
  lastTimestamp: timeOf(event.at),
  count: 1,
});

/** A namespace that is being emptied takes no events any more; they would go with it. */
const isEnding = (error: unknown): boolean =>
  error instanceof KubernetesError && error.status === 403 && isNamespaceEnding(error);

/** Records events, in order. Those that are recorded already stay as they are. */
export const recordEvents = async (
  management: KubernetesClient,
  object: ObjectRef,
  events: readonly EventView[],
  options?: Cancellation,
): Promise<void> => {
  for (const event of events) {
    try {
      await management.create(eventObject(object, event), options);
    } catch (error) {
      if (isEnding(error)) return;
      if (!isAlreadyExists(error)) throw error;
    }
  }
};
