/**
 * List and watch, for ever: every object of one resource, reported at least once after every change.
 *
 * Owns: the loop of paged lists and resumed watches. Neighbours: `source.ts` speaks to the API server; who is told decides
 * what it means. The informer of client-node stops for good after an error that isn't 410, and a throwing
 * callback goes unhandled; here a watch that ended as it should is resumed, and any doubt leads to a new list. That is
 * always safe for those who read for themselves, and it finds what a resumed watch never would: another API server,
 * or one whose data is older than it was.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isExpired } from './errors.ts';

/** What everything that is watched has. */
type Identified = { readonly uid: string };

export type WatchEvent<T> =
  | { readonly type: 'changed' | 'deleted'; readonly object: T; readonly resourceVersion: string }
  | { readonly type: 'bookmark'; readonly resourceVersion: string };

export type Listed<T> = {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  readonly next?: string;
};

/** The API server as this loop sees it. */
export type Source<T> = {
  readonly list: (next: string | undefined, signal: AbortSignal) => Promise<Listed<T>>;
  /** Streams events after a version, until the stream ends. Throws what `isExpired` when the version is too old. */
  readonly watch: (
    resourceVersion: string,
    onEvent: (event: WatchEvent<T>) => void,
    signal: AbortSignal,
  ) => Promise<void>;
};

export type Report<T> = { readonly type: 'changed' | 'deleted'; readonly object: T };

export type ListWatchSettings<T> = {
  readonly source: Source<T>;
  readonly report: (report: Report<T>) => void;
  readonly onTrouble: (what: string, error: unknown, nextTryMs: number) => void;
  readonly signal: AbortSignal;
  /** A full list at least this often, in milliseconds: the safety net under everything else. */
  readonly relistMs: number;
  readonly backoff?: (attempt: number) => number;
};

const jittered = (attempt: number): number => Math.min(200 * 2 ** attempt, 10_000) * (0.5 + Math.random() / 2);

/** Waits, or returns at once when the signal aborts. */
const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  delay(milliseconds, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });

const listAll = async <T>(source: Source<T>, signal: AbortSignal): Promise<{ items: T[]; resourceVersion: string }> => {
  const items: T[] = [];
  let next: string | undefined;
  for (;;) {
    const page = await source.list(next, signal);
    items.push(...page.items);
    next = page.next;
    if (next === undefined) return { items, resourceVersion: page.resourceVersion };
  }
};

/** A watch that ends sooner than this, without an event, did not end because its time was over. */
const HASTE_MS = 1_000;

/** Runs until the signal aborts. */
export const listWatch = async <T extends Identified>(settings: ListWatchSettings<T>): Promise<void> => {
  const { source, signal, report } = settings;
  const backoff = settings.backoff ?? jittered;
  let known = new Map<string, T>();
  /** Where a watch may go on; undefined when everything must be listed first. */
  let resourceVersion: string | undefined;
  let listedAt = 0;
  let failures = 0;

  const relist = async (): Promise<string> => {
    const list = await listAll(source, signal);
    const now = new Map(list.items.map((object) => [object.uid, object]));
    for (const [uid, object] of known) if (!now.has(uid)) report({ type: 'deleted', object });
    for (const object of list.items) report({ type: 'changed', object });
    known = now;
    listedAt = Date.now();
    return list.resourceVersion;
  };

  const receive = (event: WatchEvent<T>): void => {
    failures = 0;
    resourceVersion = event.resourceVersion;
    if (event.type === 'bookmark') return;
    if (event.type === 'deleted') known.delete(event.object.uid);
    else known.set(event.object.uid, event.object);
    report({ type: event.type, object: event.object });
  };

  const watch = async (from: string): Promise<void> => {
    const began = Date.now();
    const due = AbortSignal.timeout(Math.max(1, listedAt + settings.relistMs - began));
    await source.watch(from, receive, AbortSignal.any([signal, due]));
    // Something between us and the server closes every stream at once: going on without a pause would be an attack.
    const hasty = resourceVersion === from && Date.now() - began < HASTE_MS;
    if (hasty && !due.aborted && !signal.aborted) throw new Error('the watch ended as soon as it began');
    failures = 0;
  };

  while (!signal.aborted) {
    try {
      if (resourceVersion === undefined || Date.now() - listedAt >= settings.relistMs) resourceVersion = await relist();
      await watch(resourceVersion);
    } catch (error) {
      if (signal.aborted) return;
      resourceVersion = undefined;
      failures += 1;
      const pauseMs = backoff(failures - 1);
      // A version expires in the ordinary course of things; only if that goes on is it trouble. No haste either way.
      if (!isExpired(error) || failures > 1) settings.onTrouble('list or watch', error, pauseMs);
      await pause(pauseMs, signal);
    }
  }
};
