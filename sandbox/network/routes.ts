/**
 * Routes: which listeners there are, where their traffic may go, and how the targets' health is checked.
 *
 * Owns: the pure reading of the account's load balancers into routes. Neighbours: `balancers.ts` keeps the data plane
 * equal to them; `proxy.ts` finds a route by name and port. Keys are stable, so that looking again disturbs nothing.
 */

import type { InstanceView, LoadBalancerView, TargetGroupView, TargetView } from '../instances/account.ts';
import type { HostPort } from '../layout.ts';

/** What a target group asks for in time, and how much of a hurry the sandbox is in. */
export type Rhythm = {
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** Between two checks of a target that is well; undefined where the interval counts. */
  readonly hurriedSeconds: number | undefined;
};

export type HealthCheck = { readonly port: number; readonly rhythm: Rhythm } & (
  | { readonly kind: 'tcp' }
  | { readonly kind: 'http' | 'https'; readonly path: string; readonly codes: string }
);

/** Where packets to a target go. */
export type Reach =
  | { readonly kind: 'machine'; readonly host: string }
  /** No machine has its interface, or security groups keep packets from it: nothing refuses, and nothing answers. */
  | { readonly kind: 'silence' }
  /** An instance that is gone: no load balancer sends anything there. */
  | { readonly kind: 'nowhere' };

export type Target = {
  /** `<target group>|<id>|<port>|<registration>`: what health is kept by. One that is registered anew is checked anew. */
  readonly key: string;
  readonly group: string;
  /** As registered: an address or an instance id. */
  readonly id: string;
  readonly port: number;
  readonly phase: TargetView['phase'];
  readonly reach: Reach;
  readonly check: HealthCheck;
  /** For how long it keeps its connections once it is unhealthy; null: for as long as they last. */
  readonly unhealthyDrainSeconds: number | null;
  /** Whether its connections end when it was deregistered and has drained. */
  readonly cutsDeregistered: boolean;
};

/** Whether it is checked and given new connections: also for a while after it was deregistered, as by an NLB. */
export const isInUse = ({ phase }: Target): boolean => phase === 'registered' || phase === 'leaving';

export type Route = {
  /** `<dns name>:<port>`, lower case. */
  readonly key: string;
  readonly loadBalancer: string;
  readonly dns: string;
  readonly addresses: readonly string[];
  readonly port: number;
  /** Security groups let no client in: it waits in vain. */
  readonly closed: boolean;
  readonly targets: readonly Target[];
};

export const routeKey = (host: string, port: number): string => `${host.toLowerCase().replace(/\.$/, '')}:${port}`;

/** Every listener of every load balancer, in a stable order. */
export const routesOf = (
  loadBalancers: readonly LoadBalancerView[],
  instances: readonly InstanceView[],
): readonly Route[] => {
  const addresses = new Map(instances.map((instance) => [instance.id, instance.privateIp ?? undefined]));
  return loadBalancers
    .flatMap((balancer) =>
      balancer.listeners.map(
        (listener): Route => ({
          key: routeKey(balancer.dns, listener.port),
          loadBalancer: balancer.name,
          dns: balancer.dns.toLowerCase(),
          addresses: balancer.addresses,
          port: listener.port,
          closed: listener.closed === true,
          targets: listener.targetGroups.flatMap((group) =>
            group.targets.map(
              (target): Target => ({
                key: `${group.name}|${target.id}|${target.port}|${target.registration}`,
                group: group.name,
                id: target.id,
                port: target.port,
                phase: target.phase,
                reach: reachOf(target, addresses),
                check: healthCheckOf(group, target.port),
                unhealthyDrainSeconds: group.unhealthyDrainSeconds,
                cutsDeregistered: group.cutsDeregistered,
              }),
            ),
          ),
        }),
      ),
    )
    .sort((a, b) => (a.key < b.key ? -1 : 1));
};

const reachOf = (target: TargetView, ofInstances: ReadonlyMap<string, string | undefined>): Reach => {
  const host = target.id.startsWith('i-') ? ofInstances.get(target.id) : target.id;
  if (host === undefined) return { kind: 'nowhere' };
  return target.detached === true || target.filtered === true ? { kind: 'silence' } : { kind: 'machine', host };
};

const healthCheckOf = ({ healthCheck }: TargetGroupView, targetPort: number): HealthCheck => {
  const asked = Number(healthCheck.port);
  const port = Number.isInteger(asked) && asked > 0 ? asked : targetPort;
  const { intervalSeconds, timeoutSeconds, healthyThreshold, unhealthyThreshold } = healthCheck;
  const hurriedSeconds = healthCheck.hurriedSeconds ?? undefined;
  const rhythm = { intervalSeconds, timeoutSeconds, healthyThreshold, unhealthyThreshold, hurriedSeconds };
  const page = { port, rhythm, path: healthCheck.path ?? '/', codes: healthCheck.codes ?? '200-399' };
  switch ((healthCheck.protocol ?? 'TCP').toUpperCase()) {
    case 'HTTPS':
      return { kind: 'https', ...page };
    case 'HTTP':
      return { kind: 'http', ...page };
    // TCP and, of classic load balancers, SSL: that something accepts a connection.
    default:
      return { kind: 'tcp', port, rhythm };
  }
};

/** Addresses on which a route listens by itself. An ordinary user can't bind ports below 1024: those exist in the proxy. */
export const listenAddressesOf = (route: Route): readonly HostPort[] =>
  route.port >= 1024
    ? route.addresses.filter((host) => host.startsWith('127.')).map((host) => ({ host, port: route.port }))
    : [];
