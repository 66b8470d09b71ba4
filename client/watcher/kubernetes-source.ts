/**
 * The API server as a source of lists and watches of one custom resource, in all namespaces.
 *
 * Owns: the reading of answers, and deadlines: a server that says nothing at all is as bad as one that is away.
 * Neighbours: `../api-server.ts` speaks HTTP, `list-watch.ts` owns the loop.
 */
import { API_VERSION } from '../../api/names.ts';
import type { ObjectKind } from '../../api/object.ts';
import type { ApiServer } from '../api-server.ts';
import { ApiRefusal } from '../refusal.ts';
import { Expired, type Observed, type Page, type Source, type WatchEvent } from './list-watch.ts';

const PAGE_SIZE = 500;
/** How long the server keeps a watch open; random, so that not all end at once. */
const WATCH_SECONDS = { least: 240, most: 480 };
const ANNOTATION_PREFIX = 'slipway.dev/';

export type SourceSettings = {
  /** A page that takes longer than this isn't coming. */
  readonly listDeadlineMs: number;
  /** A watch that is silent for longer than this is dead: the server sends bookmarks about once a minute. */
  readonly silenceMs: number;
};

const DEFAULTS: SourceSettings = { listDeadlineMs: 30_000, silenceMs: 150_000 };

const PLURALS: Readonly<Record<ObjectKind, string>> = { AWSCluster: 'awsclusters', AWSNodePool: 'awsnodepools' };

type ApiObject = {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly generation?: number;
    readonly resourceVersion: string;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly clusterName?: string };
};

type List = {
  readonly items?: readonly ApiObject[];
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
};

/** One line of a watch. Of an ERROR, the object is a Status. */
type Line = {
  readonly type: string;
  readonly object: ApiObject & { readonly code?: number; readonly message?: string };
};

const observed = (kind: ObjectKind, { metadata, spec }: ApiObject): Observed => ({
  kind,
  namespace: metadata.namespace,
  name: metadata.name,
  uid: metadata.uid,
  generation: metadata.generation ?? 0,
  deleting: metadata.deletionTimestamp !== undefined,
  ...(spec?.clusterName === undefined ? {} : { clusterName: spec.clusterName }),
  annotations: Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([name]) => name.startsWith(ANNOTATION_PREFIX)),
  ),
});

const eventOf = (kind: ObjectKind, { type, object }: Line): WatchEvent => {
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return {
        type: type === 'DELETED' ? 'deleted' : 'changed',
        object: observed(kind, object),
        resourceVersion: object.metadata.resourceVersion,
      };
    case 'BOOKMARK':
      return { type: 'bookmark', resourceVersion: object.metadata.resourceVersion };
    default:
      if (object.code === 410) throw new Expired('the version is too old');
      throw new Error(`the watch of ${PLURALS[kind]} reports ${type}: ${object.message ?? 'no message'}`);
  }
};

const expiredOr = (error: unknown): unknown =>
  error instanceof ApiRefusal && error.status === 410 ? new Expired('the version is too old') : error;

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    // What has no end yet is completed by the next chunk, or cut off with the connection.
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line !== '');
  }
}

export const kubernetesSource = (
  api: Pick<ApiServer, 'get'>,
  kind: ObjectKind,
  settings: SourceSettings = DEFAULTS,
): Source => {
  const path = `/apis/${API_VERSION}/${PLURALS[kind]}`;

  const list = async (next: string | undefined, signal: AbortSignal): Promise<Page> => {
    const query = { limit: String(PAGE_SIZE), ...(next === undefined ? {} : { continue: next }) };
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(settings.listDeadlineMs)]);
    const response = await api.get(path, query, deadline);
    const { items = [], metadata } = (await response.json()) as List;
    return {
      items: items.map((item) => observed(kind, item)),
      resourceVersion: metadata.resourceVersion,
      ...(metadata.continue ? { next: metadata.continue } : {}),
    };
  };

  const watch = async (from: string, onEvent: (event: WatchEvent) => void, signal: AbortSignal): Promise<void> => {
    const silence = new AbortController();
    const timer = setTimeout(
      () => silence.abort(new Error(`the watch of ${PLURALS[kind]} was silent for ${settings.silenceMs / 1_000} s`)),
      settings.silenceMs,
    );
    const seconds = WATCH_SECONDS.least + Math.random() * (WATCH_SECONDS.most - WATCH_SECONDS.least);
    try {
      const response = await api.get(
        path,
        {
          watch: 'true',
          resourceVersion: from,
          allowWatchBookmarks: 'true',
          timeoutSeconds: String(Math.round(seconds)),
        },
        AbortSignal.any([signal, silence.signal]),
      );
      if (response.body === null) return;
      for await (const line of linesOf(response.body)) {
        timer.refresh();
        onEvent(eventOf(kind, JSON.parse(line) as Line));
      }
    } catch (error) {
      if (signal.aborted) return;
      throw silence.signal.aborted ? silence.signal.reason : error;
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    list: (next, signal) => list(next, signal).catch((error: unknown) => Promise.reject(expiredOr(error))),
    watch: (from, onEvent, signal) =>
      watch(from, onEvent, signal).catch((error: unknown) => Promise.reject(expiredOr(error))),
  };
};
