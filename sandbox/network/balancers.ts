/**
 * Balancers: the data plane of all load balancers.
 *
 * Owns: what of connections (`connections.ts`), listeners (`listeners.ts`) and health (`healths.ts`) depends on one another, kept
 * equal to the routes of the last look. Neighbours: `routes.ts` says what should be, `choose.ts` where a connection goes,
 * `proxy.ts` dials by name. As an NLB it passes TCP through to one target, whose failure is the client's; resets the connections
 * of a target that turns unhealthy, begun ones too, at once or when it has drained, as its group says, unless there is no healthy
 * one, when it fails open; and leaves a deregistered target what it has.
 * (https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health.html)
 */
import type { Socket } from 'node:net';
import { messageOf } from '../../words/failure.ts';
import type { Account } from '../instances/account.ts';
import type { Log } from '../instances/follow.ts';
import { chooseTarget } from './choose.ts';
import { createConnections } from './connections.ts';
import { createDraining } from './draining.ts';
import type { Health } from './health.ts';
import { createHealths, type Healths } from './healths.ts';
import { createListeners } from './listeners.ts';
import type { Route, Target } from './routes.ts';

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

/** Says whether clients that lose their connection to a target could come back to another one. */
const hasAlternative = (target: Target, routes: readonly Route[], { of }: Pick<Healths, 'of'>): boolean =>
  routes.some(
    ({ targets }) =>
      targets.some((one) => one.key === target.key) &&
      targets.some((one) => one.key !== target.key && of(one) === 'healthy'),
  );

export const createBalancers = (options: {
  readonly account: Pick<Account, 'reportHealth'>;
  readonly log: Log;
  /** Called when a target's state turned. */
  readonly onTurn: () => void;
}): Balancers => {
  const { log } = options;
  const current: { routes: readonly Route[]; turn: number } = { routes: [], turn: 0 };
  const connections = createConnections();
  const draining = createDraining(({ key }) => {
    const target = current.routes.flatMap(({ targets }) => targets).find((one) => one.key === key);
    if (target === undefined || !hasAlternative(target, current.routes, healths)) return;
    connections.cut('it turned unhealthy', (connection) => connection.target.key === key);
  });

  const healths = createHealths(options.account, (target, health) => {
    const fields = { targetGroup: target.group, target: `${target.id}:${target.port}` };
    if (health.state === 'healthy') log.info(fields, 'The target is healthy');
    else log.info({ ...fields, failure: health.failure }, 'The target is unhealthy');
    draining.turned(target, health.state);
    healths
      .report()
      .catch((error: unknown) => log.error({ ...fields, error: messageOf(error) }, 'Health will be told again'));
    options.onTurn();
  });

  const dial = async (route: Route): Promise<Socket> => {
    const where = `load balancer ${route.loadBalancer} port ${route.port}`;
    const target = chooseTarget(route.targets, healths.of, current.turn++);
    if (target === undefined) throw new Error(`There is no target behind ${where}`);
    if (route.closed) throw new Error(`No rule of its security groups lets anybody in to ${where}`);
    return connections.dial(route, target).catch((error: unknown) => {
      throw new Error(`Target ${target.id}:${target.port} of ${where} does not answer: ${messageOf(error)}`);
    });
  };
  const listeners = createListeners(dial, log);

  return {
    routes: () => current.routes,
    healthOf: healths.of,
    dial,
    report: healths.report,
    forgetReports: healths.forgetReports,
    update: (routes) => {
      current.routes = routes;
      const keys = new Set(routes.map((route) => route.key));
      const targets = new Map(routes.flatMap((route) => route.targets).map((target) => [target.key, target]));
      healths.follow(targets);
      connections.cut('its listener is gone', (connection) => !keys.has(connection.route));
      connections.cut('it has drained', ({ target }) => target.cutsDeregistered && !targets.has(target.key));
      listeners.follow(routes);
    },
    close: () => {
      healths.stop();
      draining.stop();
      listeners.close();
      connections.cut('the load balancer ends', () => true);
    },
  };
};
