/**
 * Transport: one HTTP request to an API server, over connections that are kept.
 *
 * Owns: TLS, the way through the HTTP CONNECT proxy, deadlines and the reading of bodies. Neighbour: `client.ts` knows
 * what to ask. Pitfall that shaped it: client-node builds a new dispatcher, hence a new connection, for each request;
 * here a dispatcher is made once for each set of credentials. client-node still reads kubeconfig files, in `management.ts`.
 */
import { createHash } from 'node:crypto';
import { Agent, type Dispatcher, ProxyAgent, request } from 'undici';
import { type AroundCall, straightOn } from '../calls.ts';

/** How to prove who we are, and whom to trust. PEM. */
export type TlsIdentity = {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
};

export type Credentials = { readonly tls: TlsIdentity; readonly headers: Readonly<Record<string, string>> };

export type HttpRequest = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with query, beginning with a slash. */
  readonly path: string;
  readonly contentType?: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Ends the connection after the answer, so that a load balancer chooses anew for the next request. */
  readonly last?: boolean;
};

export type HttpAnswer = {
  readonly status: number;
  readonly text: string;
  readonly retryAfterSeconds?: number;
};

export type Transport = {
  /** `https://host:port`, for messages. */
  readonly server: string;
  readonly send: (request: HttpRequest) => Promise<HttpAnswer>;
  readonly close: () => Promise<void>;
};

export type TransportSettings = {
  readonly server: string;
  /** Asked before each request: tokens and client certificates change while a worker runs. */
  readonly credentials: () => Promise<Credentials>;
  /** URL of an HTTP CONNECT proxy. */
  readonly proxy?: string;
  readonly deadlineMs?: number;
  readonly aroundCall?: AroundCall;
  /** Which API it is to those around calls. */
  readonly service?: 'management' | 'cluster';
};

const DEADLINE_MS = 10_000;
const CONNECT_MS = 5_000;

/** Not HTTP/2: it would send everything over one connection, hence to one replica behind a load balancer. */
const POOL = { connections: 8, allowH2: false } as const;

/** Credentials by digest, so that no key is kept as the name of anything (I8). */
const digest = (tls: TlsIdentity): string => {
  const hash = createHash('sha256');
  for (const part of [tls.ca, tls.cert, tls.key, tls.servername, String(tls.rejectUnauthorized)]) {
    hash.update(part ?? '').update('\0');
  }
  return hash.digest('hex');
};

const dispatcherFor = (tls: TlsIdentity, proxy: string | undefined): Dispatcher =>
  proxy === undefined
    ? new Agent({ connect: { ...tls, timeout: CONNECT_MS }, ...POOL })
    : new ProxyAgent({ uri: proxy, requestTls: { ...tls, timeout: CONNECT_MS }, ...POOL });

export const createTransport = (settings: TransportSettings): Transport => {
  let current: { readonly id: string; readonly dispatcher: Dispatcher } | undefined;

  const dispatcher = (tls: TlsIdentity): Dispatcher => {
    const id = digest(tls);
    if (current?.id !== id) {
      // The old one ends by itself once its last request is answered; how that goes changes nothing for anybody.
      void current?.dispatcher.close().catch(() => undefined);
      current = { id, dispatcher: dispatcherFor(tls, settings.proxy) };
    }
    return current.dispatcher;
  };

  const around = settings.aroundCall ?? straightOn;
  const service = settings.service ?? 'management';

  const send: Transport['send'] = async (ask) => {
    const { tls, headers } = await settings.credentials();
    const deadline = AbortSignal.timeout(settings.deadlineMs ?? DEADLINE_MS);
    const answer = await request(`${settings.server}${ask.path}`, {
      method: ask.method,
      dispatcher: dispatcher(tls),
      ...(ask.last === true ? { reset: true } : {}),
      signal: ask.signal === undefined ? deadline : AbortSignal.any([ask.signal, deadline]),
      headers: {
        accept: 'application/json',
        ...(ask.body === undefined ? {} : { 'content-type': ask.contentType ?? 'application/json' }),
        ...headers,
      },
      ...(ask.body === undefined ? {} : { body: JSON.stringify(ask.body) }),
    });
    const text = await answer.body.text();
    const retryAfter = Number(answer.headers['retry-after']);
    return {
      status: answer.statusCode,
      text,
      ...(Number.isFinite(retryAfter) && retryAfter > 0 ? { retryAfterSeconds: retryAfter } : {}),
    };
  };

  return {
    server: settings.server,

    send: (ask) => {
      const target = ask.path.split('?', 1)[0] ?? '';
      const call = { service, operation: ask.method, target, mutating: ask.method !== 'GET' };
      return around(call, () => send(ask));
    },

    close: async () => {
      const last = current;
      current = undefined;
      await last?.dispatcher.close();
    },
  };
};
