import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { clusterStatusExample } from '../api/status-example.ts';
import { seedPool } from '../topology/objects.ts';
import { type ManagementDouble, type Reply, startManagement } from './management-double.ts';
import { NOW, storedCluster, storedNodePool } from './objects.ts';

const MAIN = fileURLToPath(new URL('../../client/cli/slipway.js', import.meta.url));
const API = '/apis/multicloud.cluster.gke.io/v1';

const notFound = (name: string): Reply => [
  404,
  { kind: 'Status', reason: 'NotFound', message: `"${name}" not found`, details: { name } },
];

const PLANNED = seedPool({ status: { state: 'Provisioning' } });

/** With whole statuses; three of them wait for a person, as the example does. */
const HUNDRED = Array.from({ length: 100 }, (_, index) => ({
  ...storedCluster(),
  metadata: { ...storedCluster().metadata, namespace: 'hundred', name: `cluster-${index}` },
  status: { ...clusterStatusExample, ...(index < 3 ? {} : { lastErrors: [] }) },
}));

const REPLIES: Readonly<Record<string, Reply>> = {
  [`${API}/awsclusters`]: [200, { items: [storedCluster(), { metadata: { namespace: 'z', name: 'bare', uid: 'u' } }] }],
  [`${API}/namespaces/default/awsclusters`]: [200, { items: [storedCluster()] }],
  [`${API}/namespaces/hundred/awsclusters`]: [200, { items: HUNDRED }],
  [`${API}/namespaces/empty/awsclusters`]: [200, { items: [] }],
  [`${API}/namespaces/forbidden/awsclusters`]: [403, { kind: 'Status', message: 'user "x" cannot list awsclusters' }],
  [`${API}/namespaces/default/awsclusters/cluster-0`]: [
    200,
    { ...storedCluster(), metadata: { ...storedCluster().metadata, managedFields: [{ manager: 'slipway' }] } },
  ],
  [`${API}/namespaces/default/awsclusters/new`]: [
    200,
    { kind: 'AWSCluster', metadata: { namespace: 'default', name: 'new', uid: 'u' } },
  ],
  [`${API}/namespaces/default/awsclusters/revised`]: [
    200,
    {
      kind: 'AWSCluster',
      metadata: { namespace: 'default', name: 'revised', uid: 'u' },
      status: { revision: { version: '1.36.3-gke.1', number: 1 } },
    },
  ],
  [`${API}/namespaces/default/awsclusters/absent`]: notFound('absent'),
  [`${API}/namespaces/default/awsnodepools/cluster-0-pool-0`]: [200, PLANNED],
  [`${API}/namespaces/default/awsnodepools`]: [
    200,
    { items: [storedNodePool(1), storedNodePool(0), { metadata: {} }] },
  ],
};

type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

