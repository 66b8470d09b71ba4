/**
 * The sweep of entities: finds those that have ended although their object is there.
 *
 * Owns: one listing of what runs, now and then. An entity ends as orphaned when its worker doesn't find the object, as
 * with a wrong kubeconfig (I12); once that is set right, nothing about the object changes, so nobody would tell it again.
 * Neighbours: `signals.ts` knows who was told; `temporal-presence.ts` notices the loss of all at once.
 */
import type { Client } from '@temporalio/client';
import { ENTITY_WORKFLOW } from '../../workflows/messages.ts';
import { pause } from './keyed-queue.ts';
import type { Signals } from './signals.ts';

export type SweepSettings = {
  /** The workflow ids of all that run. */
  readonly runningEntities: () => Promise<ReadonlySet<string>>;
  readonly signals: Pick<Signals, 'forgetEnded'>;
  readonly intervalMs: number;
  /** Listings lag behind: who was told more recently than this is left alone. */
  readonly graceMs: number;
  readonly signal: AbortSignal;
  /** Called when some must be told again. */
  readonly onEnded: (count: number) => void;
  readonly onTrouble: (error: unknown) => void;
};

const TYPES = Object.values(ENTITY_WORKFLOW)
  .map((type) => `'${type}'`)
  .join(', ');

/** The workflow ids of all entities that run, as Temporal lists them. */
export const runningEntities = async (client: Pick<Client, 'workflow'>): Promise<Set<string>> => {
  const ids = new Set<string>();
  const listed = client.workflow.list({
    query: `ExecutionStatus = 'Running' AND WorkflowType IN (${TYPES})`,
    pageSize: 1_000,
  });
  for await (const { workflowId } of listed) ids.add(workflowId);
  return ids;
};

export const sweepEntities = async (settings: SweepSettings): Promise<void> => {
  const { signal } = settings;
  let trouble = false;
  for (;;) {
    await pause(settings.intervalMs, signal);
    if (signal.aborted) return;
    try {
      const began = Date.now();
      const ended = settings.signals.forgetEnded(await settings.runningEntities(), began - settings.graceMs);
      if (ended > 0) settings.onEnded(ended);
      trouble = false;
    } catch (error) {
      if (!trouble) settings.onTrouble(error);
      trouble = true;
    }
  }
};
