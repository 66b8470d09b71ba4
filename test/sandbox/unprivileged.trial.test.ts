/**
 * The sandbox, as a user without any rights. Where the tests run as root, as CI does, that user is made up: a number that
 * owns nothing but a folder. They get the tools that are built already, and a checkout if they cannot read this one.
 */
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { withEnvironment } from '../../sandbox/process.ts';
import { MARK, readState } from '../../sandbox/supervisor/state.ts';
import { cacheFolder, ensureTools } from '../../sandbox/tools/build.ts';
import { run, type SandboxForTests, sandboxIn, succeed } from '../support/sandbox.ts';
import { waitFor } from '../support/wait.ts';

const CHECKOUT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const SOMEBODY = 61_234;

const self = process.getuid?.() ?? 0;
const uid = self === 0 ? SOMEBODY : self;

let folder = '';
let sandbox: SandboxForTests;

const canRead = async (path: string): Promise<boolean> =>
  (await run('/usr/bin/test', ['-r', path], { uid })).code === 0;

/** A checkout that the user can read: this one, or a copy of what is needed to run it. */
const checkoutFor = async (): Promise<string> => {
  if (await canRead(`${CHECKOUT}/package.json`)) return CHECKOUT;
  const copy = join(folder, 'checkout');
  await cp(CHECKOUT, copy, { recursive: true, filter: (path) => !path.endsWith('/.git') });
  return copy;
};

/** A cache of the user's own with the tools that are there. What leads to places closed to them, they build again. */
const cacheFor = async (): Promise<string> => {
  const cache = join(folder, 'cache');
  await ensureTools();
  await mkdir(`${cache}/store`, { recursive: true });
  for (const entry of await readdir(`${cacheFolder()}/store`)) {
    const store = `${cacheFolder()}/store/${entry}`;
    const python = `${store}/bin/python3`;
    if (existsSync(`${store}/bin`) && !(await canRead(existsSync(python) ? readlinkSync(python) : store))) continue;
    await cp(store, `${cache}/store/${entry}`, { recursive: true, verbatimSymlinks: true });
  }
  return cache;
};

const ownedByUser = async (path: string): Promise<void> => {
  await succeed('chown', run('chown', ['-R', `${uid}:${uid}`, path]));
};

const userOf = (pid: number): number => Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-user-'));
  const home = join(folder, 'home');
  await mkdir(home);
  await chmod(folder, 0o755);
  const [checkout, cache] = [await checkoutFor(), await cacheFor()];
  if (uid !== self) {
    await chown(folder, uid, uid);
    await ownedByUser(home);
    await ownedByUser(cache);
  }
  const node = join(checkout, relative(CHECKOUT, process.execPath));
  const settings = {
    ...{ HOME: folder, USER: 'somebody', SLIPWAY_CACHE: cache, GOCACHE: `${folder}/go-build` },
    SLIPWAY_PACE: 'quick',
  };
  sandbox = sandboxIn(home, settings, { uid, checkout, node: existsSync(node) ? node : process.execPath });
  await succeed('up', sandbox.sandbox('up', '--detach'));
});

afterAll(async () => {
  await sandbox.end();
  await rm(folder, { recursive: true, force: true });
});

describe('a user without any rights', () => {
  test('runs every part of the sandbox', () => {
    for (const part of sandbox.status().parts) {
      expect({ ...part, uid: userOf(part.pid ?? 0) }).toMatchObject({ state: 'ready', uid });
    }
  });

  test('gets the seed’s cluster, as anybody does', async () => {
    const apply = ['apply', '-f', `${CHECKOUT}/test/fixtures/cluster-0.yaml`];
    await succeed('apply', sandbox.kubectl(apply));
    const states = ['get', 'awsclusters,awsnodepools', '-o', 'jsonpath={.items[*].status.state}'];
    await waitFor(
      'cluster and pools to be provisioned',
      async () => {
        const seen = (await succeed('get', sandbox.kubectl(states))).split(' ');
        return seen.length === 4 && seen.every((state) => state === 'Provisioned') ? true : undefined;
      },
      { intervalMs: 1_000 },
    );
    const kubeconfig = join(folder, 'user.kubeconfig');
    await succeed(
      'get-credentials',
      sandbox.slipway(['clusters', 'get-credentials', 'cluster-0', '--kubeconfig', kubeconfig]),
    );
    await waitFor('nine nodes, all ready', async () => {
      const nodes = await succeed('get nodes', sandbox.kubectl(['get', 'nodes', '--no-headers'], { kubeconfig }));
      const states = nodes
        .trim()
        .split('\n')
        .map((line) => line.split(/\s+/)[1]);
      expect(states).toEqual(Array(9).fill('Ready'));
      return true;
    });
  });

  test('ends it with instances and all', async () => {
    const mark = readState(sandbox.home)?.mark ?? '';
    expect(withEnvironment(MARK, mark).length).toBeGreaterThan(20);
    await succeed('down', sandbox.sandbox('down'));
    expect(withEnvironment(MARK, mark)).toEqual([]);
    expect((await stat(`${sandbox.home}/logs`)).uid).toBe(uid);
  });
});
