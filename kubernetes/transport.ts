/**
 * Transport: requests to one API server, over connections that are kept.
 *
 * Owns: base URL, credentials, deadlines, and the reading of answers as text or line by line. Neighbours: `http.ts` makes
 * one request, `connections.ts` has the connections, `client.ts` knows what to ask.
 * A change of credentials makes new connections; requests under way end on the old ones.
 */
import type { IncomingMessage } from 'node:http';
import { plainJson } from '../words/json.ts';
import { type Connections, createConnections, digestOf, type TlsIdentity } from './connections.ts';
import { bodyOf, type HttpRequest as Exchange, linesOf, open, send } from './http.ts';

export type Credentials = { readonly tls: TlsIdentity; readonly headers: Readonly<Record<string, string>> };

export type HttpRequest = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with query, beginning with a slash. */
  readonly path: string;
  readonly contentType?: string;
  /** What the answer may be, where it isn't plain JSON. */
  readonly accept?: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Another deadline than the transport's. */
  readonly deadlineMs?: number;
  /** Ends the connection after the answer, so that a load balancer chooses anew for the next request. */
  readonly last?: boolean;
};

export type HttpAnswer = {
  readonly status: number;
  readonly text: string;
  /** The header's own text. */
  readonly retryAfter?: string;
};

/** What isn't over with its answer. Whoever takes the lines reads them, or ends them. */
type HttpStream = { readonly lines: AsyncGenerator<string> };

export type Transport = {
  /** `https://host:port`, for messages. */
  readonly server: string;
  readonly send: (request: HttpRequest) => Promise<HttpAnswer>;
  /** The deadline is for the head of the answer. An answer instead of a stream is a refusal. */
  readonly stream: (request: HttpRequest) => Promise<HttpAnswer | HttpStream>;
  /** Resolves once the last request is over. */
  readonly close: () => Promise<void>;
};

/** Stands around a request, which it knows by method and path without query: sends it, or doesn't (I8). */
export type AroundRequest = <T>(request: Pick<HttpRequest, 'method' | 'path'>, send: () => Promise<T>) => Promise<T>;

export type TransportSettings = {
  readonly server: string;
  /** Asked before each request: tokens and client certificates change while a process runs. */
  readonly credentials: () => Promise<Credentials>;
  /** URL of an HTTP CONNECT or SOCKS proxy. */
  readonly proxy?: string;
  readonly deadlineMs?: number;
  readonly userAgent?: string;
  readonly around?: AroundRequest;
  /** How many connections at once, and for how long an idle one is kept: Infinity is until its server ends it. */
  readonly connections?: { readonly most?: number; readonly idleMs?: number };
};

const DEADLINE_MS = 10_000;
const CONNECT_MS = 5_000;
const MOST_CONNECTIONS = 8;
/** Less than anything between us and a server keeps a connection, so that none is used that was just ended. */
const IDLE_MS = 4_000;

/** Who gives up on an answer doesn't wait for a plugin either, which may be asking a person something. */
const unlessAborted = async <T>(pending: Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
  if (signal === undefined) return pending;
  let forget = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    forget = () => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
  try {
    return await Promise.race([pending, aborted]);
  } finally {
    forget();
  }
};

const answerOf = (response: Pick<IncomingMessage, 'headers'>, status: number, text: string): HttpAnswer => {
  const retryAfter = response.headers['retry-after'];
  return { status, text, ...(retryAfter === undefined ? {} : { retryAfter }) };
};

/** The connections of the moment: others once the identity is another. */
const connectionsOf = ({ server, proxy, connections = {} }: TransportSettings) => {
  const { most = MOST_CONNECTIONS, idleMs = IDLE_MS } = connections;
  let current: { readonly tls: TlsIdentity; readonly id: string; readonly connections: Connections } | undefined;
  const make = (tls: TlsIdentity): Connections =>
    createConnections({
      secure: server.startsWith('https:'),
      tls,
      ...(proxy === undefined ? {} : { proxy }),
      most,
      ...(idleMs === Infinity ? {} : { idleMillis: idleMs }),
    });
  return {
    under: (tls: TlsIdentity): Connections => {
      if (current?.tls === tls) return current.connections;
      const id = digestOf(tls);
      const same = current?.id === id ? current.connections : undefined;
      if (same === undefined) void current?.connections.retire();
      current = { tls, id, connections: same ?? make(tls) };
      return current.connections;
    },
    retire: async (): Promise<void> => {
      const last = current;
      current = undefined;
      await last?.connections.retire();
    },
  };
};

const exchangeFor = (
  { server, userAgent, deadlineMs = DEADLINE_MS }: TransportSettings,
  ask: HttpRequest,
  headers: Credentials['headers'],
): Exchange => ({
  url: `${server}${ask.path}`,
  method: ask.method,
  headers: {
    accept: ask.accept ?? 'application/json',
    ...(userAgent === undefined ? {} : { 'user-agent': userAgent }),
    ...(ask.body === undefined ? {} : { 'content-type': ask.contentType ?? 'application/json' }),
    ...(ask.last === true ? { connection: 'close' } : {}),
    ...headers,
  },
  timeoutMillis: ask.deadlineMs ?? deadlineMs,
  connectMillis: CONNECT_MS,
  ...(ask.body === undefined ? {} : { body: plainJson(ask.body) }),
  ...(ask.signal === undefined ? {} : { signal: ask.signal }),
});

export const createTransport = (settings: TransportSettings): Transport => {
  const connections = connectionsOf(settings);
  const around: AroundRequest = settings.around ?? ((_request, go) => go());

  /** What is over when `use` is, or when what it hands on says so. */
  const exchange = async <T>(
    ask: HttpRequest,
    use: (exchange: Exchange, end: () => void) => Promise<T>,
  ): Promise<T> => {
    const { tls, headers } = await unlessAborted(settings.credentials(), ask.signal);
    const { agent, take } = connections.under(tls);
    const end = take();
    try {
      return await use({ ...exchangeFor(settings, ask, headers), agent }, end);
    } catch (error) {
      end();
      throw error;
    }
  };

  const sendOnce: Transport['send'] = (ask) =>
    exchange(ask, async (request, end) => {
      const response = await send(request);
      end();
      return answerOf(response, response.status, response.body);
    });

  const openOnce: Transport['stream'] = (ask) =>
    exchange(ask, async (request, end) => {
      const response = await open(request);
      const { statusCode = 0 } = response;
      response.once('close', end);
      if (statusCode === 200) return { lines: linesOf(response) };
      return answerOf(response, statusCode, await bodyOf(response, request));
    });

  const known = ({ method, path }: HttpRequest) => ({ method, path: path.split('?', 1)[0] ?? '' });
  return {
    server: settings.server,
    send: (ask) => around(known(ask), () => sendOnce(ask)),
    stream: (ask) => around(known(ask), () => openOnce(ask)),
    close: connections.retire,
  };
};
