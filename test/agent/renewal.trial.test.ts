/**
 * A control plane of three real replicas lives through the end of every certificate that it booted with.
 *
 * Nobody can give Go's programs another clock: they ask the kernel by themselves. So the end comes to them instead. Machines boot with certificates
 * of a year that have minutes left, as if they had been issued a year ago (`SLIPWAY_CERTIFICATE_AGE_SECONDS`), and agents look every
 * three minutes instead of every hour whether any is due. What this shows: the agent's own rule renews them all, etcd, API servers and controllers take the new
 * ones up by themselves, in time and without a restart, and who watches or asks meanwhile notices nothing. What it leaves out: that nothing but
 * certificates ages in thirteen months; the certificates of nodes, which a real kubelet renews and here one that is played; and the API server's own
 * towards kubelets and extension API servers, for which nobody asks here. The arithmetic of thirteen months is in `certificates.test.ts`.
 */
import 'reflect-metadata';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { replicaName } from '../../api/names.ts';
import { createTransport, type Transport } from '../../kubernetes/transport.ts';
import { LEAF_LIFETIME_SECONDS } from '../../machine/certificates.ts';
import {
  API_SERVER_PORT,
  CLOUD_CONTROLLER_PORT,
  CONTROLLER_MANAGER_PORT,
  ETCD_CLIENT_PORT,
  ETCD_PEER_PORT,
  SCHEDULER_PORT,
} from '../../machine/ports.ts';
import { generateKeyPair } from '../../machine/x509.ts';
import { wholeMessageOf } from '../../words/failure.ts';
import { type CloudForTests, startCloud } from '../sandbox/instances/cloud.ts';
import { waitFor } from '../support/wait.ts';
import { type ClusterForTests, createCluster } from './cluster.ts';

const AGENT = `await import('${new URL('../../sandbox/machine/main.ts', import.meta.url).href}');\n`;
/** Kubernetes' clients look every five minutes whether their certificate's file is another one, so it must be there before. */
const LEFT_SECONDS = 600;
const RENEWAL_SECONDS = 180;
const REPLICAS = [0, 1, 2] as const;
const PORTS = {
  etcd: ETCD_CLIENT_PORT,
  'etcd, for its peers': ETCD_PEER_PORT,
  'kube-apiserver': API_SERVER_PORT,
  'kube-controller-manager': CONTROLLER_MANAGER_PORT,
  'kube-scheduler': SCHEDULER_PORT,
  'aws-cloud-controller-manager': CLOUD_CONTROLLER_PORT,
} as const;
const LEASES = ['kube-controller-manager', 'kube-scheduler', 'cloud-controller-manager'];
const REQUESTS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';

/** When the certificate ends that a server shows, in epoch milliseconds. Etcd shows it before it asks who we are. */
const endShownAt = async (host: string, port: number, ca: string): Promise<number> => {
  const socket = connect({ host, port, ca });
  try {
    await once(socket, 'secureConnect');
    return Date.parse(socket.getPeerCertificate().valid_to);
  } finally {
    socket.destroy();
  }
};

