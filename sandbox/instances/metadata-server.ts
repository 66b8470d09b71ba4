/**
 * Metadata server: one listener for each instance, on the instance's own address.
 *
 * Owns: sockets; which instances have one follows from the last look at the account. Neighbours: `metadata.ts` answers.
 * Listens on 127/8 only: an address that the account gave and that isn't loopback is refused with a reason, and its
 * instance is not started.
 */
import { createServer, type Server } from 'node:http';
import { messageOf } from '../../words/failure.ts';
import type { InstanceView } from './account.ts';
import { answerMetadata, METADATA_PORT, type MetadataSource } from './metadata.ts';

export type MetadataServers = {
  /** Listens for exactly these instances; answers which of them can be asked. One that can't is tried at the next call. */
  readonly serve: (instances: readonly InstanceView[]) => Promise<ReadonlySet<string>>;
  readonly close: () => void;
};

type Listener = { readonly server: Server; readonly address: string; readonly current: { view: InstanceView } };

export const metadataServers = (options: {
  readonly sourceOf: (instance: InstanceView) => Omit<MetadataSource, 'instance'>;
  readonly onError: (message: string) => void;
  readonly port?: number;
}): MetadataServers => {
  const listeners = new Map<string, Listener>();
  const drop = (id: string, listener: Listener): void => {
    listeners.delete(id);
    listener.server.close();
    listener.server.closeAllConnections();
  };
  const open = async (view: InstanceView, address: string): Promise<void> => {
    if (!address.startsWith('127.')) throw new Error('the sandbox listens on 127/8 only');
    const current = { view };
    const source = options.sourceOf(view);
    const server = createServer((request, response) => {
      answerMetadata(
        { ...source, instance: current.view },
        { method: request.method ?? 'GET', path: request.url ?? '/', headers: request.headers },
      ).then(
        (answer) => response.writeHead(answer.status, answer.headers).end(answer.body),
        (error: unknown) => {
          options.onError(`Metadata of ${view.id}, ${request.url}: ${messageOf(error)}`);
          response.writeHead(500, { 'content-type': 'text/plain' }).end(`${messageOf(error)}\n`);
        },
      );
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port ?? METADATA_PORT, address, resolve);
    });
    listeners.set(view.id, { server, address, current });
  };
  return {
    serve: async (instances) => {
      const wanted = new Map(instances.map((instance) => [instance.id, instance]));
      for (const [id, listener] of listeners) {
        const view = wanted.get(id);
        if (view === undefined || view.privateIp !== listener.address) drop(id, listener);
        else listener.current.view = view;
      }
      const missing = instances.filter((instance) => !listeners.has(instance.id) && instance.privateIp !== null);
      await Promise.all(
        missing.map((view) =>
          open(view, view.privateIp ?? '').catch((error: unknown) =>
            options.onError(`The metadata of ${view.id} cannot be served on ${view.privateIp}: ${messageOf(error)}`),
          ),
        ),
      );
      return new Set(listeners.keys());
    },
    close: () => {
      for (const [id, listener] of listeners) drop(id, listener);
    },
  };
};
