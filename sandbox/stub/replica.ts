/**
 * Replica: a control-plane machine as an object, told as `agent/replica.ts` tells the real one.
 *
 * Owns: the order: take volume and interface with the agent's own code and real EC2 calls, obey the empty-disk rule, issue
 * the API server's certificate, serve. Neighbours: `clusters.ts` keeps what a disk would hold; `server.ts` listens.
 * While its machine hangs it accepts connections, answers nobody, and is no member. Limits: an etcd member is a mark on its volume; a volume or interface detached by hand from a running replica is not seen; nobody looks for orders, so nobody takes a snapshot.
 */
import { readFile, rm } from 'node:fs/promises';
import { takeNetworkInterface, takeVolume } from '../../agent/attachments.ts';
import type { Ec2 } from '../../agent/aws/ec2.ts';
import { issueLeaves, signersOf } from '../../agent/certificates.ts';
import type { Log } from '../../agent/log.ts';
import { again, done, persist } from '../../agent/persist.ts';
import { replicaCertificates } from '../../machine/certificates.ts';
import type { ReplicaConfiguration, ReplicaSecrets } from '../../machine/configuration.ts';
import { decideEtcdStart } from '../../machine/empty-disk.ts';
import type { Instance } from '../../machine/node.ts';
import { MACHINE_DIFFERENCES } from '../differences.ts';
import type { Clusters, StubCluster } from './clusters.ts';
import type { Faults } from './faults.ts';
import type { Pulse } from './pulse.ts';
import { serveApi } from './server.ts';

export type ReplicaMachine = {
  readonly configuration: ReplicaConfiguration;
  readonly secrets: ReplicaSecrets;
  readonly instance: Instance;
  readonly ec2: Ec2;
  readonly clusters: Clusters;
  readonly faults: Faults;
  readonly pulse: Pulse;
  /** Private folder for the certificate, gone with the machine. */
  readonly folder: string;
  readonly log: Log;
};

const certificateOf = async (machine: ReplicaMachine, fixed: string) => {
  const { configuration, secrets, folder, instance } = machine;
  const addresses = { fixed, primary: instance.address };
  const leaves = replicaCertificates(configuration, addresses, MACHINE_DIFFERENCES).filter(
    ({ name }) => name === 'kube-apiserver',
  );
  const signers = await signersOf(configuration, secrets);
  await issueLeaves({ leaves, signers, secrets, directory: folder });
  const [certificate, key] = await Promise.all(
    ['crt', 'key'].map((suffix) => readFile(`${folder}/kube-apiserver.${suffix}`, 'utf8')),
  );
  await rm(folder, { recursive: true, force: true });
  return { authority: configuration.certificateAuthorities.root, certificate: certificate ?? '', key: key ?? '' };
};

/** Returns once the replica's disk may be used: it holds data, may begin a cluster, or may join one that has quorum. */
const useDisk = (machine: ReplicaMachine, cluster: StubCluster, signal: AbortSignal): Promise<void> => {
  const { configuration, ec2, pulse, log } = machine;
  const { volumeId } = configuration;
  return persist({
    what: 'Looking at the etcd volume',
    log,
    signal,
    pace: { firstMillis: 500, maxMillis: 5_000 },
    attempt: async () => {
      if (pulse.hangs()) return again('the machine hangs');
      const hasData = cluster.volumes.has(volumeId);
      const tags = hasData ? {} : ((await ec2.volume(volumeId))?.tags ?? {});
      const start = decideEtcdStart({ id: volumeId, hasData, tags });
      if (start.kind === 'wait') return again(start.reason);
      if (start.kind === 'join' && !cluster.hasQuorum()) return again('no peer has quorum');
      cluster.volumes.add(volumeId);
      return done(undefined);
    },
  });
};

export const runReplica = async (machine: ReplicaMachine, signal: AbortSignal): Promise<void> => {
  const { configuration, instance, ec2, log, faults, pulse } = machine;
  const { index, clusterId, memberAddresses, volumeId, networkInterfaceId } = configuration;
  const fixed = memberAddresses[index];
  if (fixed === undefined) throw new Error(`The user data names replica ${index} of ${memberAddresses.length}.`);
  const taker = { ec2, instanceId: instance.id, clusterId };
  const [, , tls] = await Promise.all([
    takeVolume(taker, volumeId, log, signal),
    takeNetworkInterface(taker, networkInterfaceId, log, signal),
    certificateOf(machine, fixed),
  ]);
  const cluster = machine.clusters.of({
    clusterId,
    version: configuration.versions.kubernetes,
    members: memberAddresses.length,
  });
  await useDisk(machine, cluster, signal);
  const server = await serveApi({ address: fixed, tls, cluster, faults, hangs: pulse.hangs });
  const join = (): void => void cluster.replicas.set(index, instance.id);
  const leave = (): void => {
    if (cluster.replicas.get(index) === instance.id) cluster.replicas.delete(index);
  };
  if (!pulse.hangs()) join();
  pulse.follow((hangs) => {
    if (hangs) leave();
    else if (!signal.aborted) join();
  });
  log.info('The replica serves', { address: fixed });
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  leave();
  server.close();
};
