/**
 * Replicas: how each machine of an established control plane is, as an inventory shows it.
 *
 * Owns: reading health, disk, interface and machine of each replica out of an inventory, and saying in a sentence what is
 * wrong. Neighbours: `repair.ts` decides what may be done about it. Pure. Invariants: I5, I12 (a target that nobody
 * asked yet is neither healthy nor lost; a disk that merely lost its tags is not a lost disk).
 */

import type { Attached, Holder } from '../kinds/launch-template.ts';
import type { Found } from '../kinds/resource.ts';
import { observedState } from '../kinds/resource.ts';
import type { TargetHealth } from '../kinds/targets.ts';
import { REPLICAS, type ReplicaIndex } from '../topology/values.ts';
import {
  etcdVolumeKey,
  machineInKey,
  networkInterfaceKey,
  replicaGroupKey,
  replicaMachine,
  TARGET_GROUP,
  TARGETS,
} from '../words/keys.ts';
import { present } from '../words/present.ts';

export type Replica = {
  readonly index: ReplicaIndex;
  readonly groupName?: string;
  /** The machine that its group has now. */
  readonly instanceId?: string;
  /** The version of the launch template that this machine was made from, and the one that the group is set to. */
  readonly instanceTemplate?: { readonly id: string; readonly version: string };
  readonly groupVersion?: string;
  readonly targetGroupArn?: string;
  readonly address?: string;
  readonly health: TargetHealth['state'];
  readonly healthSaid?: string;
  /**
   * `joining`: made by a repair, and not yet seen to hold a member's data. `disowned`: EC2 has it, without our tags. `lost`: EC2
   * says of its id that it hasn't. `unlisted`: no listing by tag shows it, and nothing says which one it was.
   */
  readonly volume: 'present' | 'joining' | 'lost' | 'disowned' | 'unlisted';
  readonly networkInterface: 'present' | 'lost' | 'disowned';
  /** Other machines than its own, and what of its things they have. */
  readonly heldBy: readonly Pick<Holder, 'instanceId' | 'holds'>[];
  /** What its machines are told to attach, where that was looked at. */
  readonly attaches?: Attached;
  /** This very machine was told to leave, and did: until when it was to, in epoch seconds. */
  readonly left?: number;
  /** Its machines are told of a disk or an interface that isn't its own any more. */
  readonly userData: 'right' | 'wrong';
};

/** Whether this replica holds its share of the quorum at this moment, as far as anybody can tell. */
export const serves = ({ health, volume, networkInterface }: Replica): boolean =>
  health === 'healthy' && volume === 'present' && networkInterface === 'present';

/** What is wrong with one replica, as a person would say it. */
export type Trouble = {
  readonly kind: 'volume' | 'interface' | 'machine';
  readonly message: string;
};

const volumeCondition = (found: Found | undefined, attaches: Attached | undefined): Replica['volume'] => {
  if (found !== undefined) return observedState('etcd-volume', found).emptyDisk === 'join' ? 'joining' : 'present';
  // A listing by tag is no proof that it is gone (I12).
  if (attaches === undefined) return 'unlisted';
  return attaches.volumeExists ? 'disowned' : 'lost';
};

const interfaceCondition = (found: Found | undefined, attaches: Attached | undefined): Replica['networkInterface'] => {
  if (found !== undefined) return 'present';
  return attaches?.networkInterfaceExists === true ? 'disowned' : 'lost';
};

/** What somebody else than the replica's own machine has; where it has none, whoever had it last. */
const heldByOthers = (
  own: string | undefined,
  volume: Found | undefined,
  networkInterface: Found | undefined,
): Replica['heldBy'] => {
  const disk = volume === undefined ? undefined : observedState('etcd-volume', volume).holder;
  const card = networkInterface === undefined ? undefined : observedState('network-interface', networkInterface).holder;
  const all = [
    { instanceId: disk, holds: `volume ${volume?.outputs.id}` },
    { instanceId: card, holds: `network interface ${networkInterface?.outputs.id}` },
  ];
  return all.flatMap(({ instanceId, holds }) =>
    instanceId === undefined || instanceId === own ? [] : [{ instanceId, holds }],
  );
};

const userDataOf = (
  attaches: Attached | undefined,
  volume: Found | undefined,
  networkInterface: Found | undefined,
): Replica['userData'] => {
  if (attaches === undefined) return 'right';
  const otherVolume = volume !== undefined && volume.outputs.id !== attaches.volumeId;
  const otherInterface = networkInterface !== undefined && networkInterface.outputs.id !== attaches.networkInterfaceId;
  return otherVolume || otherInterface ? 'wrong' : 'right';
};

/** Where an interface is gone, its address is the one target that no interface has: the group keeps it. */
const addressesOf = (byKey: ReadonlyMap<string, Found>): readonly (string | undefined)[] => {
  const known = REPLICAS.map((index) => byKey.get(networkInterfaceKey(index))?.outputs.address);
  const targets = byKey.get(TARGETS);
  const orphans = (targets === undefined ? [] : observedState('targets', targets).addresses).filter(
    (address) => !known.includes(address),
  );
  const missing = known.filter((address) => address === undefined).length;
  return known.map((address) => address ?? (missing === 1 && orphans.length === 1 ? orphans[0] : undefined));
};

