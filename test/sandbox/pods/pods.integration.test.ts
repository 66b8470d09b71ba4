import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { dirname, join } from 'node:path';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  DeleteLoadBalancerCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { apiServerName } from '../../../api/names.ts';
import { folders } from '../../../sandbox/layout.ts';
import { startApiServer } from '../../support/api-server.ts';
import { waitFor } from '../../support/wait.ts';
import { type CloudForTests, startCloud } from '../instances/cloud.ts';
import { type AuthorityForTests, type ClusterForTests, makeAuthority, startCluster } from './cluster.ts';

const CLUSTER = 'gke-dfccaa67';
const TOKEN = 'a-token-for-the-test';

let cloud: CloudForTests;
let management: Awaited<ReturnType<typeof startApiServer>>;
let cluster: ClusterForTests;
let authority: AuthorityForTests;
let address: string;
let balancer: { readonly arn: string; readonly dns: string };

beforeAll(async () => {
  [cloud, management, authority] = await Promise.all([startCloud(''), startApiServer(), makeAuthority()]);
  address = `127.${cloud.layout.network}.1.200`;
  const { managementKubeconfig } = folders(cloud.layout.home);
  mkdirSync(dirname(managementKubeconfig), { recursive: true });
  writeFileSync(managementKubeconfig, management.kubeconfigYaml, { mode: 0o600 });
  cloud.start('network');
  balancer = await makeBalancer();
  cluster = await startCluster({
    folder: join(cloud.layout.home, 'cluster'),
    bin: cloud.layout.bin,
    address,
    dns: apiServerName(CLUSTER),
    authority,
    token: TOKEN,
  });
});

afterAll(async () => {
  await cluster?.stop();
  await management?.stop();
  const pid = cloud === undefined ? undefined : kwokPid();
  await cloud?.close();
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
});

const makeBalancer = async (): Promise<{ readonly arn: string; readonly dns: string }> => {
  const { loadBalancing, account } = cloud;
  const name = `${CLUSTER}-controlplane`;
  const group = await loadBalancing.send(
    new CreateTargetGroupCommand({
      Name: name,
      Protocol: 'TCP',
      Port: 6443,
      VpcId: account.vpc.id,
      TargetType: 'ip',
      HealthCheckProtocol: 'HTTPS',
      HealthCheckPath: '/readyz',
    }),
  );
  const made = await loadBalancing.send(
    new CreateLoadBalancerCommand({
      Name: name,
      Type: 'network',
      Scheme: 'internal',
      Subnets: account.vpc.subnets.slice(0, 1).map((subnet) => subnet.id),
    }),
  );
  const arn = made.LoadBalancers?.[0]?.LoadBalancerArn ?? '';
  const TargetGroupArn = group.TargetGroups?.[0]?.TargetGroupArn;
  await loadBalancing.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: address, Port: 6443 }] }));
  await loadBalancing.send(
    new CreateListenerCommand({
      LoadBalancerArn: arn,
      Protocol: 'TCP',
      Port: 443,
      DefaultActions: [{ Type: 'forward', TargetGroupArn }],
    }),
  );
  return { arn, dns: made.LoadBalancers?.[0]?.DNSName ?? '' };
};

/** A request to the cluster's API, at its own address. */
const call = (method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> =>
  new Promise((resolve, reject) => {
    const asked = request(
      {
        host: address,
        port: 6443,
        path,
        method,
        ca: authority.certificate,
        agent: false,
        headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () => {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString() || '{}') });
        });
      },
    );
    asked.once('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });

const recordPath = (): string => join(folders(cloud.layout.home).data, 'pods', CLUSTER, 'process.json');

const kwokPid = (): number | undefined =>
  existsSync(recordPath()) ? (JSON.parse(readFileSync(recordPath(), 'utf8')) as { pid: number }).pid : undefined;

const makePod = (name: string): Promise<{ status: number }> =>
  call('POST', '/api/v1/namespaces/default/pods', {
    metadata: { name },
    spec: { nodeName: 'node-1', containers: [{ name: 'main', image: 'nothing' }] },
  });

const runs = (name: string) =>
  waitFor(`pod ${name} runs`, async () => {
    const { body } = await call('GET', `/api/v1/namespaces/default/pods/${name}`);
    return (body as { status?: { phase?: string } }).status?.phase === 'Running' ? true : undefined;
  });

test('a cluster’s pods run once its API answers and its authority is known, and kwok leaves its nodes alone', async () => {
  await waitFor('the API answers', async () => {
    const { status } = await call('GET', '/api/v1/namespaces/default');
    return status === 200 ? true : undefined;
  });
  await waitFor('kwok is missed', async () => (cloud.log('network').includes(`${CLUSTER}-root-ca`) ? true : undefined));
  const made = await management.call('POST', '/api/v1/namespaces/default/secrets', {
    metadata: { name: `${CLUSTER}-root-ca`, labels: { 'slipway.dev/cluster': CLUSTER } },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': btoa(authority.certificate), 'tls.key': btoa(authority.key) },
  });
  expect(made.status).toBe(201);
  const node = { metadata: { name: 'node-1', labels: { 'slipway.dev/node-pool': '0123abcd' } } };
  expect((await call('POST', '/api/v1/nodes', node)).status).toBe(201);
  expect((await makePod('first')).status).toBe(201);
  await runs('first');
  const { body } = await call('GET', '/api/v1/nodes/node-1');
  expect((body as { status: object }).status).not.toHaveProperty('conditions');
  const leases = await call('GET', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases');
  expect((leases.body as { items: unknown[] }).items).toEqual([]);
});

test('kwok opens no port', () => {
  const inodes = new Set(listeningInodes());
  const owned = socketInodes(kwokPid() ?? 0);
  expect(owned.length).toBeGreaterThan(0);
  expect(owned.filter((inode) => inodes.has(inode))).toEqual([]);
});

test('kwok outlives its host and is taken up again, and starts again when it dies', async () => {
  const before = kwokPid() ?? 0;
  await cloud.end('network', 'SIGKILL');
  process.kill(before, 0);
  cloud.start('network');
  await call('DELETE', '/api/v1/namespaces/default/pods/first');
  await waitFor('the deleted pod is gone', async () =>
    (await call('GET', '/api/v1/namespaces/default/pods/first')).status === 404 ? true : undefined,
  );
  expect(kwokPid()).toBe(before);
  process.kill(before, 'SIGKILL');
  await waitFor('another kwok runs', async () => (kwokPid() !== before ? true : undefined));
  await makePod('second');
  await runs('second');
});

test('kwok ends with the cluster’s load balancer, and the key it had goes too', async () => {
  const pid = kwokPid() ?? 0;
  await cloud.loadBalancing.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: balancer.arn }));
  await waitFor('its folder is gone', async () => (existsSync(dirname(recordPath())) ? undefined : true));
  expect(existsSync(`/proc/${pid}/environ`)).toBe(false);
});

/** Inodes of this computer's listening TCP sockets. */
const listeningInodes = (): readonly string[] =>
  ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === '0A')
      .map((fields) => fields[9] ?? ''),
  );

const socketInodes = (pid: number): readonly string[] =>
  readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
    const target = readlinkSync(`/proc/${pid}/fd/${descriptor}`);
    return /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? [];
  });
