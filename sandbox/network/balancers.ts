/**
 * Balancers: the data plane of all load balancers.
 *
 * Owns: live connections, listeners and monitors, kept equal to the routes of the last look. Neighbours: `routes.ts`
 * says what should be, `choose.ts` where a connection goes, `proxy.ts` dials by name. As an NLB it passes TCP through,
 * fails open, tries the next target when a dial fails, and cuts the connections of a target that goes down, so that
 * clients come back to one that lives; where none does, as on a computer that is out of breath, it cuts nothing.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '../failure.ts';
import type { Account } from '../instances/account.ts';
import type { Log } from '../instances/follow.ts';
import { targetsToTry } from './choose.ts';
import type { Health } from './health.ts';
import { join } from './join.ts';
import { type Monitor, watchTarget } from './monitor.ts';
import { createProbe } from './probe.ts';
import { listenAddressesOf, type Route, type Target } from './routes.ts';

export type Balancers = {
  /** Makes the data plane equal to these routes. */
  readonly update: (routes: readonly Route[]) => void;
  readonly routes: () => readonly Route[];
  readonly healthOf: (target: Target) => Health['state'];
  /** A connection to one of the route's targets; rejects with a reason that a person can read. */
  readonly dial: (route: Route) => Promise<Socket>;
  /** Tells the account what it doesn't know yet of the targets' health. */
  readonly report: () => Promise<void>;
  /** Forgets what the account was told: it may have been another one. */
  readonly forgetReports: () => void;
  readonly close: () => void;
};

const DIAL_TIMEOUT_MS = 3_000;

type Listener = { readonly server: Server; readonly route: () => Route; readonly follow: (route: Route) => void };
type Connection = { readonly socket: Socket; readonly route: string; readonly target: string };

const monitorKey = (target: Target): string => `${target.key}|${target.address}|${JSON.stringify(target.check)}`;

export const createBalancers = (options: {
  readonly account: Pick<Account, 'reportHealth'>;
  readonly log: Log;
  /** Called when a target's state turned. */
  readonly onTurn: () => void;
}): Balancers => {
  const { log } = options;
  const current: { routes: readonly Route[]; turn: number } = { routes: [], turn: 0 };
  const monitors = new Map<string, Monitor>();
  const reported = new Map<string, Health['state']>();
  const listeners = new Map<string, Listener>();
  const connections = new Set<Connection>();

  const cut = (matches: (connection: Connection) => boolean): void => {
    for (const connection of connections) if (matches(connection)) connection.socket.destroy();
  };

  const healthOf = (target: Target): Health['state'] => monitors.get(monitorKey(target))?.health().state ?? 'initial';

  /** Says whether clients that lose their connection to a target could come back to another one. */
  const hasAlternative = (target: Target): boolean =>
    current.routes.some(
      ({ targets }) =>
        targets.some((one) => one.key === target.key) &&
        targets.some((one) => one.key !== target.key && healthOf(one) === 'healthy'),
    );

  const watch = (target: Target): Monitor =>
    watchTarget(
      target,
      target.address === undefined ? undefined : createProbe(target.address, target.check),
      (health) => {
        const fields = { targetGroup: target.group, target: `${target.id}:${target.port}` };
        if (health.state === 'healthy') log.info(fields, 'The target is healthy');
        else log.info({ ...fields, failure: health.failure }, 'The target is unhealthy');
        if (health.state === 'unhealthy' && hasAlternative(target)) {
          cut((connection) => connection.target === target.key);
        }
        report().catch((error: unknown) =>
          log.error({ ...fields, error: messageOf(error) }, 'Health will be told again'),
        );
        options.onTurn();
      },
    );

  const report = async (): Promise<void> => {
    for (const [key, { target, health }] of monitors) {
      const { state, failure } = health();
      if (state === 'initial' || reported.get(key) === state) continue;
      await options.account.reportHealth({
        tg: target.group,
        id: target.id,
        port: target.port,
        state,
        reason: state === 'healthy' ? null : 'Target.FailedHealthChecks',
        description: state === 'healthy' ? null : `Health checks failed: ${failure}`,
      });
      reported.set(key, state);
    }
  };

  const dialTarget = (route: Route, target: Target): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: target.address ?? '', port: target.port, noDelay: true, allowHalfOpen: true });
      const fail = (error: Error): void => {
        socket.destroy();
        reject(error);
      };
      const timer = setTimeout(() => fail(new Error(`no connection within ${DIAL_TIMEOUT_MS} ms`)), DIAL_TIMEOUT_MS);
      socket.once('error', fail);
      socket.once('close', () => clearTimeout(timer));
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.off('error', fail);
        const connection = { socket, route: route.key, target: target.key };
        connections.add(connection);
        socket.once('close', () => connections.delete(connection));
        resolve(socket);
      });
    });

  const dial = async (route: Route): Promise<Socket> => {
    const failures: string[] = [];
    for (const target of targetsToTry(route.targets, healthOf, current.turn++)) {
      try {
        return await dialTarget(route, target);
      } catch (error) {
        failures.push(`${target.id}:${target.port}: ${messageOf(error)}`);
      }
    }
    throw new Error(
      failures.length === 0
        ? `Load balancer ${route.loadBalancer} has no target behind port ${route.port}`
        : `No target of load balancer ${route.loadBalancer} port ${route.port} answers (${failures.join('; ')})`,
    );
  };

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
    listeners.set(key, { server, route: () => served.route, follow });
  };

  return {
    routes: () => current.routes,
    healthOf,
    dial,
    report,
    forgetReports: () => reported.clear(),
    update: (routes) => {
      current.routes = routes;
      const keys = new Set(routes.map((route) => route.key));
      const targets = new Map(
        routes.flatMap((route) => route.targets.map((target) => [monitorKey(target), target] as const)),
      );
      for (const [key, monitor] of monitors) {
        if (targets.has(key)) continue;
        monitor.stop();
        monitors.delete(key);
        reported.delete(key);
      }
      for (const [key, target] of targets) if (!monitors.has(key)) monitors.set(key, watch(target));
      // A target that was only deregistered keeps its connections, as during the deregistration delay.
      cut((connection) => !keys.has(connection.route));
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
      for (const monitor of monitors.values()) monitor.stop();
      for (const { server } of listeners.values()) server.close();
      cut(() => true);
    },
  };
};
