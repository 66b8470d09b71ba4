/**
 * Boot: the story of every instance in its outline.
 *
 * Owns: the order: who am I (metadata), what am I to be (user data, opened by KMS), be it. A replica becomes a third of
 * a control plane, a node joins it. Neighbours: `replica.ts` and `node.ts` tell the two stories to their end.
 * Invariant: I11 (EC2's metadata and KMS suffice to boot).
 */

import { instanceCredentials } from './aws/credentials.ts';
import { createKms } from './aws/kms.ts';
import { readEnvironment } from './environment.ts';
import { createSandboxHost } from './hosts/sandbox.ts';
import type { Log } from './log.ts';
import { createMetadata, identify } from './metadata.ts';
import { parseUserData, unseal } from './user-data.ts';

/** Returns when the machine was told to stop and has. `loaded` is called once all code of the role is in memory. */
export const boot = async (
  variables: NodeJS.ProcessEnv,
  output: Log,
  signal: AbortSignal,
  loaded: () => void,
): Promise<void> => {
  const environment = readEnvironment(variables);
  const metadata = createMetadata(environment.metadataEndpoint);
  const { instance, userData: text } = await identify(metadata, output, signal);
  const userData = parseUserData(text);
  const { role, clusterId } = userData.configuration;
  const log = output.with({ instance: instance.id, cluster: clusterId, role });
  log.info(`Instance ${instance.id} boots as a ${role} of ${clusterId}`, { zone: instance.zone });

  const account = { region: instance.region, credentials: instanceCredentials(metadata) };
  const kms = await createKms(account);
  const machine = await unseal(userData, kms, log, signal);
  const host = await createSandboxHost(environment, log);
  switch (machine.role) {
    case 'replica': {
      const { bootReplica } = await import('./replica.ts');
      loaded();
      return bootReplica({ ...machine, account, instance, metadata, host, kms, log }, signal);
    }
    case 'node': {
      const { bootNode } = await import('./node.ts');
      loaded();
      const proxy = environment.proxy === undefined ? {} : { proxy: environment.proxy };
      return bootNode({ ...machine, instance, state: host.state, log, ...proxy }, signal);
    }
  }
};
