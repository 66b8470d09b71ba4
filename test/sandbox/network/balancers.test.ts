/**
 * What clients of a load balancer meet while its targets come, go and fail: with real sockets, and routes as the account would
 * have them.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { TargetHealthReport } from '../../../sandbox/instances/account.ts';
import { type Balancers, createBalancers } from '../../../sandbox/network/balancers.ts';
import type { Reach, Rhythm, Route, Target } from '../../../sandbox/network/routes.ts';
import { waitFor } from '../../support/wait.ts';

/** Often, so that something turns within a test; `RARELY`, so that nothing does. */
const OFTEN: Rhythm = {
  intervalSeconds: 0.05,
  timeoutSeconds: 0.04,
  healthyThreshold: 2,
  unhealthyThreshold: 2,
  hurriedSeconds: undefined,
};
const RARELY: Rhythm = { ...OFTEN, intervalSeconds: 600, timeoutSeconds: 1 };

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

type Machine = { readonly port: number; readonly connections: ReadonlySet<Socket>; readonly stop: () => void };

/** Says its name to whoever comes. */
const startMachine = async (name: string, port = 0): Promise<Machine> => {
  const connections = new Set<Socket>();
  const server: Server = createServer((socket) => {
    connections.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => connections.delete(socket));
    socket.write(name);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const stop = (): void => {
    server.close();
    for (const socket of connections) socket.destroy();
  };
  closers.push(stop);
  return { port: (server.address() as AddressInfo).port, connections, stop };
};

const HERE: Reach = { kind: 'machine', host: '127.0.0.1' };

const targetOf = (port: number, rhythm: Rhythm, more: Partial<Target> = {}): Target => ({
  key: `group|127.0.0.1|${port}|1`,
  group: 'group',
  id: '127.0.0.1',
  port,
  phase: 'registered',
  reach: HERE,
  check: { kind: 'tcp', port, rhythm },
  unhealthyDrainSeconds: 0,
  cutsDeregistered: false,
  ...more,
});

const routeTo = (targets: readonly Target[]): Route => ({
  key: 'lb.example:443',
  loadBalancer: 'lb',
  dns: 'lb.example',
  addresses: [],
  closed: false,
  port: 443,
  targets,
});

const balance = () => {
  const told: TargetHealthReport[] = [];
  const balancers: Balancers = createBalancers({
    account: {
      reportHealth: (report) => {
        told.push(report);
        return Promise.resolve();
      },
    },
    log: { info: () => undefined, error: () => undefined },
    onTurn: () => undefined,
  });
  closers.push(balancers.close);
  const show = (...targets: readonly Target[]): Route => {
    const route = routeTo(targets);
    balancers.update([route]);
    return route;
  };
  const isHealth = (target: Target, state: string) =>
    waitFor(`${target.port} is ${state}`, () => Promise.resolve(balancers.healthOf(target) === state || undefined));
  return { balancers, told, show, isHealth };
};

/** Who answers a new connection. */
const answerOf = async (balancers: Balancers, route: Route): Promise<string> => {
  const socket = await balancers.dial(route);
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return data.toString();
};

describe('a new connection', () => {
  test('that one target refuses has failed, though another one would take it', async () => {
    const { balancers, show, isHealth } = balance();
    const [first, second] = [await startMachine('first'), await startMachine('second')];
    const targets = [targetOf(first.port, RARELY), targetOf(second.port, RARELY)];
    const route = show(...targets);
    for (const target of targets) await isHealth(target, 'healthy');
    first.stop();
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => answerOf(balancers, route)));
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(2);
    expect(outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))).toEqual(['second', 'second']);
    const [refused] = outcomes.filter((one) => one.status === 'rejected');
    expect(String(refused?.reason)).toContain(`Target 127.0.0.1:${first.port} of load balancer lb port 443`);
  });

  test('to an address that no machine has waits, until checks have noticed', async () => {
    const { balancers, show, isHealth } = balance();
    const [first, second] = [await startMachine('first'), await startMachine('second')];
    const targets = [targetOf(first.port, OFTEN), targetOf(second.port, OFTEN)] as const;
    show(...targets);
    for (const target of targets) await isHealth(target, 'healthy');
    const route = show({ ...targets[0], reach: { kind: 'silence' } }, targets[1]);
    expect(balancers.healthOf(targets[0])).toBe('healthy');
    const outcomes = await Promise.allSettled([answerOf(balancers, route), answerOf(balancers, route)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(JSON.stringify(outcomes.map((one) => one.status === 'rejected' && String(one.reason)))).toContain(
      'it turned unhealthy',
    );
    for (let turn = 0; turn < 3; turn += 1) expect(await answerOf(balancers, route)).toBe('second');
  });

  test('goes to a machine with a dead one’s address when that has passed its checks, not before', async () => {
    const { balancers, show, isHealth } = balance();
    const [first, second] = [await startMachine('first'), await startMachine('second')];
    const targets = [targetOf(first.port, OFTEN), targetOf(second.port, OFTEN)] as const;
    show({ ...targets[0], reach: { kind: 'silence' } }, targets[1]);
    await isHealth(targets[0], 'unhealthy');
    await isHealth(targets[1], 'healthy');
    const slow = { ...OFTEN, intervalSeconds: 600 };
    const route = show({ ...targets[0], check: { kind: 'tcp', port: first.port, rhythm: slow } }, targets[1]);
    expect(balancers.healthOf(targets[0])).toBe('unhealthy');
    for (let turn = 0; turn < 3; turn += 1) expect(await answerOf(balancers, route)).toBe('second');
  });
});

