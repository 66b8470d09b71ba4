/**
 * HTTP: small requests over Node's own client, because a dozen agents share one computer in the sandbox and each must
 * start fast.
 *
 * Owns: a request with a deadline, and an HTTPS agent that reaches load balancers through a CONNECT proxy where one is
 * set. Neighbours: `metadata.ts`, `etcd.ts`, `kubernetes.ts` and the probes speak their protocols over it.
 */
import type * as Http from 'node:http';
import type * as Https from 'node:https';
import tls from 'node:tls';

/** An `import` of node:http evaluates all its exports, WebSocket among them: 60 ms and 15 MB for a browser's API. */
const http = process.getBuiltinModule('node:http');
const https = process.getBuiltinModule('node:https');

export type HttpRequest = {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly agent?: Http.Agent | Https.Agent;
  readonly timeoutMillis: number;
  /** An answer that is longer is no answer; by default one that only a mistake could be. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
};

const MAX_BYTES = 64 * 1024 * 1024;

export type HttpResponse = { readonly status: number; readonly body: string };

/** Opens a request and hands over the response as a stream; the caller reads it. */
export const open = (request: HttpRequest): Promise<Http.IncomingMessage> =>
  new Promise((resolve, reject) => {
    const send = request.url.startsWith('https:') ? https.request : http.request;
    const outgoing = send(request.url, {
      method: request.method ?? 'GET',
      headers: {
        ...request.headers,
        ...(request.body === undefined ? {} : { 'content-length': `${Buffer.byteLength(request.body)}` }),
      },
      ...(request.agent === undefined ? {} : { agent: request.agent }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
    const deadline = setTimeout(
      () => outgoing.destroy(new Error(`${request.url} did not answer within ${request.timeoutMillis} ms`)),
      request.timeoutMillis,
    );
    outgoing.once('response', (response) => {
      clearTimeout(deadline);
      resolve(response);
    });
    // It may fail more than once; what comes after the answer is the answer's to report.
    outgoing.on('error', (error) => {
      clearTimeout(deadline);
      reject(error);
    });
    outgoing.end(request.body);
  });

export const send = async (request: HttpRequest): Promise<HttpResponse> => {
  const response = await open(request);
  // The body gets the same time again: an answer that never ends is no answer.
  const deadline = setTimeout(
    () => response.destroy(new Error(`${request.url} did not finish its answer within ${request.timeoutMillis} ms`)),
    request.timeoutMillis,
  );
  try {
    const chunks: Buffer[] = [];
    const most = request.maxBytes ?? MAX_BYTES;
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > most) throw new Error(`${request.url} answered with more than ${most} bytes`);
      chunks.push(chunk);
    }
    return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') };
  } finally {
    clearTimeout(deadline);
  }
};

export type Identity = { readonly certificate: string; readonly key: string };

const CONNECT_TIMEOUT_MILLIS = 5_000;

/** A connection through an HTTP proxy to `host:port`. */
const tunnel = (proxy: URL, authority: string): Promise<Http.IncomingMessage['socket']> =>
  new Promise((resolve, reject) => {
    const request = http.request({
      host: proxy.hostname,
      port: proxy.port,
      method: 'CONNECT',
      path: authority,
      headers: { host: authority },
      agent: false,
      timeout: CONNECT_TIMEOUT_MILLIS,
    });
    request.once('connect', (response, socket) => {
      if (response.statusCode === 200) {
        socket.setTimeout(0);
        resolve(socket as Http.IncomingMessage['socket']);
        return;
      }
      socket.destroy();
      reject(new Error(`Proxy ${proxy.host} answered ${response.statusCode} to CONNECT ${authority}`));
    });
    request.once('timeout', () => request.destroy(new Error(`Proxy ${proxy.host} did not connect to ${authority}`)));
    request.once('error', reject);
    request.end();
  });

/** HTTPS connections that are kept, verified against one authority, with a client certificate where given. */
export const secureAgent = (options: {
  readonly authority: string;
  readonly identity?: Identity;
  readonly proxy?: string;
}): Https.Agent => {
  const agent = new https.Agent({
    keepAlive: true,
    maxSockets: 4,
    ca: options.authority,
    ...(options.identity === undefined ? {} : { cert: options.identity.certificate, key: options.identity.key }),
  });
  if (options.proxy === undefined) return agent;
  const proxy = new URL(options.proxy);
  agent.createConnection = (target, callback) => {
    void (async () => {
      let secure: tls.TLSSocket;
      try {
        const socket = await tunnel(proxy, `${target.host}:${target.port}`);
        secure = tls.connect({ ...(target as tls.ConnectionOptions), socket, servername: target.host ?? '' });
      } catch (thrown) {
        callback?.(thrown instanceof Error ? thrown : new Error(String(thrown)), undefined as never);
        return;
      }
      callback?.(null, secure);
    })();
    return undefined;
  };
  return agent;
};
