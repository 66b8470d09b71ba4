/** A cluster's Secrets in a file, and back: nothing is written over, and nothing of them is told but names. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  exportSecrets,
  exportText,
  importText,
  passphraseOf,
  restoreSecrets,
  sealedText,
  unsealedSecrets,
} from '../../client/cli/secrets.ts';
import type { KeptSecret } from '../../client/secrets.ts';
import { type ManagementDouble, startManagement } from './management-double.ts';

const ID = 'gke-0a1b2c3d';
const PASSPHRASE = 'correct horse battery';
const OF = { clusterId: ID, namespace: 'default', name: 'cluster-0' };
const secret = (name: string, more: Partial<KeptSecret> = {}): KeptSecret => ({
  name: `${ID}-${name}`,
  labels: { 'slipway.dev/cluster': ID },
  annotations: { 'slipway.dev/uid': 'u-1', 'slipway.dev/key': `secret/${name}` },
  type: 'Opaque',
  data: { 'ca.key': Buffer.from(`key of ${name}`).toString('base64') },
  ...more,
});
const SECRETS = [secret('etcd-ca'), secret('root-ca')];
const sealed = (secrets: readonly KeptSecret[] = SECRETS) =>
  sealedText(OF, secrets, { passphrase: PASSPHRASE, cost: 2 });

/** A management API that holds these, and what was made in it. */
const holding = (...there: readonly KeptSecret[]) => {
  const made: string[] = [];
  return {
    made,
    find: async (_: string, name: string) => there.find((one) => one.name === name),
    create: async (namespace: string, { name }: KeptSecret) => void made.push(`${namespace}/${name}`),
  };
};

describe('Secrets from a file', () => {
  const read = unsealedSecrets(sealed(), PASSPHRASE);

  test('are all of them, with the labels and annotations by which they are known', () => {
    expect(read).toEqual({ clusterId: ID, namespace: 'default', secrets: SECRETS });
  });

  test('are made where they were, as far as they are missing', async () => {
    const api = holding(secret('root-ca'));
    const moved = await restoreSecrets(read, api);
    expect(api.made).toEqual([`default/${ID}-etcd-ca`]);
    expect(moved).toMatchObject({ written: [`${ID}-etcd-ca`], present: [`${ID}-root-ca`] });
    expect(importText(moved)).toBe(
      `Made 1 Secret (${ID}-etcd-ca) of cluster ${ID} in namespace default. There already: 1 Secret (${ID}-root-ca).`,
    );
  });

  test('are written over none: not one is made where another has the name of one', async () => {
    const api = holding(secret('root-ca', { data: { 'ca.key': 'b3RoZXI=' } }));
    await expect(restoreSecrets(read, api)).rejects.toThrow(`are not written over: ${ID}-root-ca. Nothing was written`);
    expect(api.made).toEqual([]);
  });

  test('are of the cluster that the file is about, or none of them is taken', () => {
    const file = sealed([secret('root-ca', { labels: { 'slipway.dev/cluster': 'gke-99999999' } })]);
    expect(() => unsealedSecrets(file, PASSPHRASE)).toThrow(`is not of cluster ${ID}`);
  });

  test('that there are none of are no export', () => {
    expect(() => sealed([])).toThrow('there is nothing to export');
  });
});

describe('an export', () => {
  let api: ManagementDouble;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-secrets-'));
    const items = SECRETS.map(({ name, labels, annotations, type, data }) => ({
      ...{ metadata: { namespace: 'default', name, labels, annotations }, type, data },
    }));
    const kind = { apiVersion: 'multicloud.cluster.gke.io/v1', kind: 'AWSCluster' };
    const cluster = {
      ...kind,
      metadata: { namespace: 'default', name: 'cluster-0', uid: 'u-1' },
      status: { clusterID: ID },
    };
    api = await startManagement({
      '/apis/multicloud.cluster.gke.io/v1/namespaces/default/awsclusters/cluster-0': [200, cluster],
      '/api/v1/namespaces/default/secrets': [200, { kind: 'SecretList', apiVersion: 'v1', metadata: {}, items }],
    });
    writeFileSync(join(folder, 'kubeconfig'), api.kubeconfig);
  });
  afterAll(async () => {
    await api.stop();
    rmSync(folder, { recursive: true });
  });

  const configuration = () => ({ kubeconfig: join(folder, 'kubeconfig') }) as Parameters<typeof exportSecrets>[0];
  const exporting = (file: string) =>
    exportSecrets(
      configuration(),
      { name: 'cluster-0', namespace: 'default' },
      { file, passphrase: PASSPHRASE, cost: 2 },
    );

  test('is a file of its owner’s alone, which tells nothing but names', async () => {
    const file = join(folder, 'sealed');
    const moved = await exporting(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(unsealedSecrets(readFileSync(file, 'utf8'), PASSPHRASE)).toMatchObject({ clusterId: ID, secrets: SECRETS });
    const said = `${exportText(moved, file)}${JSON.stringify(moved)}${readFileSync(file, 'utf8')}`;
    for (const { data } of SECRETS) for (const value of Object.values(data)) expect(said).not.toContain(value);
  });

  test('takes the place of no file', async () => {
    const file = join(folder, 'older');
    writeFileSync(file, 'an older export');
    await expect(exporting(file)).rejects.toThrow("Name a file that isn't there.");
    expect(readFileSync(file, 'utf8')).toBe('an older export');
  });
});

describe('a passphrase', () => {
  test('comes from a file, without its last line break, or from the environment', () => {
    const folder = mkdtempSync(join(tmpdir(), 'slipway-passphrase-'));
    const file = join(folder, 'passphrase');
    writeFileSync(file, `${PASSPHRASE}\n`);
    expect(passphraseOf(file, {})).toBe(PASSPHRASE);
    expect(passphraseOf(undefined, { SLIPWAY_PASSPHRASE: PASSPHRASE })).toBe(PASSPHRASE);
    rmSync(folder, { recursive: true });
  });

  test('that is nowhere is asked for', () => {
    expect(() => passphraseOf(undefined, {})).toThrow('--passphrase-file <path>, or SLIPWAY_PASSPHRASE');
    expect(() => passphraseOf('/nowhere', {})).toThrow("can't be read");
  });
});
