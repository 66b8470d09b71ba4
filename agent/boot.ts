/**
 * Boot: the story of every instance in its outline.
 *
 * Owns: the order: who am I (metadata), what am I to be (user data, opened by KMS), be it. A replica becomes a third of
 * a control plane, a node joins it. Neighbours: `replica.ts` tells a replica's story to its end; a node's is its host's, which
 * runs its kubelet. Invariant: I11 (EC2's metadata and KMS suffice to boot a replica; a node also
 * finds its load balancer by AWS's word).
 */

import { nodeLabels } from '../machine/node.ts';
import { nodeComponents } from '../machine/node-components.ts';
import { instanceCredentials } from './aws/credentials.ts';
import { createKms } from './aws/kms.ts';
import type { Host, Node } from './host.ts';
import type { Log } from './log.ts';
import { createMetadata, identify, metadataEndpoint } from './metadata.ts';
import { parseUserData, unseal } from './user-data.ts';

/** What the agent's process lends to the story. */
type Lent = {
  readonly loadHost: (log: Log) => Promise<Host>;
  /** Called once all code of the role is in memory. */
  readonly loaded: () => void;
};

const bootNode = (node: Omit<Node, 'components'>, host: Host, log: Log, signal: AbortSignal): Promise<void> => {
  const { configuration, instance } = node;
  const { refused } = nodeLabels(configuration, instance);
  if (refused.length > 0) {
    log.warn('Labels of the pool are left out: Kubernetes does not let a node set them on itself', { labels: refused });
  }
  const components = nodeComponents({
    configuration,
    instance,
    apiHost: node.api.host(),
    cpus: host.cpusOf(instance),
    directories: host,
  });
  return host.runNode({ ...node, components }, signal);
};

/** Returns when the machine was told to stop and has. */
export const boot = async ({ loadHost, loaded }: Lent, output: Log, signal: AbortSignal): Promise<void> => {
  const metadata = createMetadata(metadataEndpoint(process.env));
  const { instance, userData: text } = await identify(metadata, output, signal);
  const userData = parseUserData(text);
  const { role, clusterId } = userData.configuration;
  const log = output.with({ instance: instance.id, cluster: clusterId, role });
  log.info(`Instance ${instance.id} boots as a ${role} of ${clusterId}`, { zone: instance.zone });

  const account = { region: instance.region, credentials: instanceCredentials(metadata) };
  const kms = await createKms(account);
  const machine = await unseal(userData, kms, log, signal);
  const host = await loadHost(log);
  switch (machine.role) {
    case 'replica': {
      const { bootReplica } = await import('./replica.ts');
      loaded();
      return bootReplica({ ...machine, account, instance, metadata, host, kms, log }, signal);
    }
    case 'node': {
      const { findApi } = await import('./api-address.ts');
      const { createLoadBalancers } = await import('./aws/load-balancers.ts');
      loaded();
      const loadBalancers = () => createLoadBalancers(account);
      const api = await findApi(machine.configuration, { loadBalancers, log }, signal);
      return bootNode({ ...machine, instance, api }, host, log, signal);
    }
  }
};