/** The template that its group launches from, or else any that is there: somebody may have taken away the other. */
export const templateOfReplica = (inventory: readonly Found[], index: ReplicaIndex): Found | undefined => {
  const own = inventory.filter(
    ({ kind, key }) => kind === 'launch-template' && machineInKey(key) === replicaMachine(index),
  );
  const group = inventory.find(({ key }) => key === replicaGroupKey(index));
  const id = group === undefined ? undefined : observedState('auto-scaling-group', group).launchTemplateId;
  return own.find(({ outputs }) => outputs.id === id) ?? own.at(-1);
};

const leftUntil = (volume: Found | undefined, instanceId: string | undefined): number | undefined => {
  const left = volume === undefined ? undefined : observedState('etcd-volume', volume).left;
  return left?.instanceId === instanceId ? left?.until : undefined;
};

/** Each replica as the inventory shows it. */
export const replicasOf = (inventory: readonly Found[]): readonly Replica[] => {
  const byKey = new Map(inventory.map((found) => [found.key, found]));
  const addresses = addressesOf(byKey);
  const targets = byKey.get(TARGETS);
  const healths = targets === undefined ? [] : (observedState('targets', targets).health ?? []);
  return REPLICAS.map((index): Replica => {
    const address = addresses[index];
    const volume = byKey.get(etcdVolumeKey(index));
    const networkInterface = byKey.get(networkInterfaceKey(index));
    const health = healths.find((one) => one.address === address);
    const template = templateOfReplica(inventory, index);
    const attaches = template === undefined ? undefined : observedState('launch-template', template).attaches;
    const machine = machineOfGroup(byKey.get(replicaGroupKey(index)));
    return {
      index,
      ...machine,
      ...present({
        targetGroupArn: byKey.get(TARGET_GROUP)?.outputs.arn,
        address,
        healthSaid: health?.said,
        attaches,
        left: leftUntil(volume, machine.instanceId),
      }),
      health: health?.state ?? 'unknown',
      volume: volumeCondition(volume, attaches),
      networkInterface: interfaceCondition(networkInterface, attaches),
      heldBy: heldByOthers(machine.instanceId, volume, networkInterface),
      userData: userDataOf(attaches, volume, networkInterface),
    };
  });
};

type Grouped = Pick<Replica, 'groupName' | 'groupVersion' | 'instanceId' | 'instanceTemplate'>;

/** Its group, and the machine that it has now. */
const machineOfGroup = (group: Found | undefined): Grouped => {
  if (group === undefined) return {};
  const {
    name: groupName,
    launchTemplateVersion: groupVersion,
    instances,
  } = observedState('auto-scaling-group', group);
  const instance = instances?.find((one) => one.inService) ?? instances?.[0];
  if (instance === undefined) return { groupName, groupVersion };
  const { id: instanceId, templateId: id, templateVersion: version } = instance;
  return { groupName, groupVersion, instanceId, instanceTemplate: { id, version } };
};

/** `replica 1 (i-0abc)` */
export const nameOfReplica = ({ index, instanceId }: Pick<Replica, 'index' | 'instanceId'>): string =>
  `replica ${index}${instanceId === undefined ? '' : ` (${instanceId})`}`;

const volumeTrouble = (replica: Replica): string | undefined => {
  const name = nameOfReplica(replica);
  const { attaches } = replica;
  switch (replica.volume) {
    case 'lost':
      return `${name} has lost its etcd volume ${attaches?.volumeId ?? ''}, and with it its copy of the data`;
    case 'unlisted':
      return `no etcd volume of ${name} carries the tags that say whose it is, and its launch template does not name one`;
    case 'disowned':
      return `the etcd volume ${attaches?.volumeId ?? ''} of ${name} exists, but without the tags that say whose it is`;
    case 'joining':
      return `${name} has a new etcd volume and is to join the other members`;
    case 'present':
      return undefined;
  }
};

const machineTrouble = (replica: Replica): string | undefined => {
  const name = nameOfReplica(replica);
  const { attaches } = replica;
  if (replica.userData === 'wrong') {
    return `${name} was told to attach ${attaches?.volumeId} and ${attaches?.networkInterfaceId}, one of which is not its own any more`;
  }
  if (replica.health !== 'unhealthy') return undefined;
  const holder = attaches?.holder;
  if (holder !== undefined && replica.instanceId !== undefined) {
    const cure = holder.state === 'shutting-down' ? '. If it stays so for more than some minutes, end it by force' : '';
    return `${name} waits for ${holder.holds}, which instance ${holder.instanceId} still has: that one is ${holder.state}, and nothing is taken from a machine that may still write${cure}`;
  }
  return replica.instanceId === undefined
    ? `replica ${replica.index} has no machine: auto scaling group ${replica.groupName ?? '?'} has not launched one yet`
    : `${name} does not serve: ${replica.healthSaid ?? 'its health checks fail'}`;
};

export const troubleOf = (replica: Replica): Trouble | undefined => {
  const volume = volumeTrouble(replica);
  if (volume !== undefined) return { kind: 'volume', message: volume };
  if (replica.networkInterface === 'lost') {
    const message = `${nameOfReplica(replica)} has lost its network interface, and with it its address`;
    return { kind: 'interface', message };
  }
  if (replica.networkInterface === 'disowned') {
    const id = replica.attaches?.networkInterfaceId ?? '';
    const message = `the network interface ${id} of ${nameOfReplica(replica)} exists, but without the tags that say whose it is`;
    return { kind: 'interface', message };
  }
  const machine = machineTrouble(replica);
  return machine === undefined ? undefined : { kind: 'machine', message: machine };
};
