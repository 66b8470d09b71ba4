/**
 * Temporal's presence: notices when its namespace is another one than before, as after the loss of all its data, or when
 * it was away, after which its data may be older than what was told (a restored backup).
 *
 * Owns: one cheap probe. Entities that are lost with Temporal's data start again from the objects.
 * Neighbour: `entity-sweep.ts` finds single entities that have ended.
 */
import { pause } from './keyed-queue.ts';

export type PresenceSettings = {
  /** Describes the namespace, or rejects: Temporal's own call. */
  readonly describe: () => Promise<{ readonly namespaceInfo?: { readonly id?: string | null } | null }>;
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
      const answer = await settings.describe();
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
