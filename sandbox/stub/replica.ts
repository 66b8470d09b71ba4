/**
 * Replica: a control-plane machine as an object, told as `agent/replica.ts` tells the real one.
 *
 * Owns: the order: take volume and interface with the agent's own code and real EC2 calls, obey the empty-disk rule, issue
 * the API server's certificate, serve as the agent decides, follow orders as it does. Neighbours: `clusters.ts` keeps what a disk would
 * hold; `serving.ts` serves and leaves.
 * While its machine hangs it accepts connections, answers nobody, and is no member. Limits: an etcd member is a mark on its volume; a volume or interface detached by hand from a running replica is not seen; it has no database (`snapshots.ts` plays one to be kept).
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { takeNetworkInterface, takeVolume } from '../../agent/attachments.ts';
import type { Ec2 } from '../../agent/aws/ec2.ts';
import { keysIn, type S3 } from '../../agent/aws/s3.ts';
import { backUp } from '../../agent/backup.ts';
import { createBackupSchedule } from '../../agent/backup-schedule.ts';
import { issueLeaves, signersOf } from '../../agent/certificates.ts';
import { createEmulation } from '../../agent/emulation.ts';
import type { Log } from '../../agent/log.ts';
import { followOrders, type Serving } from '../../agent/orders.ts';
import { again, done, persist } from '../../agent/persist.ts';
import { leadsFit } from '../../agent/snapshot.ts';
import { createSnapshotOrders } from '../../agent/snapshot-orders.ts';
import type { Minor } from '../../api/minor.ts';
import { replicaCertificates } from '../../machine/certificates.ts';
import type { Component } from '../../machine/component.ts';
import { replicaComponents } from '../../machine/components.ts';
import type { ReplicaConfiguration, ReplicaSecrets } from '../../machine/configuration.ts';
import { decideEtcdStart } from '../../machine/empty-disk.ts';
import type { Instance } from '../../machine/node.ts';
import type { Serves } from '../../machine/serves.ts';
import { wholeMessageOf } from '../../words/failure.ts';
import { present } from '../../words/present.ts';
import { MACHINE_DIFFERENCES } from '../differences.ts';
import type { Clusters, StubCluster } from './clusters.ts';
import type { Faults } from './faults.ts';
import type { OrderedVolumes } from './orders.ts';
import { etcdProblem, type Programs, programsIn } from './programs.ts';
import type { Pulse } from './pulse.ts';
import { serveApi } from './server.ts';
import { createServing } from './serving.ts';
import { playedEtcd } from './snapshots.ts';

/** How orders reach replicas, and how they leave. */
export type Orders = OrderedVolumes & {
  /** For how long an API server that is told to stop serves on. */
  readonly leaveMillis: number;
};

export type ReplicaMachine = {
  readonly configuration: ReplicaConfiguration;
  readonly secrets: ReplicaSecrets;
  readonly instance: Instance;
  readonly ec2: Ec2;
  readonly s3: () => Promise<S3>;
  readonly clusters: Clusters;
  readonly faults: Faults;
  readonly pulse: Pulse;
  readonly orders: Orders;
  /** Absolute folder with one for each volume: what the agent itself keeps on its disk. */
  readonly volumes: string;
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
const describedFor = (
  { configuration, instance }: ReplicaMachine,
  fixed: string,
  emulates: Minor | undefined,
): readonly Component[] =>
  replicaComponents({
    ...present({ emulates }),
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

/** A new disk remembers nothing of one that had its place. */
const folderOf = async ({ configuration, volumes }: ReplicaMachine, isNew: boolean): Promise<string> => {
  const folder = `${volumes}/${configuration.volumeId}`;
  if (isNew) await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
};

type Obeying = { readonly serving: Serving; readonly serves: Serves; readonly cluster: StubCluster };

/** Looks for orders once it serves, as every replica does. */
const obey = (machine: ReplicaMachine, { serving, serves, cluster }: Obeying, signal: AbortSignal): void => {
  const { configuration, instance, ec2, s3, orders, pulse, log } = machine;
  const { volumeId } = configuration;
  const volume: Ec2['volume'] = async (id) => {
    if (pulse.hangs()) throw new Error('the machine hangs');
    return orders.volume(id);
  };
  const tag: Ec2['tag'] = (id, tags) => ec2.tag(id, tags);
  const etcd = playedEtcd(cluster, configuration.index, configuration.versions.etcd);
  const snapshots = createSnapshotOrders({
    ...{ volumeId, ec2: { tag }, log },
    backUp: (asked) => backUp({ configuration, etcd, s3, log }, asked, signal),
  });
  const schedule = createBackupSchedule({
    clusterId: configuration.clusterId,
    leads: () => leadsFit(etcd),
    keys: keysIn(s3, signal),
    backUp: (asked) => backUp({ configuration, etcd, s3, log }, asked, signal),
    alone: snapshots.alone,
    log,
  });
  const replica = {
    volumeId,
    instanceId: instance.id,
    ec2: { volume, tag },
    serving,
    serves,
    snapshots,
    schedule,
    log,
  };
  followOrders({ ...replica, everyMillis: orders.everyMillis }, signal).catch((thrown: unknown) => {
    if (!signal.aborted) log.error(`Orders are looked for no more: ${wholeMessageOf(thrown)}`);
  });
};

export const runReplica = async (machine: ReplicaMachine, signal: AbortSignal): Promise<void> => {
  const { configuration, instance, ec2, log, faults, pulse } = machine;
  const { index, clusterId, memberAddresses, volumeId, networkInterfaceId, versions } = configuration;
  const fixed = memberAddresses[index];
  if (fixed === undefined) throw new Error(`The user data names replica ${index} of ${memberAddresses.length}.`);
  const taker = { ec2, instanceId: instance.id, clusterId };
  const [{ tags }, , tls] = await Promise.all([
    takeVolume(taker, volumeId, log, signal),
    takeNetworkInterface(taker, networkInterfaceId, log, signal),
    certificateOf(machine, fixed),
  ]);
  const cluster = machine.clusters.of({ clusterId, members: memberAddresses.length });
  const isNew = !cluster.volumes.has(volumeId);
  await useDisk(machine, cluster, signal);
  const folder = await folderOf(machine, isNew);
  const version = versions.kubernetes;
  let programs: Programs = { kubernetes: version, etcd: versions.etcd };
  const follow = (): void => {
    if (pulse.hangs() || signal.aborted) cluster.leave(index, instance.id);
    else cluster.join(index, instance.id, programs);
  };
  const emulation = createEmulation({ volumeId, folder, version, instanceId: instance.id, ec2, log });
  const serving = createServing({
    version,
    emulation,
    programsAs: (emulates) => programsIn(describedFor(machine, fixed, emulates)),
    listen: (served) => serveApi({ address: fixed, tls, cluster, faults, served, hangs: pulse.hangs }),
    onChange: (changed) => {
      programs = changed;
      follow();
    },
    leaveMillis: machine.orders.leaveMillis,
    signal,
  });
  // etcd runs before Kubernetes may, and goes on while it may not.
  follow();
  pulse.follow(follow);
  try {
    const serves = await serving.begin(await emulation.untilAllowed(tags, signal));
    log.info('The replica serves', { address: fixed, as: serves.emulation });
    obey(machine, { serving, serves, cluster }, signal);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    cluster.leave(index, instance.id);
    await serving.end();
    cluster.leave(index, instance.id);
  }
};
