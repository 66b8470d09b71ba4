/**
 * Attachments: a replica takes its etcd volume and its network interface, which outlive instances.
 *
 * Owns: the loop that looks, acts and looks again until both are this instance's. They are taken only from an instance
 * that is stopped or terminated, and never by force: two members on one disk would destroy it (I5).
 * An interface that somebody detaches later is taken again: the instance's own metadata tells of it, so that watching
 * costs no call.
 * Neighbours: `aws/ec2.ts` makes the calls; the host mounts the volume and uses the address afterwards.
 * Invariants: I2 (already ours is fine), I4 (only what is tagged as this cluster's), I9 (says which instance it waits for),
 * I11 (nobody else need be up).
 */
import { CLUSTER_TAG } from '../api/names.ts';
import { wholeMessageOf } from '../words/failure.ts';
import type { Attachable, Ec2 } from './aws/ec2.ts';
import type { Log } from './log.ts';
import type { Metadata } from './metadata.ts';
import { type Attempt, again, done, pause, persist } from './persist.ts';

const PACE = { firstMillis: 200, maxMillis: 3_000 };
/** The name that EC2 gives the attachment; the host finds the disk by its volume id. */
const VOLUME_DEVICE = '/dev/sdf';
const INTERFACE_INDEX = 1;

type Kind = {
  readonly noun: string;
  look(): Promise<Attachable | undefined>;
  attach(): Promise<void>;
  detach(found: Attachable, holder: string): Promise<void>;
};

/** Who takes it, and how it asks EC2. */
export type Taker = { readonly ec2: Ec2; readonly instanceId: string; readonly clusterId: string };

/** One look at a volume or an interface, and what follows from it. */
const takeOnce = async ({ ec2, instanceId, clusterId }: Taker, kind: Kind): Promise<Attempt<Attachable>> => {
  const found = await kind.look();
  if (found === undefined) return again(`${kind.noun} does not exist; only a repair can make a new one`);
  const owner = found.tags[CLUSTER_TAG];
  if (owner !== clusterId) {
    return again(
      `${kind.noun} is ${owner === undefined ? 'not tagged as' : `tagged as ${owner}'s, not as`} one of ${clusterId}: it is not taken until its tag ${CLUSTER_TAG} says so`,
    );
  }
  const attachment = found.attachment;
  if (attachment === undefined) {
    if (found.state !== 'available') return again(`${kind.noun} is ${found.state}`);
    await kind.attach();
    return again(`${kind.noun} is being attached`);
  }
  if (attachment.instanceId === instanceId) {
    return attachment.state === 'attached' ? done(found) : again(`${kind.noun} is ${attachment.state}`);
  }
  const holder = attachment.instanceId;
  const state = await ec2.instanceState(holder);
  if (state === 'stopped') {
    await kind.detach(found, holder);
    return again(`${kind.noun} is being detached from instance ${holder}, which is stopped`);
  }
  return again(
    `${kind.noun} is attached to instance ${holder}, which is ${state}; it is taken when that one is stopped or terminated`,
  );
};

/** Returns when the volume is attached to this instance. */
export const takeVolume = (taker: Taker, volumeId: string, log: Log, signal: AbortSignal): Promise<Attachable> =>
  persist({
    what: `Attaching volume ${volumeId}`,
    log,
    signal,
    pace: PACE,
    attempt: () =>
      takeOnce(taker, {
        noun: `volume ${volumeId}`,
        look: () => taker.ec2.volume(volumeId),
        attach: () => taker.ec2.attachVolume(volumeId, taker.instanceId, VOLUME_DEVICE),
        detach: (_found, holder) => taker.ec2.detachVolume(volumeId, holder),
      }),
  });

/** Returns when the network interface is attached to this instance. */
export const takeNetworkInterface = (
  taker: Taker,
  interfaceId: string,
  log: Log,
  signal: AbortSignal,
): Promise<Attachable> =>
  persist({
    what: `Attaching network interface ${interfaceId}`,
    log,
    signal,
    pace: PACE,
    attempt: () =>
      takeOnce(taker, {
        noun: `network interface ${interfaceId}`,
        look: () => taker.ec2.networkInterface(interfaceId),
        attach: () => taker.ec2.attachNetworkInterface(interfaceId, taker.instanceId, INTERFACE_INDEX),
        detach: async (found) => {
          const attachmentId = found.attachment?.attachmentId;
          if (attachmentId !== undefined) await taker.ec2.detachNetworkInterface(attachmentId);
        },
      }),
  });

const WATCH_MILLIS = 3_000;
const MAC = /^((?:[0-9a-f]{2}:){5}[0-9a-f]{2})\/?$/;
/** No machine has more. */
const MOST_INTERFACES = 64;

/** Ids of the network interfaces that are attached to this instance, as its metadata says. */
const attachedInterfaces = async (metadata: Metadata): Promise<readonly string[]> => {
  const directory = 'meta-data/network/interfaces/macs/';
  const macs = (await metadata.read(directory)).split('\n').flatMap((line) => MAC.exec(line)?.[1] ?? []);
  return Promise.all(macs.slice(0, MOST_INTERFACES).map((mac) => metadata.read(`${directory}${mac}/interface-id`)));
};

/** Takes the network interface again whenever it was detached, until the signal is aborted. */
export const keepNetworkInterface = async (
  watched: {
    readonly metadata: Metadata;
    readonly interfaceId: string;
    readonly taker: Taker;
    /** Makes its address usable again. */
    readonly onTaken: () => Promise<void>;
  },
  log: Log,
  signal: AbortSignal,
): Promise<void> => {
  const { metadata, interfaceId, taker, onTaken } = watched;
  let trouble = '';
  for (;;) {
    await pause(WATCH_MILLIS, signal);
    try {
      const attached = await attachedInterfaces(metadata);
      trouble = '';
      if (attached.includes(interfaceId)) continue;
      log.warn(`Network interface ${interfaceId} is no longer attached to this instance: it is taken again`);
      await takeNetworkInterface(taker, interfaceId, log, signal);
      await onTaken();
      log.info(`Network interface ${interfaceId} is attached again`);
    } catch (thrown) {
      signal.throwIfAborted();
      const said = wholeMessageOf(thrown);
      if (said !== trouble) log.warn(`Whether network interface ${interfaceId} is attached cannot be told: ${said}`);
      trouble = said;
    }
  }
};
