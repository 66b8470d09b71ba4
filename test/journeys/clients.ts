/**
 * Clients: three kinds of users of a cluster's API, each of which forgives one failure if a new connection cures it.
 *
 * Owns: one that opens a connection for each request, ten times a second; one that keeps its connection; and a watch. Neighbours:
 * `availability.ts` forgives nothing, and knows how the API is reached.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ProxyAgent, request } from 'undici';
import type { ApiAccess } from './availability.ts';

/** What somebody did, and what came of it: uncured where the next try, on a new connection, failed, too. */
type Felt = {
  readonly client: 'new' | 'kept' | 'watch';
  readonly at: string;
  readonly what: string;
  readonly cured: boolean;
};

export type Clients = {
  /** Requests that were answered so far, the watch's beginnings among them. */
  readonly answered: () => Readonly<Record<Felt['client'], number>>;
  readonly felt: () => readonly Felt[];
  readonly end: () => Promise<void>;
};

const EVERY_MS = 100;
const PATIENCE_MS = 10_000;
const LISTING = '/api/v1/namespaces?resourceVersion=';
/** Longer than any of these stories. */
const WATCHING = '/api/v1/namespaces?watch=1&timeoutSeconds=3000';

const connection = (access: ApiAccess): ProxyAgent =>
  new ProxyAgent({
    uri: access.proxy,
    connections: 1,
    requestTls: {
      servername: access.serverName,
      ca: access.certificateAuthority,
      cert: access.certificate,
      key: access.key,
    },
    headersTimeout: PATIENCE_MS,
    // A watch is silent for as long as nothing happens.
    bodyTimeout: 0,
  });

const list = async (access: ApiAccess, dispatcher: ProxyAgent): Promise<void> => {
  const answer = await request(`${access.server}${LISTING}`, { dispatcher });
  await answer.body.dump();
  if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`);
};

const listAnew = async (access: ApiAccess): Promise<void> => {
  const dispatcher = connection(access);
  try {
    await list(access, dispatcher);
  } finally {
    void dispatcher.destroy();
  }
};

export const startClients = (access: ApiAccess): Clients => {
  const stopping = new AbortController();
  const { signal } = stopping;
  const answered = { new: 0, kept: 0, watch: 0 };
  const felt: Felt[] = [];

  /** Tries, and once more on a new connection. */
  const forgiving = async (client: Felt['client'], once: () => Promise<void>, again: () => Promise<void>) => {
    const at = new Date().toISOString();
    try {
      await once();
    } catch (first) {
      if (signal.aborted) return;
      const cured = await again().then(
        () => true,
        () => false,
      );
      felt.push({ client, at, what: String(first), cured });
    }
    answered[client] += 1;
  };

  const asking = async (client: 'new' | 'kept', once: () => Promise<void>): Promise<void> => {
    const under = new Set<Promise<void>>();
    while (!signal.aborted) {
      const one = forgiving(client, once, () => listAnew(access)).finally(() => under.delete(one));
      under.add(one);
      // Whoever keeps a connection asks one thing after another.
      await Promise.all([delay(EVERY_MS), client === 'kept' ? one : undefined]);
    }
    await Promise.all(under);
  };

  const keeping = async (): Promise<void> => {
    const kept = connection(access);
    await asking('kept', () => list(access, kept));
    await kept.destroy();
  };

  /** Until the server or the connection ends it, or it is told to stop. */
  const watchOnce = async (): Promise<void> => {
    const dispatcher = connection(access);
    try {
      const answer = await request(`${access.server}${WATCHING}`, { dispatcher, signal });
      if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`);
      answered.watch += 1;
      for await (const _ of answer.body);
    } finally {
      void dispatcher.destroy();
    }
  };

  const watching = async (): Promise<void> => {
    while (!signal.aborted) {
      const before = answered.watch;
      const at = new Date().toISOString();
      try {
        await watchOnce();
      } catch (error) {
        // One that had begun is begun again, which is what every watcher does; one that could not begin failed.
        if (signal.aborted || answered.watch > before) continue;
        const began = answered.watch;
        await watchOnce().catch(() => undefined);
        felt.push({ client: 'watch', at, what: String(error), cured: answered.watch > began });
      }
    }
  };

  const all = Promise.all([asking('new', () => listAnew(access)), keeping(), watching()]);
  return {
    answered: () => ({ ...answered }),
    felt: () => [...felt],
    end: async () => {
      stopping.abort(new Error('the story is over'));
      await all;
    },
  };
};
