/**
 * Messages: what the bench and its worker processes tell each other.
 *
 * Owns: shapes, and which targets are the same. Neighbours: `lane.ts` is one end, `worker.ts` the other.
 */
import type { HeardCall } from './calls.ts';
import type { Fault } from './faults.ts';

/** One call of a life that shall meet a fault. */
export type Target = { readonly call: string; readonly number: number; readonly fault: Fault };

export const isSameTarget = (one: Target, other: Target): boolean =>
  one.call === other.call && one.number === other.number && one.fault === other.fault;

export type ToWorker =
  | { readonly kind: 'arm'; readonly ofCase: string; readonly targets: readonly Target[]; readonly lateMs: number }
  | { readonly kind: 'disarm'; readonly ofCase: string };

export type ActivityNews = {
  readonly ofCase: string;
  readonly workflowId: string;
  readonly activity: string;
  readonly phase: 'began' | 'ended' | 'failed';
};

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'calls'; readonly calls: readonly (HeardCall & { readonly ofCase: string })[] }
  | { readonly kind: 'met'; readonly ofCase: string; readonly target: Target }
  | { readonly kind: 'activity'; readonly news: ActivityNews };
