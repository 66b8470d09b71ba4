/**
 * Admission: how long a review takes, from the API server's request to the answer, over HTTPS with certificates both ways.
 *
 * Owns: the measurement. The webhook's server and rules are the real ones; the API server is played by a server of this
 * process, which sends reviews and answers reads at once, so that what is measured is the webhook's share, and, since both
 * ends share a process, more than that. Neighbours: `test/client/admission/` proves what it answers.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, fetch } from 'undici';
import { stringify } from 'yaml';
import { openAccess } from '../client/access.ts';
import { createJudge } from '../client/admission/judge.ts';
import { othersIn } from '../client/admission/others.ts';
import { startServer } from '../client/admission/server.ts';
import { transportTo } from '../kubernetes/access.ts';
import { createClient } from '../kubernetes/client.ts';
import { ensurePki, pkiBase64 } from '../sandbox/management/pki.ts';
import type { BenchOptions } from './main.ts';
import { type Manifest, seedManifests } from './manifests.ts';
import type { Report } from './report.ts';

const HOST = '127.0.0.1';
const MOST_MS = 100;
const WARM_UP = 200;
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

type Case = { readonly name: string; readonly review: string };

const reviewOf = (operation: 'CREATE' | 'UPDATE', object: Manifest, oldObject: Manifest | null): string =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      kind: { group: 'multicloud.cluster.gke.io', version: 'v1', kind: object.kind },
      operation,
      namespace: object.metadata.namespace,
      name: object.metadata.name,
      userInfo: { username: 'somebody' },
      object,
      oldObject,
    },
  });

const withSpec = (object: Manifest, changes: object): Manifest => ({ ...object, spec: { ...object.spec, ...changes } });

/** Creates that are read for, a change that isn't, and a refusal. */
const casesOf = (cluster: Manifest, pool: Manifest): readonly Case[] => [
  { name: 'create a cluster that three node pools name', review: reviewOf('CREATE', cluster, null) },
  { name: 'create a node pool', review: reviewOf('CREATE', pool, null) },
  { name: 'change a node pool', review: reviewOf('UPDATE', withSpec(pool, { minNodeCount: 4 }), pool) },
  { name: 'refuse a node pool', review: reviewOf('CREATE', withSpec(pool, { version: '1.99.0-gke.1' }), null) },
];

/** The API server's part: it answers reads from memory. */
const playApiServer = async (pki: string, cluster: Manifest, pools: readonly Manifest[]) => {
  const answers = new Map([
    ['awsclusters', JSON.stringify(cluster)],
    ['awsnodepools', JSON.stringify({ items: pools })],
  ]);
  const options = {
    cert: readFileSync(`${pki}/apiserver.crt`),
    key: readFileSync(`${pki}/apiserver.key`),
    ca: readFileSync(`${pki}/ca.crt`),
    requestCert: true,
  };
  const server = createServer(options, (request, response) => {
    const resource = [...answers.keys()].find((name) => request.url?.includes(`/${name}`)) ?? '';
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(answers.get(resource));
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  return {
    url: `https://${HOST}:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
};

const kubeconfigFor = (pki: string, server: string): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'bench',
    clusters: [{ name: 'bench', cluster: { server, 'certificate-authority-data': pkiBase64(pki, 'ca.crt') } }],
    users: [
      {
        name: 'bench',
        user: {
          'client-certificate-data': pkiBase64(pki, 'slipway-admission.crt'),
          'client-key-data': pkiBase64(pki, 'slipway-admission.key'),
        },
      },
    ],
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
  });

const percentile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;

type Timed = { readonly name: string; readonly ms: number };

/** Sends reviews, several at once, and times each. */
const send = async (
  url: string,
  dispatcher: Agent,
  cases: readonly Case[],
  { reviews, atOnce }: { readonly reviews: number; readonly atOnce: number },
): Promise<readonly Timed[]> => {
  const timed: Timed[] = [];
  let next = 0;
  const sender = async (): Promise<void> => {
    while (next < reviews) {
      const one = cases[next % cases.length];
      next += 1;
      if (one === undefined) return;
      const began = performance.now();
      const answer = await fetch(url, { method: 'POST', body: one.review, dispatcher });
      const body = await answer.text();
      if (answer.status !== 200) throw new Error(`${one.name}: ${answer.status} ${body}`);
      timed.push({ name: one.name, ms: performance.now() - began });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, sender));
  return timed;
};

const measure = async (folder: string, options: { readonly reviews: number; readonly atOnce: number }) => {
  const pki = join(folder, 'pki');
  await ensurePki(pki, { etcd: HOST, api: HOST, admission: HOST });
  const [cluster, ...pools] = seedManifests();
  const [pool] = pools;
  if (cluster === undefined || pool === undefined) throw new Error("the seed's manifest holds no cluster with a pool");
  const api = await playApiServer(pki, cluster, pools);
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigFor(pki, api.url), { mode: 0o600 });
  const judge = createJudge({
    others: othersIn(createClient(transportTo(openAccess({ kubeconfig }), { connections: { most: Infinity } }))),
    exempt: new Set(),
  });
  const files = { certificate: `${pki}/admission.crt`, key: `${pki}/admission.key`, clientAuthority: `${pki}/ca.crt` };
  const webhook = await startServer({ host: HOST, port: 0, files, judge, log: SILENT });
  const dispatcher = new Agent({
    connect: {
      ca: readFileSync(`${pki}/ca.crt`),
      cert: readFileSync(`${pki}/apiserver-admission-client.crt`),
      key: readFileSync(`${pki}/apiserver-admission-client.key`),
    },
  });
  try {
    const url = `https://${HOST}:${webhook.port}/validate`;
    const cases = casesOf(cluster, pool);
    await send(url, dispatcher, cases, { reviews: WARM_UP, atOnce: options.atOnce });
    return await send(url, dispatcher, cases, options);
  } finally {
    await dispatcher.close();
    await webhook.close();
    await api.close();
  }
};

const row = (name: string, timed: readonly Timed[]): readonly (string | number)[] => {
  const sorted = timed.map(({ ms }) => ms).sort((a, b) => a - b);
  return [name, sorted.length, percentile(sorted, 0.5), percentile(sorted, 0.99), sorted.at(-1) ?? Number.NaN];
};

export const run = async (options: BenchOptions): Promise<Report> => {
  const reviews = Number(options['reviews']);
  const atOnce = Number(options['atOnce']);
  const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
  try {
    const timed = await measure(folder, { reviews, atOnce });
    const names = [...new Set(timed.map(({ name }) => name))];
    const all = timed.map(({ ms }) => ms).sort((a, b) => a - b);
    return {
      bench: 'admission',
      budgets: [{ what: '99th percentile of a review', measured: percentile(all, 0.99), unit: 'ms', most: MOST_MS }],
      tables: [
        {
          title: `Reviews, ${atOnce} at once, in ms`,
          columns: ['WHAT', 'REVIEWS', 'MEDIAN', '99TH PERCENTILE', 'LONGEST'],
          rows: [
            ...names.map((name) =>
              row(
                name,
                timed.filter((one) => one.name === name),
              ),
            ),
            row('all', timed),
          ],
        },
      ],
      notes: [
        'The API server is played by this process, which answers reads at once: its own time comes on top, and the time of sending is part of these.',
      ],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
