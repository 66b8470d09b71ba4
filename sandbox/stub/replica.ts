/**
 * Replica: a control-plane machine as an object, told as `agent/replica.ts` tells the real one.
 *
 * Owns: the order: take volume and interface with the agent's own code and real EC2 calls, obey the empty-disk rule, issue
 * the API server's certificate, serve. Neighbours: `clusters.ts` keeps what a disk would hold; `server.ts` listens.
 * While its machine hangs it accepts connections, answers nobody, and is no member. Limits: an etcd member is a mark on its volume; a volume or interface detached by hand from a running replica is not seen.
 */
import { readFile, rm } from 'node:fs/promises';
import { takeNetworkInterface, takeVolume } from '../../agent/attachments.ts';
import type { Ec2 } from '../../agent/aws/ec2.ts';
import { issueLeaves, signersOf } from '../../agent/certificates.ts';
import type { Log } from '../../agent/log.ts';
import { followOrders, type OrderedReplica } from '../../agent/orders.ts';
import { again, done, persist } from '../../agent/persist.ts';
import { replicaCertificates } from '../../machine/certificates.ts';
import type { Component } from '../../machine/component.ts';
import { replicaComponents } from '../../machine/components.ts';
import type { ReplicaConfiguration, ReplicaSecrets } from '../../machine/configuration.ts';
import { decideEtcdStart } from '../../machine/empty-disk.ts';
import type { Instance } from '../../machine/node.ts';
import type { Minor, Serves } from '../../words/emulation.ts';
import { MACHINE_DIFFERENCES } from '../differences.ts';
import type { Clusters, StubCluster } from './clusters.ts';
import type { Faults } from './faults.ts';
import type { OrderedVolumes } from './orders.ts';
import { etcdProblem, programsIn } from './programs.ts';
import type { Pulse } from './pulse.ts';
import { serveApi } from './server.ts';

export type ReplicaMachine = {
  readonly configuration: ReplicaConfiguration;
  readonly secrets: ReplicaSecrets;
  readonly instance: Instance;
  readonly ec2: Ec2;
  readonly clusters: Clusters;
  readonly faults: Faults;
  readonly orders: OrderedVolumes;
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

/** What the agent would have this machine run. Nobody reads the files that it names. */
const describedFor = ({ configuration, instance }: ReplicaMachine, fixed: string): readonly Component[] =>
  replicaComponents({
    configuration,
    addresses: { fixed, primary: instance.address },
    directories: { certificates: '', configuration: '', volume: '' },
    kmsSocket: '',
    etcd: { kind: 'resume' },
    environment: {},
    differences: MACHINE_DIFFERENCES,
  });

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
      const problem = etcdProblem(configuration.versions.etcd, cluster.etcdMinor());
      if (problem !== undefined) return again(problem);
      cluster.volumes.add(volumeId);
      return done(undefined);
    },
  });
};

/** Its API server is gone while it has left; its member stays. */
const obeying = async (
  { configuration, instance, ec2, orders, pulse, log }: ReplicaMachine,
  { serving, serves }: Pick<OrderedReplica, 'serving' | 'serves'>,
  signal: AbortSignal,
): Promise<void> => {
  const volume = (id: string) => (pulse.hangs() ? Promise.resolve(undefined) : orders.volume(id));
  const told: Pick<Ec2, 'volume' | 'tag'> = { volume, tag: (id, tags) => ec2.tag(id, tags) };
  const { volumeId } = configuration;
  const replica: OrderedReplica = {
    ...{ volumeId, instanceId: instance.id, ec2: told, serving, serves, log },
    everyMillis: orders.everyMillis,
  };
  await followOrders(replica, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
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
  const cluster = machine.clusters.of({ clusterId, members: memberAddresses.length });
  const programs = programsIn(describedFor(machine, fixed));
  await useDisk(machine, cluster, signal);
  // `programsIn` throws for what is no minor.
  const serves: Serves = { version: programs.kubernetes, emulation: programs.serves as Minor };
  const serve = () => serveApi({ address: fixed, tls, cluster, faults, programs, hangs: pulse.hangs });
  let server = await serve();
  const join = (): void => cluster.join(index, instance.id, programs);
  const leave = (): void => cluster.leave(index, instance.id);
  if (!pulse.hangs()) join();
  pulse.follow((hangs) => {
    if (hangs) leave();
    else if (!signal.aborted) join();
  });
  log.info('The replica serves', { address: fixed });
  await obeying(
    machine,
    {
      serves,
      serving: {
        leave: () => Promise.resolve(server.close()),
        serve: async () => {
          server = await serve();
          return serves;
        },
        heed: () => Promise.resolve(undefined),
        emulates: () => false,
      },
    },
    signal,
  );
  leave();
  server.close();
};
