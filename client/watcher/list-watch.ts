/**
 * List and watch, for ever: every object of one resource, reported at least once after every change.
 *
 * Owns: the loop of paged lists and resumed watches. Neighbours: `kubernetes-source.ts` speaks HTTP; `main.ts` turns
 * reports into signals. The informer of client-node stops for good after an error that isn't 410, and a throwing
 * callback goes unhandled; here any doubt leads to a new list, which is always safe because entities read for themselves.
 */
import { pause } from './keyed-queue.ts';

/** What the watcher needs to know of an object. */
export type Observed = {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly deleting: boolean;
  /** Slipway's own annotations: verbs that people give through the API. */
  readonly annotations: Readonly<Record<string, string>>;
};

export type WatchEvent =
  | { readonly type: 'changed' | 'deleted'; readonly object: Observed; readonly resourceVersion: string }
  | { readonly type: 'bookmark'; readonly resourceVersion: string };

export type Page = {
  readonly items: readonly Observed[];
  readonly resourceVersion: string;
  readonly next?: string;
};

/** The API server as this loop sees it. */
export type Source = {
  readonly list: (next: string | undefined, signal: AbortSignal) => Promise<Page>;
  /** Streams events after a version, until the stream ends. Throws `Expired` when the version is too old. */
  readonly watch: (resourceVersion: string, onEvent: (event: WatchEvent) => void, signal: AbortSignal) => Promise<void>;
};

/** The resource version is no longer known: list again (HTTP 410). */
export class Expired extends Error {}

export type Report = { readonly type: 'changed' | 'deleted'; readonly object: Observed };

export type ListWatchSettings = {
  readonly source: Source;
  readonly report: (report: Report) => void;
  readonly onTrouble: (what: string, error: unknown, nextTryMs: number) => void;
  readonly signal: AbortSignal;
  /** A full list at least this often, in milliseconds: the safety net under everything else. */
  readonly relistMs: number;
  readonly backoff?: (attempt: number) => number;
};

const jittered = (attempt: number): number => Math.min(200 * 2 ** attempt, 10_000) * (0.5 + Math.random() / 2);

const listAll = async (
  source: Source,
  signal: AbortSignal,
): Promise<{ items: Observed[]; resourceVersion: string }> => {
  const items: Observed[] = [];
  let next: string | undefined;
  for (;;) {
    const page = await source.list(next, signal);
    items.push(...page.items);
    next = page.next;
    if (next === undefined) return { items, resourceVersion: page.resourceVersion };
  }
};

/** Runs until the signal aborts. */
export const listWatch = async (settings: ListWatchSettings): Promise<void> => {
  const { source, signal, report } = settings;
  const backoff = settings.backoff ?? jittered;
  let known = new Map<string, Observed>();
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

  const receive = (event: WatchEvent): void => {
    failures = 0;
    resourceVersion = event.resourceVersion;
    if (event.type === 'bookmark') return;
    if (event.type === 'deleted') known.delete(event.object.uid);
    else known.set(event.object.uid, event.object);
    report({ type: event.type, object: event.object });
  };

  while (!signal.aborted) {
    try {
      if (resourceVersion === undefined || Date.now() - listedAt >= settings.relistMs) resourceVersion = await relist();
      const span = AbortSignal.timeout(Math.max(1, listedAt + settings.relistMs - Date.now()));
      await source.watch(resourceVersion, receive, AbortSignal.any([signal, span]));
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Expired) {
        resourceVersion = undefined;
        continue;
      }
      const delay = backoff(failures);
      failures += 1;
      settings.onTrouble('list or watch', error, delay);
      await pause(delay, signal);
      // After any other trouble the watch resumes; after a long one the relist interval has passed anyway.
    }
  }
};
