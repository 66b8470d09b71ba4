/**
 * Replica: the boot of a control-plane machine, as a story.
 *
 * Owns: the order: take volume and interface, look at the disk, issue certificates, run components. Each chapter waits
 * for as long as it must and says for what; nothing here needs Slipway, Temporal or the management API (I11). A disk that
 * loses its data under a running etcd takes the story back to its beginning, and so does an order that ends everything for a restore.
 * Neighbours: `attachments.ts`, `certificates.ts`, `etcd.ts`, `components.ts` and `restoring.ts` tell each chapter.
 * Invariants: I5 (the empty-disk rule), I9.
 */

import { readdir } from 'node:fs/promises';
import { replicaCertificates } from '../machine/certificates.ts';
import { etcdDataDirectory, replicaComponents } from '../machine/components.ts';
import type { ReplicaConfiguration, ReplicaSecrets } from '../machine/configuration.ts';
import { decideEtcdStart, type EtcdStart } from '../machine/empty-disk.ts';
import type { Instance } from '../machine/node.ts';
import type { EtcdMembership } from '../machine/replica-machine.ts';
import type { Serves } from '../machine/serves.ts';
import { hasCode, wholeMessageOf } from '../words/failure.ts';
import type { RestoreOrder } from '../words/orders.ts';
import { present } from '../words/present.ts';
import { ended } from '../words/text.ts';
import { keepNetworkInterface, type Taker, takeNetworkInterface, takeVolume } from './attachments.ts';
import type { AwsAccount } from './aws/credentials.ts';
import { createEc2, type Ec2 } from './aws/ec2.ts';
import type { Kms } from './aws/kms.ts';
import { createS3, keysIn } from './aws/s3.ts';
import { type Asked, backUp } from './backup.ts';
import { createBackupSchedule } from './backup-schedule.ts';
import { issueLeaves, keepRenewed, type LeafStore, signersOf } from './certificates.ts';
import { type Programs, runComponents } from './components.ts';
import { createEmulation, type VolumeTags } from './emulation.ts';
import { createPeers, type EtcdPeers, etcdClient, joinCluster, promoteWhenReady } from './etcd.ts';
import { fetchSnapshot } from './fetched-snapshot.ts';
import type { Host } from './host.ts';
import type { Log } from './log.ts';
import type { Metadata } from './metadata.ts';
import { followOrders, ORDER_MILLIS, type OrderedReplica, type Serving } from './orders.ts';
import { again, done, pause, persist } from './persist.ts';
import { createRestoreOrders, type RestoreOrders } from './restore-orders.ts';
import { HALTED_LOOK_MILLIS, whileHalted } from './restoring.ts';
import { leadsFit, type OwnEtcd, ownEtcd } from './snapshot.ts';
import { createSnapshotOrders, type SnapshotOrders } from './snapshot-orders.ts';

export type ReplicaBoot = {
  readonly configuration: ReplicaConfiguration;
  readonly secrets: ReplicaSecrets;
  readonly account: AwsAccount;
  readonly instance: Instance;
  readonly metadata: Metadata;
  readonly host: Host;
  readonly kms: Kms;
  readonly log: Log;
};

/** Eight GiB, which is all that etcd may hold, at five MiB a second: what takes longer will not end. */
const SNAPSHOT_MILLIS = 30 * 60_000;

/** How often a replica that doesn't serve looks whether it is to be restored. */
const COMING_UP_MILLIS = 15_000;

/** Whether etcd would find a member's data: it looks for a write-ahead log, and so does this. */
const hasEtcdData = async (volume: string): Promise<boolean> => {
  try {
    const files = await readdir(`${etcdDataDirectory(volume)}/member/wal`);
    return files.some((file) => file.endsWith('.wal'));
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT')) return false;
    throw thrown;
  }
};

type Disk = { readonly volumeId: string; readonly folder: string };

