/**
 * Patience: for how long one waits for a part, and after what it stops hoping.
 *
 * Owns: the limits. Neighbours: `readiness.ts` looks again and again and says what is wrong; the supervisor keeps trying all the
 * same. Pure.
 */
import type { PartRecord } from '../supervisor/state.ts';

/**
 * Of its own, once what it needs is ready. Who dies is seen at once, so this ends waiting for one that hangs; a busy computer
 * with several sandboxes has been seen to need a hundred.
 */
export const PART_SECONDS = 240;
/** Who died so often while one waits will die again. */
const MOST_RESTARTS = 5;

/** What is remembered of a part from look to look. */
export type Watch = {
  /** How often it had died before one began to wait. */
  readonly restartsBefore: number;
  /** Since when its own time runs, in epoch milliseconds: until it first begins, that of others passes. */
  readonly ownSince?: number;
};

export type Outlook =
  | { readonly kind: 'ready' }
  | { readonly kind: 'coming'; readonly watch: Watch }
  /** By parts that it waits for. */
  | { readonly kind: 'held'; readonly by: readonly string[] }
  /** `why` follows the part's name. */
  | { readonly kind: 'hopeless'; readonly why: string };

/**
 * What a look at `part` at `now`, in epoch milliseconds, leaves to hope for. `down` are the parts that it waits for and that
 * somebody stopped: it starts when they do, and nobody knows when that is.
 */
export const outlookOf = (part: PartRecord, watch: Watch, now: number, down: readonly string[] = []): Outlook => {
  if (part.state === 'ready') return { kind: 'ready' };
  if (part.state === 'waiting' && down.length > 0) return { kind: 'held', by: down };
  if (part.state === 'account lost') return { kind: 'hopeless', why: 'ended' };
  if (part.restarts - watch.restartsBefore >= MOST_RESTARTS) {
    return { kind: 'hopeless', why: `died ${MOST_RESTARTS} times` };
  }
  const ownSince = watch.ownSince ?? (part.state === 'waiting' ? undefined : now);
  if (ownSince === undefined) return { kind: 'coming', watch };
  return now > ownSince + PART_SECONDS * 1_000
    ? { kind: 'hopeless', why: `is not ready after ${PART_SECONDS} s` }
    : { kind: 'coming', watch: { ...watch, ownSince } };
};
