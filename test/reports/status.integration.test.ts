/** What people reported elsewhere of statuses that could not be written, tried at a real API server. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type AWSClusterStatus, awsCluster } from '../../api/cluster.ts';
import { API_VERSION } from '../../api/names.ts';
import { openAccess } from '../../client/access.ts';
import { transportTo } from '../../kubernetes/access.ts';
import { createClient, type KubernetesClient } from '../../kubernetes/client.ts';
import { statusOf } from '../../policy/status.ts';
import type { StepState } from '../../policy/views.ts';
import { ROOT, seedManifest } from '../api/manifests.ts';
import { OBJECT, OWNER, step, T0, view } from '../policy/operation-views.ts';
import { type ApiServerForTests, startApiServer } from '../support/api-server.ts';

const CLUSTERS = '/apis/multicloud.cluster.gke.io/v1/namespaces/default/awsclusters';

let api: ApiServerForTests;
let client: KubernetesClient;

beforeAll(async () => {
  api = await startApiServer();
  await api.installCrds(join(ROOT, 'deploy/crds'));
  client = createClient(transportTo(openAccess({ kubeconfig: api.kubeconfig })));
  await api.call('POST', CLUSTERS, seedManifest('cluster-0'));
});
afterAll(async () => {
  await client?.close();
  await api?.stop();
});

const failing = (message: string): StepState => ({
  state: 'blocked',
  since: T0,
  attempt: 1,
  verdict: 'blocked',
  message,
  retryAt: T0,
});

/** Writes what a blocked step says, and answers the sentence as it is read again. */
const written = async (message: string): Promise<string | undefined> => {
  const found = awsCluster.parse((await api.call('GET', `${CLUSTERS}/cluster-0`)).body);
  const steps = [step('ensure preflight', failing(message))];
  const status = statusOf(
    {
      object: { ...OBJECT, uid: found.metadata.uid },
      owner: { ...OWNER, uid: found.metadata.uid },
      generation: found.metadata.generation,
      subject: { kind: 'operation', operation: view(steps) },
      events: [],
    },
    found,
    T0,
  );
  await client.applyStatus({
    apiVersion: API_VERSION,
    kind: 'AWSCluster',
    metadata: { name: 'cluster-0', namespace: 'default' },
    status,
  });
  const { body } = await api.call('GET', `${CLUSTERS}/cluster-0`);
  return (body as { status: AWSClusterStatus }).status.lastErrors?.[0]?.message;
};

// An API server reads what is applied to it as YAML, which has no control characters; https://github.com/kyverno/kyverno/issues/6329
test.each([
  ['a control character of another encoding', 'The key pair K\u0085 does not exist'],
  ['a deleted character', 'The key pair K\u007f does not exist'],
  ['a break of lines that only some know', 'The key pair\u2028 does not exist'],
  ['a mark of byte order', '\ufeffThe key pair does not exist'],
  ['no character at all', 'The key pair \uffff does not exist'],
  ['a bell, a tab and a break', 'The\u0007 key\tpair\ndoes not exist'],
])('what AWS said is told although it has %s', async (_what, message) => {
  expect(await written(message)).toBe(message);
});

// A message that was cut inside a character: https://github.com/caraml-dev/merlin/pull/670
test('what AWS said is told as far as there is room for it, wherever its characters end', async () => {
  for (let before = 1_018; before <= 1_024; before += 1) {
    const said = await written(`${'a'.repeat(before)}😀😀😀`);
    expect(said?.isWellFormed()).toBe(true);
    expect(said?.startsWith('a'.repeat(1_000))).toBe(true);
  }
});

test('what has half a character in it from the beginning is told all the same', async () => {
  expect(await written('The key pair \ud83d does not exist')).toBe('The key pair \ufffd does not exist');
});

// What a failing program printed, some ten thousand bytes of it: https://github.com/apecloud/kubeblocks/issues/10324, https://github.com/akuity/kargo/pull/6158
test('what is much longer than a condition may be is told in part, and is no end of telling', async () => {
  expect((await written('all of it '.repeat(10_000)))?.length).toBeLessThanOrEqual(1_024);
  expect(await written('short')).toBe('short');
});
