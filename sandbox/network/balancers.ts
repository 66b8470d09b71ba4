/**
 * Balancers: the data plane of all load balancers.
 *
 * Owns: live connections, listeners and monitors, kept equal to the routes of the last look. Neighbours: `routes.ts`
 * says what should be, `choose.ts` where a connection goes, `proxy.ts` dials by name. As an NLB it passes TCP through to one
 * target, whose failure is the client's; resets the connections of a target that turns unhealthy, begun ones too, unless its
 * group says otherwise or there is no healthy one, when it fails open; and leaves a deregistered target what it has.
 * (https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html)
 */
import { connect, createServer, type Server, Socket } from 'node:net';
import { messageOf } from '../failure.ts';
import type { Account } from '../instances/account.ts';
import type { Log } from '../instances/follow.ts';
import { chooseTarget } from './choose.ts';
import type { Health } from './health.ts';
import { join } from './join.ts';
import { type Monitor, watchTarget } from './monitor.ts';
import { isInUse, listenAddressesOf, type Route, type Target } from './routes.ts';

export type Balancers = {
  /** Makes the data plane equal to these routes. */
  readonly update: (routes: readonly Route[]) => void;
  readonly routes: () => readonly Route[];
  readonly healthOf: (target: Target) => Health['state'];
  /** A connection to one of the route's targets, and no other; rejects with a reason that a person can read. */
  readonly dial: (route: Route) => Promise<Socket>;
  /** Tells the account what it doesn't know yet of the targets' health. */
  readonly report: () => Promise<void>;
  /** Forgets what the account was told: it may have been another one. */
  readonly forgetReports: () => void;
  readonly close: () => void;
};

/** As long as the proxy itself waits for an address. An NLB leaves it to the client to lose patience. */
const DIAL_TIMEOUT_MS = 10_000;

type Listener = { readonly server: Server; readonly route: () => Route; readonly follow: (route: Route) => void };
/** One that is there, or still being made. */
type Connection = { readonly route: string; readonly target: Target; readonly end: (why: string) => void };

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

  const cut = (why: string, matches: (connection: Connection) => boolean): void => {
    for (const connection of connections) if (matches(connection)) connection.end(why);
  };

  const healthOf = (target: Target): Health['state'] => monitors.get(target.key)?.health().state ?? 'initial';

  /** Says whether clients that lose their connection to a target could come back to another one. */
  const hasAlternative = (target: Target): boolean =>
    current.routes.some(
      ({ targets }) =>
        targets.some((one) => one.key === target.key) &&
        targets.some((one) => one.key !== target.key && healthOf(one) === 'healthy'),
    );

  const onTurn = (target: Target, health: Health): void => {
    const fields = { targetGroup: target.group, target: `${target.id}:${target.port}` };
    if (health.state === 'healthy') log.info(fields, 'The target is healthy');
    else log.info({ ...fields, failure: health.failure }, 'The target is unhealthy');
    if (health.state === 'unhealthy' && target.cutsUnhealthy && hasAlternative(target)) {
      cut('it turned unhealthy', (connection) => connection.target.key === target.key);
    }
    report().catch((error: unknown) => log.error({ ...fields, error: messageOf(error) }, 'Health will be told again'));
    options.onTurn();
  };

  const report = async (): Promise<void> => {
    for (const [key, monitor] of monitors) {
      const { state, failure } = monitor.health();
      if (state === 'initial' || reported.get(key) === state) continue;
      const target = monitor.target();
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

  /** To an address that no machine has nothing ever comes back: only time, or a cut, ends the attempt. */
  const openSocket = ({ reach, port }: Target): Socket =>
    reach.kind === 'machine'
      ? connect({ host: reach.host, port, noDelay: true, allowHalfOpen: true })
      : new Socket({ allowHalfOpen: true });

  const dialTarget = (route: Route, target: Target): Promise<Socket> =>
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
    });

  const dial = async (route: Route): Promise<Socket> => {
    const where = `load balancer ${route.loadBalancer} port ${route.port}`;
    const target = chooseTarget(route.targets, healthOf, current.turn++);
    if (target === undefined) throw new Error(`There is no target behind ${where}`);
    return dialTarget(route, target).catch((error: unknown) => {
      throw new Error(`Target ${target.id}:${target.port} of ${where} does not answer: ${messageOf(error)}`);
    });
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
      const targets = new Map(routes.flatMap((route) => route.targets).map((target) => [target.key, target]));
      for (const [key, monitor] of monitors) {
        const target = targets.get(key);
        if (target !== undefined && isInUse(target)) {
          monitor.follow(target);
          continue;
        }
        monitor.stop();
        monitors.delete(key);
        reported.delete(key);
      }
      for (const [key, target] of targets) {
        if (isInUse(target) && !monitors.has(key)) monitors.set(key, watchTarget(target, onTurn));
      }
      cut('its listener is gone', (connection) => !keys.has(connection.route));
      cut('it has drained', ({ target }) => target.cutsDeregistered && !targets.has(target.key));
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
      cut('the load balancer ends', () => true);
    },
  };
};
