/**
 * Connections: those to targets, made or still being made.
 *
 * Owns: making one, with its patience, and ending those that may go on no longer. Neighbours: `balancers.ts` says which target,
 * and when one ends; `routes.ts` says how a target is reached.
 */
import { connect, Socket } from 'node:net';
import type { Route, Target } from './routes.ts';

/** As long as the proxy itself waits for an address. An NLB leaves it to the client to lose patience. */
const DIAL_TIMEOUT_MS = 10_000;

type Connection = { readonly route: string; readonly target: Target; readonly end: (why: string) => void };

export type Connections = {
  /** A connection to this target; rejects with why there is none. */
  readonly dial: (route: Route, target: Target) => Promise<Socket>;
  readonly cut: (why: string, matches: (connection: Connection) => boolean) => void;
};

/** To an address that no machine has nothing ever comes back: only time, or a cut, ends the attempt. */
const openSocket = ({ reach, port }: Target): Socket =>
  reach.kind === 'machine'
    ? connect({ host: reach.host, port, noDelay: true, allowHalfOpen: true })
    : new Socket({ allowHalfOpen: true });

export const createConnections = (): Connections => {
  const connections = new Set<Connection>();
  return {
    dial: (route, target) =>
      new Promise((resolve, reject) => {
        const socket = openSocket(target);
        const fail = (why: string): void => {
          socket.destroy();
          reject(new Error(why));
        };
        const connection = { route: route.key, target, end: fail };
        connections.add(connection);
        const timer = setTimeout(() => fail(`no connection within ${DIAL_TIMEOUT_MS} ms`), DIAL_TIMEOUT_MS);
        const onError = (error: Error): void => fail(error.message);
        socket.once('error', onError);
        socket.once('close', () => {
          clearTimeout(timer);
          connections.delete(connection);
        });
        socket.once('connect', () => {
          clearTimeout(timer);
          socket.off('error', onError);
          resolve(socket);
        });
      }),
    cut: (why, matches) => {
      for (const connection of connections) if (matches(connection)) connection.end(why);
    },
  };
};
