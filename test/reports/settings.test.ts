/** What people reported elsewhere of settings that were nearly right: kubeconfigs, variables and addresses. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readServiceConfiguration } from '../../client/configuration.ts';
import { connectionOptions } from '../../client/temporal.ts';
import { createCredentials } from '../../kubernetes/credentials.ts';
import { chooseContext } from '../../kubernetes/kubeconfig.ts';
import { addressProblem } from '../../words/addresses.ts';
import { readWorkerConfiguration } from '../../worker/configuration.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const fileWith = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

describe('a kubeconfig', () => {
  // https://github.com/kubernetes-client/python-base/pull/223, https://github.com/kube-rs/kube/pull/721
  test.each([
    ['is empty', ''],
    ['has nothing but comments', '# made by touch\n\n  # and by hand\n'],
    ['has an empty document', '---\n'],
    ['has lists that are null', 'apiVersion: v1\nkind: Config\nclusters: null\ncontexts: null\nusers: null\n'],
  ])('that %s says nothing, and is no obstacle to those beside it', (_what, text) => {
    const empty = fileWith('empty', text);
    expect(chooseContext({ kubeconfig: empty })).toEqual({ kind: 'no current context' });
    const full = fileWith(
      'full',
      JSON.stringify({
        'current-context': 'one',
        clusters: [{ name: 'one', cluster: { server: 'https://one' } }],
        contexts: [{ name: 'one', context: { cluster: 'one', user: 'one' } }],
      }),
    );
    expect(chooseContext({ kubeconfig: `${empty}:${full}` })).toMatchObject({ kind: 'chosen', context: 'one' });
  });

  // https://github.com/argoproj/argo-workflows/issues/981 is of this kind
  test('whose token ends in a line break, as a block of YAML does, asks with the token alone', async () => {
    const cluster = { name: 'c', server: 'https://c', skipTLSVerify: false };
    for (const user of [
      { name: 'u', token: 'secret\n' },
      { name: 'u', tokenFile: fileWith('token', 'secret\n') },
    ]) {
      expect((await createCredentials(cluster, user)()).headers).toEqual({ Authorization: 'Bearer secret' });
    }
  });
});

// https://github.com/argoproj/argo-workflows/issues/981, https://github.com/argoproj/argo-events/issues/209
describe('a variable that comes out of a file or a Secret, with its line break', () => {
  test('is read without it by the worker', () => {
    const environment = { AWS_REGION: 'eu-west-1\n', TEMPORAL_ADDRESS: 'temporal:7233\n', KUBECONFIG: ' \n' };
    expect(readWorkerConfiguration(environment)).toMatchObject({
      region: 'eu-west-1',
      temporalAddress: 'temporal:7233',
    });
    expect(readWorkerConfiguration(environment)).not.toHaveProperty('kubeconfig');
  });

  test('is read without it by the watcher and the command line', () => {
    const environment = {
      SLIPWAY_HOME: folder,
      TEMPORAL_ADDRESS: 'temporal:7233\r\n',
      TEMPORAL_NAMESPACE: 'slipway\n',
    };
    expect(readServiceConfiguration(environment)).toMatchObject({
      temporalAddress: 'temporal:7233',
      temporalNamespace: 'slipway',
    });
  });
});

// https://github.com/temporalio/sdk-rust/issues/541: what is said of an address that nobody could connect to
describe('the address of Temporal', () => {
  test.each(['temporal:7233', 'temporal.example.com', '127.0.0.1:7233', '[::1]:7233', 'a-b_c.d:65535'])(
    'may be %s',
    (address) => {
      expect(addressProblem(address)).toBeUndefined();
      expect(connectionOptions(address)).toMatchObject({ address });
    },
  );

  test.each(['http://temporal:7233', 'https://temporal', 'temporal:7233/', 'temporal:', 'a b:7233', '::1:7233', ''])(
    'is no URL or other thing, such as "%s": that is said at once, and not after a while of no answers',
    (address) => {
      expect(() => connectionOptions(address)).toThrow('must be host:port, such as temporal.example.com:7233');
      if (address === '') return;
      expect(() => readWorkerConfiguration({ AWS_REGION: 'eu-west-1', TEMPORAL_ADDRESS: address })).toThrow(
        'TEMPORAL_ADDRESS: must be host:port',
      );
    },
  );
});
