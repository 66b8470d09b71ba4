/**
 * Replacement: the steps that put another machine in a replica's place, whatever the reason, as plain data.
 *
 * Owns: the one gate that every replacement passes, which steps it has, and their order: the disk that may join, a template that
 * names it, the group that launches from it, only then the end of the machine that stands in its place, and the wait until
 * another one serves. Who changes etcd's members is the agent of the new machine, which leaves and joins as a learner by etcd's
 * own rules. Neighbours: `repair.ts` and `replica-turns.ts` say which are due, `rollout.ts` which is next, `ensure.ts` makes the part that is a
 * difference of resources.
 * Invariants: I2 (one that was interrupted is planned again from what is there, and goes on), I5 (one replica at a time, and never
 * while more than 40 % of them are unhealthy: of three, both others must serve, which is quorum; only `join` is ever
 * written on a new disk; the machine's step looks at the other replicas once more before it acts).
 */

import type { ReplicaMachine } from '../kinds/replica.ts';
import type { Found } from '../kinds/resource.ts';
import { needsOf, type Resource, type ResourceOf } from '../kinds/resource.ts';
import { sinksOf } from '../topology/check.ts';
import { REPLICAS } from '../topology/values.ts';
import type { ResourceKey } from '../words/keys.ts';
import {
  ESTABLISHED,
  etcdVolumeKey,
  kindOf,
  PREFLIGHT,
  replicaGroupKey,
  replicaInstanceKey,
  replicaKey,
  replicaOrderKey,
} from '../words/keys.ts';
import { ref } from '../words/references.ts';
import { PLAN_VERSION } from '../words/steps.ts';
import { planEnsure } from './ensure.ts';
import { knownFrom } from './known.ts';
import { orderedSteps } from './order.ts';
import type { Plan, Step } from './plan.ts';
import { nameOfReplica, type Replica, serves } from './replicas.ts';
import { ensureStep, removeStep, waitStep } from './steps.ts';

export type Replacement = {
  readonly replica: Replica;
  /**
   * `volume`: a new disk, which joins. `rejoin`: the disk is there, the rest may be missing. `user-data`: its machines must be
   * told of their present disk and interface. `restore`: a new disk if one is lost, which waits for what is put on it. `machine`: only another machine. `outdated`: one that is made of and told what the spec
   * asks for by now.
   */
  readonly cause: 'volume' | 'rejoin' | 'user-data' | 'restore' | 'machine' | 'outdated';
};

/** A larger share of unhealthy replicas than this is left alone. */
const MOST_UNHEALTHY = 0.4;

/** Why this replica must not be touched, or undefined when it may be. */
export const whyNotReplaceable = (replica: Replica, all: readonly Replica[]): string | undefined => {
  if (replica.targetGroupArn === undefined || replica.address === undefined) {
    return `nobody can see whether ${nameOfReplica(replica)} serves, since its target group or its address is missing`;
  }
  const others = all.filter((one) => one.index !== replica.index && !serves(one));
  if ((others.length + 1) / all.length <= MOST_UNHEALTHY) return undefined;
  return `${others.map(nameOfReplica).join(' and ')} must serve before ${nameOfReplica(replica)} may be replaced, or etcd would lose its quorum`;
};

type ReplacementRequest = {
  readonly replacement: Replacement;
  readonly topology: readonly Resource[];
  readonly inventory: readonly Found[];
  readonly replicas: readonly Replica[];
  /** How often each resource was replaced so far, from status. */
  readonly incarnations: Readonly<Record<ResourceKey, number>>;
};

/** The replica's disk, template and group, and whatever of the cluster they need and somebody took away. */
const ownOf = ({ replacement, topology, inventory }: ReplacementRequest): readonly Resource[] => {
  const { index } = replacement.replica;
  const present = new Set(inventory.map(({ key }) => key));
  const byKey = new Map(topology.map((resource) => [resource.key, resource]));
  const own = new Map<ResourceKey, Resource>();
  const take = (key: ResourceKey): void => {
    const resource = byKey.get(key);
    if (resource === undefined || own.has(key)) return;
    own.set(key, resource);
    for (const need of needsOf(resource)) if (!present.has(need)) take(need);
  };
  // Its group refers to the template that it launches from.
  const group = byKey.get(replicaGroupKey(index));
  const templates = (group === undefined ? [] : needsOf(group)).filter((key) => kindOf(key) === 'launch-template');
  for (const key of [PREFLIGHT, etcdVolumeKey(index), ...templates, replicaGroupKey(index)]) take(key);
  return [...own.values()];
};

/** The one place where an established cluster gets another disk: an empty one, which may only join, or waits for a restore. */
const joining = (resource: Resource, { replica, cause }: Replacement): Resource => {
  if (resource.kind !== 'etcd-volume') return resource;
  const former = replica.attaches?.volumeId;
  const properties = { ...resource.properties, emptyDisk: cause === 'restore' ? ('wait' as const) : ('join' as const) };
  return { ...resource, properties: former === undefined ? properties : { ...properties, former } };
};

/** What is different about the replica's resources; nothing where only its machine is at fault. */
export const resourceSteps = (request: ReplacementRequest): Plan => {
  const { replacement, inventory, incarnations } = request;
  const { replica, cause } = replacement;
  if (cause === 'machine') return { version: PLAN_VERSION, steps: [], known: {} };
  const own = ownOf(request);
  const keys = new Set(own.map(({ key }) => key));
  const { plan } = planEnsure(
    own.map((resource) => joining(resource, replacement)),
    inventory.filter(({ key }) => keys.has(key)),
    { external: knownFrom(inventory, keys), fresh: false, provisioned: true, live: false },
  );
  const volume = etcdVolumeKey(replica.index);
  return {
    ...plan,
    steps: plan.steps.map((step) =>
      step.verb === 'ensure' && step.resource.key === volume && step.found === undefined
        ? { ...step, incarnation: (incarnations[volume] ?? 0) + 1 }
        : step,
    ),
  };
};

