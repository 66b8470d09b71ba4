/**
 * The agent: the program that every instance boots.
 *
 * Owns: the story of a boot in its outline: who am I (metadata), what am I to be (user data, opened by KMS), be it. A
 * replica becomes a third of a control plane, a node joins it. SIGTERM ends everything in order.
 * Neighbours: `replica.ts` and `node.ts` tell the two stories; the host starts the agent again if it ends.
 */
import { createKms } from './aws/kms.ts';
import { readEnvironment } from './environment.ts';
import { createSandboxHost } from './hosts/sandbox.ts';
import { createLog, messageOf } from './log.ts';
import { createMetadata, identify } from './metadata.ts';
import { parseUserData, unseal } from './user-data.ts';

const stopping = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => stopping.abort(new Error(`the agent was asked to stop by ${signal}`)));
}

const boot = async (): Promise<void> => {
  const { signal } = stopping;
  const output = createLog((line) => process.stdout.write(line));
  const environment = readEnvironment(process.env);
  const { instance, userData: text } = await identify(createMetadata(environment.metadataEndpoint), output, signal);
  const userData = parseUserData(text);
  const { role, clusterId } = userData.configuration;
  const log = output.with({ instance: instance.id, cluster: clusterId, role });
  log.info(`Instance ${instance.id} boots as a ${role} of ${clusterId}`, { zone: instance.zone });

  const kms = await createKms(instance.region);
  const machine = await unseal(userData, kms, log, signal);
  const host = await createSandboxHost(environment, log);
  switch (machine.role) {
    case 'replica': {
      const { bootReplica } = await import('./replica.ts');
      return bootReplica({ ...machine, instance, host, kms, log }, signal);
    }
    case 'node': {
      const { bootNode } = await import('./node.ts');
      const proxy = environment.proxy === undefined ? {} : { proxy: environment.proxy };
      return bootNode({ ...machine, instance, state: host.state, log, ...proxy }, signal);
    }
  }
};

try {
  await boot();
} catch (thrown) {
  if (!stopping.signal.aborted) {
    createLog((line) => process.stdout.write(line)).error(`The agent ends: ${messageOf(thrown)}`);
    process.exitCode = 1;
  }
}
// Timers and kept connections of either story must not hold the machine up.
process.exit();
