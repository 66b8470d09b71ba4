/**
 * Control: the stub's own door, by HTTP on loopback.
 *
 * Owns: the paths. Neighbours: `npm run sandbox -- fault …` and `kill` knock here; tests may do so themselves.
 *
 *   GET /faults, POST /faults {…}, DELETE /faults[?cluster=<id>]     see `faults.ts`
 *   GET /clusters                                                    what runs: replicas, nodes, and what its API was asked
 *   any method /clusters/<id>/api…                                   the cluster's own API, of which nobody asks a certificate here
 *   GET /machines, POST /machines/<instance id>/kill|hang|resume
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from '../../words/failure.ts';
import type { HostPort } from '../layout.ts';
import { type ApiAnswer, answerApi } from './api.ts';
import type { Clusters, StubCluster } from './clusters.ts';
import { type Faults, parseFault } from './faults.ts';
import type { StubHost } from './host.ts';

type Answer = ApiAnswer;

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

const bodyOf = async (request: IncomingMessage): Promise<unknown> => JSON.parse(await textOf(request));

const ok = (body: unknown): Answer => ({ status: 200, body });

const shown = ({ id, replicas, programs, etcdMinor, volumes, store, hasQuorum, asked }: StubCluster) => ({
  id,
  hasQuorum: hasQuorum(),
  replicas: Object.fromEntries(replicas),
  programs: Object.fromEntries(programs),
  etcdMinor: etcdMinor(),
  volumes: [...volumes].sort(),
  nodes: store.list('/api/v1/nodes', {}).map(({ metadata }) => metadata.name),
  asked: Object.fromEntries(asked),
});

/** Undefined where nothing is to be done to a machine. */
const doToMachine = async (host: StubHost, asked: string): Promise<Answer | undefined> => {
  const [, id, done] = /^POST \/machines\/([^/]+)\/(kill|hang|resume)$/.exec(asked) ?? [];
  if (id === undefined || done === undefined) return undefined;
  if (await host[done as 'kill' | 'hang' | 'resume'](id)) return ok({ [done]: id });
  return { status: 404, body: { error: `no instance ${id} runs here`, running: host.running() } };
};

/** What a cluster's API answers whoever may do everything there; undefined where the path is no cluster's. */
const askCluster = async (clusters: Clusters, request: IncomingMessage, url: URL): Promise<Answer | undefined> => {
  const [, id, path] = /^\/clusters\/([^/]+)(\/apis?\/.*)$/.exec(url.pathname) ?? [];
  if (id === undefined || path === undefined) return undefined;
  const cluster = clusters.find(id);
  if (cluster === undefined) return { status: 404, body: { error: `no cluster ${id} runs here` } };
  return answerApi(cluster, {
    method: request.method ?? 'GET',
    url: `${path}${url.search}`,
    contentType: request.headers['content-type'] ?? '',
    body: await textOf(request),
    authenticated: true,
  });
};

export const listenForControl = (options: {
  readonly at: HostPort;
  readonly faults: Faults;
  readonly clusters: Clusters;
  readonly host: StubHost;
}): Promise<{ readonly port: number; readonly close: () => void }> => {
  const { faults, clusters, host } = options;
  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const url = new URL(request.url ?? '/', 'http://stub');
    const asked = `${request.method} ${url.pathname}`;
    const ofOne = (await doToMachine(host, asked)) ?? (await askCluster(clusters, request, url));
    if (ofOne !== undefined) return ofOne;
    switch (asked) {
      case 'GET /faults':
        return ok(faults.list());
      case 'POST /faults':
        faults.add(parseFault(await bodyOf(request)));
        return ok(faults.list());
      case 'DELETE /faults':
        faults.clear(url.searchParams.get('cluster') ?? undefined);
        return ok(faults.list());
      case 'GET /machines':
        return ok(host.running());
      case 'GET /clusters':
        return ok(clusters.list().map(shown));
      default:
        return { status: 404, body: { error: `${asked} is not served` } };
    }
  };
  const server = createServer((request, response) => {
    void answer(request)
      .catch((error: unknown): Answer => ({ status: 400, body: { error: messageOf(error) } }))
      .then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...options.at, exclusive: true }, () =>
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () => {
          server.close();
          server.closeAllConnections();
        },
      }),
    );
  });
};
