/**
 * Node: the life of a worker machine, as a story: ask for a certificate, register, renew the Lease.
 *
 * Owns: the order of a node's life and its own heartbeat: a kubelet's part, with a kubelet's requests under its permissions.
 * Neighbours: `certificates.ts` obtains and keeps certificates; `node-object.ts` says what is registered, `storage.ts` what
 * can be attached and is; the node approver on the control plane grants; the cloud controller initialises the Node.
 * Invariant: I9 (everything is retried for ever and says why).
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { Node } from '../../agent/host.ts';
import { type Identity, type Kubernetes, reasonOf } from '../../agent/kubernetes.ts';
import type { Log } from '../../agent/log.ts';
import { again, done, pause, persist } from '../../agent/persist.ts';
import { wholeMessageOf } from '../../words/failure.ts';
import { connectApi } from './api.ts';
import { keepNodeCertificates, obtainNodeCertificates } from './certificates.ts';
import {
  healthyConditions,
  LEASE_DURATION_SECONDS,
  LEASE_RENEWAL_SECONDS,
  nodeBelongsTo,
  nodeObject,
  nodeStatus,
  type RegisteredNode,
  shutdownCondition,
} from './node-object.ts';
import type { KubeletSettings } from './settings.ts';
import { keepStorage } from './storage.ts';

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const PACE = { firstMillis: 500, maxMillis: 5_000 };
const STATUS_MILLIS = 300_000;
const LEASE_RETRY_MILLIS = 1_000;
const SHUTDOWN_MILLIS = 2_000;

export type NodeBoot = Omit<Node, 'components'> & {
  readonly settings: KubeletSettings;
  /** Folder for its certificates, which a restarted agent finds again. */
  readonly state: string;
  readonly proxy: string;
  readonly log: Log;
};

/** The client of the moment: it changes when the node's certificate does. */
type Connection = { kubernetes: Kubernetes };

/** Creates the Node, or takes up the one that an earlier agent of this instance created. */
const register = (boot: NodeBoot, connection: Connection, signal: AbortSignal): Promise<RegisteredNode> =>
  persist({
    what: 'Registering the node',
    log: boot.log,
    signal,
    pace: PACE,
    attempt: async () => {
      const { instance } = boot;
      const path = `/api/v1/nodes/${instance.hostname}`;
      const created = await connection.kubernetes.call(
        'POST',
        '/api/v1/nodes',
        nodeObject(boot.settings, instance, new Date().toISOString()),
      );
      if (created.status === 201) return done(created.body as RegisteredNode);
      if (created.status !== 409) throw new Error(reasonOf(created));
      const found = await connection.kubernetes.call('GET', path);
      if (found.status !== 200) throw new Error(reasonOf(found));
      const node = found.body as RegisteredNode & Parameters<typeof nodeBelongsTo>[0];
      if (!nodeBelongsTo(node, instance)) {
        return again(
          `Node ${instance.hostname} still belongs to another instance that had this address; it goes when the cloud controller sees that one gone`,
        );
      }
      const now = new Date().toISOString();
      const patched = await connection.kubernetes.call('PATCH', `${path}/status`, {
        status: nodeStatus(boot.settings, instance, now, now),
      });
      if (patched.status !== 200) throw new Error(reasonOf(patched));
      return done(node);
    },
  });

/** Renews the node's own Lease; creates it when it is not there. */
const renewLease = async (kubernetes: Kubernetes, node: RegisteredNode): Promise<void> => {
  const { name, uid } = node.metadata;
  const renewTime = new Date().toISOString().replace('Z', '000Z');
  const renewed = await kubernetes.call('PATCH', `${LEASES}/${name}`, { spec: { holderIdentity: name, renewTime } });
  if (renewed.status === 200) return;
  if (renewed.status !== 404) throw new Error(reasonOf(renewed));
  const created = await kubernetes.call('POST', LEASES, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] },
    spec: { holderIdentity: name, leaseDurationSeconds: LEASE_DURATION_SECONDS, renewTime },
  });
  if (created.status !== 201) throw new Error(reasonOf(created));
};

