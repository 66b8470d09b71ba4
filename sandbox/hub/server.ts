/**
 * The hub's server: HTTP in front of `memberships.ts`, and its state in a file.
 *
 * Owns: one request at a time, and that what was answered outlives the process: the file is replaced whole before the
 * answer goes out.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { hasCode } from '../../words/failure.ts';
import type { HostPort } from '../layout.ts';
import { answer, EMPTY, type HubState } from './memberships.ts';

export type HubServer = { readonly url: string; readonly close: () => Promise<void> };

export type HubServerSettings = {
  readonly address: HostPort;
  /** Where memberships are kept. */
  readonly file: string;
  /** How long an operation takes. */
  readonly latencyMs: number;
  readonly onRequest?: (line: { readonly method: string; readonly path: string; readonly status: number }) => void;
};

const load = (file: string): HubState => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as HubState;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return EMPTY;
    throw error;
  }
};

const save = (file: string, state: HubState): void => {
  writeFileSync(`${file}.new`, JSON.stringify(state, undefined, 2));
  renameSync(`${file}.new`, file);
};

const bodyOf = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? undefined : JSON.parse(text);
};

const reply = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify(body));
};

export const startHub = async (settings: HubServerSettings): Promise<HubServer> => {
  let state = load(settings.file);

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://hub');
    const method = request.method ?? 'GET';
    let body: unknown;
    try {
      body = await bodyOf(request);
    } catch {
      reply(response, 400, { error: { code: 400, status: 'INVALID_ARGUMENT', message: 'The body is not JSON' } });
      return;
    }
    const path = url.pathname.replace(/^\/v1\//, '');
    const turn = answer(state, { method, path, query: url.searchParams, body }, Date.now(), settings.latencyMs);
    if (turn.state !== state) {
      state = turn.state;
      if (method !== 'GET') save(settings.file, state);
    }
    settings.onRequest?.({ method, path, status: turn.answer.status });
    reply(response, turn.answer.status, turn.answer.body);
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      reply(response, 500, { error: { code: 500, status: 'INTERNAL', message: String(error) } });
    });
  });
  const { host, port } = settings.address;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const bound = server.address();
  const actual = typeof bound === 'object' && bound !== null ? bound.port : port;
  return {
    url: `http://${host}:${actual}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
};
