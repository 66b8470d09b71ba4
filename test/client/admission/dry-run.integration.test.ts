/**
 * What somebody hears who asks before they apply: of a real API server with the CRDs and the webhook, by kubectl and by
 * `slipway clusters plan -f`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { admissionWebhook } from '../../../api/admission.ts';
import { createJudge } from '../../../client/admission/judge.ts';
import { othersIn } from '../../../client/admission/others.ts';
import { type AdmissionServer, startServer } from '../../../client/admission/server.ts';
import { type FilePlan, planManifests } from '../../../client/cli/plan-file.ts';
import { filePlanLines } from '../../../client/cli/plan-file-text.ts';
import { managementApi } from '../../../client/management.ts';
import { tryOut } from '../../../client/trial.ts';
import { findAccess, transportTo } from '../../../kubernetes/access.ts';
import { createClient } from '../../../kubernetes/client.ts';
import { type Manifest, ROOT, seedManifest, seedManifests } from '../../api/manifests.ts';
import { type ApiServerForTests, startApiServer } from '../../support/api-server.ts';
import { makeServerCertificates } from '../../support/certificates.ts';

const HOST = '127.0.0.1';
const POOL = 'cluster-0-pool-0';
const PATH = `/apis/multicloud.cluster.gke.io/v1/namespaces/default/awsnodepools/${POOL}`;

let api: ApiServerForTests;
let webhook: AdmissionServer;
let folder: string;

const withSpec = (changes: object): Manifest => {
  const pool = seedManifest(POOL);
  return { ...pool, spec: { ...pool.spec, ...changes } };
};

const applied = async (changes: object, ...options: readonly string[]) => {
  const { code, stderr } = await api.kubectl(['apply', ...options, '-f', '-'], stringify(withSpec(changes)));
  const warnings = stderr.split('\n').filter((line) => line.startsWith('Warning: '));
  return { code, stderr, warnings: warnings.map((line) => line.slice('Warning: '.length)) };
};

const planned = async (changes: object): Promise<readonly FilePlan[]> => {
  const configuration = { kubeconfig: api.kubeconfig };
  const { kind, metadata, spec } = withSpec(changes);
  const sources = {
    api: managementApi(configuration),
    tryOut: tryOut(configuration),
    slipway: async () => ({ kind: 'unknown' as const, reason: 'nobody looks at AWS here' }),
  };
  const manifest = { kind: kind as 'AWSNodePool', name: metadata.name, spec: { ...spec } };
  return planManifests([manifest], 'default', sources);
};

const startWebhook = async (): Promise<void> => {
  const { certificate, key, authority } = await makeServerCertificates(HOST);
  folder = await mkdtemp(join(tmpdir(), 'slipway-dry-run-'));
  const files = { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
  await writeFile(files.certificate, certificate);
  await writeFile(files.key, key);
  const access = findAccess({ kubeconfig: api.kubeconfig });
  if (access.kind !== 'access') throw new Error(access.kind);
  const judge = createJudge({ others: othersIn(createClient(transportTo(access))), exempt: new Set() });
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  webhook = await startServer({ host: HOST, port: 0, files, judge, log });
  const caBundle = Buffer.from(authority).toString('base64');
  const url = `https://${HOST}:${webhook.port}/validate`;
  const { code, stderr } = await api.kubectl(['apply', '-f', '-'], stringify(admissionWebhook({ url, caBundle })));
  expect([code, stderr]).toEqual([0, '']);
};

beforeAll(async () => {
  api = await startApiServer();
  await api.installCrds(join(ROOT, 'deploy/crds'));
  for (const one of seedManifests()) {
    const { code, stderr } = await api.kubectl(['apply', '-f', '-'], stringify(one));
    expect([code, stderr]).toEqual([0, '']);
  }
  const status = { status: { observedGeneration: 1, state: 'Provisioned', desiredNodes: 4 } };
  const { status: answer } = await api.call('PATCH', `${PATH}/status`, status, 'application/merge-patch+json');
  expect(answer).toBe(200);
  await startWebhook();
});

afterAll(async () => {
  await webhook?.close();
  await api?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

const TURNS = 'replaces 4 machines in turns, 1 at a time, new ones first';

describe('a change of a provisioned pool', () => {
  const several = { instanceType: 't3.large', maxPodsPerNode: 50, tags: { team: 'platform' }, labels: { tier: 'web' } };

  test('is told beforehand by kubectl, field by field', async () => {
    const { code, warnings } = await applied({ ...several, nodeCount: 3 }, '--dry-run=server');
    expect(code).toBe(0);
    expect([...warnings].sort()).toEqual([
      'spec.instanceType: replaces 3 machines in turns, 1 at a time, new ones first',
      'spec.labels: in place',
      'spec.maxPodsPerNode: replaces 3 machines in turns, 1 at a time, new ones first',
      'spec.nodeCount: drains 1 machine, which then ends',
      'spec.tags: in place',
    ]);
  });

  test('is told the same by a plan of the file', async () => {
    const [plan] = await planned(several);
    const { warnings } = await applied(several, '--dry-run=server');
    expect(plan?.comes).toBe('changed');
    expect(plan?.fields.map(({ field, says }) => `spec.${field}: ${says}`).sort()).toEqual([...warnings].sort());
  });

  test('of nothing is told of by neither', async () => {
    expect(await applied({}, '--dry-run=server')).toMatchObject({ code: 0, warnings: [] });
    expect(filePlanLines(await planned({}))).toEqual([`AWSNodePool default/${POOL}: nothing changes`]);
  });

  test.each<[string, object, string]>([
    [
      'a rule of the schema forbids',
      { minNodeCount: 9, maxNodeCount: 8 },
      'minNodeCount must not be greater than maxNodeCount',
    ],
    ['the webhook refuses', { version: '1.99.0-gke.1' }, "is not in this release's catalogue"],
  ])('that %s is refused in a plan as by kubectl', async (_, changes, words) => {
    const { code, stderr } = await applied(changes, '--dry-run=server');
    expect(code).not.toBe(0);
    expect(stderr).toContain(words);
    const [plan] = await planned(changes);
    expect(plan?.comes).toBe('refused');
    expect(plan?.refused.join()).toContain(words);
  });

  test('of a fixed field says what to do instead, where kubectl says the same', async () => {
    const changes = { subnetID: 'subnet-03babff7f9b5d4a7b', tags: { team: 'platform' } };
    const [plan] = await planned(changes);
    expect(plan).toMatchObject({ comes: 'refused', refused: [] });
    const [fixed, ...others] = plan?.fields ?? [];
    expect(others).toMatchObject([{ field: 'tags', takes: 'in place' }]);
    expect((await applied(changes, '--dry-run=server')).stderr).toContain(fixed?.says);
  });

  test('that is applied for good warns of machines', async () => {
    const { code, warnings } = await applied({ ...several, instanceType: 't3.large' });
    expect(code).toBe(0);
    expect([...warnings].sort()).toEqual([`spec.instanceType: ${TURNS}`, `spec.maxPodsPerNode: ${TURNS}`]);
    // What the file named and names no more is taken back, as kubectl does it.
    const [plan] = await planned({ instanceType: 't3.large', maxPodsPerNode: 50 });
    expect(plan?.fields.map(({ field }) => field).sort()).toEqual(['labels', 'tags']);
  });
});