/** Reports that the node is healthy. False when its Node is gone, which means that it must register again. */
const reportStatus = async (kubernetes: Kubernetes, node: RegisteredNode, since: string): Promise<boolean> => {
  const answer = await kubernetes.call('PATCH', `/api/v1/nodes/${node.metadata.name}/status`, {
    status: { conditions: healthyConditions(new Date().toISOString(), since) },
  });
  if (answer.status === 404) return false;
  if (answer.status !== 200) throw new Error(reasonOf(answer));
  return true;
};

/** Says once that the machine shuts down. Nobody waits for it longer than a machine has for its shutdown. */
const reportShutdown = async (boot: NodeBoot, kubernetes: Kubernetes, node: RegisteredNode): Promise<void> => {
  const { name } = node.metadata;
  try {
    const answer = await Promise.race([
      kubernetes.call('PATCH', `/api/v1/nodes/${name}/status`, {
        status: { conditions: [shutdownCondition(new Date().toISOString())] },
      }),
      delay(SHUTDOWN_MILLIS).then(() => Promise.reject(new Error('the API server did not answer in time'))),
    ]);
    if (answer.status !== 200) throw new Error(reasonOf(answer));
    boot.log.info(`Node ${name} is reported as shutting down`);
  } catch (thrown) {
    boot.log.warn(`Node ${name} could not be reported as shutting down: ${wholeMessageOf(thrown)}`);
  }
};

/** Lease and status, until the signal is aborted or the Node is deleted. */
const beat = async (
  boot: NodeBoot,
  connection: Connection,
  node: RegisteredNode,
  signal: AbortSignal,
): Promise<void> => {
  const since = new Date().toISOString();
  let reportedAt = Date.now();
  let failing = false;
  while (!signal.aborted) {
    let wait = LEASE_RENEWAL_SECONDS * 1000;
    try {
      await renewLease(connection.kubernetes, node);
      // After an outage the control plane may have marked it unknown: healthy again is news.
      const due = failing || Date.now() - reportedAt >= STATUS_MILLIS;
      if (due && !(await reportStatus(connection.kubernetes, node, since))) {
        boot.log.warn('The Node object was deleted; it is registered again');
        return;
      }
      if (due) reportedAt = Date.now();
      if (failing) boot.log.info('The Lease is renewed again');
      failing = false;
    } catch (thrown) {
      if (!failing) boot.log.warn(`The Lease is not renewed, tried every second: ${wholeMessageOf(thrown)}`);
      failing = true;
      wait = LEASE_RETRY_MILLIS;
    }
    await pause(wait, signal);
  }
};

export const runKubelet = async (boot: NodeBoot, signal: AbortSignal): Promise<void> => {
  const { log } = boot;
  const startedAt = Date.now();
  const connect = (identity: Identity): Kubernetes => connectApi(boot, { kind: 'certificate', ...identity });

  const identity = await obtainNodeCertificates(boot, signal);
  const connection: Connection = { kubernetes: connect(identity) };
  const onRenewed = (renewed: Identity): void => {
    connection.kubernetes.close();
    connection.kubernetes = connect(renewed);
  };
  const client = { identity, kubernetes: () => connection.kubernetes, onRenewed };
  const certificates = keepNodeCertificates(boot, client, signal);
  certificates.catch((thrown: unknown) => {
    if (!signal.aborted) log.error(`Certificates of the node are no longer renewed: ${wholeMessageOf(thrown)}`);
  });

  while (!signal.aborted) {
    const node = await register(boot, connection, signal);
    log.info(`Node ${node.metadata.name} is registered`, { seconds: (Date.now() - startedAt) / 1000 });
    const gone = new AbortController();
    keepStorage(boot, () => connection.kubernetes, node, AbortSignal.any([signal, gone.signal])).catch(
      (thrown: unknown) => {
        if (!signal.aborted && !gone.signal.aborted) {
          log.error(`Nothing more is said of the node's volumes: ${wholeMessageOf(thrown)}`);
        }
      },
    );
    try {
      await beat(boot, connection, node, signal);
    } finally {
      gone.abort(new Error('the Node is gone'));
      if (signal.aborted) await reportShutdown(boot, connection.kubernetes, node);
    }
  }
};
