/**
 * A small world of one control plane: its things in AWS, its three machines and whether they serve, and what its status says, without
 * AWS or Temporal.
 *
 * Owns: what each step of a turn does to machines; a machine that is launched serves, unless the world says that those of now are broken.
 * Neighbours: `account.ts` has what exists beside machines, `pool-world.ts` is the same for a node pool. Tests run a whole rollout,
 * operation by operation.
 */
import { type AWSCluster, awsCluster } from '../../api/cluster.ts';
import { releaseOf } from '../../api/releases.ts';
import type { AutoScalingGroupState, GroupInstance } from '../../kinds/auto-scaling-group.ts';
import type { EtcdVolumeState } from '../../kinds/etcd-volume.ts';
import type { LaunchTemplateState } from '../../kinds/launch-template.ts';
import { type Found, observedState } from '../../kinds/resource.ts';
import { decideKubernetesStart } from '../../machine/emulation.ts';
import type { Assessment, OperationInput } from '../../policy/assessment.ts';
import { decideCluster } from '../../policy/decide-cluster.ts';
import { planEnsure } from '../../policy/ensure.ts';
import type { Plan, Step } from '../../policy/plan.ts';
import { statusOf } from '../../policy/status.ts';
import type { OperationView } from '../../policy/views.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { etcdVolumeKey, replicaGroupKey, versionInTemplateKey } from '../../words/keys.ts';
import { present } from '../../words/present.ts';
import { ACCOUNT, REGION, release, seedCluster } from '../topology/objects.ts';
import { carryOut, EMPTY, inventoryOf, withState } from './account.ts';
import { mirrored, OBJECT } from './operation-views.ts';
import { addressOf, LIVE, NOW } from './repairing.ts';

const INDEXES = [0, 1, 2] as const;

/** A provisioned cluster; `controlPlane` fields replace the seed's. */
export const liveCluster = (controlPlane: object = {}, spec: object = {}): AWSCluster =>
  seedCluster({ controlPlane: { ...controlPlane }, spec, status: { ...LIVE, observedGeneration: 1 } });

/** The same cluster, with another spec of a next generation. */
export const changedTo = (cluster: AWSCluster, controlPlane: object, spec: object = {}): AWSCluster =>
  awsCluster.parse({
    ...cluster,
    metadata: { ...cluster.metadata, generation: cluster.metadata.generation + 1 },
    spec: { ...cluster.spec, ...spec, controlPlane: { ...cluster.spec.controlPlane, ...controlPlane } },
  });

export type World = {
  readonly found: readonly Found[];
  /** What each version of each template says of itself. */
  readonly versions: Readonly<Record<string, string>>;
  /** The key of each template that there ever was, by its id. */
  readonly templates: Readonly<Record<string, string>>;
  /** Whether the machine of each replica serves. */
  readonly serves: readonly boolean[];
  /** Machines so far, for their ids. */
  readonly born: number;
  /** Machines that are launched now never serve. */
  readonly broken?: true;
  /** The fewest that served at once. */
  readonly least: number;
  /** Replicas whose machines were ended by a step, in order. */
  readonly ended: readonly number[];
  /** Which minor of Kubernetes the disk of each replica remembers that it is at. */
  readonly disks: readonly (string | undefined)[];
};

const nameOf = (templateId: string, templateVersion: string): string => `${templateId} ${templateVersion}`;

const groupIn = ({ found }: Pick<World, 'found'>, index: number): AutoScalingGroupState => {
  const one = found.find(({ key }) => key === replicaGroupKey(index));
  if (one === undefined) throw new Error(`Replica ${index} has no group.`);
  return one.state as AutoScalingGroupState;
};

export const machineOf = (world: World, index: number): GroupInstance => {
  const [machine] = groupIn(world, index).instances ?? [];
  if (machine === undefined) throw new Error(`Replica ${index} has no machine.`);
  return machine;
};

/** The fingerprint of what the machine of a replica was made of. */
export const madeOf = (world: World, index: number): string => {
  const { templateId, templateVersion } = machineOf(world, index);
  return world.versions[nameOf(templateId, templateVersion)] ?? '';
};

const noted = (world: World): World => ({
  ...world,
  least: Math.min(world.least, world.serves.filter((one) => one).length),
});

export const serving = (world: World, index: number, serves: boolean): World =>
  noted({ ...world, serves: world.serves.map((was, other) => (other === index ? serves : was)) });

const withMachine = (world: World, index: number, machine: GroupInstance): World => ({
  ...world,
  found: withState(world.found, replicaGroupKey(index), { instances: [machine] }),
});

const volumeIn = ({ found }: World, index: number): EtcdVolumeState => {
  const volume = found.find(({ key }) => key === etcdVolumeKey(index));
  if (volume === undefined) throw new Error(`Replica ${index} has no disk.`);
  return observedState('etcd-volume', volume);
};

/** Which version of Kubernetes the machine of a replica runs, by the template that it was made of. */
export const versionOf = (world: World, index: number): string => {
  const { templateId } = machineOf(world, index);
  const version = versionInTemplateKey(world.templates[templateId] ?? '');
  const its = releaseOf(version);
  if (its === undefined) throw new Error(`Replica ${index} is of version "${version}".`);
  return its.kubernetes;
};

