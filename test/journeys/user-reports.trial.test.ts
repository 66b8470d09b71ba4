/**
 * What people elsewhere met with tools like this one, typed as they typed it: a tool that rewrites finalizers, a namespace that is
 * deleted, values that only machines refuse, names with a star in them.
 *
 * In a sandbox with stub machines: what runs on machines is not asked here. Volumes that grow are in `tags.trial.test.ts`, a lost
 * load balancer in the create journey's `chapters/balancer.ts`.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Manifest, smallCluster } from '../../bench/manifests.ts';
import { CHECKOUT, type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { type Lifecycle, lifecycleOf } from './lifecycle.ts';

const FINALIZER = 'slipway.dev/cleanup';
const TRACKING = 'gitops.example.com/tracking';

type Stored = {
  readonly metadata: { readonly finalizers?: readonly string[]; readonly generation: number };
  readonly status?: {
    readonly state?: string;
    readonly observedGeneration?: number;
    readonly established?: boolean;
    readonly endpoint?: string;
    readonly readyNodes?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[];
    readonly lastErrors?: readonly { readonly message: string }[];
  };
};

let sandbox: SandboxForTests;
let lifecycle: Lifecycle;

const kubectl = (...args: readonly string[]): Promise<string> => succeed(args.join(' '), sandbox.kubectl(args));
const apply = (...objects: readonly object[]) =>
  sandbox.kubectl(['apply', '-f', '-'], { input: objects.map((one) => JSON.stringify(one)).join('\n---\n') });
const get = async (kind: string, name: string, namespace = 'default'): Promise<Stored> =>
  JSON.parse(await kubectl('get', kind, name, '-n', namespace, '-o', 'json')) as Stored;
const until = (what: string, namespace: string, name: string, holds: (found: Stored) => boolean): Promise<true> =>
  waitFor(
    `${name}: ${what}`,
    async () => (holds(await get('awscluster', name, namespace)) ? true : undefined),
    UNHURRIED,
  );
const machines = async (): Promise<number> =>
  (await lifecycle.account()).filter(({ kind, detail }) => kind === 'instance' && detail['state'] !== 'terminated')
    .length;

const [CLUSTER, POOL] = smallCluster('cluster-0') as readonly [Manifest, Manifest];
const clusterWith = (name: string, controlPlane: object, networking: object = {}): object => {
  const own = CLUSTER.spec['controlPlane'] as object;
  return {
    ...CLUSTER,
    metadata: { ...CLUSTER.metadata, name },
    spec: {
      ...CLUSTER.spec,
      networking: { ...(CLUSTER.spec['networking'] as object), ...networking },
      controlPlane: { ...own, ...controlPlane, hub: undefined },
    },
  };
};
const poolWith = (name: string, spec: object): object => ({
  ...POOL,
  metadata: { ...POOL.metadata, name },
  spec: { ...POOL.spec, ...spec },
});

beforeAll(async () => {
  sandbox = await startSandbox({ SLIPWAY_SETTLE_SECONDS: '1' }, { stub: true });
  lifecycle = lifecycleOf(sandbox, '-');
});
afterAll(() => sandbox?.end());

describe('a value that AWS or a machine would refuse later', () => {
  test.each<[string, object, string]>([
    ['a label with a blank', poolWith('wrong', { labels: { team: 'my team' } }), 'must be at most 63 letters'],
    ['a label that begins with _', poolWith('wrong', { labels: { env: '_staging-2' } }), 'must be at most 63 letters'],
    ['a label with a slash', poolWith('wrong', { labels: { foo: 'baz/qux' } }), 'must be at most 63 letters'],
    ['a key of two slashes', poolWith('wrong', { labels: { 'Example.com/a/b': 'x' } }), 'a label key must be a name'],
    [
      'a taint with a blank',
      poolWith('wrong', { taints: [{ key: 'a', value: 'my team', effect: 'NoSchedule' }] }),
      'must be at most 63 letters',
    ],
    ['a tag (HEAD', clusterWith('wrong', { tags: { branch: '(HEAD' } }), 'a tag value may have letters'],
    ['a tag R&D #7', clusterWith('wrong', { tags: { 'R&D #7': 'x' } }), 'a tag key may have letters'],
    ['a tag AWS:', clusterWith('wrong', { tags: { 'AWS:x': 'x' } }), 'are reserved'],
    [
      '3000 iops on 4 GiB of io1',
      clusterWith('wrong', { etcd: { mainVolume: { volumeType: 'io1', sizeGiB: 4, iops: 3000 } } }),
      'io1 takes at most 50 iops for each GiB',
    ],
    [
      '16000 iops on 8 GiB of gp3',
      clusterWith('wrong', { etcd: { mainVolume: { volumeType: 'gp3', sizeGiB: 8, iops: 16000 } } }),
      'gp3 takes at most 500 iops for each GiB',
    ],
    [
      'link-local addresses for Pods',
      clusterWith('wrong', {}, { podAddressCIDRBlocks: ['169.254.0.0/16'] }),
      'must have no address of 0.0.0.0/8',
    ],
  ])('is refused at once: %s', async (_, object, words) => {
    const { code, stderr } = await apply(object);
    expect(code).toBe(1);
    expect(stderr).toContain(words);
  });

  test('is refused in its own words only: a key that is no ARN', async () => {
    const { stderr } = await apply(clusterWith('wrong', { databaseEncryption: { kmsKeyARN: 'alias/x' } }));
    expect(stderr).toContain('must be the ARN of a KMS key or alias');
    expect(stderr).not.toContain('evaluating rule');
  });

  test('is named before anything is made: a key pair with a star, and machines of another kind of processor', async () => {
    const before = await lifecycle.account();
    expect((await apply(clusterWith('named', { keyName: 'gke-*', instanceType: 't4g.medium' }))).code).toBe(0);
    const message = await waitFor(
      'preflight to name what is wrong',
      async () => {
        const all = (await get('awscluster', 'named')).status?.lastErrors?.map((one) => one.message).join(' ') ?? '';
        return all.includes('key pair') ? all : undefined;
      },
      UNHURRIED,
    );
    expect(message).toContain('key pair gke-* does not exist');
    expect(message).toContain('instance type t4g.medium has processors of arm64');
    expect(message).not.toContain('..');
    expect(await lifecycle.account()).toEqual(before);
    await kubectl('delete', 'awscluster', 'named', '--timeout=5m');
  });

  test('is refused with the numbers: a pool that finds no room among the addresses of its cluster’s Pods', async () => {
    const narrow = clusterWith('narrow', { keyName: 'gone' }, { podAddressCIDRBlocks: ['10.2.0.0/24'] });
    expect((await apply(narrow)).code).toBe(0);
    const { code, stderr } = await apply(
      poolWith('wide', { clusterName: 'narrow', minNodeCount: 3, maxNodeCount: 5, maxPodsPerNode: 100 }),
    );
    expect(code).toBe(1);
    expect(stderr).toContain('10.2.0.0/24 gives each node a /27, which is 29 Pods, and 100 are asked for');
    await kubectl('delete', 'awscluster', 'narrow', '--timeout=5m');
  });
});

describe('a cluster that stands', () => {
  beforeAll(async () => {
    expect((await apply(CLUSTER, POOL)).code).toBe(0);
    await lifecycle.untilProvisioned();
  });

  test('shows its nodes with -o wide, and is scaled by kubectl', async () => {
    expect(await kubectl('get', 'awsnodepools', '-o', 'wide')).toMatch(/cluster-0-pool-0 .* 1 +1 /);
    await kubectl('patch', 'awsnodepool', 'cluster-0-pool-0', '--type=merge', '-p', '{"spec":{"maxNodeCount":3}}');
    await kubectl('scale', 'awsnodepool/cluster-0-pool-0', '--replicas=2');
    await waitFor(
      'two nodes',
      async () => ((await get('awsnodepool', 'cluster-0-pool-0')).status?.readyNodes === 2 ? true : undefined),
      UNHURRIED,
    );
  });

  test('has its finalizer back when a tool applies the object with a list of its own, and has lost nothing', async () => {
    const tracked = { ...CLUSTER, metadata: { ...CLUSTER.metadata, finalizers: [TRACKING] } };
    expect((await apply(tracked)).code).toBe(0);
    await until('has both finalizers', 'default', 'cluster-0', ({ metadata }) =>
      [TRACKING, FINALIZER].every((one) => metadata.finalizers?.includes(one)),
    );
    const plan = await succeed('plan', sandbox.slipway(['clusters', 'plan', 'cluster-0']));
    expect(plan).toContain('nothing to do');
    await kubectl('patch', 'awscluster', 'cluster-0', '--type=merge', '-p', '{"spec":{"deletionProtection":false}}');
    await until('is Ready', 'default', 'cluster-0', ({ status }) =>
      (status?.conditions ?? []).some(({ type, status: holds }) => type === 'Ready' && holds === 'True'),
    );
    const { status } = await get('awscluster', 'cluster-0');
    expect(status?.conditions?.map(({ type }) => type)).not.toContain('Degraded');
  });

  test('has back what somebody took out of its status', async () => {
    const before = (await get('awscluster', 'cluster-0')).status;
    const taken = JSON.stringify({ status: { established: null, endpoint: null } });
    await kubectl('patch', 'awscluster', 'cluster-0', '--subresource=status', '--type=merge', '-p', taken);
    await until('knows its endpoint', 'default', 'cluster-0', ({ status }) => status?.endpoint === before?.endpoint);
    expect((await get('awscluster', 'cluster-0')).status?.established).toBe(true);
  });

  test('leaves no machine behind when it is deleted, whoever else holds the object', async () => {
    await kubectl('delete', 'awscluster', 'cluster-0', '--wait=false');
    await until('is let go by Slipway', 'default', 'cluster-0', ({ metadata }) => {
      return metadata.finalizers?.includes(FINALIZER) !== true;
    });
    expect(await machines()).toBe(0);
    await kubectl('patch', 'awscluster', 'cluster-0', '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
  });
});

describe('a cluster in a namespace that is deleted', () => {
  const NAMESPACE = 'team-a';
  const there = (object: Manifest, name: string): Manifest => ({
    ...object,
    metadata: { name, namespace: NAMESPACE },
  });

  test('goes, though Secrets and the worker’s right to them go first', async () => {
    await kubectl('create', 'namespace', NAMESPACE);
    await kubectl('apply', '-n', NAMESPACE, '-f', join(CHECKOUT, 'deploy/rbac/per-namespace'));
    const [cluster, pool] = smallCluster('cluster-1') as readonly [Manifest, Manifest];
    expect((await apply(there(cluster, 'cluster-1'), there(pool, 'cluster-1-pool-0'))).code).toBe(0);
    await until('is provisioned', NAMESPACE, 'cluster-1', ({ status }) => status?.state === 'Provisioned');
    // The sandbox has no namespace controller: what it would do, in the order that hurts.
    await kubectl('delete', 'namespace', NAMESPACE, '--wait=false');
    await kubectl('delete', 'rolebindings,secrets', '--all', '-n', NAMESPACE);
    await kubectl('delete', 'awsclusters,awsnodepools', '--all', '-n', NAMESPACE, '--timeout=10m');
    expect(await machines()).toBe(0);
  });
});
