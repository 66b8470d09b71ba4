/**
 * AWS resources: the drivers of every kind that lives in AWS, wired to one worker's clients.
 *
 * Owns: wiring, and the guard in front of each step (I12). Neighbours: one file a kind; `activities/steps.ts` picks the
 * driver of a step by its kind.
 */

import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import type { Found, ResourceKind, ResourceProperties } from '../../kinds/resource.ts';
import type { ToldInstance } from '../../policy/pool-machines.ts';
import { present } from '../../words/present.ts';
import type { ResourceDriver } from '../driver.ts';
import type { ReadSecret } from '../seal.ts';
import { accountDriver, type KeptElsewhere } from './account.ts';
import {
  autoScalingGroupDriver,
  groupInstances,
  listGroups,
  othersIn,
  type SizeOf,
  sizeOf,
} from './auto-scaling-group.ts';
import { type BackupOrders, backupOrders } from './backup-orders.ts';
import type { AwsClients } from './clients.ts';
import { cloudLoadBalancersDriver } from './cloud-load-balancers.ts';
import { type ClusterNetwork, createClusterNetwork } from './cluster-network.ts';
import type { OnUnread } from './courtesy.ts';
import { createDepartures, departingIn } from './departures.ts';
import { establishedDriver } from './established.ts';
import { etcdVolumeDriver } from './etcd-volume.ts';
import { createFacts } from './facts.ts';
import { createObserve, type Observe } from './inventory.ts';
import { launchTemplateDriver } from './launch-template.ts';
import { fingerprintsOf, versionName } from './launch-template-marks.ts';
import { createLaunchTroubles, type LaunchTroubles } from './launches.ts';
import { listenerDriver } from './listener.ts';
import { loadBalancerDriver } from './load-balancer.ts';
import { machineSecurityGroupsDriver, machinesOfGroup, securityGroupsOf } from './machine-security-groups.ts';
import { createMemory } from './memory.ts';
import { networkInterfaceDriver } from './network-interface.ts';
import { nodeMachineDriver } from './node-machine.ts';
import { orderDriver } from './order.ts';
import { lookAtAccount, preflightDriver } from './preflight.ts';
import type { OtherOwner } from './preflight-membership.ts';
import { foreseeRoom } from './preflight-room.ts';
import { instanceDriver, replicaDriver } from './replica.ts';
import { restoreMarkDriver } from './restore-mark.ts';
import { restoreOrderDriver } from './restore-order.ts';
import { createRoom } from './room.ts';
import { type AwsScope, createScope } from './scope.ts';
import { securityGroupDriver } from './security-group.ts';
import { securityGroupRulesDriver } from './security-group-rules.ts';
import { type BackupBucket, backupBucket } from './snapshots.ts';
import { subnetTagsDriver } from './subnet-tags.ts';
import { type EmptyMachine, surgeDriver } from './surge.ts';
import { createSurvey, type TakeSurvey } from './survey.ts';
import { given } from './tags.ts';
import { targetGroupDriver } from './target-group.ts';
import { targetGroupAttributesDriver } from './target-group-attributes.ts';
import { targetsDriver } from './targets.ts';
import { upgradeMarkDriver } from './upgrade-mark.ts';
import { etcdVolumesIn } from './volumes.ts';

type AwsKind =
  | 'preflight'
  | 'subnet-tags'
  | 'security-group'
  | 'security-group-rules'
  | 'etcd-volume'
  | 'network-interface'
  | 'load-balancer'
  | 'target-group'
  | 'target-group-attributes'
  | 'targets'
  | 'listener'
  | 'launch-template'
  | 'auto-scaling-group'
  | 'established'
  | 'instance'
  | 'order'
  | 'upgrade-mark'
  | 'restore-order'
  | 'restore-mark'
  | 'replica'
  | 'node-machine'
  | 'surge'
  | 'machine-security-groups'
  | 'cloud-load-balancers'
  | 'account';

export type AwsDrivers = { readonly [K in AwsKind]: ResourceDriver<K> };

export type Aws = {
  readonly drivers: AwsDrivers;
  readonly observe: Observe;
  readonly survey: TakeSurvey;
  readonly scope: AwsScope;
  readonly launchTroubles: LaunchTroubles;
  readonly sizeOf: SizeOf;
  readonly backupOrders: BackupOrders;
  /** Snapshots in a bucket. */
  readonly backupsIn: (bucket: string) => BackupBucket;
  /** The machines of one auto scaling group, each with the fingerprint of what it was made from, unless that is gone. */
  readonly instancesOf: (groupName: string, signal: AbortSignal) => Promise<readonly ToldInstance[]>;
  /** Asks what a preflight will ask, so that it finds the answers; whatever is wrong is said by the preflight itself. */
  readonly foresee: (properties: ResourceProperties['preflight'], signal: AbortSignal) => Promise<void>;
};

export type AwsSettings = {
  readonly readSecret: ReadSecret;
  readonly keptElsewhere: KeptElsewhere;
  /** Drains the node of a machine that is to end. */
  readonly emptyMachine: EmptyMachine;
  /** Told of what preflight could not look at, and takes for right. */
  readonly onUnread?: OnUnread;
  /** Who else has a membership of GKE Hub; nobody unless given. */
  readonly otherOwner?: OtherOwner;
};

const guarded = <K extends ResourceKind>(driver: ResourceDriver<K>, scope: AwsScope): ResourceDriver<K> => ({
  ...driver,
  guard: (wanted) => scope.guard(wanted.owner, wanted.signal),
});