/** The minor that a replica serves as. */
export const servesAs = (world: World, index: number): string | undefined => volumeIn(world, index).serves?.emulation;

/** Kubernetes starts as its disk and tags have it, by the agent's own decision. */
const startedAgain = (world: World, index: number): World => {
  const { emulates, committed } = volumeIn(world, index);
  const version = versionOf(world, index);
  const tags = present({ 'slipway.dev/emulates': emulates, 'slipway.dev/committed': committed });
  const remembered = world.disks[index];
  const start = decideKubernetesStart({ volumeId: `vol-${index}`, file: 'file', version, tags, remembered });
  const disks = world.disks.map((was, other) => (other === index ? (start.remember ?? was) : was));
  if (start.kind === 'wait') return serving({ ...world, disks }, index, false);
  const serves = { version, emulation: start.serves };
  const isTold = Object.keys(tags).length > 0;
  const found = isTold ? withState(world.found, etcdVolumeKey(index), { serves }) : world.found;
  return serving({ ...world, disks, found }, index, true);
};

const markedBy = (world: World, { resource }: Step): World => {
  if (resource.kind !== 'upgrade-mark') return world;
  const { mark, minor, volumeIds } = resource.properties;
  return INDEXES.reduce((now, index) => {
    const id = now.found.find(({ key }) => key === etcdVolumeKey(index))?.outputs.id;
    if (id === undefined || !volumeIds.includes(id)) return now;
    return { ...now, found: withState(now.found, etcdVolumeKey(index), { [mark]: minor }) };
  }, world);
};

/** Another machine takes the place of a replica's, made from what its group launches. */
export const relaunched = (world: World, index: number): World => {
  const { launchTemplateId: templateId, launchTemplateVersion: templateVersion } = groupIn(world, index);
  const born = world.born + 1;
  const now = withMachine({ ...world, born }, index, { id: `i-${born}`, inService: true, templateId, templateVersion });
  const started = startedAgain(serving(now, index, false), index);
  return world.broken === true ? serving(started, index, false) : started;
};

/** What every template's newest version says is remembered, as EC2 does. */
const described = (world: World): World => ({
  ...world,
  templates: {
    ...world.templates,
    ...Object.fromEntries(
      world.found.flatMap(({ kind, outputs, key }) => (kind === 'launch-template' ? [[outputs.id, key]] : [])),
    ),
  },
  versions: {
    ...world.versions,
    ...Object.fromEntries(
      world.found.flatMap(({ kind, outputs, state }) =>
        kind === 'launch-template'
          ? [[nameOf(outputs.id ?? '', outputs.version ?? ''), (state as LaunchTemplateState).fingerprint]]
          : [],
      ),
    ),
  },
});

/** A cluster as it was made. */
export const worldOf = (cluster: AWSCluster, revision = release()): World => {
  const fresh = { fresh: true, provisioned: false, live: false };
  const made = carryOut(planEnsure(clusterTopology(cluster, revision), EMPTY, fresh).plan, EMPTY);
  return described({
    found: made,
    versions: {},
    templates: {},
    serves: [true, true, true],
    born: 0,
    least: 3,
    ended: [],
    disks: [undefined, undefined, undefined],
  });
};

/** What an inventory says: health by the load balancer, and what machines were made of that are not of the newest version. */
const observed = (world: World): readonly Found[] => {
  const health = INDEXES.map((index) => ({
    address: addressOf(index),
    state: world.serves[index] === true ? ('healthy' as const) : ('unhealthy' as const),
  }));
  const newest = new Set(
    world.found.flatMap(({ kind, outputs }) =>
      kind === 'launch-template' ? [nameOf(outputs.id ?? '', outputs.version ?? '')] : [],
    ),
  );
  const told = INDEXES.reduce<readonly Found[]>((found, index) => {
    const machine = machineOf(world, index);
    const name = nameOf(machine.templateId, machine.templateVersion);
    const fingerprint = world.versions[name];
    if (newest.has(name) || fingerprint === undefined) return found;
    return withState(found, replicaGroupKey(index), { instances: [{ ...machine, madeOf: { fingerprint } }] });
  }, world.found);
  return withState(told, 'targets/controlplane', { health });
};

export type Looking = {
  /** Epoch milliseconds. */
  readonly now?: number;
  /** What somebody said resume to. */
  readonly released?: string;
};

/** What the cluster's entity does next. */
export const assessed = (cluster: AWSCluster, world: World, { now = NOW, released }: Looking = {}): Assessment =>
  decideCluster({
    requested: { ...OBJECT, uid: cluster.metadata.uid },
    worker: { account: ACCOUNT, regions: [REGION] },
    entityId: 'entity',
    settleSeconds: 0,
    repair: { afterSeconds: 600 },
    now,
    object: cluster,
    inventory: inventoryOf(observed(world)),
    ...present({ released }),
  });

const indexIn = (key: string): number => Number(/(\d)(\/leave|\/restart)?$/.exec(key)?.[1]);

