/** What is read out of kubeconfigs, beside what client-node does. */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { OutgoingHttpHeaders } from 'node:http';
import type { RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { stringify } from 'yaml';
import { type Access, findAccess, type Unusable } from '../../kubernetes/access.ts';
import type { Location } from '../../kubernetes/kubeconfig.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-test-'));
  for (const name of ['ca.crt', 'me.crt', 'me.key']) writeFileSync(join(folder, name), `content of ${name}`);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Fields = Readonly<Record<string, unknown>>;

const kubeconfig = (cluster: Fields, user: Fields, more: Fields = {}): Fields => ({
  'current-context': 'one',
  clusters: [{ name: 'one', cluster: { server: 'https://127.0.0.1:6443/', ...cluster } }],
  users: [{ name: 'one', user }],
  contexts: [{ name: 'one', context: { cluster: 'one', user: 'one', namespace: 'here' } }],
  ...more,
});

const written = (content: Fields, name = 'config'): string => {
  const path = join(folder, name);
  writeFileSync(path, stringify(content));
  return path;
};

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A program that answers as an exec plugin does. */
const plugin = (status: Fields): Fields => ({
  exec: {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: process.execPath,
    args: ['-e', `console.log(process.env.ANSWER)`],
    env: [{ name: 'ANSWER', value: JSON.stringify({ status }) }],
  },
});

const unusable = (location: Location, environment: Readonly<Record<string, string>> = {}): Unusable => {
  const found = findAccess(location, environment);
  if (found.kind === 'access') throw new Error(`there is a way, to ${found.server}`);
  return found;
};

const access = (location: Location, environment: Readonly<Record<string, string>> = {}): Access => {
  const found = findAccess(location, environment);
  if (found.kind === 'access') return found;
  throw new Error(`there is no way: ${JSON.stringify(found)}`);
};

describe('the way to an API server', () => {
  test.each<[string, Fields, Fields]>([
    [
      'certificates in the file',
      { 'certificate-authority-data': base64('CA') },
      { 'client-certificate-data': base64('CERTIFICATE'), 'client-key-data': base64('KEY') },
    ],
    [
      'certificates in files beside it',
      { 'certificate-authority': 'ca.crt' },
      { 'client-certificate': 'me.crt', 'client-key': 'me.key' },
    ],
    ['a token', {}, { token: 'secret' }],
    ['a name and a password', {}, { username: 'me', password: 'secret' }],
    ['somebody whom it acts as', {}, { token: 'secret', as: 'another' }],
    ['a plugin with a token', {}, plugin({ token: 'from the plugin' })],
    ['a plugin with a certificate', {}, plugin({ clientCertificateData: 'CERTIFICATE', clientKeyData: 'KEY' })],
    ['another name for TLS', { 'tls-server-name': 'api.example' }, {}],
    ['no check of the server', { 'insecure-skip-tls-verify': true }, {}],
    ['no TLS, where the file admits it', { server: 'http://127.0.0.1:1', 'insecure-skip-tls-verify': true }, {}],
  ])('takes from a kubeconfig what client-node does: %s', async (_what, cluster, user) => {
    const path = written(kubeconfig(cluster, user));
    const found = access({ kubeconfig: path });
    const { tls, headers } = await found.credentials();

    const config = new KubeConfig();
    config.loadFromFile(path);
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const { headers: others, auth } = options;
    expect(found).toMatchObject({
      server: config.getCurrentCluster()?.server,
      context: 'one',
      namespace: config.getContextObject('one')?.namespace,
    });
    for (const field of ['ca', 'cert', 'key', 'rejectUnauthorized'] as const) {
      expect([field, tls[field]]).toEqual([field, options[field] ?? undefined]);
    }
    expect(tls.serverName).toBe(options.servername);
    expect(headers).toEqual({
      ...(others as OutgoingHttpHeaders),
      ...(auth ? { Authorization: `Basic ${base64(auth)}` } : {}),
    });
  });

  test('goes by the context that is chosen', () => {
    const path = written(kubeconfig({}, {}, { contexts: [{ name: 'two', context: { cluster: 'one', user: 'one' } }] }));
    expect(access({ kubeconfig: path, context: 'two' })).toMatchObject({ context: 'two', namespace: 'default' });
    expect(unusable({ kubeconfig: path })).toEqual({ kind: 'no current context' });
    const absent = { kind: 'no such context', context: 'three', known: ['two'] };
    expect(unusable({ kubeconfig: path, context: 'three' })).toEqual(absent);
  });

  test('merges several files as kubectl does: the first that says something wins, absent ones are passed over', () => {
    const first = written(kubeconfig({ server: 'https://first' }, {}, { 'current-context': '' }), 'first');
    const second = written(kubeconfig({ server: 'https://second' }, {}), 'second');
    const list = [join(folder, 'absent'), first, second].join(':');
    expect(access({ kubeconfig: list }).server).toBe('https://first');
    expect(access({}, { KUBECONFIG: list }).server).toBe('https://first');
  });

  test('reads relative paths from the folder of the file that says them', async () => {
    mkdirSync(join(folder, 'deep'));
    writeFileSync(join(folder, 'deep/ca.crt'), 'another');
    const path = written(kubeconfig({ 'certificate-authority': 'ca.crt' }, {}), 'deep/config');
    expect((await access({ kubeconfig: path }).credentials()).tls.ca?.toString()).toBe('another');
  });

  test('is where kubectl would look, if nobody says where', () => {
    expect(unusable({}, { HOME: folder })).toEqual({ kind: 'nothing there' });
    mkdirSync(join(folder, '.kube'));
    written(kubeconfig({}, {}), '.kube/config');
    expect(access({}, { HOME: folder }).server).toBe('https://127.0.0.1:6443');
  });

  test.each<[string, Fields, Fields, RegExp]>([
    ['no TLS, and nobody admits it', { server: 'http://127.0.0.1:1' }, {}, /insecure-skip-tls-verify/],
    ['no server', { server: undefined }, {}, /server is missing/],
  ])('is none, and the file is to blame, with %s', (_what, cluster, user, why) => {
    const found = unusable({ kubeconfig: written(kubeconfig(cluster, user)) });
    expect(found).toEqual({
      kind: 'unreadable',
      error: expect.objectContaining({ message: expect.stringMatching(why) }),
    });
  });

  test('is none in what is no kubeconfig, or is not there', () => {
    writeFileSync(join(folder, 'text'), 'only text');
    expect(unusable({ kubeconfig: join(folder, 'text') })).toEqual({ kind: 'no current context' });
    expect(unusable({ kubeconfig: join(folder, 'absent') }).kind).toBe('unreadable');
  });

  test('goes through the proxy that the kubeconfig names, or that the environment does for everybody', () => {
    const environment = { HTTPS_PROXY: 'proxy.example:3128' };
    const server = 'https://api.example';
    const plain = written(kubeconfig({ server }, {}), 'plain');
    const named = written(kubeconfig({ server, 'proxy-url': 'socks5://127.0.0.1:1' }, {}), 'named');
    expect(access({ kubeconfig: named }, environment).proxy).toBe('socks5://127.0.0.1:1');
    expect(access({ kubeconfig: plain }, environment).proxy).toBe('http://proxy.example:3128');
    expect(access({ kubeconfig: plain }).proxy).toBeUndefined();
  });
});

