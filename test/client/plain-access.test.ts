/** What the quick way reads out of kubeconfigs, beside what client-node does. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { OutgoingHttpHeaders } from 'node:http';
import type { RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { stringify } from 'yaml';
import { plainAccess } from '../../client/plain-access.ts';

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

describe('the quick way to an API server', () => {
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
    const access = plainAccess({ kubeconfig: path });
    const { headers, ...tls }: RequestOptions = (await access?.credentials()) ?? {};

    const config = new KubeConfig();
    config.loadFromFile(path);
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const { headers: others, auth } = options;
    expect(access).toMatchObject({
      url: config.getCurrentCluster()?.server,
      context: 'one',
      namespace: config.getContextObject('one')?.namespace,
    });
    for (const field of ['ca', 'cert', 'key', 'servername', 'rejectUnauthorized'] as const) {
      expect([field, tls[field]]).toEqual([field, options[field] ?? undefined]);
    }
    expect(headers).toEqual({
      ...(others as OutgoingHttpHeaders),
      ...(auth ? { Authorization: `Basic ${base64(auth)}` } : {}),
    });
  });

  test('goes by the context that is chosen', () => {
    const path = written(kubeconfig({}, {}, { contexts: [{ name: 'two', context: { cluster: 'one', user: 'one' } }] }));
    expect(plainAccess({ kubeconfig: path, context: 'two' })).toMatchObject({ context: 'two', namespace: 'default' });
    expect(plainAccess({ kubeconfig: path })).toBeUndefined();
  });

  test('merges several files as kubectl does: the first that says something wins, absent ones are passed over', () => {
    const first = written(kubeconfig({ server: 'https://first' }, {}, { 'current-context': '' }), 'first');
    const second = written(kubeconfig({ server: 'https://second' }, {}), 'second');
    const list = [join(folder, 'absent'), first, second].join(':');
    expect(plainAccess({ kubeconfig: list })?.url).toBe('https://first');
    expect(plainAccess({}, { KUBECONFIG: list })?.url).toBe('https://first');
  });

  test('is where kubectl would look, if nobody says where', () => {
    expect(plainAccess({}, { HOME: folder })).toBeUndefined();
  });

  test.each<[string, Fields, Fields]>([
    ['a proxy', { 'proxy-url': 'http://127.0.0.1:1' }, {}],
    ['an auth-provider', {}, { 'auth-provider': { name: 'oidc' } }],
    ['no TLS, and nobody admits it', { server: 'http://127.0.0.1:1' }, {}],
    ['no server', { server: undefined }, {}],
  ])('leaves the rest to client-node, with all its rules and words: %s', (_what, cluster, user) => {
    expect(plainAccess({ kubeconfig: written(kubeconfig(cluster, user)) })).toBeUndefined();
  });

  test('leaves to it also what is no kubeconfig', () => {
    writeFileSync(join(folder, 'text'), 'only text');
    expect(plainAccess({ kubeconfig: join(folder, 'text') })).toBeUndefined();
    expect(plainAccess({ kubeconfig: join(folder, 'absent') })).toBeUndefined();
  });
});
