/** How `slipway` starts: what it loads, and where it keeps what was compiled. How long that takes, a bench says. */
import { execFile } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { keepCredential } from '../../client/cli/credential-cache.ts';
import { cacheFolder } from '../../sandbox/tools/build.ts';
import { type ManagementDouble, startManagement } from './management-double.ts';
import { storedCluster } from './objects.ts';

const SLIPWAY = fileURLToPath(new URL('../../client/cli/slipway.js', import.meta.url));
const CLUSTERS = '/apis/multicloud.cluster.gke.io/v1/namespaces/default/awsclusters';

/** Writes the packages of which anything is loaded to standard error, each in a line. */
const TELLING = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({
    load(url, context, next) {
      const found = /.*node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url);
      if (found !== null) process.stderr.write('loaded ' + found[1] + '\\n');
      return next(url, context);
    },
  });
`)}`;

type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

let management: ManagementDouble;
let home: string;

beforeAll(async () => {
  management = await startManagement({ [CLUSTERS]: [200, { items: [storedCluster()] }] });
});
afterAll(() => management.stop());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'slipway-test-'));
  writeFileSync(join(home, 'kubeconfig'), management.kubeconfig);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const run = (args: readonly string[], more: NodeJS.ProcessEnv = {}, flags: readonly string[] = []): Promise<Ran> =>
  new Promise((resolve) => {
    const env = { PATH: process.env['PATH'], HOME: home, SLIPWAY_KUBECONFIG: join(home, 'kubeconfig'), ...more };
    execFile(process.execPath, [...flags, SLIPWAY, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

const packagesLoadedBy = async (...args: readonly string[]): Promise<readonly string[]> => {
  const { code, stderr } = await run(args, {}, ['--import', TELLING]);
  expect(code).toBe(0);
  return [...new Set([...stderr.matchAll(/^loaded (.*)$/gm)].map(([, name = '']) => name))].sort();
};

describe('what people and kubectl wait for loads little', () => {
  /** One for the tree of commands, and one for colours. */
  const ALWAYS = ['commander', 'picocolors'];
  /** Of client-node only what reads entries of a kubeconfig. */
  const READING = ['@kubernetes/client-node', 'js-yaml'];

  test('its version and its help', async () => {
    expect(await packagesLoadedBy('version')).toEqual(ALWAYS);
    expect(await packagesLoadedBy('--help')).toEqual(ALWAYS);
  });

  test('a list of clusters: no Temporal, no schemas, no other way to speak HTTP than Node.js has', async () => {
    expect(await packagesLoadedBy('clusters', 'list')).toEqual([...ALWAYS, ...READING].sort());
  });

  test('what Tab completes', async () => {
    expect(await packagesLoadedBy('__complete', 'bash', 'slipway clusters ')).toEqual(ALWAYS);
    expect(await packagesLoadedBy('__complete', 'bash', 'slipway clusters describe ')).toEqual(
      [...ALWAYS, ...READING].sort(),
    );
  });

  test('a credential that is kept', async () => {
    keepCredential(
      join(home, '.slipway/credentials'),
      { uid: 'uid-0' },
      {
        certificate: 'CERTIFICATE',
        key: 'KEY',
        expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
        certificateAuthority: 'AUTHORITY',
        endpoint: 'lb.example',
        clusterId: 'gke-dfccaa67',
      },
    );
    expect(await packagesLoadedBy('clusters', 'credential', 'default', 'cluster-0', 'uid-0')).toEqual(ALWAYS);
  });
});

describe('what was compiled', () => {
  const compiled = (): string => join(home, '.cache/slipway/compiled');

  test('is kept for the next start, in a folder that only its user can read', async () => {
    expect(await run(['version'])).toMatchObject({ code: 0, stderr: '' });
    expect(statSync(compiled()).mode & 0o777).toBe(0o700);
    const [version = ''] = readdirSync(compiled());
    expect(readdirSync(join(compiled(), version)).length).toBeGreaterThan(5);
  });

  test('is kept where caches are, if the environment says so', async () => {
    await run(['version'], { XDG_CACHE_HOME: join(home, 'caches') });
    await run(['version'], { SLIPWAY_CACHE: join(home, 'ours') });
    expect(existsSync(join(home, 'caches/slipway/compiled'))).toBe(true);
    expect(existsSync(join(home, 'ours/compiled'))).toBe(true);
    expect(existsSync(compiled())).toBe(false);
    // The sandbox's programs share it.
    expect(cacheFolder({ XDG_CACHE_HOME: join(home, 'caches') })).toBe(join(home, 'caches/slipway'));
    expect(cacheFolder({ XDG_CACHE_HOME: join(home, 'caches'), SLIPWAY_CACHE: '' })).toBe(join(home, 'caches/slipway'));
    expect(cacheFolder({ XDG_CACHE_HOME: join(home, 'caches'), SLIPWAY_CACHE: join(home, 'ours') })).toBe(
      join(home, 'ours'),
    );
  });

  test('is not taken from a folder that others may write', async () => {
    mkdirSync(compiled(), { recursive: true });
    chmodSync(compiled(), 0o770);
    expect(await run(['version'])).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(compiled())).toEqual([]);
  });

  test.each([
    ['a home that cannot be written', (): void => writeFileSync(join(home, '.cache'), '')],
    ['no home at all', (): void => rmSync(home, { recursive: true })],
  ])('is done without, and nobody is told, with %s', async (_what, spoil) => {
    spoil();
    expect(await run(['version'])).toMatchObject({ code: 0, stderr: '' });
  });

  test('is made anew where it is damaged', async () => {
    await run(['version']);
    const [version = ''] = readdirSync(compiled());
    const files = readdirSync(join(compiled(), version)).map((name) => join(compiled(), version, name));
    for (const file of files) writeFileSync(file, 'not what was compiled');
    expect(await run(['version'])).toMatchObject({ code: 0, stderr: '' });
    expect(files.filter((file) => readFileSync(file, 'latin1') === 'not what was compiled')).toEqual([]);
  });

  const root = process.getuid?.() === 0;
  (root ? test : test.skip)('is never taken from a folder that is somebody else’s (needs root to try)', async () => {
    mkdirSync(compiled(), { recursive: true });
    chownSync(compiled(), 65_534, 65_534);
    expect(await run(['version'])).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(compiled())).toEqual([]);
  });
});
