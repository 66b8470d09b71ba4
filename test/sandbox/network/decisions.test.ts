import { describe, expect, test } from '@jest/globals';
import { chooseTarget } from '../../../sandbox/network/choose.ts';
import { destinationOf } from '../../../sandbox/network/destination.ts';
import { afterCheck, type Health, INITIAL_HEALTH, nextCheckIn } from '../../../sandbox/network/health.ts';
import { isGood } from '../../../sandbox/network/probe.ts';
import { listenAddressesOf, type Rhythm, type Route, routesOf, type Target } from '../../../sandbox/network/routes.ts';

/** As Slipway asks for it, and as nobody hurries. */
const RHYTHM: Rhythm = {
  intervalSeconds: 5,
  timeoutSeconds: 4,
  healthyThreshold: 2,
  unhealthyThreshold: 3,
  hurriedSeconds: undefined,
};
const HURRIED: Rhythm = { ...RHYTHM, hurriedSeconds: 1 };

const after = (answers: string, rhythm: Rhythm): readonly Health[] => {
  let health = INITIAL_HEALTH;
  return answers.split('').map((answer) => {
    health = afterCheck(health, answer === '+' ? undefined : 'refused', rhythm);
    return health;
  });
};
const states = (answers: string): readonly Health['state'][] => after(answers, RHYTHM).map(({ state }) => state);

describe('health', () => {
  test('of a new target is good after one good check, and bad after as many bad ones as its group says', () => {
    expect(states('+')).toEqual(['healthy']);
    expect(states('---')).toEqual(['initial', 'initial', 'unhealthy']);
    expect(states('--+')).toEqual(['initial', 'initial', 'healthy']);
  });

  test('turns after as many equal answers in a row as its group says, and never before', () => {
    expect(states('+---').slice(1)).toEqual(['healthy', 'healthy', 'unhealthy']);
    expect(states('+--+--+--').at(-1)).toBe('healthy');
    expect(states('---++').slice(2)).toEqual(['unhealthy', 'unhealthy', 'healthy']);
    expect(states('---+-+-+').at(-1)).toBe('unhealthy');
  });

  test('is asked for in the interval of its group, whatever it is', () => {
    for (const health of after('-+--++--++', RHYTHM)) expect(nextCheckIn(health, RHYTHM)).toBe(5_000);
  });

  test('in a hurry is asked for often while it may turn, and rarely while it stays as it is', () => {
    const [healthy, doubted, , unhealthy] = after('+---', HURRIED);
    expect([healthy, doubted, unhealthy].map((health) => health && nextCheckIn(health, HURRIED))).toEqual([
      1_000, 100, 250,
    ]);
    expect(nextCheckIn({ ...INITIAL_HEALTH, checks: 1_000 }, HURRIED)).toBe(1_000);
  });

  test('asked for by HTTP, statuses are good that the group calls so', () => {
    expect([199, 200, 302, 399, 400].filter((status) => isGood(status, '200-399'))).toEqual([200, 302, 399]);
    expect([200, 201, 202, 204].filter((status) => isGood(status, '200,202-203'))).toEqual([200, 202]);
  });
});

const target = (id: string, more: Partial<Target> = {}): Target => ({
  key: `group|${id}|6443|1`,
  group: 'group',
  id,
  port: 6443,
  phase: 'registered',
  reach: { kind: 'machine', host: id },
  check: { kind: 'tcp', port: 6443, rhythm: RHYTHM },
  unhealthyDrainSeconds: 0,
  cutsDeregistered: false,
  ...more,
});

