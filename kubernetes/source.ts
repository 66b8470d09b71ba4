/**
 * Source: an API server as lists and watches of one kind, in all namespaces.
 *
 * Owns: what a watch says, and when a server that says nothing is given up: it is as bad as one that is away. Neighbours:
 * `pages.ts` reads lists, `list-watch.ts` owns the loop.
 */
import type { KubernetesObject } from '../api/kubernetes-object.ts';
import { type Asking, createAsking } from './calls.ts';
import { refused } from './errors.ts';
import type { Source, WatchEvent } from './list-watch.ts';
import { describeSelection, readPage } from './pages.ts';
import { collectionPath, type KindName } from './resources.ts';
import type { Transport } from './transport.ts';

export type SourceSettings = {
  /** A page that takes longer than this isn't coming. */
  readonly listDeadlineMs: number;
  /** A watch that is silent for longer than this is dead: the server sends bookmarks about once a minute. */
  readonly silenceMs: number;
  /** How long the server keeps a watch open; random, so that not all end at once. */
  readonly watchSeconds: { readonly least: number; readonly most: number };
};

const DEFAULTS: SourceSettings = {
  listDeadlineMs: 30_000,
  silenceMs: 150_000,
  watchSeconds: { least: 240, most: 480 },
};

/** One line of a watch. Of an ERROR, the object is a Status. */
type Line = {
  readonly type: string;
  readonly object: KubernetesObject & { readonly code?: number };
};

type Watched = { readonly server: string; readonly verb: 'watch'; readonly object: string };

const eventOf = <T>({ type, object }: Line, read: (object: KubernetesObject) => T, watched: Watched): WatchEvent<T> => {
  const { resourceVersion = '' } = object.metadata ?? {};
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      return { type: 'changed', object: read(object), resourceVersion };
    case 'DELETED':
      return { type: 'deleted', object: read(object), resourceVersion };
    case 'BOOKMARK':
      return { type: 'bookmark', resourceVersion };
    default:
      throw refused({ ...watched, status: object.code ?? 500, body: object });
  }
};

const watchPath = (kind: KindName, from: string, { least, most }: SourceSettings['watchSeconds']): string => {
  const query = new URLSearchParams({
    watch: '1',
    resourceVersion: from,
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(Math.round(least + Math.random() * (most - least))),
  });
  return `${collectionPath(kind)}?${query.toString()}`;
};

/** Hands on each line as it comes, until the stream ends. Throws what ended it, unless that is the signal. */
const followLines = async (
  { stream }: Asking,
  { path, object, silenceMs }: { readonly path: string; readonly object: string; readonly silenceMs: number },
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> => {
  const silence = new AbortController();
  const timer = setTimeout(
    () => silence.abort(new Error(`the watch of ${object} was silent for ${silenceMs / 1_000} s`)),
    silenceMs,
  );
  try {
    const either = AbortSignal.any([signal, silence.signal]);
    const lines = await stream('watch', object, { method: 'GET', path, deadlineMs: silenceMs, signal: either });
    for await (const line of lines) {
      timer.refresh();
      onLine(line);
    }
  } catch (error) {
    if (signal.aborted) return;
    throw silence.signal.aborted ? silence.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
};

/** `read` takes of each object what is wanted of it: everything that is listed stays in memory. */
export const createSource = <T>(
  transport: Transport,
  kind: KindName,
  read: (object: KubernetesObject) => T,
  settings: Partial<SourceSettings> = {},
): Source<T> => {
  const asking = createAsking(transport);
  const { listDeadlineMs, silenceMs, watchSeconds } = { ...DEFAULTS, ...settings };
  const object = describeSelection(kind);
  const watched: Watched = { server: asking.server, verb: 'watch', object };
  return {
    list: async (next, signal) => {
      const request = { kind, ...(next === undefined ? {} : { next }) };
      const page = await readPage(asking, request, { signal, deadlineMs: listDeadlineMs });
      return { ...page, items: page.items.map(read) };
    },
    watch: (from, onEvent, signal) =>
      followLines(
        asking,
        { path: watchPath(kind, from, watchSeconds), object, silenceMs },
        (line) => onEvent(eventOf(JSON.parse(line) as Line, read, watched)),
        signal,
      ),
  };
};