/** What etcd may do with its disk, once anything at all says so. */
const awaitEtcdStart = (
  ec2: Ec2,
  { volumeId, folder }: Disk,
  log: Log,
  signal: AbortSignal,
): Promise<Exclude<EtcdStart, { kind: 'wait' }>> =>
  persist({
    what: 'Looking at the etcd volume',
    log,
    signal,
    pace: { firstMillis: 2_000, maxMillis: 10_000 },
    attempt: async () => {
      const hasData = await hasEtcdData(folder);
      // A disk with data needs no permission, and no answer from EC2.
      const tags = hasData ? {} : ((await ec2.volume(volumeId))?.tags ?? {});
      const start = decideEtcdStart({ id: volumeId, hasData, tags });
      return start.kind === 'wait' ? again(start.reason) : done(start);
    },
  });

const inheritedEnvironment = (names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

/** One life of a replica: until the signal, or until `lost` was called because its data is gone. */
type Life = {
  readonly boot: ReplicaBoot;
  readonly taker: Taker;
  /** Its own addresses: the one that outlives instances, and this instance's. */
  readonly addresses: { readonly fixed: string; readonly primary: string };
  readonly signal: AbortSignal;
  readonly lost: (why: string) => void;
  /** Everything is to end, so that this is carried out. */
  readonly interrupt: (order: RestoreOrder) => void;
};

/** `tags` are the volume's, as it was attached. */
type Gathered = { readonly disk: Disk; readonly tags: VolumeTags; readonly leaves: LeafStore };

/** Disk and address of the replica are this machine's, and its certificates are issued. */
const gather = async ({ boot, taker, addresses, signal }: Life): Promise<Gathered> => {
  const { configuration, secrets, host, log } = boot;
  const { volumeId, networkInterfaceId } = configuration;
  const [{ tags }, , leaves] = await Promise.all([
    takeVolume(taker, volumeId, log, signal),
    takeNetworkInterface(taker, networkInterfaceId, log, signal),
    issueLeaves({
      leaves: replicaCertificates(configuration, addresses, host.differences),
      signers: await signersOf(configuration, secrets),
      secrets,
      directory: host.certificates,
      now: Date.now() - (host.certificateAgeMillis ?? 0),
    }),
  ]);
  log.info('Volume and network interface are attached, certificates are issued', {
    volume: volumeId,
    networkInterface: networkInterfaceId,
    address: addresses.fixed,
  });
  const folder = await host.mountVolume(volumeId);
  await host.useAddress(addresses.fixed);
  return { disk: { volumeId, folder }, tags, leaves };
};

/** What has to be seen to for as long as the replica lives. None of it ends the life when it fails. */
const watchOver = (
  { boot, taker, addresses, signal }: Life,
  leaves: LeafStore,
  peers: EtcdPeers,
  etcd: EtcdMembership,
): void => {
  const { configuration, metadata, host, log } = boot;
  const unlessStopped = (what: string) => (thrown: unknown) => {
    if (!signal.aborted) log.error(`${what}: ${wholeMessageOf(thrown)}`);
  };
  void keepRenewed(leaves, log, signal, host.renewalMillis).catch(unlessStopped('Certificates are no longer renewed'));
  void keepNetworkInterface(
    {
      metadata,
      interfaceId: configuration.networkInterfaceId,
      taker,
      onTaken: () => host.useAddress(addresses.fixed),
    },
    log,
    signal,
  ).catch(unlessStopped('The network interface is no longer watched'));
  if (etcd.kind !== 'bootstrap') {
    // An agent may have ended between starting a learner and promoting it, so a resumed member is looked at too.
    void promoteWhenReady(configuration, peers, log, signal).catch(unlessStopped('The etcd member stays a learner'));
  }
};

/** A certificate is renewed now and then: the connection is made anew each time. */
const withEtcd = async <T>({ boot, addresses }: Life, use: (etcd: OwnEtcd) => Promise<T>): Promise<T> => {
  const agent = await etcdClient(boot.host.certificates);
  try {
    return await use(ownEtcd(addresses.fixed, agent));
  } finally {
    agent.destroy();
  }
};

const keepSnapshot = (life: Life, asked: Asked): Promise<string> =>
  withEtcd(life, (etcd) => {
    const { configuration, account, log } = life.boot;
    const limit = AbortSignal.any([life.signal, AbortSignal.timeout(SNAPSHOT_MILLIS)]);
    return backUp({ configuration, etcd, s3: () => createS3(account), log }, asked, limit);
  });

/** Snapshots that are taken without an order. */
const scheduleOf = (life: Life, { alone }: Pick<SnapshotOrders, 'alone'>): NonNullable<OrderedReplica['schedule']> => {
  const { configuration, account, log } = life.boot;
  return createBackupSchedule({
    clusterId: configuration.clusterId,
    leads: () => withEtcd(life, leadsFit),
    keys: keysIn(() => createS3(account), life.signal),
    backUp: (asked) => keepSnapshot(life, asked),
    alone,
    log,
  });
};

const restoreOrdersOf = ({ boot, taker, signal, interrupt }: Life, { volumeId, folder }: Disk): RestoreOrders => {
  const { account, log } = boot;
  const fetching = { folder, s3: () => createS3(account), log };
  return createRestoreOrders({
    ...{ volumeId, instanceId: taker.instanceId, ec2: taker.ec2, log, interrupt },
    fetch: (from) => fetchSnapshot(fetching, from, AbortSignal.any([signal, AbortSignal.timeout(SNAPSHOT_MILLIS)])),
  });
};

/** One that waits for its data, or for a quorum, may wait for a restore. */
const lookUntilServing = async (
  { boot, taker }: Life,
  { volumeId }: Disk,
  restores: RestoreOrders,
  signal: AbortSignal,
): Promise<void> => {
  const { host, log } = boot;
  for (;;) {
    await pause(host.orderMillis ?? COMING_UP_MILLIS, signal);
    try {
      await restores.heed((await taker.ec2.volume(volumeId))?.tags);
    } catch (thrown) {
      signal.throwIfAborted();
      log.warn(`Whether the replica is to be restored could not be seen: ${wholeMessageOf(thrown)}`);
    }
  }
};

/** Other orders concern a replica that serves: one that is still coming up is left alone. */
const obey = (life: Life, restores: RestoreOrders, serving: Serving, serves: Serves): void => {
  const { boot, taker, signal } = life;
  const { configuration, instance, host, log } = boot;
  const { volumeId } = configuration;
  const snapshots = createSnapshotOrders({
    ...{ volumeId, ec2: taker.ec2, log },
    backUp: (asked) => keepSnapshot(life, asked),
  });
  const ordered = {
    volumeId,
    instanceId: instance.id,
    ec2: taker.ec2,
    serving,
    snapshots,
    schedule: scheduleOf(life, snapshots),
    restores: restores.heed,
    serves,
    log,
    everyMillis: host.orderMillis ?? ORDER_MILLIS,
  };
  void followOrders(ordered, signal).catch((thrown: unknown) => {
    if (!signal.aborted) log.error(`Orders are no longer looked for: ${wholeMessageOf(thrown)}`);
  });
};

/** Everything that the replica runs, by the minor that its Kubernetes serves as. */
const componentsOf = ({ boot, addresses }: Life, disk: Disk, etcd: EtcdMembership): Programs['described'] => {
  const { configuration, host } = boot;
  const machine = {
    configuration,
    addresses,
    directories: { certificates: host.certificates, configuration: host.configuration, volume: disk.folder },
    kmsSocket: host.socketPath('kms.sock'),
    etcd,
    environment: inheritedEnvironment(host.differences.inheritedEnvironment ?? []),
    differences: host.differences,
  };
  return (emulates) => replicaComponents({ ...machine, ...present({ emulates }) });
};

const live = async (life: Life): Promise<void> => {
  const { boot, taker, signal, lost } = life;
  const { configuration, host, kms, log } = boot;
  const { disk, tags, leaves } = await gather(life);
  const restores = restoreOrdersOf(life, disk);
  await restores.heed(tags);
  const comingUp = new AbortController();
  const unlessOver = AbortSignal.any([signal, comingUp.signal]);
  void lookUntilServing(life, disk, restores, unlessOver).catch((thrown: unknown) => {
    if (!unlessOver.aborted)
      log.error(`Whether the replica is to be restored is no longer looked for: ${wholeMessageOf(thrown)}`);
  });

  const start = await awaitEtcdStart(taker.ec2, disk, log, signal);
  const peers = await createPeers(configuration, host.certificates);
  const etcd: EtcdMembership =
    start.kind === 'join'
      ? { kind: 'join', initialCluster: await joinCluster(configuration, peers, log, signal) }
      : start;
  log.info(`etcd will ${etcd.kind}`, { volume: disk.volumeId });

  watchOver(life, leaves, peers, etcd);
  const { kubernetes: version } = configuration.versions;
  const emulation = createEmulation({ ...disk, version, instanceId: taker.instanceId, ec2: taker.ec2, log });
  /** etcd on a disk that lost its data would forget the votes it gave: only the disk's tag says what may be done (I5). */
  const mayStartAgain = async (): Promise<boolean> => {
    if (await hasEtcdData(disk.folder)) return true;
    lost(`etcd ended, and volume ${disk.volumeId} holds no data of it any more`);
    return false;
  };
  const startedAt = Date.now();
  const startAgain = { etcd: mayStartAgain, 'kube-apiserver': emulation.mayStartAgain };
  const services = { host, kms, ec2: taker.ec2, log, mayStartAgain: startAgain };
  const programs = { described: componentsOf(life, disk, etcd), version, emulation, tags };
  await runComponents(programs, services, signal, (serving, serves) => {
    log.info('The replica serves', { seconds: (Date.now() - startedAt) / 1000 });
    comingUp.abort();
    obey(life, restores, serving, serves);
  });
};

/** Lives until the machine is told to stop, or something ends the life before: then it says what is to be carried out. */
const liveOnce = async (
  about: Omit<Life, 'signal' | 'lost' | 'interrupt'>,
  signal: AbortSignal,
): Promise<RestoreOrder | undefined> => {
  const { log } = about.boot;
  const life = new AbortController();
  let told: RestoreOrder | undefined;
  const lost = (why: string): void => {
    log.error(`The data of this replica is lost: ${ended(why)} Its components stop, and it begins anew`);
    life.abort(new Error(why));
  };
  const interrupt = (order: RestoreOrder): void => {
    if (life.signal.aborted) return;
    told = order;
    log.warn(`The replica is told to ${order.verb}: its components stop`, { token: order.token });
    life.abort(new Error(`it is told to ${order.verb}`));
  };
  try {
    await live({ ...about, signal: AbortSignal.any([signal, life.signal]), lost, interrupt });
  } catch (thrown) {
    // Whatever it waited for, it does no more.
    if (signal.aborted || !life.signal.aborted) throw thrown;
  }
  return told;
};

const halted = async (
  { boot, taker }: Omit<Life, 'signal' | 'lost' | 'interrupt'>,
  order: RestoreOrder,
  signal: AbortSignal,
): Promise<void> => {
  const { configuration, account, host, log } = boot;
  const { volumeId } = configuration;
  const replica = {
    ...{ configuration, host, log, volumeId, instanceId: taker.instanceId, ec2: taker.ec2 },
    folder: await host.mountVolume(volumeId),
    s3: () => createS3(account),
    everyMillis: Math.min(host.orderMillis ?? HALTED_LOOK_MILLIS, HALTED_LOOK_MILLIS),
  };
  try {
    await whileHalted(replica, order, signal);
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
};

/**
 * Returns when the machine was told to stop and has. A replica whose data is gone begins again, and waits for a word; one that is restored
 * begins again with what it was given.
 */
export const bootReplica = async (boot: ReplicaBoot, signal: AbortSignal): Promise<void> => {
  const { configuration } = boot;
  const fixed = configuration.memberAddresses[configuration.index];
  if (fixed === undefined) {
    throw new Error(
      `The user data names replica ${configuration.index} but lists ${configuration.memberAddresses.length} members.`,
    );
  }
  const taker = {
    ec2: await createEc2(boot.account),
    instanceId: boot.instance.id,
    clusterId: configuration.clusterId,
  };
  const about = { boot, taker, addresses: { fixed, primary: boot.instance.address } };
  while (!signal.aborted) {
    const order = await liveOnce(about, signal);
    if (order !== undefined) await halted(about, order, signal);
  }
};
