import { type IncomingMessage, request } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import {
  CreateLoadBalancerCommand as CreateClassicCommand,
  ElasticLoadBalancingClient,
  RegisterInstancesWithLoadBalancerCommand,
} from '@aws-sdk/client-elastic-load-balancing';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  DeleteLoadBalancerCommand,
  DeregisterTargetsCommand,
  DescribeTargetHealthCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { REGION } from '../../../sandbox/layout.ts';
import { PACES } from '../../../sandbox/pace.ts';
import { waitFor } from '../../support/wait.ts';
import { type CloudForTests, IMAGE, startCloud } from '../instances/cloud.ts';

let cloud: CloudForTests;

beforeAll(async () => {
  cloud = await startCloud('');
  cloud.start('network');
  await listening(cloud);
});

afterAll(() => cloud?.close());

const servers = new Map<string, { readonly server: Server; readonly sockets: Set<Socket> }>();

/** A target that says its address and then echoes. */
const startTarget = (host: string, port = 6443): Promise<void> =>
  new Promise((resolve, reject) => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
      socket.write(`${host}\n`);
      socket.pipe(socket);
    });
    server.once('error', reject);
    server.listen(port, host, resolve);
    servers.set(host, { server, sockets });
  });

/** Stops listening; `hang` leaves the connections it has. */
const stopTarget = (host: string, hang = false): void => {
  const running = servers.get(host);
  servers.delete(host);
  running?.server.close();
  if (!hang) for (const socket of running?.sockets ?? []) socket.destroy();
};

afterEach(() => {
  for (const host of servers.keys()) stopTarget(host);
});

const listening = (of: CloudForTests) =>
  waitFor('the proxy listens', async () => {
    const answer = await fetch(`http://${of.layout.proxy.host}:${of.layout.proxy.port}/`);
    return answer.ok ? true : undefined;
  });

type Balancer = { readonly arn: string; readonly dns: string; readonly group: string };

type Wanted = { readonly port?: number; readonly of?: CloudForTests; readonly groups?: readonly string[] };

const makeBalancer = async (
  name: string,
  targets: readonly string[],
  { port = 443, of = cloud, groups }: Wanted = {},
): Promise<Balancer> => {
  const { loadBalancing, account } = of;
  const group = await loadBalancing.send(
    new CreateTargetGroupCommand({ Name: name, Protocol: 'TCP', Port: 6443, VpcId: account.vpc.id, TargetType: 'ip' }),
  );
  const balancer = await loadBalancing.send(
    new CreateLoadBalancerCommand({
      Name: name,
      Type: 'network',
      Scheme: 'internal',
      Subnets: account.vpc.subnets.slice(0, 2).map((subnet) => subnet.id),
      ...(groups === undefined ? {} : { SecurityGroups: [...groups] }),
    }),
  );
  const [arn, groupArn] = [balancer.LoadBalancers?.[0]?.LoadBalancerArn, group.TargetGroups?.[0]?.TargetGroupArn];
  await loadBalancing.send(
    new CreateListenerCommand({
      LoadBalancerArn: arn,
      Protocol: 'TCP',
      Port: port,
      DefaultActions: [{ Type: 'forward', TargetGroupArn: groupArn }],
    }),
  );
  if (targets.length > 0) {
    await loadBalancing.send(
      new RegisterTargetsCommand({ TargetGroupArn: groupArn, Targets: targets.map((Id) => ({ Id, Port: 6443 })) }),
    );
  }
  return { arn: arn ?? '', dns: balancer.LoadBalancers?.[0]?.DNSName ?? '', group: groupArn ?? '' };
};

const healthOf = async (balancer: Balancer): Promise<Readonly<Record<string, string>>> => {
  const answer = await cloud.loadBalancing.send(new DescribeTargetHealthCommand({ TargetGroupArn: balancer.group }));
  return Object.fromEntries(
    (answer.TargetHealthDescriptions ?? []).map((one) => [one.Target?.Id ?? '', one.TargetHealth?.State ?? '']),
  );
};

const isHealth = (balancer: Balancer, wanted: Readonly<Record<string, string>>) =>
  waitFor(`the health is ${JSON.stringify(wanted)}`, async () =>
    JSON.stringify(await healthOf(balancer)) === JSON.stringify(wanted) ? true : undefined,
  );

type Tunnel = { readonly status: number; readonly reason: string; readonly socket: Socket };