/** Asks again and again until it is told to stop, over kept connections and over new ones; answers whatever was not well. */
const askOn = (transports: readonly Transport[]) => {
  const [failures, counts] = [[] as string[], { asked: 0 }];
  let isOver = false;
  const ask = async (transport: Transport, last: boolean): Promise<void> => {
    while (!isOver) {
      counts.asked += 1;
      try {
        const path = '/api/v1/namespaces?limit=1';
        const { status, text } = await transport.send({ method: 'GET', path, last, deadlineMs: 60_000 });
        if (status !== 200) failures.push(`${transport.server} answered ${status}: ${text}`);
      } catch (error) {
        failures.push(`${transport.server}: ${wholeMessageOf(error)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  };
  const asking = transports.flatMap((transport) => [ask(transport, false), ask(transport, true)]);
  return {
    counts,
    stop: async (): Promise<readonly string[]> => {
      isOver = true;
      await Promise.all(asking);
      return failures;
    },
  };
};

/** A watch that is opened once, and all that came of it. */
const watchOn = async (transport: Transport, signal: AbortSignal) => {
  const lines: string[] = [];
  const path = '/api/v1/namespaces?watch=1&timeoutSeconds=3600&allowWatchBookmarks=true';
  const stream = await transport.stream({ method: 'GET', path, signal });
  if (!('lines' in stream)) throw new Error(`the watch is answered with ${stream.status}: ${stream.text}`);
  const watching = (async () => {
    for await (const line of stream.lines) lines.push(line);
    return 'ended' as const;
  })().catch(wholeMessageOf);
  return { lines, state: () => Promise.race([watching, Promise.resolve('open' as const)]) };
};

describe('a control plane whose certificates end', () => {
  let cloud: CloudForTests;
  let cluster: ClusterForTests;
  let transports: readonly Transport[];
  let asking: ReturnType<typeof askOn>;
  let watches: readonly Awaited<ReturnType<typeof watchOn>>[];
  let firstEnds: readonly number[];
  let restarts: readonly number[];
  const ending = new AbortController();

  const shown = async (): Promise<readonly number[]> =>
    Promise.all(
      REPLICAS.flatMap((index) =>
        Object.values(PORTS).map((port) => {
          const { root, etcd } = cluster.authorities;
          const ca = port === ETCD_CLIENT_PORT || port === ETCD_PEER_PORT ? etcd : root;
          return endShownAt(cluster.addresses[index] ?? '', port, ca.certificate);
        }),
      ),
    );

  const logs = async (): Promise<readonly string[]> =>
    Promise.all(
      REPLICAS.map(async (index) =>
        cluster.agentLog((await cluster.instanceOf(replicaName(cluster.id, index)))?.InstanceId ?? ''),
      ),
    );

  const restartsSoFar = async (): Promise<readonly number[]> =>
    (await logs()).map((log) => log.split('\n').filter((line) => line.includes('starts again in')).length);

  beforeAll(async () => {
    process.env['SLIPWAY_CERTIFICATE_AGE_SECONDS'] = String(LEAF_LIFETIME_SECONDS - LEFT_SECONDS);
    process.env['SLIPWAY_RENEWAL_SECONDS'] = String(RENEWAL_SECONDS);
    cloud = await startCloud(AGENT);
    cloud.start('network');
    cloud.start('instances');
    cluster = await createCluster(cloud);
    transports = REPLICAS.map((index) => {
      const { access } = cluster;
      return createTransport({ ...access, server: `https://${cluster.addresses[index]}:${API_SERVER_PORT}` });
    });
  });

  afterAll(async () => {
    ending.abort();
    await asking?.stop();
    await Promise.all((transports ?? []).map((one) => one.close()));
    cluster?.close();
    await cloud?.close();
  });

  test('boots with certificates that have minutes left, and serves', async () => {
    firstEnds = await waitFor('all programs to show a certificate', shown, { intervalMs: 500 });
    const apis = [cluster.api, ...REPLICAS.map(cluster.replica)];
    for (const api of apis) {
      await waitFor('the API of each replica to be ready', async () =>
        (await api.call('GET', '/readyz')).status === 200 ? true : undefined,
      );
    }
    await cluster.allowNodes();
    asking = askOn(transports);
    watches = await Promise.all(transports.map((transport) => watchOn(transport, ending.signal)));
    for (const end of firstEnds) expect(end - Date.now()).toBeLessThan(LEFT_SECONDS * 1_000);
  });

  test('has all of them renewed by its agents, and shows the new ones, before the old ones end', async () => {
    const ends = await waitFor(
      'new certificates at every port',
      async () => {
        const now = await shown();
        return now.every((end, at) => end !== firstEnds[at]) ? now : undefined;
      },
      { intervalMs: 1_000 },
    );
    expect(Date.now()).toBeLessThan(Math.min(...firstEnds));
    restarts = await restartsSoFar();
    for (const end of ends) expect(end - Date.now()).toBeGreaterThan(LEAF_LIFETIME_SECONDS * 900);
  });

  test('goes on past that end: who asks, who watches, controllers and the node approver', async () => {
    const end = Math.max(...firstEnds);
    await waitFor('the end of all that it booted with', async () => (Date.now() > end + 5_000 ? true : undefined), {
      intervalMs: 1_000,
    });
    await waitFor('a namespace to be made', async () => {
      const { status } = await cluster.api.call('POST', '/api/v1/namespaces', { metadata: { name: 'afterwards' } });
      return status === 201 || status === 409 ? true : undefined;
    });
    await waitFor('a controller to give it its account', async () => {
      const { status } = await cluster.api.call('GET', '/api/v1/namespaces/afterwards/serviceaccounts/default');
      return status === 200 ? true : undefined;
    });
    for (const name of LEASES) {
      await waitFor(`${name} to hold its lease`, async () => {
        const path = `/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/${name}`;
        const { spec } = (await cluster.api.call('GET', path)).body as { spec?: { renewTime?: string } };
        return Date.parse(spec?.renewTime ?? '') > end ? true : undefined;
      });
    }
    const asked = await Pkcs10CertificateRequestGenerator.create({
      name: [{ O: ['system:nodes'] }, { CN: ['system:node:ip-10-0-9-9.eu-west-1.compute.internal'] }],
      keys: await generateKeyPair(),
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    });
    await cluster.api.call('POST', REQUESTS, {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'stranger' },
      spec: {
        request: Buffer.from(asked.toString('pem')).toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
        usages: ['digital signature', 'client auth'],
      },
    });
    await waitFor('the node approver to answer', async () => {
      const { body } = await cluster.api.call('GET', `${REQUESTS}/stranger`);
      const { status } = body as { status?: { conditions?: readonly { type: string }[] } };
      return status?.conditions?.find(({ type }) => type === 'Denied');
    });
    for (const watch of watches) {
      await waitFor('the watch of before to tell of it', async () => {
        const state = await watch.state();
        if (state !== 'open') throw new Error(`the watch is over: ${state}`);
        return watch.lines.some((line) => line.includes('"afterwards"')) ? true : undefined;
      });
    }
    const failures = await asking.stop();
    console.log(`Of ${asking.counts.asked} requests ${failures.length} failed`);
    expect(failures.filter((one) => /answered 40[13]|certificate|TLS|SSL/i.test(one))).toEqual([]);
    // A starved etcd elects another leader, and a request fails: for no other reason than that.
    expect(failures.length).toBeLessThan(asking.counts.asked / 100);
  });

  test('restarted none of its programs for it', async () => {
    for (const log of await logs()) {
      expect(log).toContain('Certificates were renewed');
      expect(log).not.toContain('could not be renewed');
    }
    expect(await restartsSoFar()).toEqual(restarts);
  });
});
