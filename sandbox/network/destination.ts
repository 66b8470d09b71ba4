/**
 * Destination: where a request to the proxy may go.
 *
 * Owns: that decision, as a pure function: load balancers by name or address, this sandbox's own loopback network, and
 * nothing else; the refusal says what there is. Neighbours: `proxy.ts` connects.
 */
import { isIPv4 } from 'node:net';
import { type Route, routeKey } from './routes.ts';

export type Destination =
  | { readonly kind: 'route'; readonly route: Route }
  | { readonly kind: 'address'; readonly host: string; readonly port: number }
  | { readonly kind: 'refused'; readonly message: string };

/** `network` is the N of the sandbox's 127.N.0.0/16. */
export const destinationOf = (
  host: string,
  port: number,
  known: { readonly routes: readonly Route[]; readonly network: number },
): Destination => {
  const key = routeKey(host, port);
  const byName = known.routes.find((route) => route.key === key);
  if (byName !== undefined) return { kind: 'route', route: byName };
  const byAddress = known.routes.find((route) => route.port === port && route.addresses.includes(host));
  if (byAddress !== undefined) return { kind: 'route', route: byAddress };
  if (isIPv4(host) && host.startsWith(`127.${known.network}.`)) return { kind: 'address', host, port };
  return { kind: 'refused', message: refusal(host, port, known) };
};

const refusal = (
  host: string,
  port: number,
  known: { readonly routes: readonly Route[]; readonly network: number },
): string => {
  const ofThatName = known.routes.filter((route) => route.dns === host.toLowerCase());
  if (ofThatName.length > 0) {
    const ports = ofThatName.map((route) => route.port).join(', ');
    return `Load balancer ${host} has no listener on port ${port}, only on ${ports}`;
  }
  const names = known.routes.map((route) => route.key);
  const there = names.length === 0 ? 'no load balancer at present' : names.join(', ');
  return `The sandbox's proxy does not know ${host}:${port}; it knows 127.${known.network}.0.0/16 and ${there}`;
};
