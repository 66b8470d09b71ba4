import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { contextNameOf, currentContextOf, type KubeconfigEntry, withEntry } from '../../client/cli/kubeconfig.ts';
import { kubeconfigPath, realFile, writeEntry } from '../../client/cli/kubeconfig-file.ts';

const NAME = 'gke_aws_default_cluster-0_gke-dfccaa67';

const entry = (more: Partial<KubeconfigEntry> = {}): KubeconfigEntry => ({
  name: NAME,
  server: 'https://lb.example',
  certificateAuthority: 'CERTIFICATE',
  proxyUrl: 'http://127.0.0.1:8118',
  exec: { command: '/bin/node', args: ['main.ts', 'clusters', 'credential', 'on', '0777', 'uid'], env: { A: 'b' } },
  ...more,
});

const MANAGEMENT = `# mine, by hand
apiVersion: v1
kind: Config
preferences: {}
clusters:
  # the one at home
  - name: management
    cluster: { server: https://management.example } # no authority
users:
  - name: management
    user:
      token: "0123"
contexts:
  - name: management
    context:
      cluster: management
      user: management
      namespace: on
current-context: management
`;

describe('a kubeconfig with an entry', () => {
  test('is called by namespace, name and id, as users of the original know it', () => {
    expect(contextNameOf({ namespace: 'default', name: 'cluster-0', clusterId: 'gke-dfccaa67' })).toBe(NAME);
  });

  test('made from nothing is complete, and holds an exec plugin instead of a secret', () => {
    expect(parse(withEntry('', entry(), false))).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: NAME,
          cluster: {
            server: 'https://lb.example',
            'certificate-authority-data': Buffer.from('CERTIFICATE').toString('base64'),
            'proxy-url': 'http://127.0.0.1:8118',
          },
        },
      ],
      users: [
        {
          name: NAME,
          user: {
            exec: expect.objectContaining({
              apiVersion: 'client.authentication.k8s.io/v1',
              command: '/bin/node',
              env: [{ name: 'A', value: 'b' }],
              interactiveMode: 'Never',
            }),
          },
        },
      ],
      contexts: [{ name: NAME, context: { cluster: NAME, user: NAME } }],
      'current-context': NAME,
    });
  });

  test('keeps everything else as it was, comments and order included', () => {
    const text = withEntry(MANAGEMENT, entry(), true);
    for (const line of MANAGEMENT.split('\n').filter((one) => !one.startsWith('current-context'))) {
      expect(text).toContain(line.trim());
    }
    expect(text).toContain(`current-context: ${NAME}`);
    expect(text.indexOf('name: management')).toBeLessThan(text.indexOf(`name: ${NAME}`));
  });

  test('can be added without switching to it', () => {
    expect(currentContextOf(withEntry(MANAGEMENT, entry(), false))).toBe('management');
  });

  test('replaces the entry of the same name, in its place, and no other', () => {
    const once = withEntry(MANAGEMENT, entry(), true);
    expect(withEntry(once, entry(), true)).toBe(once);
    const moved = parse(withEntry(once, entry({ server: 'https://other.example' }), true)) as {
      clusters: { name: string; cluster: { server: string } }[];
      users: unknown[];
      contexts: unknown[];
    };
    expect(moved.clusters.map(({ cluster }) => cluster.server)).toEqual([
      'https://management.example',
      'https://other.example',
    ]);
    expect([moved.users.length, moved.contexts.length]).toEqual([2, 2]);
  });

  test('leaves nothing of an old proxy behind', () => {
    const { proxyUrl: _, ...direct } = entry();
    expect(withEntry(withEntry('', entry(), true), direct, true)).not.toContain('proxy-url');
  });

  test('quotes what kubectl, which reads YAML 1.1, would not take for a string', () => {
    const text = withEntry('', entry(), true);
    expect(text).toMatch(/- ["']on["']/);
    expect(text).toMatch(/- ["']0777["']/);
  });

  test.each([
    ['lists that kubectl wrote as null', 'apiVersion: v1\nclusters: null\ncontexts: []\nusers:\n'],
    ['a file in JSON', '{"apiVersion": "v1", "clusters": [], "contexts": [], "users": []}'],
    ['a file of comments', '# nothing yet\n'],
  ])('can be added to %s', (_what, text) => {
    const added = parse(withEntry(text, entry(), false)) as {
      clusters: unknown[];
      contexts: unknown[];
      users: unknown[];
    };
    expect([added.clusters.length, added.contexts.length, added.users.length]).toEqual([1, 1, 1]);
  });

  test.each([
    ['broken', 'clusters: ['],
    ['a list', '- a\n- b\n'],
    ['plain text', 'hello'],
  ])('is refused where the text is %s', (_what, text) => {
    expect(() => withEntry(text, entry(), true)).toThrow(/^it is no/);
  });
});

describe('the kubeconfig file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('is the one that kubectl would write', () => {
    const [a, b] = [join(folder, 'a'), join(folder, 'b')];
    expect(kubeconfigPath('/x', { KUBECONFIG: a })).toBe('/x');
    expect(kubeconfigPath(undefined, { KUBECONFIG: `${a}:${b}` })).toBe(b);
    writeFileSync(a, '');
    expect(kubeconfigPath(undefined, { KUBECONFIG: `${a}:${b}` })).toBe(a);
    expect(kubeconfigPath(undefined, { KUBECONFIG: '' })).toBe(join(homedir(), '.kube', 'config'));
  });

  test('is made with its folder, for its owner only', async () => {
    const path = join(folder, 'new', 'config');
    expect(await writeEntry(path, entry(), false)).toEqual({ current: NAME, previous: undefined });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'new')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(folder, 'new'))).toEqual(['config']);
  });

  test('keeps its permissions', async () => {
    const path = join(folder, 'config');
    writeFileSync(path, MANAGEMENT);
    chmodSync(path, 0o640);
    expect(await writeEntry(path, entry(), true)).toEqual({ current: NAME, previous: 'management' });
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  test('stays where symbolic links lead, also through a folder', async () => {
    mkdirSync(join(folder, 'real'));
    writeFileSync(join(folder, 'real', 'config'), MANAGEMENT);
    symlinkSync(join('real', 'config'), join(folder, 'link'));
    symlinkSync('real', join(folder, 'folder'));
    await writeEntry(join(folder, 'link'), entry(), true);
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'real', 'config'), 'utf8')).toContain(NAME);
    expect(realFile(join(folder, 'folder', 'other'))).toBe(join(realFile(folder), 'real', 'other'));
  });

  test('is left as it was when it cannot be extended, and the error names the file and the cure', async () => {
    const path = join(folder, 'config');
    writeFileSync(path, 'clusters: [');
    await expect(writeEntry(path, entry(), true)).rejects.toThrow(/config can't be extended.*--kubeconfig/s);
    expect(readFileSync(path, 'utf8')).toBe('clusters: [');
    expect(readdirSync(folder)).toEqual(['config']);
  });

  test('loses nothing when several write at once', async () => {
    const path = join(folder, 'config');
    const names = Array.from({ length: 8 }, (_, index) => `gke_aws_default_c${index}_gke-0000000${index}`);
    await Promise.all(names.map((name) => writeEntry(path, entry({ name }), true)));
    const { contexts } = parse(readFileSync(path, 'utf8')) as { contexts: { name: string }[] };
    expect(contexts.map(({ name }) => name).sort()).toEqual(names);
  });

  test('is not touched while another program holds its lock', async () => {
    const path = join(folder, 'config');
    writeFileSync(path, MANAGEMENT);
    writeFileSync(`${path}.lock`, '');
    await expect(writeEntry(path, entry(), true)).rejects.toThrow(/another program holds .*config\.lock/);
    expect(readFileSync(path, 'utf8')).toBe(MANAGEMENT);
  });
});
