/**
 * Control: the stub's own door, by HTTP on loopback.
 *
 * Owns: the paths. Neighbours: `npm run sandbox -- fault …` and `kill` knock here; tests may do so themselves.
 *
 *   GET /faults, POST /faults {…}, DELETE /faults[?cluster=<id>]     see `faults.ts`
 *   GET /clusters                                                    what runs: replicas, nodes, number of objects
 *   GET /machines, POST /machines/<instance id>/kill|hang|resume
 */
import { createServer, type IncomingMessage } from 'node:http';
import { messageOf } from '../../words/failure.ts';
import type { HostPort } from '../layout.ts';
import type { Clusters } from './clusters.ts';
import { type Faults, parseFault } from './faults.ts';
import type { StubHost } from './host.ts';

type Answer = { readonly status: number; readonly body: unknown };

const bodyOf = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
};

const ok = (body: unknown): Answer => ({ status: 200, body });

export const listenForControl = (options: {
  readonly at: HostPort;
  readonly faults: Faults;
  readonly clusters: Clusters;
  readonly host: StubHost;
}): Promise<{ readonly close: () => void }> => {
  const { faults, clusters, host } = options;
  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const url = new URL(request.url ?? '/', 'http://stub');
    const asked = `${request.method} ${url.pathname}`;
    const [, id, done] = /^POST \/machines\/([^/]+)\/(kill|hang|resume)$/.exec(asked) ?? [];
    if (id !== undefined) {
      if (await host[done as 'kill' | 'hang' | 'resume'](id)) return ok({ [done as string]: id });
      return { status: 404, body: { error: `no instance ${id} runs here`, running: host.running() } };
    }
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
        return ok(
          clusters.list().map(({ id, replicas, volumes, store, hasQuorum }) => ({
            id,
            hasQuorum: hasQuorum(),
            replicas: Object.fromEntries(replicas),
            volumes: [...volumes].sort(),
            nodes: store.list('/api/v1/nodes', {}).map(({ metadata }) => metadata.name),
          })),
        );
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
        close: () => {
          server.close();
          server.closeAllConnections();
        },
      }),
    );
  });
};
