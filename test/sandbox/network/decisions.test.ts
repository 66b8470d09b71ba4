import { describe, expect, test } from '@jest/globals';
import { targetsToTry } from '../../../sandbox/network/choose.ts';
import { destinationOf } from '../../../sandbox/network/destination.ts';
import { afterCheck, type Health, INITIAL_HEALTH, nextCheckIn } from '../../../sandbox/network/health.ts';
import { listenAddressesOf, type Route, routesOf, type Target } from '../../../sandbox/network/routes.ts';

const states = (answers: string): readonly Health['state'][] => {
  let health = INITIAL_HEALTH;
  return answers.split('').map((answer) => {
    health = afterCheck(health, answer === '+' ? undefined : 'refused');
    return health.state;
  });
};

describe('health', () => {
  test('turns after two equal answers in a row, never after one', () => {
    expect(states('++')).toEqual(['initial', 'healthy']);
    expect(states('--')).toEqual(['initial', 'unhealthy']);
    expect(states('+-+-').at(-1)).toBe('initial');
    expect(states('++-+-+').at(-1)).toBe('healthy');
    expect(states('++--').at(-1)).toBe('unhealthy');
    expect(states('--++').at(-1)).toBe('healthy');
  });

  test('is checked quickly while it may turn, and rarely while it stays as it is', () => {
    const healthy = afterCheck(afterCheck(INITIAL_HEALTH, undefined), undefined);
    expect(nextCheckIn(healthy)).toBe(1_000);
    expect(nextCheckIn(afterCheck(healthy, 'refused'))).toBeLessThanOrEqual(100);
    expect(nextCheckIn(afterCheck(afterCheck(healthy, 'refused'), 'refused'))).toBeLessThan(1_000);
  });
});

const target = (id: string, address: string | undefined = id): Target => ({
  key: `group|${id}|6443`,
  group: 'group',
  id,
  port: 6443,
  address,
  check: { kind: 'tcp', port: 6443 },
});

describe('the choice of a target', () => {
  const targets = ['127.16.1.4', '127.16.2.4', '127.16.3.4'].map((id) => target(id));
  const ids = (healthy: readonly string[], turn: number, of: readonly Target[] = targets) =>
    targetsToTry(of, ({ id }) => (healthy.includes(id) ? 'healthy' : 'unhealthy'), turn).map(({ id }) => id);

  test('healthy ones take turns, and the others are left alone', () => {
    expect(ids(['127.16.1.4', '127.16.3.4'], 0)).toEqual(['127.16.1.4', '127.16.3.4']);
    expect(ids(['127.16.1.4', '127.16.3.4'], 1)).toEqual(['127.16.3.4', '127.16.1.4']);
  });

  test('when none is healthy all are tried, as a network load balancer fails open', () => {
    expect(ids([], 4)).toEqual(['127.16.2.4', '127.16.3.4', '127.16.1.4']);
  });

  test('an instance without an address is no place to go', () => {
    expect(targetsToTry([target('i-1', undefined)], () => 'healthy', 0)).toHaveLength(1);
    expect(targetsToTry([{ ...target('i-1'), address: undefined }], () => 'healthy', 0)).toEqual([]);
  });
});

describe('routes', () => {
  const routes = routesOf(
    [
      {
        arn: 'arn:lb',
        name: 'gke-1-controlplane',
        type: 'network',
        dns: 'GKE-1-controlplane.elb.eu-west-1.amazonaws.com',
        addresses: ['127.16.1.5', '127.16.2.5'],
        listeners: [
          {
            port: 443,
            protocol: 'TCP',
            targetGroups: [
              {
                name: 'gke-1-controlplane',
                healthCheck: { protocol: 'HTTPS', port: 'traffic-port', path: '/readyz' },
                targets: [{ id: '127.16.1.200', port: 6443 }],
              },
            ],
          },
          {
            port: 8080,
            protocol: 'TCP',
            targetGroups: [
              {
                name: 'k8s-web',
                healthCheck: { protocol: 'HTTP', port: '10256', path: '/healthz' },
                targets: [
                  { id: 'i-1', port: 30080 },
                  { id: 'i-gone', port: 30080 },
                ],
              },
            ],
          },
        ],
      },
    ],
    [{ id: 'i-1', privateIp: '127.16.1.20' } as never],
  );

  test('know targets by address or by instance, and check them as the target group says', () => {
    expect(routes.map((route) => route.key)).toEqual([
      'gke-1-controlplane.elb.eu-west-1.amazonaws.com:443',
      'gke-1-controlplane.elb.eu-west-1.amazonaws.com:8080',
    ]);
    expect(routes[0]?.targets[0]?.check).toEqual({ kind: 'https', port: 6443, path: '/readyz' });
    expect(routes[1]?.targets.map(({ address, check }) => ({ address, check }))).toEqual([
      { address: '127.16.1.20', check: { kind: 'http', port: 10256, path: '/healthz' } },
      { address: undefined, check: { kind: 'http', port: 10256, path: '/healthz' } },
    ]);
  });

  test('listen by themselves where an ordinary user may', () => {
    expect(routes.map((route) => listenAddressesOf(route).map(({ host, port }) => `${host}:${port}`))).toEqual([
      [],
      ['127.16.1.5:8080', '127.16.2.5:8080'],
    ]);
  });

  test('are found by name in any case, or by address; elsewhere only this sandbox’s network is open', () => {
    const to = (host: string, port: number) => destinationOf(host, port, { routes, network: 16 });
    const isRoute = (found: ReturnType<typeof to>, port: number) =>
      found.kind === 'route' && (found.route satisfies Route).port === port;
    expect(isRoute(to('gke-1-CONTROLPLANE.elb.eu-west-1.amazonaws.com', 443), 443)).toBe(true);
    expect(isRoute(to('127.16.2.5', 443), 443)).toBe(true);
    expect(to('127.16.0.5', 6443)).toEqual({ kind: 'address', host: '127.16.0.5', port: 6443 });
    for (const host of ['127.17.0.5', '127.0.0.1', '127.16.evil.example', 'example.com', '169.254.169.254']) {
      expect(to(host, 443)).toMatchObject({ kind: 'refused', message: expect.stringContaining('127.16.0.0/16') });
    }
    expect(to('gke-1-controlplane.elb.eu-west-1.amazonaws.com', 80)).toEqual({
      kind: 'refused',
      message:
        'Load balancer gke-1-controlplane.elb.eu-west-1.amazonaws.com has no listener on port 80, only on 443, 8080',
    });
  });
});