export const replicaMachine = (
  { targetGroupArn, address, index }: Replica,
  topology: readonly Resource[],
): ReplicaMachine => {
  const group = topology.find(({ key }) => key === replicaGroupKey(index));
  if (group?.kind !== 'auto-scaling-group' || targetGroupArn === undefined || address === undefined) {
    throw new Error(`Replica ${index} cannot be repaired without its target group and its address: look first.`);
  }
  return { groupName: group.properties.name, targetGroupArn, address };
};

/** Whether the machine that the group has now was made before what the plan changes, or is the fault itself. */
export const mustGo = ({ replica, cause }: Replacement, plan: Plan): boolean =>
  replica.instanceId !== undefined &&
  (cause === 'machine' || cause === 'outdated' || plan.steps.length > 0 || replica.attaches?.machineOutdated === true);

/** A machine that serves leaves its clients first: they find another replica, and none of their requests fails. */
const leaving = (
  { replica }: Replacement,
  machine: Pick<ResourceOf<'order'>['properties'], 'instanceId' | 'others' | keyof ReplicaMachine>,
  after: readonly string[],
): readonly Step[] => {
  // One that has lost its disk has no agent that reads orders, whatever its load balancer still says of it.
  if (!serves(replica)) return [];
  const { index, attaches } = replica;
  // Its agent reads its orders on the disk that it was told of.
  const volumeId = attaches?.volumeExists === true ? attaches.volumeId : ref(etcdVolumeKey(index), 'id');
  const properties = { ...machine, verb: 'leave' as const, volumeId };
  return [ensureStep({ key: replicaOrderKey(index, 'leave'), kind: 'order', properties }, after)];
};

/** The way back of one that a person aborts before its machine has ended: it serves its clients again, and needs no repair for that. */
const comingBack = (going: readonly Step[], index: number): Pick<Plan, 'undo'> => {
  const undo = going.flatMap(({ verb, resource }) => {
    if (verb !== 'ensure' || resource.kind !== 'order') return [];
    const properties = { ...resource.properties, verb: 'restart' as const, afterLeave: true as const };
    return [ensureStep({ key: replicaOrderKey(index, 'restart'), kind: 'order', properties }, [])];
  });
  return undo.length === 0 ? {} : { undo };
};

/** It goes because it does not serve: where it does by then, it is looked at anew, and leaves its clients first. */
const isForHealth = ({ replica, cause }: Replacement): boolean =>
  cause === 'machine' || (cause === 'outdated' && !serves(replica));

/** It leaves, and then it ends. */
const goingSteps = (
  replacement: Replacement,
  machine: Parameters<typeof leaving>[1],
  after: readonly string[],
): readonly Step[] => {
  const left = leaving(replacement, machine, after);
  const { replica } = replacement;
  return [
    ...left,
    removeStep(
      {
        key: replicaInstanceKey(replica.index),
        kind: 'instance',
        properties: { ...machine, onlyUnhealthy: isForHealth(replacement) },
      },
      left.length > 0 ? left.map(({ id }) => id) : after,
    ),
  ];
};

/** A new kind of machine that serves for a moment is none that others may give way to. */
const LOOKS_AT_ANOTHER_KIND = 3;

/** The wait until another machine serves in its place. */
const servingStep = (
  { replica: { index }, cause }: Replacement,
  machine: ResourceOf<'replica'>['properties'],
  after: readonly string[],
): Step => {
  const isUpdate = cause === 'outdated';
  return waitStep(
    {
      key: replicaKey(index),
      kind: 'replica',
      properties: isUpdate ? { ...machine, looks: LOOKS_AT_ANOTHER_KIND } : machine,
      event: isUpdate
        ? {
            reason: 'ReplacedReplica',
            message: [`Replica ${index} of the control plane has another machine, which serves`],
          }
        : { reason: 'RepairedReplica', message: [`Replica ${index} of the control plane serves again`] },
    },
    after,
  );
};

/** The steps of one replacement. */
export const planReplacement = (request: ReplacementRequest): Plan => {
  const { replacement, topology } = request;
  const { replica, cause } = replacement;
  const { index, instanceId } = replica;
  const plan = resourceSteps(request);
  const machine = replicaMachine(replica, topology);
  const others = request.replicas.filter((one) => one.index !== index).flatMap(({ address }) => address ?? []);
  if (others.length !== REPLICAS.length - 1) throw new Error('A repair needs the addresses of the other replicas.');

  const going: readonly Step[] =
    instanceId !== undefined && mustGo(replacement, plan)
      ? goingSteps(replacement, { ...machine, instanceId, others }, sinksOf(plan.steps))
      : [];
  const serving = servingStep(
    replacement,
    going.length === 0 || instanceId === undefined ? machine : { ...machine, former: instanceId },
    sinksOf([...plan.steps, ...going]),
  );
  const established = topology.find((resource) => resource.key === ESTABLISHED);
  const joined: readonly Step[] =
    (cause === 'volume' || cause === 'rejoin') && established?.kind === 'established'
      ? [ensureStep({ ...established, properties: { ...established.properties, joined: true } }, [serving.id])]
      : [];
  const planned = new Set(plan.steps.map(({ resource }) => resource.key));
  return {
    version: PLAN_VERSION,
    steps: orderedSteps([...plan.steps, ...going, serving, ...joined]),
    ...comingBack(going, index),
    known: knownFrom(request.inventory, planned),
  };
};