/** CONNECT through the proxy. */
const connectTo = (authority: string, of = cloud): Promise<Tunnel> =>
  new Promise((resolve, reject) => {
    const asked = request({ ...of.layout.proxy, method: 'CONNECT', path: authority, agent: false });
    asked.once('connect', (answer: IncomingMessage, socket: Socket, head: Buffer) => {
      if (head.length > 0) socket.unshift(head);
      resolve({ status: answer.statusCode ?? 0, reason: answer.statusMessage ?? '', socket });
    });
    asked.once('error', reject);
    asked.end();
  });

const firstLine = (socket: Socket): Promise<string> =>
  new Promise((resolve, reject) => {
    socket.once('data', (data: Buffer) => resolve(data.toString().trim()));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
  });

/** Which target answers a new connection. */
const answering = async (authority: string): Promise<string> => {
  const { status, socket } = await connectTo(authority);
  if (status !== 200) throw new Error(`the proxy answered ${status}`);
  const line = await firstLine(socket);
  socket.destroy();
  return line;
};

const addressesOf = (of: CloudForTests): readonly [string, string] => [
  `127.${of.layout.network}.1.200`,
  `127.${of.layout.network}.2.200`,
];

describe('a load balancer', () => {
  test('passes connections to healthy targets only, and DescribeTargetHealth tells which they are', async () => {
    const [first, second] = addressesOf(cloud);
    await startTarget(first);
    await startTarget(second);
    const balancer = await makeBalancer('both', [first, second]);
    await isHealth(balancer, { [first]: 'healthy', [second]: 'healthy' });
    const seen = [];
    for (let count = 0; count < 4; count++) seen.push(await answering(`${balancer.dns}:443`));
    expect(new Set(seen)).toEqual(new Set([first, second]));

    stopTarget(first);
    await isHealth(balancer, { [first]: 'unhealthy', [second]: 'healthy' });
    for (let count = 0; count < 4; count++) expect(await answering(`${balancer.dns}:443`)).toBe(second);

    await startTarget(first);
    await isHealth(balancer, { [first]: 'healthy', [second]: 'healthy' });
  });

  test('cuts the connections of a target that goes down, so that clients come back to one that lives', async () => {
    const [first, second] = addressesOf(cloud);
    await startTarget(first);
    await startTarget(second);
    const balancer = await makeBalancer('cut', [first, second]);
    await isHealth(balancer, { [first]: 'healthy', [second]: 'healthy' });
    const tunnels = await Promise.all([connectTo(`${balancer.dns}:443`), connectTo(`${balancer.dns}:443`)]);
    const lines = await Promise.all(tunnels.map(({ socket }) => firstLine(socket)));
    const doomed = tunnels[lines.indexOf(first)]?.socket;
    const other = tunnels[lines.indexOf(second)]?.socket;
    const cut = new Promise((resolve) => doomed?.once('close', resolve));
    stopTarget(first, true);
    await cut;
    const echoed = other === undefined ? Promise.reject(new Error('one target took both')) : firstLine(other);
    other?.write('still here\n');
    expect(await echoed).toBe('still here');
    other?.destroy();
    for (const { socket } of tunnels) socket.destroy();
  });

  test('gives a connection to one target, whose refusal is the client’s, and to any when none is healthy', async () => {
    const [first, second] = addressesOf(cloud);
    const balancer = await makeBalancer('open', [first, second]);
    await isHealth(balancer, { [first]: 'unhealthy', [second]: 'unhealthy' });
    for (let turn = 0; turn < 2; turn += 1) {
      const { status, reason, socket } = await connectTo(`${balancer.dns}:443`);
      socket.destroy();
      expect(status).toBe(503);
      expect(reason).toMatch(/^Target [\d.]+:6443 of load balancer open port 443 does not answer: .*ECONNREFUSED/);
    }
    await startTarget(second);
    await isHealth(balancer, { [first]: 'unhealthy', [second]: 'healthy' });
    expect(await answering(`${balancer.dns}:443`)).toBe(second);
  });

  test('at AWS’s own pace knows a target only in time, and forgets it only in time', async () => {
    const [first, second] = addressesOf(cloud);
    await cloud.setPace({ ...PACES.aws, registrationSeconds: 10 });
    try {
      await startTarget(first);
      await startTarget(second);
      const balancer = await makeBalancer('slow', [first, second]);
      await waitFor('the proxy knows it', async () => {
        const { reason, socket } = await connectTo(`${balancer.dns}:443`);
        socket.destroy();
        return reason.includes('There is no target behind load balancer slow port 443') ? true : undefined;
      });
      expect(await healthOf(balancer)).toEqual({ [first]: 'initial', [second]: 'initial' });
      await isHealth(balancer, { [first]: 'healthy', [second]: 'healthy' });
      const { socket: kept } = await connectTo(`${balancer.dns}:443`);
      const keeper = await firstLine(kept);
      const target = { TargetGroupArn: balancer.group, Targets: [{ Id: keeper, Port: 6443 }] };
      await cloud.loadBalancing.send(new DeregisterTargetsCommand(target));
      expect((await healthOf(balancer))[keeper]).toBe('draining');
      await waitFor('a new connection to it all the same', async () =>
        (await answering(`${balancer.dns}:443`)) === keeper ? true : undefined,
      );
      await waitFor('no new connection to it any more', async () => {
        const seen = [await answering(`${balancer.dns}:443`), await answering(`${balancer.dns}:443`)];
        return seen.includes(keeper) ? undefined : true;
      });
      expect((await healthOf(balancer))[keeper]).toBe('draining');
      const echoed = firstLine(kept);
      kept.write('still here\n');
      expect(await echoed).toBe('still here');
      kept.destroy();
    } finally {
      await cloud.setPace(PACES.quick);
    }
  });

  test('listens on its own addresses at ports that an ordinary user may bind, and closes them when it is deleted', async () => {
    const [first] = addressesOf(cloud);
    await startTarget(first);
    const balancer = await makeBalancer('ports', [first], { port: 8443 });
    await isHealth(balancer, { [first]: 'healthy' });
    const described = await fetch(`http://${cloud.layout.proxy.host}:${cloud.layout.proxy.port}/`);
    const address = /ports-[^ ]+ {2}\(([\d.]+)/.exec(await described.text())?.[1] ?? '';
    expect(address).toMatch(new RegExp(`^127\\.${cloud.layout.network}\\.`));
    const socket = connect({ host: address, port: 8443, allowHalfOpen: true });
    expect(await firstLine(socket)).toBe(first);
    // A client may say all it has to say and still wait for the answer.
    const answer = firstLine(socket);
    socket.end('last words\n');
    expect(await answer).toBe('last words');
    const ended = new Promise((resolve) => socket.once('close', resolve));
    await cloud.loadBalancing.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: balancer.arn }));
    await ended;
    await waitFor('nothing listens there', async () => {
      const error = await new Promise((resolve) => {
        const attempt = connect(8443, address, () => {
          attempt.destroy();
          resolve(undefined);
        });
        attempt.once('error', resolve);
      });
      return error === undefined ? undefined : true;
    });
    expect((await connectTo(`${balancer.dns}:8443`)).status).toBe(403);
  });

  test('serves the same names after its part was killed and started again, and the health stays true', async () => {
    const [first] = addressesOf(cloud);
    await startTarget(first);
    const balancer = await makeBalancer('restart', [first]);
    await isHealth(balancer, { [first]: 'healthy' });
    await cloud.end('network', 'SIGKILL');
    cloud.start('network');
    await listening(cloud);
    await waitFor('a connection by name', async () => answering(`${balancer.dns}:443`).catch(() => undefined));
    expect(await healthOf(balancer)).toEqual({ [first]: 'healthy' });
  });
});

