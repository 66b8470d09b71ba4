/** Credentials, from the command to a kubeconfig that kubectl can use, through a real Temporal; the signing is a double. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import 'reflect-metadata';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { ApplicationFailure } from '@temporalio/common';
import { parse } from 'yaml';
import type { IssueCertificateRequest } from '../../activities/contract.ts';
import { credentialFor } from '../../client/cli/exec-credential.ts';
import { credentialsText, getCredentials } from '../../client/cli/get-credentials.ts';
import type { ClientConfiguration } from '../../client/configuration.ts';
import { type IssuedCertificate, TASK_QUEUE } from '../../workflows/messages.ts';
import { startTemporal, type TemporalForTests } from '../support/temporal.ts';
import { type ManagementDouble, startManagement } from './management-double.ts';
import { storedCluster } from './objects.ts';

const CONTEXT = 'gke_aws_default_cluster-0_gke-dfccaa67';

let temporal: TemporalForTests;
let management: ManagementDouble;
let folder: string;
let configuration: ClientConfiguration;
let environment: NodeJS.ProcessEnv;
let requests: IssueCertificateRequest[];

const sign = async (request: IssueCertificateRequest): Promise<IssuedCertificate> => {
  requests.push(request);
  return {
    certificate: `CERTIFICATE ${requests.length}`,
    expiresAt: new Date(Date.now() + request.lifetimeSeconds * 1_000).toISOString(),
    certificateAuthority: 'AUTHORITY',
    endpoint: 'lb.example',
    clusterId: 'gke-dfccaa67',
  };
};

const withSigner = <T>(issueCertificate: typeof sign, body: () => Promise<T>): Promise<T> =>
  temporal.withWorker({ issueCertificate }, body, { taskQueue: TASK_QUEUE });

beforeAll(async () => {
  [temporal, management] = await Promise.all([
    startTemporal(),
    startManagement({
      '/apis/multicloud.cluster.gke.io/v1/namespaces/default/awsclusters/cluster-0': [200, storedCluster()],
    }),
  ]);
});
afterAll(async () => {
  await temporal?.stop();
  await management?.stop();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-test-'));
  writeFileSync(join(folder, 'management'), management.kubeconfig);
  configuration = {
    temporalAddress: temporal.address,
    temporalNamespace: temporal.namespace,
    kubeconfig: join(folder, 'management'),
    proxy: 'http://127.0.0.1:8118',
  };
  environment = { SLIPWAY_HOME: join(folder, 'home'), KUBECONFIG: join(folder, 'mine') };
  requests = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('get-credentials', () => {
  test('writes a context that leads to the cluster through the proxy, and switches to it', async () => {
    const written = await withSigner(sign, () => getCredentials(configuration, environment, 'cluster-0', {}));
    expect(written).toEqual({
      context: CONTEXT,
      kubeconfig: join(folder, 'mine'),
      server: 'https://lb.example',
      currentContext: CONTEXT,
    });
    expect(credentialsText(written)).toBe(
      `Kubeconfig entry "${CONTEXT}" written to ${join(folder, 'mine')}.\nSwitched to context "${CONTEXT}".`,
    );
    const text = readFileSync(join(folder, 'mine'), 'utf8');
    const { clusters, users } = parse(text) as {
      clusters: { cluster: Record<string, string> }[];
      users: { user: { exec: { args: string[]; env: { name: string; value: string }[] } } }[];
    };
    expect(clusters[0]?.cluster).toMatchObject({ server: 'https://lb.example', 'proxy-url': 'http://127.0.0.1:8118' });
    expect(users[0]?.user.exec.args.slice(1)).toEqual(['clusters', 'credential', 'default', 'cluster-0', 'uid-0']);
    expect(users[0]?.user.exec.env).toContainEqual({ name: 'SLIPWAY_HOME', value: join(folder, 'home') });
    expect(text).not.toMatch(/PRIVATE KEY|client-key/);
  });

  test('adds the context to the kubeconfig that Slipway itself goes by, and leaves its current one alone', async () => {
    const options = { kubeconfig: join(folder, 'management') };
    const written = await withSigner(sign, () => getCredentials(configuration, environment, 'cluster-0', options));
    expect(written).toMatchObject({ context: CONTEXT, currentContext: 'management' });
    expect(credentialsText(written)).toMatch(/current context stays "management".*kubectl --context gke_aws_default/);
    // Where a context is pinned, switching does no harm.
    const pinned = { ...configuration, context: 'management' };
    expect(await withSigner(sign, () => getCredentials(pinned, environment, 'cluster-0', options))).toMatchObject({
      currentContext: CONTEXT,
    });
  });

  test('sends only a signed request; the key stays on this computer, readable by its owner (I8)', async () => {
    await withSigner(sign, () => getCredentials(configuration, environment, 'cluster-0', {}));
    const credentials = join(folder, 'home', 'credentials');
    expect(readdirSync(credentials)).toEqual(['uid-0.json']);
    expect(statSync(join(credentials, 'uid-0.json')).mode & 0o777).toBe(0o600);
    const { key } = JSON.parse(readFileSync(join(credentials, 'uid-0.json'), 'utf8')) as { key: string };
    const [request] = requests;
    expect(request).toMatchObject({ lifetimeSeconds: 3_600, object: { kind: 'AWSCluster', uid: 'uid-0' } });
    const csr = new Pkcs10CertificateRequest(request?.csr ?? '');
    expect(await csr.verify()).toBe(true);
    const ours = createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'der' });
    expect(Buffer.from(csr.publicKey.rawData).equals(ours)).toBe(true);

    const secret = key.split('\n').slice(1, -1).join('');
    for await (const { workflowId } of temporal.environment.client.workflow.list({
      query: "WorkflowType = 'IssueCredential'",
    })) {
      const history = await temporal.environment.client.workflow.getHandle(workflowId).fetchHistory();
      const json = JSON.stringify(history);
      const decoded = [...json.matchAll(/"data":"([^"]*)"/g)].map(([, data = '']) =>
        Buffer.from(data, 'base64').toString(),
      );
      const all = `${json}${decoded.join('')}`;
      expect(all).toContain('CERTIFICATE REQUEST');
      expect(all).not.toContain('PRIVATE KEY');
      expect(all.replaceAll('\\n', '')).not.toContain(secret);
    }
  });

  test('has kubectl served from what is kept, and issues anew only when that is gone', async () => {
    const object = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: 'uid-0' } as const;
    await withSigner(sign, async () => {
      const first = await credentialFor(configuration, environment, object);
      expect(await credentialFor(configuration, environment, object)).toEqual(first);
      expect(requests).toHaveLength(1);
      rmSync(join(folder, 'home', 'credentials'), { recursive: true });
      expect((await credentialFor(configuration, environment, object)).certificate).toBe('CERTIFICATE 2');
    });
  });

  test('says why no credentials were issued, in the words of the worker', async () => {
    const refuse = async (): Promise<never> => {
      throw ApplicationFailure.nonRetryable('Secret default/gke-dfccaa67-root-ca does not exist', 'blocked');
    };
    await expect(withSigner(refuse, () => getCredentials(configuration, environment, 'cluster-0', {}))).rejects.toThrow(
      /^No credentials were issued for cluster default\/cluster-0: Secret default\/gke-dfccaa67-root-ca does not exist\./,
    );
  });

  test('says so when no worker is there to issue any', async () => {
    await expect(getCredentials(configuration, environment, 'cluster-0', {})).rejects.toThrow(
      /no worker took it within 30 s\. Is the worker up/,
    );
  });
});