describe('the command line', () => {
  let folder: string;
  let management: ManagementDouble;
  let environment: NodeJS.ProcessEnv;

  const start = (args: readonly string[], more: NodeJS.ProcessEnv = {}): ChildProcess =>
    spawn(process.execPath, [MAIN, ...args], { env: { ...environment, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });

  const run = (args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ran> =>
    new Promise((resolve, reject) => {
      const child = start(args, more);
      const read = { stdout: '', stderr: '' };
      child.stdout?.on('data', (chunk: Buffer) => (read.stdout += chunk.toString()));
      child.stderr?.on('data', (chunk: Buffer) => (read.stderr += chunk.toString()));
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, ...read }));
    });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-test-'));
    management = await startManagement(REPLIES);
    writeFileSync(join(folder, 'kubeconfig'), management.kubeconfig);
    environment = {
      PATH: process.env['PATH'],
      HOME: folder,
      SLIPWAY_HOME: folder,
      SLIPWAY_KUBECONFIG: join(folder, 'kubeconfig'),
      // Nobody listens there.
      TEMPORAL_ADDRESS: '127.0.0.1:1',
    };
  });
  afterAll(async () => {
    await management.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('prints its version, for people and for programs', async () => {
    expect(await run(['version'])).toEqual({ code: 0, stdout: expect.stringMatching(/^slipway \d/), stderr: '' });
    expect(JSON.parse((await run(['version', '-o', 'json'])).stdout)).toMatchObject({ node: process.version });
  });

  test('asks for a newer revision by an annotation, and refuses one that nobody knows', async () => {
    const asked = await run(['clusters', 'update', 'revised', '-n', 'default', '--revision', '2']);
    expect(asked).toEqual({ code: 0, stdout: expect.stringContaining('revision 2 of 1.36.3-gke.1'), stderr: '' });
    expect(management.patched).toEqual([{ metadata: { annotations: { 'slipway.dev/revision': '2' } } }]);
    const refused = await run(['clusters', 'update', 'revised', '-n', 'default', '--revision', '99']);
    expect(refused).toEqual({ code: 1, stdout: '', stderr: expect.stringContaining('knows no revision 99') });
    expect(management.patched).toHaveLength(1);
  });

  test.each([
    ['an unknown command', ['clusters', 'explode']],
    ['an unknown option', ['clusters', 'list', '--bogus']],
    ['an unknown format', ['clusters', 'list', '-o', 'xml']],
    ['a revision that is no number', ['clusters', 'update', 'a', '--revision', 'new']],
    ['an update of nothing', ['clusters', 'update', 'a']],
    ['a missing name', ['clusters', 'describe']],
    ['a plan of nothing', ['clusters', 'plan']],
    ['a plan of a cluster and a file', ['clusters', 'plan', 'a', '-f', 'a.yaml']],
    ['nothing to do', []],
  ])('ends with 2 and says on standard error how it is meant, for %s', async (_what, args) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: |^Usage: /);
  });

  test('plans a file: the plan on standard output, and 1 at the end where some of it would be refused', async () => {
    const file = join(folder, 'pool.json');
    const { status: _, ...manifest } = PLANNED;
    const planned = (spec: object, ...options: readonly string[]) => {
      writeFileSync(file, JSON.stringify({ ...manifest, spec: { ...manifest.spec, ...spec } }));
      return run(['clusters', 'plan', '-f', file, ...options]);
    };
    const name = 'AWSNodePool default/cluster-0-pool-0';
    expect(await planned({})).toEqual({ code: 0, stdout: `${name}: nothing changes\n`, stderr: '' });
    const { code, stdout, stderr } = await planned({ keyName: 'other', subnetID: 'subnet-03babff7f9b5d4a7b' });
    expect([code, stderr]).toEqual([1, `slipway: 1 of 1 object would be refused: correct what is said of ${name}.\n`]);
    expect(stdout).toContain('spec.subnetID: fixed: subnetID cannot be changed: create another AWSNodePool');
    const json = await planned({ keyName: 'other' }, '-o', 'json');
    expect(json).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(json.stdout)).toMatchObject([{ comes: 'changed', fields: [{ field: 'keyName' }] }]);
    const absent = await run(['clusters', 'plan', '-f', join(folder, 'absent.yaml')]);
    expect(absent).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('Name a file that is there') });
  });

  test('explains itself on standard output when asked', async () => {
    const { code, stdout, stderr } = await run(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('SLIPWAY_KUBECONFIG');
    expect((await run(['clusters', '--help'])).stdout).not.toContain('credential <');
  });

  test('lists clusters of one namespace or of all, even those of which hardly anything is known', async () => {
    const one = await run(['clusters', 'list']);
    // The one of the double is of a time long past, and nobody has written a condition to it.
    expect(one).toMatchObject({ code: 0, stderr: '1 cluster, 1 of them stuck, of which 1 waits for a person.\n' });
    expect(one.stdout.split('\n').map((line) => line.split(/\s+/)[1])).toEqual(['NAME', 'cluster-0', undefined]);
    const all = await run(['clusters', 'list', '-A', '-o', 'json']);
    expect(
      (JSON.parse(all.stdout) as { kind: string; metadata: { name: string } }[]).map(({ metadata }) => metadata.name),
    ).toEqual(['cluster-0', 'bare']);
  });

  test('lists a hundred clusters in one answer of the management API, and asks for nothing else', async () => {
    const before = management.asked.length;
    const { stdout, stderr } = await run(['clusters', 'list', '-n', 'hundred']);
    expect(management.asked.slice(before)).toEqual([`${API}/namespaces/hundred/awsclusters`]);
    expect(stdout.trim().split('\n')).toHaveLength(101);
    expect(stderr).toBe('100 clusters, 3 of them stuck, of which 3 wait for a person.\n');
  });

  test('lists only what is stuck where that is asked for, and counts the others', async () => {
    const { code, stdout, stderr } = await run(['clusters', 'list', '-A', '--stuck']);
    expect([code, stderr]).toEqual([0, '2 clusters, 1 of them stuck, of which 1 waits for a person.\n']);
    expect(stdout.split('\n').map((line) => line.split(/\s+/)[1])).toEqual(['NAME', 'cluster-0', undefined]);
    const json = await run(['clusters', 'list', '-A', '--stuck', '-o', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject([{ metadata: { name: 'cluster-0' } }]);
  });

  test('keeps standard output for data: what it says of an empty list goes to standard error', async () => {
    expect(await run(['clusters', 'list', '-n', 'empty'])).toEqual({
      code: 0,
      stdout: '',
      stderr: 'No clusters found in namespace empty.\n',
    });
    expect(await run(['clusters', 'list', '-n', 'empty', '-o', 'json'])).toEqual({
      code: 0,
      stdout: '[]\n',
      stderr: '',
    });
  });

  test('goes by the context that is named, and by its namespace', async () => {
    expect((await run(['clusters', 'list'], { SLIPWAY_CONTEXT: 'elsewhere' })).stderr).toContain('namespace empty');
    const { code, stderr } = await run(['clusters', 'list'], { SLIPWAY_CONTEXT: 'nowhere' });
    expect(code).toBe(1);
    expect(stderr).toContain('has no context "nowhere" (it has management, elsewhere)');
  });

  test('describes what status recorded when Temporal is away, and says that it does', async () => {
    // Where a build runs is no terminal either.
    const { code, stdout, stderr } = await run(['clusters', 'describe', 'cluster-0'], { CI: 'true' });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).not.toContain('\u001b[');
    expect(stdout).toMatch(/^This is the last that status recorded\. Temporal at 127\.0\.0\.1:1 did not answer/);
    expect(stdout).toContain('└─ AWSNodePool/cluster-0-pool-1');
  });

  test('describes as JSON without the bookkeeping of the API server, the pools in order', async () => {
    const { stdout } = await run(['clusters', 'describe', 'cluster-0', '-o', 'json']);
    const described = JSON.parse(stdout) as {
      cluster: { object: { metadata: object } };
      nodePools: { object: { metadata: { name: string } } }[];
    };
    expect(described.cluster.object.metadata).not.toHaveProperty('managedFields');
    expect(described.nodePools.map(({ object }) => object.metadata.name)).toEqual([
      'cluster-0-pool-0',
      'cluster-0-pool-1',
    ]);
  });

  test.each([
    [
      'a cluster that is not there',
      ['clusters', 'describe', 'absent'],
      {},
      /AWSCluster default\/absent was not found.*clusters list -A/,
    ],
    [
      'missing rights',
      ['clusters', 'list', '-n', 'forbidden'],
      {},
      /refused to show AWSClusters: HTTP 403: user "x" cannot.*Check the user/,
    ],
    [
      'an API server without our CRDs',
      ['clusters', 'list', '-n', 'other'],
      {},
      /doesn't know AWSClusters.*kubectl apply -f deploy\/crds/,
    ],
    [
      'a kubeconfig that is not there',
      ['clusters', 'list', '--kubeconfig', '/nowhere'],
      {},
      /kubeconfig \/nowhere can't be read.*SLIPWAY_KUBECONFIG/,
    ],
    [
      'no kubeconfig at all',
      ['clusters', 'list'],
      { SLIPWAY_KUBECONFIG: '' },
      /No kubeconfig was found.*npm run sandbox -- up/,
    ],
    [
      'a cluster without an endpoint',
      ['clusters', 'get-credentials', 'new'],
      {},
      /has no endpoint yet.*clusters describe new -n default/,
    ],
    [
      'Temporal away',
      ['clusters', 'get-credentials', 'cluster-0'],
      {},
      /Temporal at 127\.0\.0\.1:1 did not answer.*TEMPORAL_ADDRESS/,
    ],
  ])('ends with 1 and one line that names the cure, for %s', async (_what, args, more, message) => {
    const { code, stdout, stderr } = await run(args, more);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/^slipway: /);
  });

  test('ends quietly when its reader has seen enough', async () => {
    const child = start(['clusters', 'list', '-A', '-o', 'json']);
    child.stdout?.destroy();
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect([code, stderr]).toEqual([0, '']);
  });

  test('gives kubectl a kept credential without asking anybody', async () => {
    const { keepCredential } = await import('../../client/cli/credential-cache.ts');
    keepCredential(
      join(folder, 'credentials'),
      { uid: 'uid-0' },
      {
        certificate: 'CERTIFICATE',
        key: 'KEY',
        expiresAt: new Date(Math.max(NOW, Date.now()) + 3_600_000).toISOString(),
        certificateAuthority: 'AUTHORITY',
        endpoint: 'lb.example',
        clusterId: 'gke-dfccaa67',
      },
    );
    const { code, stdout, stderr } = await run(['clusters', 'credential', 'default', 'cluster-0', 'uid-0']);
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'ExecCredential',
      status: { clientCertificateData: 'CERTIFICATE' },
    });
  });
});