/** A security group that lets TCP to this port in, from anywhere in the VPC. */
const makeGroup = async (name: string, port?: number): Promise<string> => {
  const { ec2, account } = cloud;
  const wanted = { GroupName: name, Description: 'of a test', VpcId: account.vpc.id };
  const { GroupId = '' } = await ec2.send(new CreateSecurityGroupCommand(wanted));
  if (port !== undefined) await letIn(GroupId, port);
  return GroupId;
};

const letIn = async (GroupId: string, port: number): Promise<void> => {
  const IpRanges = [{ CidrIp: cloud.account.vpc.cidr }];
  const IpPermissions = [{ IpProtocol: 'tcp', FromPort: port, ToPort: port, IpRanges }];
  await cloud.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
};

test('security groups of a load balancer let nobody in until one of their rules does', async () => {
  const [first] = addressesOf(cloud);
  const group = await makeGroup('outer');
  await startTarget(first);
  const balancer = await makeBalancer('guarded', [first], { groups: [group] });
  // Its checks are its own: they come from inside.
  await isHealth(balancer, { [first]: 'healthy' });
  const { status, reason, socket: refused } = await connectTo(`${balancer.dns}:443`);
  refused.destroy();
  expect([status, reason]).toEqual([503, expect.stringContaining('No rule of its security groups lets anybody in')]);
  await letIn(group, 443);
  await waitFor('the rule to count', async () => {
    const { status: now, socket } = await connectTo(`${balancer.dns}:443`);
    socket.destroy();
    return now === 200 ? true : undefined;
  });
});

