/**
 * Listeners: the ports of load balancers on this computer.
 *
 * Owns: sockets that are kept equal to the routes of the last look. Neighbours: `balancers.ts` dials for who connects here;
 * `routes.ts` says on which addresses a load balancer listens.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Log } from '../instances/follow.ts';
import { join } from './join.ts';
import { listenAddressesOf, type Route } from './routes.ts';

type Listener = { readonly server: Server; readonly follow: (route: Route) => void };

export type Listeners = { readonly follow: (routes: readonly Route[]) => void; readonly close: () => void };

export const createListeners = (dial: (route: Route) => Promise<Socket>, log: Log): Listeners => {
  const listeners = new Map<string, Listener>();

  const listen = (host: string, route: Route): void => {
    const key = `${host}:${route.port}`;
    const served = { route };
    const server = createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true }, (client) => {
      client.on('error', () => client.destroy());
      dial(served.route).then(
        (target) => (client.destroyed ? target.destroy() : join(client, target)),
        () => client.resetAndDestroy(),
      );
    });
    server.once('error', (error) => {
      listeners.delete(key);
      log.error(
        { address: key, loadBalancer: route.loadBalancer, error: error.message },
        'Cannot listen; will try again',
      );
    });
    server.listen({ host, port: route.port, exclusive: true });
    const follow = (next: Route): void => {
      served.route = next;
    };
    listeners.set(key, { server, follow });
  };

  return {
    follow: (routes) => {
      const wanted = new Map(
        routes.flatMap((route) =>
          listenAddressesOf(route).map(({ host, port }) => [`${host}:${port}` as string, { host, route }] as const),
        ),
      );
      for (const [key, listener] of listeners) {
        const want = wanted.get(key);
        if (want !== undefined) {
          listener.follow(want.route);
          continue;
        }
        listener.server.close();
        listeners.delete(key);
      }
      for (const [key, { host, route }] of wanted) if (!listeners.has(key)) listen(host, route);
    },
    close: () => {
      for (const { server } of listeners.values()) server.close();
    },
  };
};