const only = ({ known, version }: Plan, step: Step): Plan => ({ known, version, steps: [step] });

const afterStep = (world: World, step: Step, plan: Plan): World => {
  const { kind, key } = step.resource;
  const made = (): World => described({ ...world, found: carryOut(only(plan, step), world.found) });
  switch (kind) {
    case 'auto-scaling-group': {
      const index = indexIn(key);
      // Another version of its template replaces no machine by itself.
      return withMachine(made(), index, machineOf(world, index));
    }
    case 'order': {
      const index = indexIn(key);
      const away = serving(world, index, false);
      if (step.resource.kind === 'order' && step.resource.properties.verb === 'restart')
        return startedAgain(away, index);
      const left = { instanceId: machineOf(world, index).id, until: NOW / 1_000 + 120 };
      return { ...away, found: withState(away.found, etcdVolumeKey(index), { left }) };
    }
    case 'upgrade-mark':
      return markedBy(world, step);
    case 'snapshot':
    case 'upgrade-insights':
      return world;
    case 'instance': {
      const index = indexIn(key);
      return relaunched({ ...world, ended: [...world.ended, index] }, index);
    }
    default:
      return made();
  }
};

type Yielded = OperationView['outputs'];

/** Carried out as far as it goes: stops at a wait for a machine that never serves, and before the step of this number. */
export const carriedOut = (
  world: World,
  { plan }: Pick<OperationInput, 'plan'>,
  until = Number.POSITIVE_INFINITY,
): { readonly world: World; readonly stuck?: string } => {
  let now = world;
  let known: Yielded = plan.known;
  for (const [number, step] of plan.steps.entries()) {
    if (number >= until) return { world: now, stuck: step.id };
    if (step.resource.kind === 'replica' && now.serves[indexIn(step.resource.key)] !== true) {
      return { world: now, stuck: step.id };
    }
    now = afterStep(now, step, { ...plan, known });
    const outputs = now.found.find(({ key }) => key === step.resource.key)?.outputs;
    if (outputs !== undefined) known = { ...known, [step.resource.key]: outputs };
  }
  return { world: now };
};

const written = (cluster: AWSCluster, request: Parameters<typeof statusOf>[0]): AWSCluster =>
  awsCluster.parse({ ...cluster, status: statusOf(request, cluster, NOW) });

/** The cluster as its status says it while an operation runs, or once it ended so. */
export const told = (cluster: AWSCluster, input: OperationInput, state: OperationView['state']): AWSCluster =>
  written(cluster, mirrored(input, state, { now: NOW }));

/** The same where nothing is done now. */
export const settled = (cluster: AWSCluster, assessment: Assessment): AWSCluster => {
  if (assessment.kind !== 'settled') throw new Error(`Something is to be done: ${JSON.stringify(assessment)}`);
  const { generation, note, rollout, heldBack, controlPlane, recalled, upgrading } = assessment;
  const subject = {
    kind: 'settled' as const,
    ...present({ note, rollout, heldBack, controlPlane, recalled, upgrading }),
  };
  return written(cluster, { object: OBJECT, generation, events: [], subject });
};

export type Ran = {
  readonly cluster: AWSCluster;
  readonly world: World;
  readonly operations: readonly OperationInput[];
  /** `status.state` as whoever watches sees it, without repetitions. */
  readonly states: readonly string[];
  readonly end: Assessment | { readonly kind: 'stuck'; readonly step: string };
};

/** What happens to the world before an operation, and before which of its steps that one breaks off. */
export type Trouble = { readonly happens?: (world: World) => World; readonly breaksAt?: number };

const MOST = 40;

/** Operation after operation, until nothing is left to do, or a wait never ends. */
export const ranToEnd = (
  cluster: AWSCluster,
  world: World,
  looking: Looking = {},
  troubles: readonly Trouble[] = [],
): Ran => {
  let now = cluster;
  let here = world;
  const operations: OperationInput[] = [];
  const states: string[] = [];
  const see = (): void => {
    const state = now.status?.state ?? '';
    if (states.at(-1) !== state) states.push(state);
  };
  const ran = (end: Ran['end']): Ran => ({ cluster: now, world: here, operations, states, end });
  see();
  for (let number = 0; number < MOST; number += 1) {
    const { happens = (one: World) => one, breaksAt } = troubles[number] ?? {};
    here = happens(here);
    const assessment = assessed(now, here, looking);
    if (assessment.kind === 'settled') now = settled(now, assessment);
    see();
    if (assessment.kind !== 'operate') return ran(assessment);
    const { operation } = assessment;
    operations.push(operation);
    now = told(now, operation, 'running');
    see();
    const done = carriedOut(here, operation, breaksAt);
    here = done.world;
    const isBroken = done.stuck !== undefined;
    now = told(now, operation, isBroken ? 'superseded' : 'succeeded');
    see();
    if (isBroken && breaksAt === undefined) return ran({ kind: 'stuck', step: done.stuck ?? '' });
  }
  throw new Error(
    `After ${MOST} operations there is still something to do: ${operations
      .at(-1)
      ?.plan.steps.map(({ id }) => id)
      .join(', ')}`,
  );
};
