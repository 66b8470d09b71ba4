/** The life of a sandbox, by the commands that a person types. Each test starts from what the one before it left. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SandboxStatus } from '../../sandbox/commands/status.ts';
import { EXIT } from '../../sandbox/failure.ts';
import { identify, withEnvironment } from '../../sandbox/process.ts';
import { MARK, readState } from '../../sandbox/supervisor/state.ts';
import { saidOf } from '../../sandbox/tools/origin.ts';
import { type SandboxForTests, sandboxIn, startSandbox, succeed } from '../support/sandbox.ts';
import { waitFor } from '../support/wait.ts';

const PARTS = [
  'temporal',
  'aws',
  'management-etcd',
  'management-apiserver',
  'hub',
  'network',
  'instances',
  'slipway-worker',
  'slipway-client',
  'slipway-admission',
];

let sandbox: SandboxForTests;

const stateOf = (name: string) => sandbox.status().parts.find((part) => part.name === name)?.state;

const untilState = (name: string, state: string) =>
  waitFor(`${name} to be ${state}`, () => Promise.resolve(stateOf(name) === state ? true : undefined));

const markOf = (home: string): string => {
  const mark = readState(home)?.mark;
  if (mark === undefined) throw new Error(`no state in ${home}`);
  return mark;
};

const namespaceId = async (): Promise<string> => {
  const text = await succeed(
    'namespace describe',
    sandbox.temporal(['operator', 'namespace', 'describe', '-o', 'json']),
  );
  return (JSON.parse(text) as { namespaceInfo: { id: string } }).namespaceInfo.id;
};

beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(async () => {
  await sandbox.end();
});

describe('a sandbox that is up', () => {
  test('is given no other release’s programs, and says how to have them', async () => {
    const { code, stderr } = await sandbox.sandbox('up', '--detach', '--release', '1.37.2-gke.1');
    expect(code).toBe(EXIT.refused);
    expect(stderr).toContain('runs without the programs of 1.37.2-gke.1');
    expect(stderr).toContain('npm run sandbox -- down');
  });

  test('says in JSON where everything is', async () => {
    const status = JSON.parse(await succeed('status', sandbox.sandbox('status', '-o', 'json'))) as SandboxStatus;
    expect(status).toMatchObject({
      home: sandbox.home,
      aws: { region: 'eu-west-1', accessKeyId: expect.any(String), secretAccessKey: expect.any(String) },
      temporal: { address: expect.stringMatching(/^127\.0\.0\.1:\d+$/), namespace: 'default' },
    });
    for (const path of [status.home, status.kubeconfig, status.kubectl, status.slipway, status.temporal.cli]) {
      expect(isAbsolute(path) && existsSync(path)).toBe(true);
    }
    for (const address of [status.aws.endpoint, status.temporal.ui, status.proxy, status.hub]) {
      expect(new URL(address).hostname).toMatch(/^127\./);
    }
    expect(status.parts.map(({ name }) => name)).toEqual(PARTS);
    for (const part of status.parts) {
      expect(part).toMatchObject({ state: 'ready', pid: expect.any(Number) });
      expect(existsSync(part.log)).toBe(true);
    }
  });

  test('serves Slipway’s language under the context that the seed’s user knew', async () => {
    const context = await succeed('context', sandbox.kubectl(['config', 'current-context']));
    expect(context.trim()).toBe('gke_aws_management_gke-404767c1');
    const crds = await succeed('get crd', sandbox.kubectl(['get', 'crd', '-o', 'name']));
    expect(crds.trim().split('\n')).toEqual([
      'customresourcedefinition.apiextensions.k8s.io/awsclusters.multicloud.cluster.gke.io',
      'customresourcedefinition.apiextensions.k8s.io/awsnodepools.multicloud.cluster.gke.io',
    ]);
  });

  test('keeps histories for ninety days, and can be searched by what operations say of themselves', async () => {
    const text = await succeed('describe', sandbox.temporal(['operator', 'namespace', 'describe']));
    expect(text).toContain('2160h0m0s');
    for (const name of ['SlipwayCluster', 'SlipwayPhase', 'SlipwayOperation', 'SlipwayBlockedStep']) {
      expect(text).toContain(name);
    }
  });

  test('says of each tool which way it came, and so does Slipway’s command line', async () => {
    const { tools } = sandbox.status();
    expect(tools.map(({ tool }) => tool)).toEqual([
      'aws-cloud-controller-manager',
      'etcd',
      'etcd-earlier',
      'kubectl',
      'kubernetes',
      'kwok',
      'python',
    ]);
    const shown = await succeed('status', sandbox.sandbox('status'));
    const version = await succeed('version', sandbox.slipway(['version']));
    for (const tool of tools) {
      expect(shown).toContain(saidOf(tool));
      expect(version).toContain(`${tool.tool} ${tool.version}: ${saidOf(tool)}`);
    }
  });

  test('runs Slipway’s command line', async () => {
    expect((await sandbox.slipway(['clusters', 'list'])).code).toBe(0);
  });

  test('is left as it is by another up', async () => {
    const before = sandbox.status();
    await succeed('up', sandbox.sandbox('up', '--detach'));
    expect(sandbox.status()).toEqual(before);
  });
});

describe('a part', () => {
  test.each(['hub', 'slipway-client', 'management-etcd'])('such as %s comes back after it was killed', async (name) => {
    const before = sandbox.pidOf(name);
    await succeed('kill', sandbox.sandbox('kill', name));
    await waitFor(`another ${name}`, () => {
      const part = sandbox.status().parts.find((one) => one.name === name);
      return Promise.resolve(part?.state === 'ready' && part.pid !== before ? true : undefined);
    });
    expect(identify(before)).toBeUndefined();
  });

  test('that was stopped stays down until it is started', async () => {
    const before = sandbox.pidOf('hub');
    await succeed('stop', sandbox.sandbox('stop', 'hub'));
    expect(stateOf('hub')).toBe('stopped');
    expect(identify(before)).toBeUndefined();
    await succeed('start', sandbox.sandbox('start', 'hub'));
    await untilState('hub', 'ready');
  });

  test('shows its log', async () => {
    expect(await succeed('logs', sandbox.sandbox('logs', 'aws'))).toContain('aws ready');
    expect(await succeed('logs', sandbox.sandbox('logs'))).toContain('slipway-worker');
  });

  test('that nobody knows is refused, with the names of those there are', async () => {
    for (const args of [
      ['kill', 'nobody'],
      ['logs', 'nobody'],
      ['kill', 'i-0123456789abcdef0'],
    ]) {
      const { code, stderr } = await sandbox.sandbox(...args);
      expect({ args, code, stderr }).toMatchObject({
        code: EXIT.noSuchPart,
        stderr: expect.stringContaining('What to do'),
      });
    }
  });

  test('called temporal can forget everything, and is another one then', async () => {
    const before = await namespaceId();
    await succeed('reset temporal', sandbox.sandbox('reset', 'temporal'));
    await untilState('temporal', 'ready');
    expect(await namespaceId()).not.toBe(before);
  });
});

describe('the supervisor', () => {
  test('can be killed: the next up takes its parts up as they are, the account included', async () => {
    const before = sandbox.status();
    process.kill(readState(sandbox.home)?.supervisor.pid ?? 0, 'SIGKILL');
    await waitFor('status to notice', () =>
      Promise.resolve(stateOf('aws') === 'ready, unsupervised' ? true : undefined),
    );
    expect((await sandbox.sandbox('stop', 'hub')).code).toBe(EXIT.noSandbox);
    await succeed('up', sandbox.sandbox('up', '--detach'));
    const pids = ({ parts }: SandboxStatus) => parts.map(({ name, pid, state }) => ({ name, pid, state }));
    expect(pids(sandbox.status())).toEqual(pids(before));
  });
});

describe('the account', () => {
  test('is lost with its process, which nothing but a new beginning heals', async () => {
    await succeed('kill aws', sandbox.sandbox('kill', 'aws'));
    await untilState('aws', 'account lost');
    expect(await succeed('status', sandbox.sandbox('status'))).toContain('account lost');
    expect(await sandbox.sandbox('start', 'aws')).toMatchObject({
      code: EXIT.refused,
      stderr: expect.stringContaining('up'),
    });
    const before = markOf(sandbox.home);
    await succeed('up', sandbox.sandbox('up', '--detach'));
    expect(sandbox.status().parts.every(({ state }) => state === 'ready')).toBe(true);
    expect(withEnvironment(MARK, before)).toEqual([]);
  });
});

describe('two sandboxes', () => {
  test('run side by side on addresses of their own, and end each by itself', async () => {
    const other = await startSandbox();
    try {
      const [mine, theirs] = [sandbox.status(), other.status()];
      const addresses = ({ aws, temporal, proxy, hub }: SandboxStatus) => [
        aws.endpoint,
        temporal.address,
        temporal.ui,
        proxy,
        hub,
      ];
      for (const [index, address] of addresses(mine).entries()) expect(addresses(theirs)[index]).not.toBe(address);
      expect(theirs.parts.every(({ state }) => state === 'ready')).toBe(true);
      await succeed('down', other.sandbox('down'));
      expect(withEnvironment(MARK, markOf(other.home))).toEqual([]);
      expect(sandbox.status()).toEqual(mine);
    } finally {
      await other.end();
    }
  });
});

describe('down', () => {
  test('leaves no process, and reset no file', async () => {
    const mark = markOf(sandbox.home);
    await succeed('down', sandbox.sandbox('down'));
    expect(withEnvironment(MARK, mark)).toEqual([]);
    expect(sandbox.status().parts.every(({ pid, state }) => pid === null && state === 'stopped')).toBe(true);
    await succeed('reset', sandbox.sandbox('reset'));
    expect(existsSync(join(sandbox.home, 'data'))).toBe(false);
    expect(await sandbox.sandbox('status')).toMatchObject({
      code: EXIT.noSandbox,
      stderr: expect.stringContaining('npm run sandbox -- up'),
    });
  });

  test('of a home without a sandbox does nothing', async () => {
    const home = await mkdtemp(join(tmpdir(), 'slipway-empty-'));
    expect((await sandboxIn(home).sandbox('down')).code).toBe(0);
    await rm(home, { recursive: true });
  });

  test('leaves what is not the sandbox’s own in its home', async () => {
    const note = join(sandbox.home, 'note.txt');
    await writeFile(note, 'mine');
    await succeed('reset', sandbox.sandbox('reset'));
    expect(await readFile(note, 'utf8')).toBe('mine');
  });
});

describe('the command line', () => {
  test.each([[['no-such-command']], [['up', '--no-such-option']], [['status', '-o', 'yaml']]])(
    'refuses %j as wrong usage',
    async (args) => {
      expect((await sandbox.sandbox(...args)).code).toBe(EXIT.usage);
    },
  );
});
