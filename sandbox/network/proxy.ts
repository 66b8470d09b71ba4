/**
 * Proxy: the way into the sandbox for people and programs, an HTTP proxy that knows load balancers by their names.
 *
 * Owns: CONNECT, and plain HTTP in absolute form. Neighbours: `destination.ts` decides where a request may go,
 * `balancers.ts` dials. Load balancers' ports below 1024 exist only here. Refusals put their reason into the status line
 * as well, because that is all that Go's clients (kubectl) show of a proxy's answer.
 */
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { messageOf } from '../../words/failure.ts';
import type { HostPort } from '../layout.ts';
import type { Balancers } from './balancers.ts';
import { type Destination, destinationOf } from './destination.ts';
import { join } from './join.ts';
import { isInUse } from './routes.ts';

const DIAL_TIMEOUT_MS = 10_000;

/** Headers that concern one hop only. */
const HOP_HEADERS = new Set([
  'connection',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
]);

export type Proxy = { readonly listening: Promise<void>; readonly close: () => void };

type ProxyOptions = {
  readonly at: HostPort;
  readonly network: number;
  readonly balancers: Pick<Balancers, 'routes' | 'dial' | 'healthOf'>;
};

type Allowed = Exclude<Destination, { kind: 'refused' }>;

/** Where a tunnel is to lead. */
const tunnelTo = (authority: string, { balancers, network }: ProxyOptions): Destination => {
  const url = URL.canParse(`http://${authority}`) ? new URL(`http://${authority}`) : undefined;
  if (url === undefined) return { kind: 'refused', message: `"${authority}" is no host and port` };
  // URL drops the port 80 as the scheme's own.
  const port = /:80$/.test(authority) ? 80 : Number(url.port || 443);
  return destinationOf(url.hostname, port, { routes: balancers.routes(), network });
};

/** Where a request in absolute form is to go. */
const forwardTo = (url: URL, { balancers, network }: ProxyOptions): Destination =>
  url.protocol === 'http:'
    ? destinationOf(url.hostname, Number(url.port || 80), { routes: balancers.routes(), network })
    : { kind: 'refused', message: `Use CONNECT for ${url.protocol}//${url.host}` };

const open = (to: Allowed, { balancers }: ProxyOptions): Promise<Socket> =>
  to.kind === 'route' ? balancers.dial(to.route) : dialAddress(to.host, to.port);

const tunnel = (options: ProxyOptions, request: IncomingMessage, client: Duplex, head: Buffer): void => {
  const to = tunnelTo(request.url ?? '', options);
  if (to.kind === 'refused') {
    client.end(rawAnswer(403, to.message));
    return;
  }
  open(to, options).then(
    (target) => {
      if (client.destroyed) {
        target.destroy();
        return;
      }
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (head.length > 0) target.write(head);
      join(client, target);
    },
    (error: unknown) => client.end(rawAnswer(503, messageOf(error))),
  );
};

const forward = async (options: ProxyOptions, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const absolute = URL.canParse(request.url ?? '') ? new URL(request.url ?? '') : undefined;
  if (absolute === undefined) {
    response.writeHead(200, { 'content-type': 'text/plain' }).end(description(options));
    return;
  }
  const to = forwardTo(absolute, options);
  if (to.kind === 'refused') {
    response.writeHead(403, { 'content-type': 'text/plain' }).end(`${to.message}\n`);
    return;
  }
  const socket = await open(to, options);
  const upstream = httpRequest({
    method: request.method ?? 'GET',
    path: `${absolute.pathname}${absolute.search}`,
    headers: { ...endToEnd(request.headers), host: absolute.host },
    createConnection: () => socket,
  });
  upstream.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
    answer.pipe(response);
  });
  upstream.on('error', (error) => refuse(response, 502, error.message));
  response.on('close', () => upstream.destroy());
  request.pipe(upstream);
};

export const createProxy = (options: ProxyOptions): Proxy => {
  const tunnels = new Set<Duplex>();
  const server: Server = createServer((request, response) => {
    forward(options, request, response).catch((error: unknown) => refuse(response, 503, messageOf(error)));
  });
  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    client.on('error', () => client.destroy());
    tunnels.add(client);
    client.once('close', () => tunnels.delete(client));
    tunnel(options, request, client, head);
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  return {
    listening: new Promise((resolve, reject) => {
      server.once('error', (error) =>
        reject(new Error(`The proxy cannot listen on ${options.at.host}:${options.at.port}: ${error.message}`)),
      );
      server.listen({ ...options.at, exclusive: true }, () => resolve());
    }),
    close: () => {
      server.close();
      server.closeAllConnections();
      for (const socket of tunnels) socket.destroy();
    },
  };
};

const refuse = (response: ServerResponse, status: number, message: string): void => {
  if (response.headersSent) response.destroy();
  else response.writeHead(status, { 'content-type': 'text/plain' }).end(`${message}\n`);
};

const rawAnswer = (status: number, message: string): string => {
  // A reason phrase is one line of visible ASCII.
  const reason = message.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, 1000);
  const body = `${message}\n`;
  return `HTTP/1.1 ${status} ${reason}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;
};

const endToEnd = (headers: IncomingMessage['headers']): OutgoingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_HEADERS.has(name)));

const dialAddress = (host: string, port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(new Error(`Nothing answers on ${host}:${port}: ${error.message}`));
    };
    const timer = setTimeout(() => fail(new Error(`no connection within ${DIAL_TIMEOUT_MS} ms`)), DIAL_TIMEOUT_MS);
    socket.once('error', fail);
    socket.once('close', () => clearTimeout(timer));
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      resolve(socket);
    });
  });

/** What the proxy says when it is asked as if it were a web server. */
const description = ({ balancers, network }: ProxyOptions): string => {
  const lines = balancers
    .routes()
    .flatMap((route) => [
      `${route.key}  (${route.addresses.join(', ')})`,
      ...route.targets.map(
        (target) => `  ${target.id}:${target.port}  ${isInUse(target) ? balancers.healthOf(target) : target.phase}`,
      ),
    ]);
  return [`The way into the sandbox on 127.${network}.0.0/16. Load balancers:`, ...lines, ''].join('\n');
};
