/** A management API server that answers plain JSON by path, with a kubeconfig that leads to it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { stringify } from 'yaml';

export type Reply = readonly [status: number, body: unknown];

export type ManagementDouble = {
  /** Two contexts, `management` and `elsewhere`, which differ in their namespace. */
  readonly kubeconfig: string;
  /** What it was asked to merge into objects, in order; nothing of it is kept. */
  readonly patched: readonly unknown[];
  /** Paths that it was asked for, in order. */
  readonly asked: readonly string[];
  readonly stop: () => Promise<void>;
};

/** What it has no reply for is unknown to it, as a kind without its CRD is to an API server. */
export const startManagement = async (replies: Readonly<Record<string, Reply>>): Promise<ManagementDouble> => {
  const patched: unknown[] = [];
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    asked.push(pathname);
    if (request.method === 'PATCH') void text(request).then((body) => patched.push(JSON.parse(body)));
    const reply = replies[pathname];
    response.writeHead(reply?.[0] ?? 404, { 'content-type': reply ? 'application/json' : 'text/plain' });
    response.end(reply ? JSON.stringify(reply[1]) : '404 page not found\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    kubeconfig: stringify({
      'current-context': 'management',
      clusters: [{ name: 'management', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
      contexts: [
        { name: 'management', context: { cluster: 'management', user: 'me' } },
        { name: 'elsewhere', context: { cluster: 'management', user: 'me', namespace: 'empty' } },
      ],
      users: [{ name: 'me', user: {} }],
    }),
    patched,
    asked,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
