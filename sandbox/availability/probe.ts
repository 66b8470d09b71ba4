/**
 * Probe: what users of a cluster's API notice while something is done to it.
 *
 * Owns: five kinds of users, how often they ask, and what they felt. Each forgives one failure if one more try, at once and on a new
 * connection, cures it: client-go does as much for most requests. Neighbours: `connections.ts` has the connections, `figures.ts` says
 * what is noted, counts it and draws the table. It leaves nothing behind but what it could not delete: the ConfigMap that it writes to.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Dispatcher, request } from 'undici';
import { type ApiAccess, connectionTo, type Protocol } from './connections.ts';
import { type Felt, type Figures, figuresOf, type Seen, type User } from './figures.ts';

export type Probe = {
  readonly record: () => Seen;
  /** What was seen since then, or in all. */
  readonly figures: (since?: Seen) => Figures;
  readonly end: () => Promise<void>;
};

export type ProbeSettings = { readonly everyMs?: number; readonly patienceMs?: number };

const EVERY_MS = 100;
const PATIENCE_MS = 10_000;
const LISTING = '/api/v1/namespaces?resourceVersion=';
/** Longer than anything that is done meanwhile. */
const WATCHING = '/api/v1/namespaces?watch=1&timeoutSeconds=3000';
const WRITTEN = '/api/v1/namespaces/default/configmaps/slipway-availability-probe';

type Refusal = Error & { readonly retryAfter?: string };

const refusal = (statusCode: number, retryAfter: string | string[] | undefined): Refusal =>
  Object.assign(new Error(`status ${statusCode}`), retryAfter === undefined ? {} : { retryAfter: String(retryAfter) });

type Ask = (dispatcher: Dispatcher) => Promise<void>;

const asking =
  (
    access: ApiAccess,
    path: string,
    options: () => Pick<Dispatcher.RequestOptions, 'method' | 'body' | 'headers'>,
  ): Ask =>
  async (dispatcher) => {
    const { statusCode, headers, body } = await request(`${access.server}${path}`, { dispatcher, ...options() });
    await body.dump();
    if (statusCode >= 300) throw refusal(statusCode, headers['retry-after']);
  };

const APPLY = { 'content-type': 'application/apply-patch+yaml' } as const;

/** Server-side apply, which makes it where it isn't there. */
const writing = (access: ApiAccess): Ask => {
  let count = 0;
  return asking(access, `${WRITTEN}?fieldManager=slipway-availability-probe&force=true`, () => {
    count += 1;
    const metadata = { namespace: 'default', name: 'slipway-availability-probe' };
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { count: String(count) } };
    return { method: 'PATCH', headers: APPLY, body: JSON.stringify(object) };
  });
};

/** What all users of one probe have in common. */
type Common = {
  readonly access: ApiAccess;
  readonly connect: (protocol: Protocol) => Dispatcher;
  readonly everyMs: number;
  readonly signal: AbortSignal;
  readonly sent: Record<User, number>;
  readonly felt: Felt[];
  readonly gaps: number[];
};

/** On a connection of its own. */
const anew = async ({ connect }: Common, ask: Ask): Promise<void> => {
  const dispatcher = connect('h1');
  try {
    await ask(dispatcher);
  } finally {
    void dispatcher.destroy();
  }
};

/** Tries, and once more on a new connection. */
const forgiving = async (common: Common, user: User, once: () => Promise<void>, ask: Ask): Promise<void> => {
  const { signal, sent, felt } = common;
  const at = new Date().toISOString();
  try {
    await once();
  } catch (error) {
    if (signal.aborted) return;
    const cured = await anew(common, ask).then(
      () => true,
      () => false,
    );
    felt.push({ user, at, ...feltOf(error), cured });
  }
  sent[user] += 1;
};

const feltOf = (error: unknown): Pick<Felt, 'what' | 'retryAfter'> => {
  const { retryAfter } = error as Refusal;
  return { what: String(error), ...(retryAfter === undefined ? {} : { retryAfter }) };
};

const asks = async (common: Common, user: User, once: () => Promise<void>, ask: Ask): Promise<void> => {
  const under = new Set<Promise<void>>();
  const keeps = user === 'h1' || user === 'h2';
  while (!common.signal.aborted) {
    const one = forgiving(common, user, once, ask).finally(() => under.delete(one));
    under.add(one);
    // Whoever keeps a connection asks one thing after another.
    await Promise.all([delay(common.everyMs), keeps ? one : undefined]);
  }
  await Promise.all(under);
};

const keeps = async (common: Common, user: 'h1' | 'h2', ask: Ask): Promise<void> => {
  const kept = common.connect(user);
  await asks(common, user, () => ask(kept), ask);
  await kept.destroy();
};

/** One watch after the other. One that had begun is begun again, which is what every watcher does; one that could not begin failed. */
const watches = async ({ access, connect, signal, sent, felt, gaps }: Common): Promise<void> => {
  let endedAt: number | undefined;
  /** Until the server or the connection ends it, or it is told to stop. */
  const watchOnce = async (): Promise<void> => {
    const dispatcher = connect('h1');
    try {
      const { statusCode, headers, body } = await request(`${access.server}${WATCHING}`, { dispatcher, signal });
      if (statusCode !== 200) throw refusal(statusCode, headers['retry-after']);
      sent.watch += 1;
      if (endedAt !== undefined) gaps.push(Date.now() - endedAt);
      for await (const _ of body);
    } finally {
      void dispatcher.destroy();
    }
  };
  while (!signal.aborted) {
    const before = sent.watch;
    const at = new Date().toISOString();
    const failed = await watchOnce().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (sent.watch > before) endedAt = Date.now();
    if (signal.aborted || failed === undefined || sent.watch > before) continue;
    const began = sent.watch;
    // Whether it began is what counts, and that is counted.
    await watchOnce().catch(() => undefined);
    if (sent.watch > began) endedAt = Date.now();
    felt.push({ user: 'watch', at, ...feltOf(failed), cured: sent.watch > began });
  }
};

export const startProbe = (
  access: ApiAccess,
  { everyMs = EVERY_MS, patienceMs = PATIENCE_MS }: ProbeSettings = {},
): Probe => {
  const stopping = new AbortController();
  const common: Common = {
    access,
    connect: (protocol) => connectionTo(access, protocol, patienceMs),
    everyMs,
    signal: stopping.signal,
    sent: { read: 0, write: 0, h1: 0, h2: 0, watch: 0 },
    felt: [],
    gaps: [],
  };
  const list = asking(access, LISTING, () => ({ method: 'GET' }));
  const write = writing(access);
  const all = Promise.all([
    asks(common, 'read', () => anew(common, list), list),
    asks(common, 'write', () => anew(common, write), write),
    keeps(common, 'h1', list),
    keeps(common, 'h2', list),
    watches(common),
  ]);
  const record = (): Seen => ({ sent: { ...common.sent }, felt: [...common.felt], gaps: [...common.gaps] });
  return {
    record,
    figures: (since) => figuresOf(record(), since),
    end: async () => {
      stopping.abort(new Error('the probe has ended'));
      await all;
      // Of a cluster that is gone by now nothing is left to be taken away.
      await anew(
        common,
        asking(access, WRITTEN, () => ({ method: 'DELETE' })),
      ).catch(() => undefined);
    },
  };
};
