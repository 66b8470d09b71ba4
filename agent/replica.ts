/**
 * Replica: the boot of a control-plane machine, as a story.
 *
 * Owns: the order: take volume and interface, look at the disk, issue certificates, run components. Each chapter waits
 * for as long as it must and says for what; nothing here needs Slipway, Temporal or the management API (I11). A disk that
 * loses its data under a running etcd takes the story back to its beginning.
 * Neighbours: `attachments.ts`, `certificates.ts`, `etcd.ts` and `components.ts` tell each chapter.
 * Invariants: I5 (the empty-disk rule), I9.
 */

import { readdir } from 'node:fs/promises';
import { replicaCertificates } from '../machine/certificates.ts';
import { type EtcdMembership, etcdDataDirectory, replicaComponents } from '../machine/components.ts';
import type { ReplicaConfiguration, ReplicaSecrets } from '../machine/configuration.ts';
import { decideEtcdStart, type EtcdStart } from '../machine/empty-disk.ts';
import type { Instance } from '../machine/node.ts';
import { keepNetworkInterface, takeNetworkInterface, takeVolume } from './attachments.ts';
import type { AwsAccount } from './aws/credentials.ts';
import { createEc2, type Ec2 } from './aws/ec2.ts';
import type { Kms } from './aws/kms.ts';
import { issueLeaves, keepRenewed, signersOf } from './certificates.ts';
import { runComponents } from './components.ts';
import { createPeers, type EtcdPeers, joinCluster, promoteWhenReady } from './etcd.ts';
import { hasCode, messageOf } from './failure.ts';
import type { Host } from './hosts/host.ts';
import type { Log } from './log.ts';
import type { Metadata } from './metadata.ts';
import { again, done, persist } from './persist.ts';

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

/** What etcd may do with its disk, once anything at all says so. */
const awaitEtcdStart = (
  ec2: Ec2,
  volumeId: string,
  volume: string,
  log: Log,
  signal: AbortSignal,
): Promise<Exclude<EtcdStart, { kind: 'wait' }>> =>
  persist({
    what: 'Looking at the etcd volume',
    log,
    signal,
    pace: { firstMillis: 2_000, maxMillis: 10_000 },
    attempt: async () => {
      const hasData = await hasEtcdData(volume);
      // A disk with data needs no permission, and no answer from EC2.
      const tags = hasData ? {} : ((await ec2.volume(volumeId))?.tags ?? {});
      const start = decideEtcdStart({ id: volumeId, hasData, tags });
      return start.kind === 'wait' ? again(start.reason) : done(start);
    },
  });

/** What a start of etcd on this disk needs: the members to join, where it may only join. */
const membershipOf = async (
  start: Exclude<EtcdStart, { kind: 'wait' }>,
  configuration: ReplicaConfiguration,
  peers: EtcdPeers,
  log: Log,
  signal: AbortSignal,
): Promise<EtcdMembership> =>
  start.kind === 'join'
    ? { kind: 'join', initialCluster: await joinCluster(configuration, peers, log, signal) }
    : start;

const inheritedEnvironment = (names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

/** One life of the replica: until the signal, or until `lost` was called because its data is gone. */
const liveOnce = async (
  boot: ReplicaBoot,
  ec2: Ec2,
  fixed: string,
  signal: AbortSignal,
  lost: (why: string) => void,
): Promise<void> => {
  const { configuration, secrets, instance, metadata, host, kms, log } = boot;
  const { volumeId, networkInterfaceId } = configuration;
  const addresses = { fixed, primary: instance.address };
  const taker = { instanceId: instance.id, clusterId: configuration.clusterId };
  const [, , store] = await Promise.all([
    takeVolume(ec2, volumeId, taker, log, signal),
    takeNetworkInterface(ec2, networkInterfaceId, taker, log, signal),
    issueLeaves({
      leaves: replicaCertificates(configuration, addresses, host.differences),
      signers: await signersOf(configuration, secrets),
      secrets,
      directory: host.certificates,
    }),
  ]);
  log.info('Volume and network interface are attached, certificates are issued', {
    volume: volumeId,
    networkInterface: networkInterfaceId,
    address: fixed,
  });
  const volume = await host.mountVolume(volumeId);
  await host.useAddress(fixed);

  const start = await awaitEtcdStart(ec2, volumeId, volume, log, signal);
  const peers = await createPeers(configuration, host.certificates);
  const etcd = await membershipOf(start, configuration, peers, log, signal);
  log.info(`etcd will ${etcd.kind}`, { volume: volumeId });

  const components = replicaComponents({
    configuration,
    addresses,
    directories: { certificates: host.certificates, configuration: host.configuration, volume },
    kmsSocket: host.socketPath('kms.sock'),
    etcd,
    environment: inheritedEnvironment(host.differences.inheritedEnvironment),
    differences: host.differences,
  });
  const unlessStopped = (what: string) => (thrown: unknown) => {
    if (!signal.aborted) log.error(`${what}: ${messageOf(thrown)}`);
  };
  void keepRenewed(store, log, signal).catch(unlessStopped('Certificates are no longer renewed'));
  void keepNetworkInterface(
    {
      ec2,
      metadata,
      interfaceId: networkInterfaceId,
      taker,
      onTaken: () => host.useAddress(fixed),
    },
    log,
    signal,
  ).catch(unlessStopped('The network interface is no longer watched'));
  if (etcd.kind !== 'bootstrap') {
    // An agent may have ended between starting a learner and promoting it, so a resumed member is looked at too.
    void promoteWhenReady(configuration, peers, log, signal).catch(unlessStopped('The etcd member stays a learner'));
  }
  /** etcd on a disk that lost its data would forget the votes it gave: only the disk's tag says what may be done (I5). */
  const mayStartAgain = async (): Promise<boolean> => {
    if (await hasEtcdData(volume)) return true;
    lost(`etcd ended, and volume ${volumeId} holds no data of it any more`);
    return false;
  };
  const startedAt = Date.now();
  await runComponents(components, { host, kms, ec2, log, mayStartAgain: { etcd: mayStartAgain } }, signal, () =>
    log.info('The replica serves', { seconds: (Date.now() - startedAt) / 1000 }),
  );
};

/** Returns when the machine was told to stop and has. A replica whose data is gone begins again, and waits for a word. */
export const bootReplica = async (boot: ReplicaBoot, signal: AbortSignal): Promise<void> => {
  const { configuration, log } = boot;
  const fixed = configuration.memberAddresses[configuration.index];
  if (fixed === undefined) {
    throw new Error(
      `The user data names replica ${configuration.index} but lists ${configuration.memberAddresses.length} members.`,
    );
  }
  const ec2 = await createEc2(boot.account);
  for (let isOver = false; !isOver; ) {
    const life = new AbortController();
    const lost = (why: string): void => {
      log.error(`The data of this replica is lost: ${why}. Its components stop, and it begins anew`);
      life.abort(new Error(why));
    };
    await liveOnce(boot, ec2, fixed, AbortSignal.any([signal, life.signal]), lost);
    isOver = signal.aborted || !life.signal.aborted;
  }
};
