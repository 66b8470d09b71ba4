/**
 * Messages: what the bench and its worker processes tell each other.
 *
 * Owns: shapes only. Neighbours: `lane.ts` is one end, `worker.ts` the other.
 */
import type { HeardCall } from './calls.ts';
import type { Fault } from './faults.ts';

/** One call of one case that shall meet a fault. */
export type Target = { readonly ofCase: string; readonly call: string; readonly number: number; readonly fault: Fault };

export type ToWorker =
  | { readonly kind: 'arm'; readonly target: Target; readonly lateMs: number }
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
  | { readonly kind: 'met'; readonly ofCase: string; readonly times: number }
  | { readonly kind: 'activity'; readonly news: ActivityNews };