describe('a connection that is there', () => {
  const held = async (more: Partial<Target>) => {
    const { balancers, show, isHealth, told } = balance();
    const [first, second] = [await startMachine('first'), await startMachine('second')];
    const targets = [targetOf(first.port, OFTEN, more), targetOf(second.port, OFTEN, more)] as const;
    const route = show(targets[0]);
    await isHealth(targets[0], 'healthy');
    const socket = await balancers.dial(route);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    return { balancers, show, isHealth, told, targets, socket, closed };
  };

  test('ends when its target turns unhealthy and another one is well', async () => {
    const { show, isHealth, targets, closed, told } = await held({});
    show(...targets);
    await isHealth(targets[1], 'healthy');
    show({ ...targets[0], reach: { kind: 'silence' } }, targets[1]);
    await closed;
    expect(told.at(-1)).toMatchObject({ port: targets[0].port, state: 'unhealthy' });
  });

  test('stays for a while where its target group says so', async () => {
    const { show, isHealth, targets, socket, closed } = await held({ unhealthyDrainSeconds: 0.3 });
    show(...targets);
    await isHealth(targets[1], 'healthy');
    const lost = { ...targets[0], reach: { kind: 'silence' } } as const;
    show(lost, targets[1]);
    await isHealth(targets[0], 'unhealthy');
    expect(socket.destroyed).toBe(false);
    await closed;
  });

  test('stays when none is well, as the load balancer fails open, and when its target group says so', async () => {
    const alone = await held({});
    alone.show({ ...alone.targets[0], reach: { kind: 'silence' } });
    await alone.isHealth(alone.targets[0], 'unhealthy');
    expect(alone.socket.destroyed).toBe(false);
    const kept = await held({ unhealthyDrainSeconds: null });
    kept.show(...kept.targets);
    await kept.isHealth(kept.targets[1], 'healthy');
    kept.show({ ...kept.targets[0], reach: { kind: 'silence' } }, kept.targets[1]);
    await kept.isHealth(kept.targets[0], 'unhealthy');
    expect(kept.socket.destroyed).toBe(false);
  });

  test('stays when its target is deregistered, and ends when that has drained where its group says so', async () => {
    for (const cutsDeregistered of [false, true]) {
      const { balancers, show, isHealth, targets, socket, closed } = await held({ cutsDeregistered });
      const leaving = show({ ...targets[0], phase: 'leaving' });
      expect(await answerOf(balancers, leaving)).toBe('first');
      const draining = show({ ...targets[0], phase: 'draining' }, targets[1]);
      await isHealth(targets[1], 'healthy');
      expect(await answerOf(balancers, draining)).toBe('second');
      expect(socket.destroyed).toBe(false);
      show(targets[1]);
      if (cutsDeregistered) await closed;
      expect(socket.destroyed).toBe(cutsDeregistered);
    }
  });
});

test('a target that is registered anew is checked anew', async () => {
  const { balancers, show, isHealth } = balance();
  const machine = await startMachine('first');
  const target = targetOf(machine.port, RARELY);
  show(target);
  await isHealth(target, 'healthy');
  machine.stop();
  const again = { ...target, key: `${target.key}+` };
  show(again);
  expect(balancers.healthOf(again)).toBe('initial');
});
