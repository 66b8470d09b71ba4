/**
 * Temporal's presence: notices when its namespace is another one than before, as after the loss of all its data.
 *
 * Owns: one cheap probe. Entities that are lost with Temporal's data start again from the objects (design §4).
 */
import type { ConnectionLike } from '@temporalio/client';
import { pause } from './keyed-queue.ts';

export type PresenceSettings = {
  readonly connection: ConnectionLike;
  readonly namespace: string;
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  /** Called when the namespace answers with another id, or again after it did not. */
  readonly onAppeared: () => void;
  readonly onTrouble: (error: unknown) => void;
};

export const watchNamespace = async (settings: PresenceSettings): Promise<void> => {
  let known: string | undefined;
  let away = false;
  while (!settings.signal.aborted) {
    try {
      const answer = await settings.connection.workflowService.describeNamespace({ namespace: settings.namespace });
      const id = answer.namespaceInfo?.id ?? '';
      if (known !== undefined && (id !== known || away)) settings.onAppeared();
      known = id;
      away = false;
    } catch (error) {
      if (!away) settings.onTrouble(error);
      away = true;
    }
    await pause(settings.intervalMs, settings.signal);
  }
};
