/**
 * Network: the part of the sandbox that plays load balancers, and the proxy that is the way in.
 * `node sandbox/network/main.ts <sandbox.json>`
 *
 * Owns: the process and its loop. Neighbours: `balancers.ts` is the data plane, `proxy.ts` the way in; `sandbox/pods`
 * plays the pods of each cluster whose API answers here.
 */
import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { connectAccount, type LoadBalancerView } from '../instances/account.ts';
import { createBell, follow } from '../instances/follow.ts';
import type { SandboxLayout } from '../layout.ts';
import { clustersOf } from '../pods/cluster.ts';
import { createPods } from '../pods/pods.ts';
import { createBalancers } from './balancers.ts';
import { createProxy } from './proxy.ts';
import { type Route, routesOf } from './routes.ts';

const FULL_LOOK_MS = 1_000;

/** Says whether any target is an instance, whose address the list of instances knows. */
const hasInstanceTargets = (loadBalancers: readonly LoadBalancerView[]): boolean =>
  loadBalancers
    .flatMap((balancer) => balancer.listeners)
    .flatMap((listener) => listener.targetGroups)
    .some((group) => group.targets.some((target) => target.id.startsWith('i-')));

const main = async (path: string | undefined): Promise<void> => {
  if (path === undefined) throw new Error('Usage: node sandbox/network/main.ts <sandbox.json>');
  const layout = JSON.parse(readFileSync(path, 'utf8')) as SandboxLayout;
  const log = pino({ base: { part: 'network' }, timestamp: pino.stdTimeFunctions.isoTime });
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());
  const account = connectAccount(layout.moto);
  const bell = createBell();
  const balancers = createBalancers({ account, log, onTurn: bell.ring });
  // Stub clusters have no pods, and nobody who could be told of any.
  const pods = layout.stub === undefined ? createPods({ layout, log, onExit: bell.ring }) : undefined;
  const proxy = createProxy({ at: layout.proxy, network: layout.network, balancers });
  await proxy.listening;
  log.info({ proxy: `http://${layout.proxy.host}:${layout.proxy.port}` }, 'The way in is open');
  const look = async (): Promise<void> => {
    try {
      const loadBalancers = await account.loadBalancers();
      balancers.update(routesOf(loadBalancers, hasInstanceTargets(loadBalancers) ? await account.instances() : []));
      const answers = (route: Route): boolean => route.targets.some((one) => balancers.healthOf(one) === 'healthy');
      pods?.update(clustersOf(balancers.routes(), answers));
      await balancers.report();
    } catch (error) {
      balancers.forgetReports();
      throw error;
    }
  };
  await follow({ account, bell, look, everyMs: FULL_LOOK_MS, signal: stop.signal, log });
  proxy.close();
  balancers.close();
  log.info({}, 'Stopped');
};

await main(process.argv[2]);
// Whatever a peer still holds open must not keep a part that was told to stop.
process.exit(0);
