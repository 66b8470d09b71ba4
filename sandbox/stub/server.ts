/**
 * Server: one replica's API server double on its fixed address, over TLS.
 *
 * Owns: the socket, and who a caller is: whoever has a certificate of the cluster's root authority. Neighbours: `api.ts`
 * answers; the balancers check `/readyz` here as they check a real one.
 */
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import { API_SERVER_PORT } from '../../machine/ports.ts';
import type { Served } from './about.ts';
import { type ApiAnswer, answerApi, refusal } from './api.ts';
import { noteAsked, type StubCluster } from './clusters.ts';
import type { Faults } from './faults.ts';

/** Closed once nobody listens any more. */
export type ApiServer = { readonly close: () => Promise<void> };

type Tls = { readonly authority: string; readonly certificate: string; readonly key: string };

const MOST_BYTES = 4 << 20;

/** The whole body; a request that sends too much is cut off. */
const readBody = (request: IncomingMessage, onRead: (body: string) => void): void => {
  const chunks: Buffer[] = [];
  const size = { bytes: 0 };
  request.on('data', (chunk: Buffer) => {
    size.bytes += chunk.length;
    if (size.bytes > MOST_BYTES) request.destroy();
    else chunks.push(chunk);
  });
  request.once('end', () => onRead(Buffer.concat(chunks).toString('utf8')));
};

/** Authenticated is whoever has a certificate of the cluster's authority. */
const askedIn = (request: IncomingMessage, body: string): Parameters<typeof answerApi>[1] => {
  const { authorized } = request.socket as typeof request.socket & { readonly authorized?: boolean };
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    contentType: request.headers['content-type'] ?? '',
    body,
    authenticated: authorized === true,
  };
};

export const serveApi = (options: {
  readonly address: string;
  readonly tls: Tls;
  readonly cluster: StubCluster;
  readonly faults: Faults;
  readonly served: Served;
  /** Whether its machine hangs. */
  readonly hangs: () => boolean;
}): Promise<ApiServer> => {
  const { address, tls, cluster, faults, served, hangs } = options;
  const answer = (request: Parameters<typeof answerApi>[1]): ApiAnswer => {
    const refused = faults.refusalOf(cluster.id, { method: request.method, path: request.url });
    return refused === undefined
      ? answerApi(cluster, request, served)
      : refusal(refused.status, refused.reason ?? 'InternalError', refused.message);
  };
  const server = createServer(
    {
      key: tls.key,
      cert: tls.certificate,
      ca: tls.authority,
      requestCert: true,
      // Health checks have no certificate; everybody else is refused by an answer, not by the handshake.
      rejectUnauthorized: false,
      keepAliveTimeout: 60_000,
    },
    (request, response) => {
      if (faults.isSilent(cluster.id) || hangs()) return;
      request.once('error', () => response.destroy());
      readBody(request, (sent) => {
        const asked = askedIn(request, sent);
        const { status, body } = answer(asked);
        const isText = typeof body === 'string';
        const text = isText ? body : JSON.stringify(body);
        if (asked.authenticated) noteAsked(cluster, asked, text.length);
        response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json' });
        response.end(text);
      });
    },
  );
  server.on('tlsClientError', () => undefined);
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Error(`The stub API server cannot listen on ${address}:${API_SERVER_PORT}: ${error.message}`)),
    );
    server.listen({ host: address, port: API_SERVER_PORT, exclusive: true }, () =>
      resolve({
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      }),
    );
  });
};
