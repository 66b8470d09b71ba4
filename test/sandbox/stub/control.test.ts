/** The stub's own door, as benches knock at it. */
import { afterEach, expect, test } from '@jest/globals';
import { createClusters } from '../../../sandbox/stub/clusters.ts';
import { listenForControl } from '../../../sandbox/stub/control.ts';
import { createFaults } from '../../../sandbox/stub/faults.ts';

const CLUSTER = 'gke-0a1b2c3d';

let close: (() => void) | undefined;
afterEach(() => close?.());

const door = async (): Promise<string> => {
  const host = '127.0.0.1';
  const clusters = createClusters();
  const { join } = clusters.of({ clusterId: CLUSTER, members: 3 });
  for (const index of [0, 1]) join(index, `i-${index}`, { kubernetes: '1.36.3', etcd: '3.6.16', serves: '1.36' });
  const none = () => Promise.resolve(false);
  const machines = {
    look: () => Promise.resolve(),
    kill: none,
    hang: () => false,
    resume: () => false,
    running: () => [],
  };
  const control = await listenForControl({ at: { host, port: 0 }, faults: createFaults(), clusters, host: machines });
  close = control.close;
  return `http://${host}:${control.port}`;
};

test('a cluster is asked there as whoever may do everything: no certificate is needed', async () => {
  const pods = `${await door()}/clusters/${CLUSTER}/api/v1/namespaces/default/pods`;
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'default' } };
  const made = await fetch(pods, { method: 'POST', body: JSON.stringify(pod) });
  expect(made.status).toBe(201);
  const listed = (await (await fetch(`${pods}?labelSelector=`)).json()) as { readonly items: readonly unknown[] };
  expect(listed.items).toHaveLength(1);
});

test('a cluster that does not run there is said not to', async () => {
  const answer = await fetch(`${await door()}/clusters/gke-ffffffff/api/v1/nodes`);
  expect(answer.status).toBe(404);
  expect(await answer.text()).toContain('no cluster gke-ffffffff runs here');
});
