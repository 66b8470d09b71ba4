/**
 * Node: a worker machine as an object.
 *
 * Owns: joining and leaving: its Node object is there, Ready and with its pool's label, from the moment when the pool's
 * token is known to the cluster until the machine ends; and that it says so again when it goes on after it hung. Neighbours:
 * `sandbox/kubelet` says what is registered, `node-lifecycle.ts` what the control plane says of one that is silent.
 * Limits: no certificates are asked for, no Lease is renewed, no pod runs; a machine that hangs ends at once where it is told to; what the cloud controller does to a Node (its
 * provider id, the taint taken away, the Node of a terminated machine removed) happens at once.
 */
import type { Log } from '../../agent/log.ts';
import { again, done, persist } from '../../agent/persist.ts';
import type { NodeConfiguration, NodeSecrets } from '../../machine/configuration.ts';
import type { Instance } from '../../machine/node.ts';
import { nodeComponents } from '../../machine/node-components.ts';
import { timeOf } from '../../words/time.ts';
import { capacityOf } from '../kubelet/capacity.ts';
import { healthyConditions, nodeBelongsTo, nodeObject, UNINITIALIZED_TAINT } from '../kubelet/node-object.ts';
import { settingsOf } from '../kubelet/settings.ts';
import type { Clusters, StubCluster } from './clusters.ts';
import type { Faults } from './faults.ts';
import { endToldPodsOf, forgetPodsOf, placeOfNode } from './node-lifecycle.ts';
import type { Pulse } from './pulse.ts';

export type NodeMachine = {
  readonly configuration: NodeConfiguration;
  readonly secrets: NodeSecrets;
  readonly instance: Instance;
  readonly clusters: Clusters;
  readonly faults: Faults;
  readonly pulse: Pulse;
  readonly log: Log;
};

const knowsToken = ({ store }: StubCluster, token: string): boolean => {
  const [id = '', secret = ''] = token.split('.');
  const place = { collection: '/api/v1/secrets', namespace: 'kube-system', name: `bootstrap-token-${id}` };
  const data = (store.get(place)?.['data'] ?? {}) as Readonly<Record<string, string>>;
  return Buffer.from(data['token-secret'] ?? '', 'base64').toString('utf8') === secret;
};

const registered = ({ configuration, instance }: NodeMachine) => {
  const components = nodeComponents({
    configuration,
    instance,
    apiHost: configuration.endpoint,
    cpus: capacityOf(instance.type).cpus,
    directories: { certificates: '/run', configuration: '/run', state: '/var/lib' },
  });
  const object = nodeObject(settingsOf(components), instance, new Date().toISOString());
  const taints = object.spec.taints.filter(({ key }) => key !== UNINITIALIZED_TAINT);
  return { ...object, spec: { ...object.spec, taints, providerID: `aws:///${instance.zone}/${instance.id}` } };
};

/** What a kubelet does first once it goes on: it says that it is well, and ends pods that were told to go meanwhile. */
const goOn = ({ store }: StubCluster, instance: Instance): void => {
  const place = placeOfNode(instance.hostname);
  const node = store.get(place);
  if (node === undefined || !nodeBelongsTo(node, instance)) return;
  const now = timeOf(Date.now());
  store.put(place, { ...node, status: { ...(node['status'] as object), conditions: healthyConditions(now, now) } });
  endToldPodsOf(store, instance.hostname);
};

export const runNode = async (machine: NodeMachine, signal: AbortSignal): Promise<void> => {
  const { configuration, secrets, instance, clusters, faults, pulse, log } = machine;
  const { clusterId, poolId } = configuration;
  const place = placeOfNode(instance.hostname);
  const cluster = await persist({
    what: 'Joining the cluster',
    log,
    signal,
    pace: { firstMillis: 100, maxMillis: 500 },
    attempt: async () => {
      if (pulse.hangs()) return again('the machine hangs');
      const found = clusters.find(clusterId);
      if (found === undefined || !found.hasQuorum()) return again(`the API of ${clusterId} does not answer`);
      if (faults.isSilent(clusterId)) return again(`the API of ${clusterId} keeps silent`);
      if (faults.keepsAway(clusterId, poolId)) return again('a fault of the sandbox keeps nodes of this pool away');
      if (!knowsToken(found, secrets.token)) return again("the cluster doesn't know the pool's token");
      const other = found.store.get(place);
      if (other !== undefined && !nodeBelongsTo(other, instance)) return again('another instance has this name');
      return done(found);
    },
  });
  cluster.store.put(place, registered(machine));
  cluster.kubelets.set(instance.hostname, pulse);
  pulse.follow((hangs) => {
    if (!hangs) goOn(cluster, instance);
  });
  log.info('The node is ready', { node: instance.hostname });
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const left = cluster.store.get(place);
  if (left === undefined || !nodeBelongsTo(left, instance)) return;
  cluster.kubelets.delete(instance.hostname);
  cluster.store.remove(place);
  forgetPodsOf(cluster.store, instance.hostname);
};