describe('the choice of a target', () => {
  const targets = ['127.16.1.4', '127.16.2.4', '127.16.3.4'].map((id) => target(id));
  const chosen = (healthy: readonly string[], of: readonly Target[] = targets) =>
    [0, 1, 2, 3].map(
      (turn) => chooseTarget(of, ({ id }) => (healthy.includes(id) ? 'healthy' : 'unhealthy'), turn)?.id,
    );

  test('is one: healthy ones take turns, and the others are left alone', () => {
    expect(chosen(['127.16.1.4', '127.16.3.4'])).toEqual(['127.16.1.4', '127.16.3.4', '127.16.1.4', '127.16.3.4']);
  });

  test('when none is healthy is among all, as a network load balancer fails open', () => {
    expect(chosen([])).toEqual(['127.16.1.4', '127.16.2.4', '127.16.3.4', '127.16.1.4']);
  });

  test('may fall on an address that nobody has at present, and never on an instance that is gone', () => {
    const silent = target('127.16.1.4', { reach: { kind: 'silence' } });
    expect(chosen(['127.16.1.4'], [silent])[0]).toBe('127.16.1.4');
    expect(chosen([], [target('i-1', { reach: { kind: 'nowhere' } })])[0]).toBeUndefined();
  });

  test('falls on a deregistered target for as long as the load balancer does not know that, and on no other', () => {
    for (const phase of ['registered', 'leaving'] as const) {
      expect(chosen(['i-1'], [target('i-1', { phase })])[0]).toBe('i-1');
    }
    for (const phase of ['registering', 'draining'] as const) {
      expect(chosen(['i-1'], [target('i-1', { phase })])[0]).toBeUndefined();
    }
  });
});

describe('routes', () => {
  const registered = { phase: 'registered', registration: 1 } as const;
  const asked = { intervalSeconds: 5, timeoutSeconds: 4, healthyThreshold: 2, unhealthyThreshold: 3 };
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
                healthCheck: {
                  ...{ protocol: 'HTTPS', port: 'traffic-port', path: '/readyz' },
                  ...{ ...asked, hurriedSeconds: null, codes: '200' },
                },
                unhealthyDrainSeconds: 0,
                cutsDeregistered: false,
                targets: [
                  { id: '127.16.1.200', port: 6443, ...registered },
                  { id: '127.16.2.200', port: 6443, detached: true, phase: 'leaving', registration: 2 },
                ],
              },
            ],
          },
          {
            port: 8080,
            protocol: 'TCP',
            targetGroups: [
              {
                name: 'k8s-web',
                healthCheck: {
                  ...{ protocol: 'HTTP', port: '10256', path: '/healthz' },
                  ...{ ...asked, hurriedSeconds: 1, codes: null },
                },
                unhealthyDrainSeconds: null,
                cutsDeregistered: true,
                targets: [
                  { id: 'i-1', port: 30080, ...registered },
                  { id: 'i-gone', port: 30080, ...registered },
                  { id: 'i-1', port: 30081, filtered: true, ...registered },
                ],
              },
            ],
            closed: true,
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
    expect(routes[0]?.targets[0]).toEqual({
      key: 'gke-1-controlplane|127.16.1.200|6443|1',
      group: 'gke-1-controlplane',
      id: '127.16.1.200',
      port: 6443,
      phase: 'registered',
      reach: { kind: 'machine', host: '127.16.1.200' },
      check: { kind: 'https', port: 6443, path: '/readyz', codes: '200', rhythm: RHYTHM },
      unhealthyDrainSeconds: 0,
      cutsDeregistered: false,
    });
    const check = { kind: 'http', port: 10256, path: '/healthz', codes: '200-399', rhythm: HURRIED };
    expect(routes[1]?.targets).toMatchObject([
      { reach: { kind: 'machine', host: '127.16.1.20' }, check, unhealthyDrainSeconds: null, cutsDeregistered: true },
      { reach: { kind: 'nowhere' }, check },
      { reach: { kind: 'silence' }, check },
    ]);
  });

  test('lead to an address without a machine, too: a load balancer learns by checks alone that nobody is there', () => {
    expect(routes[0]?.targets[1]).toMatchObject({ phase: 'leaving', reach: { kind: 'silence' } });
  });

  test('are closed where security groups let no client in', () => {
    expect(routes.map(({ closed }) => closed)).toEqual([false, true]);
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