describe('credentials', () => {
  const replace = (name: string, content: string): void => {
    writeFileSync(join(folder, `${name}.new`), content);
    renameSync(join(folder, `${name}.new`), join(folder, name));
  };

  test('in files are read again when those change, and are the same identity until then', async () => {
    const user = { 'client-certificate': 'me.crt', 'client-key': 'me.key', tokenFile: 'token' };
    writeFileSync(join(folder, 'token'), 'first\n');
    const { credentials } = access({ kubeconfig: written(kubeconfig({}, user)) });
    const first = await credentials();
    expect(first.headers).toEqual({ Authorization: 'Bearer first' });
    replace('token', 'second\n');
    const second = await credentials();
    expect(second.headers).toEqual({ Authorization: 'Bearer second' });
    expect(second.tls).toBe(first.tls);
    replace('me.crt', 'a new certificate');
    expect((await credentials()).tls.cert?.toString()).toBe('a new certificate');
  });

  test('that only client-node can renew are asked of it', async () => {
    writeFileSync(join(folder, 'token'), 'from a provider');
    const provider = { 'auth-provider': { name: 'tokenFile', config: { tokenFile: join(folder, 'token') } } };
    const { credentials } = access({
      kubeconfig: written(kubeconfig({ 'certificate-authority': 'ca.crt' }, provider)),
    });
    const { tls, headers } = await credentials();
    expect(headers).toEqual({ Authorization: 'Bearer from a provider' });
    expect(tls.ca?.toString()).toBe('content of ca.crt');
  });

  test('of a plugin are asked for once by all who want them meanwhile, and kept for as long as it says', async () => {
    const counting = {
      exec: {
        apiVersion: 'client.authentication.k8s.io/v1',
        command: 'sh',
        args: ['-c', 'echo run >> "$RUNS"; echo "$ANSWER"'],
        env: [
          { name: 'RUNS', value: join(folder, 'runs') },
          { name: 'ANSWER', value: JSON.stringify({ status: { token: 'given' } }) },
        ],
      },
    };
    const { credentials } = access({ kubeconfig: written(kubeconfig({}, counting)) });
    await Promise.all([credentials(), credentials()]);
    expect((await credentials()).headers).toEqual({ Authorization: 'Bearer given' });
    expect(readFileSync(join(folder, 'runs'), 'utf8')).toBe('run\n');
  });

  test('of a plugin that fails are asked for again', async () => {
    const failing = {
      exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', 'echo no >&2; exit 1'] },
    };
    const { credentials } = access({ kubeconfig: written(kubeconfig({}, failing)) });
    for (const _try of [1, 2]) await expect(credentials()).rejects.toThrow('no');
  });
});
