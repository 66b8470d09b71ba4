/**
 * Routes: which listeners there are, where their traffic may go, and how the targets' health is checked.
 *
 * Owns: the pure reading of the account's load balancers into routes. Neighbours: `balancers.ts` keeps the data plane
 * equal to them; `proxy.ts` finds a route by name and port. Keys are stable, so that looking again disturbs nothing.
 */

import type { InstanceView, LoadBalancerView, TargetGroupView, TargetView } from '../instances/account.ts';
import type { HostPort } from '../layout.ts';

export type HealthCheck =
  | { readonly kind: 'tcp'; readonly port: number }
  | { readonly kind: 'http' | 'https'; readonly port: number; readonly path: string };

export type Target = {
  /** `<target group>|<id>|<port>`: what health is kept by. */
  readonly key: string;
  readonly group: string;
  /** As registered: an address or an instance id. */
  readonly id: string;
  readonly port: number;
  /** Undefined for an instance without an address, and an address without an instance: such a target takes no traffic. */
  readonly address: string | undefined;
  readonly check: HealthCheck;
};

export type Route = {
  /** `<dns name>:<port>`, lower case. */
  readonly key: string;
  readonly loadBalancer: string;
  readonly dns: string;
  readonly addresses: readonly string[];
  readonly port: number;
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
          targets: listener.targetGroups.flatMap((group) =>
            group.targets.map(
              (target): Target => ({
                key: `${group.name}|${target.id}|${target.port}`,
                group: group.name,
                id: target.id,
                port: target.port,
                address: addressOf(target, addresses),
                check: healthCheckOf(group, target.port),
              }),
            ),
          ),
        }),
      ),
    )
    .sort((a, b) => (a.key < b.key ? -1 : 1));
};

const addressOf = (target: TargetView, ofInstances: ReadonlyMap<string, string | undefined>): string | undefined => {
  if (target.id.startsWith('i-')) return ofInstances.get(target.id);
  return target.detached === true ? undefined : target.id;
};

const healthCheckOf = ({ healthCheck }: TargetGroupView, targetPort: number): HealthCheck => {
  const asked = Number(healthCheck.port);
  const port = Number.isInteger(asked) && asked > 0 ? asked : targetPort;
  switch ((healthCheck.protocol ?? 'TCP').toUpperCase()) {
    case 'HTTPS':
      return { kind: 'https', port, path: healthCheck.path ?? '/' };
    case 'HTTP':
      return { kind: 'http', port, path: healthCheck.path ?? '/' };
    // TCP and, of classic load balancers, SSL: that something accepts a connection.
    default:
      return { kind: 'tcp', port };
  }
};

/** Addresses on which a route listens by itself. An ordinary user can't bind ports below 1024: those exist in the proxy. */
export const listenAddressesOf = (route: Route): readonly HostPort[] =>
  route.port >= 1024
    ? route.addresses.filter((host) => host.startsWith('127.')).map((host) => ({ host, port: route.port }))
    : [];