/** A kind that node pools take from their cluster: what is made needs no look. */
const shared = <K extends 'security-group' | 'load-balancer'>(
  driver: ResourceDriver<K>,
  network: ClusterNetwork,
): ResourceDriver<K> => ({
  ...driver,
  create: async (wanted) => {
    const made = await driver.create(wanted);
    const { key, owner, properties } = wanted;
    // Pools ask for its outputs, and for nothing else.
    const state = { name: properties.name, groupIds: [] };
    const found = { kind: driver.kind, key, outputs: made.outputs, state, uid: owner.uid } as unknown as Found;
    network.made(owner.clusterId, found);
    return made;
  },
  remove: (wanted, found) => {
    network.forget(wanted.owner.clusterId);
    return driver.remove(wanted, found);
  },
});

/** Security groups of machines that were launched from what their group launches no more, by the machine's id. */
const securityGroupsIn = async (
  clients: AwsClients,
  groups: readonly AutoScalingGroup[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> => {
  const others = new Set(groups.flatMap((group) => othersIn(group).map(({ id }) => id)));
  if (others.size === 0) return new Map();
  const names = groups.map(({ AutoScalingGroupName }) => given(AutoScalingGroupName, 'the name of a group'));
  const machines = (await Promise.all(names.map((name) => machinesOfGroup(clients, name, signal)))).flat();
  return new Map(
    machines.flatMap((instance): [string, readonly string[]][] => {
      const { InstanceId: id = '' } = instance;
      return others.has(id) ? [[id, securityGroupsOf(instance)]] : [];
    }),
  );
};

/** What is done with the machines and disks of a control plane that is there. */
const replicaDrivers = (clients: AwsClients, scope: AwsScope) => ({
  instance: guarded(instanceDriver(clients), scope),
  order: guarded(orderDriver(clients), scope),
  'upgrade-mark': guarded(upgradeMarkDriver(clients), scope),
  'restore-order': guarded(restoreOrderDriver(clients), scope),
  'restore-mark': guarded(restoreMarkDriver(clients), scope),
  replica: guarded(replicaDriver(clients), scope),
  established: guarded(establishedDriver(clients), scope),
});

/** Drivers and observation of one worker. */
export const awsResources = (clients: AwsClients, settings: AwsSettings): Aws => {
  const scope = createScope(clients);
  const { onUnread = () => undefined, otherOwner = () => Promise.resolve(undefined) } = settings;
  const remember = createMemory(Date.now);
  const facts = createFacts(clients, remember, onUnread);
  const room = createRoom(clients, facts, remember, onUnread);
  const network = createClusterNetwork();
  return {
    scope,
    launchTroubles: createLaunchTroubles(clients),
    sizeOf: sizeOf(clients.autoScaling),
    backupOrders: backupOrders(clients),
    backupsIn: (bucket) => backupBucket(clients.s3, bucket),
    instancesOf: async (groupName, signal) => {
      const groups = await listGroups(clients.autoScaling, { AutoScalingGroupNames: [groupName] }, signal);
      const machines = groups.flatMap(groupInstances);
      const [fingerprints, groupIds] = await Promise.all([
        fingerprintsOf(clients.ec2, machines, signal),
        securityGroupsIn(clients, groups, signal),
      ]);
      return machines.map((machine) => ({
        ...machine,
        ...present({ madeOf: fingerprints.get(versionName(machine)), groupIds: groupIds.get(machine.id) }),
      }));
    },
    observe: createObserve(clients, scope, facts, network),
    survey: createSurvey(clients, scope),
    foresee: async (properties, signal) => {
      await Promise.all([
        lookAtAccount(facts, properties, clients.region, signal),
        foreseeRoom({ facts, room }, properties, signal),
      ]);
    },
    drivers: {
      preflight: guarded(preflightDriver(facts, room, { otherOwner, onUnread }), scope),
      'subnet-tags': guarded(subnetTagsDriver(clients), scope),
      'security-group': guarded(shared(securityGroupDriver(clients), network), scope),
      'security-group-rules': guarded(securityGroupRulesDriver(clients), scope),
      'etcd-volume': guarded(etcdVolumeDriver(clients, etcdVolumesIn(clients.ec2)), scope),
      'network-interface': guarded(networkInterfaceDriver(clients), scope),
      'load-balancer': guarded(shared(loadBalancerDriver(clients), network), scope),
      'target-group': guarded(targetGroupDriver(clients), scope),
      'target-group-attributes': guarded(targetGroupAttributesDriver(clients), scope),
      targets: guarded(targetsDriver(clients), scope),
      listener: guarded(listenerDriver(clients), scope),
      'launch-template': guarded(launchTemplateDriver(clients, settings.readSecret), scope),
      'auto-scaling-group': guarded(autoScalingGroupDriver(clients, createDepartures(departingIn(clients))), scope),
      'node-machine': guarded(nodeMachineDriver(clients), scope),
      surge: guarded(surgeDriver(clients, settings.emptyMachine), scope),
      'machine-security-groups': guarded(machineSecurityGroupsDriver(clients), scope),
      ...replicaDrivers(clients, scope),
      'cloud-load-balancers': guarded(cloudLoadBalancersDriver(clients), scope),
      account: guarded(accountDriver(clients, settings.keptElsewhere), scope),
    },
  };
};