test('a classic load balancer, as Services get by default, resolves, and says so when nothing answers behind it', async () => {
  const launched = await cloud.ec2.send(
    new RunInstancesCommand({
      ImageId: IMAGE,
      InstanceType: 'm6i.large',
      MinCount: 1,
      MaxCount: 1,
      SubnetId: cloud.account.vpc.subnets[0]?.id,
      SecurityGroupIds: [await makeGroup('of-a-service', 30_080)],
    }),
  );
  const instance = launched.Instances?.[0];
  const client = new ElasticLoadBalancingClient({
    region: REGION,
    endpoint: `http://${cloud.layout.moto.host}:${cloud.layout.moto.port}`,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const made = await client.send(
    new CreateClassicCommand({
      LoadBalancerName: 'a-service',
      Subnets: cloud.account.vpc.subnets.slice(0, 1).map((subnet) => subnet.id),
      Listeners: [{ Protocol: 'TCP', LoadBalancerPort: 80, InstanceProtocol: 'TCP', InstancePort: 30_080 }],
    }),
  );
  await client.send(
    new RegisterInstancesWithLoadBalancerCommand({
      LoadBalancerName: 'a-service',
      Instances: [{ InstanceId: instance?.InstanceId }],
    }),
  );
  client.destroy();
  const refused = await waitFor('it is known', async () => {
    const answer = await connectTo(`${made.DNSName}:80`);
    answer.socket.destroy();
    return answer.status === 503 && answer.reason.includes('ECONNREFUSED') ? answer : undefined;
  });
  expect(refused.reason).toContain('of load balancer a-service port 80 does not answer');
  const address = instance?.PrivateIpAddress ?? '';
  await startTarget(address, 30_080);
  expect(await answering(`${made.DNSName}:80`)).toBe(address);
});

describe('the proxy', () => {
  test('lets through to this sandbox’s own network, as a tunnel and in plain HTTP', async () => {
    const { host, port } = cloud.layout.moto;
    const { status, socket } = await connectTo(`${host}:${port}`);
    expect(status).toBe(200);
    socket.write(`GET /_sim/timing HTTP/1.0\r\nhost: ${host}\r\n\r\n`);
    expect(await firstLine(socket)).toContain('200 OK');
    socket.destroy();
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ ...cloud.layout.proxy, path: `http://${host}:${port}/_sim/timing`, agent: false }, resolve)
        .once('error', reject)
        .end();
    });
    expect(answer.statusCode).toBe(200);
    answer.resume();
  });

  test('refuses everything else, with a reason that Go’s clients show', async () => {
    for (const authority of ['example.com:443', '127.0.0.1:22', '169.254.169.254:80']) {
      const { status, reason, socket } = await connectTo(authority);
      socket.destroy();
      expect(status).toBe(403);
      expect(reason).toContain(`does not know ${authority}; it knows 127.${cloud.layout.network}.0.0/16`);
    }
  });

  test('of a second sandbox has addresses of its own and knows none of the first one’s names', async () => {
    const other = await startCloud('');
    try {
      other.start('network');
      await listening(other);
      expect(other.layout.network).not.toBe(cloud.layout.network);
      const [first] = addressesOf(cloud);
      const [theirs] = addressesOf(other);
      await startTarget(first);
      await startTarget(theirs);
      const balancer = await makeBalancer('second', [first]);
      await isHealth(balancer, { [first]: 'healthy' });
      expect((await connectTo(`${balancer.dns}:443`, other)).status).toBe(403);
      const namesake = await makeBalancer('second', [theirs], { of: other });
      await waitFor('the other one serves its own', async () => {
        const { status, socket } = await connectTo(`${namesake.dns}:443`, other);
        const line = status === 200 ? await firstLine(socket) : undefined;
        socket.destroy();
        return line === theirs ? true : undefined;
      });
    } finally {
      await other.close();
    }
  });
});
