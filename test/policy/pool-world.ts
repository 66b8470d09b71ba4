/**
 * A small world of one node pool: its things in AWS, its machines and their nodes, and what its status says, without AWS or Temporal.
 *
 * Owns: what each step of a turn does to machines and nodes; a new machine's node is Ready unless the world says that its template is
 * broken. Neighbours: `account.ts` has what exists beside machines. Tests run a whole rollout, operation by operation.
 */
import type { AWSCluster } from '../../api/cluster.ts';
import { type AWSNodePool, awsNodePool } from '../../api/nodepool.ts';
import type { AutoScalingGroupState } from '../../kinds/auto-scaling-group.ts';
import {
  type Fingerprints,
  type LaunchTemplateProperties,
  lastingFingerprint,
  launchTemplateFingerprint,
} from '../../kinds/launch-template.ts';
import { marksPatch, type NodeMarks, type WantedMarks } from '../../kinds/node-labels.ts';
import type { Found, Resource, ResourceProperties } from '../../kinds/resource.ts';
import type { Assessment, OperationInput } from '../../policy/assessment.ts';
import { decideNodePool } from '../../policy/decide-nodepool.ts';
import { machinesToRead } from '../../policy/decide-pool-machines.ts';
import { planEnsure } from '../../policy/ensure.ts';
import { knownFrom, resolved } from '../../policy/known.ts';
import type { Plan, Step } from '../../policy/plan.ts';
import type { PoolMachine, PoolMachines, PoolNode } from '../../policy/pool-machines.ts';
import type { Sibling } from '../../policy/pool-order.ts';
import { statusOf } from '../../policy/status.ts';
import type { OperationView } from '../../policy/views.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { nodePoolTopology } from '../../topology/nodepool.ts';
import { CLUSTER_OUTPUTS_FOR_POOLS } from '../../words/keys.ts';
import type { Resolved } from '../../words/references.ts';
import { ACCOUNT, REGION, release, seedCluster, seedPool } from '../topology/objects.ts';
import { carryOut, EMPTY, inventoryOf } from './account.ts';
import { FRESH, GROUP, LIVE, MARKS, NOW, POOL_ID } from './living-pool.ts';
import { mirrored } from './operation-views.ts';

export const CLUSTER = seedCluster({ status: LIVE });

type Spec = Partial<AWSNodePool['spec']>;

/** A provisioned pool of three to five nodes. */
export const livePool = (spec: Spec = {}, status: object = {}): AWSNodePool => {
  const seed = seedPool();
  return awsNodePool.parse({
    ...seed,
    spec: { ...seed.spec, minNodeCount: 3, maxNodeCount: 5, ...spec },
    status: { aws: LIVE.aws, state: LIVE.state, revision: LIVE.revision, ...status },
  });
};

/** The same pool, with another spec of a next generation. */
export const changedTo = (pool: AWSNodePool, spec: Spec): AWSNodePool =>
  awsNodePool.parse({
    ...pool,
    metadata: { ...pool.metadata, generation: pool.metadata.generation + 1 },
    spec: { ...pool.spec, ...spec },
  });

type Version = { readonly madeOf: Fingerprints; readonly marks: NodeMarks; readonly groupIds: readonly string[] };

export type World = {
  readonly found: readonly Found[];
  readonly machines: readonly PoolMachine[];
  /** What each version of each template says of itself, and what its machines have of it. */
  readonly versions: Readonly<Record<string, Version>>;
  /** Machines so far, for their ids. */
  readonly born: number;
  /** Nodes of machines that are launched now never get Ready. */
  readonly broken?: true;
  /** What fewest and most machines there were, and fewest Ready nodes. */
  readonly extremes: { readonly least: number; readonly most: number; readonly leastReady: number };
};

export const groupIn = ({ found }: Pick<World, 'found'>): AutoScalingGroupState =>
  found.find(({ key }) => key === GROUP)?.state as AutoScalingGroupState;

const nodeOf = (id: string, overrides: Partial<PoolNode> = {}): PoolNode => ({
  name: `node-of-${id}`,
  ready: true,
  endedByAutoscaler: false,
  scaleDownDisabled: false,
  pods: 1,
  marks: MARKS,
  ...overrides,
});

const noted = (world: World): World => {
  const { least, most, leastReady } = world.extremes;
  const ready = world.machines.filter(({ node }) => node?.ready === true && node.closedBy === undefined).length;
  const count = world.machines.length;
  return {
    ...world,
    extremes: {
      least: Math.min(least, count),
      most: Math.max(most, count),
      leastReady: Math.min(leastReady, ready),
    },
  };
};

/** A template's newest version says what it is made of, as its description does. */
const described = (world: World, template: Resource): World => {
  const outputs = world.found.find(({ key }) => key === template.key)?.outputs;
  const told = resolved(template.properties, knownFrom(world.found)) as Resolved<LaunchTemplateProperties>;
  const madeOf = { fingerprint: launchTemplateFingerprint(told), lasting: lastingFingerprint(told) };
  const marks = told.userData.configuration as NodeMarks;
  const version = { madeOf, marks, groupIds: [...told.groupIds].sort() };
  return { ...world, versions: { ...world.versions, [`${outputs?.id} ${outputs?.version}`]: version } };
};

/** The group launches what it lacks. */
const launched = (world: World): World => {
  const { desired, launchTemplateId: templateId, launchTemplateVersion: templateVersion } = groupIn(world);
  const version = world.versions[`${templateId} ${templateVersion}`];
  if (version === undefined) throw new Error(`There is no version ${templateVersion} of ${templateId}.`);
  const { madeOf, marks, groupIds } = version;
  const missing = Math.max(0, desired - world.machines.length);
  const young = Array.from({ length: missing }, (_, index): PoolMachine => {
    const id = `i-${String(world.born + index).padStart(4, '0')}`;
    const node = nodeOf(id, { ready: world.broken !== true, pods: 0, marks });
    return { id, inService: true, templateId, templateVersion, madeOf, groupIds, node };
  });
  return noted({ ...world, machines: [...world.machines, ...young], born: world.born + missing });
};

const withGroup = (world: World, changes: Partial<AutoScalingGroupState>): World => ({
  ...world,
  found: world.found.map((one) =>
    one.key === GROUP ? ({ ...one, state: { ...one.state, ...changes } } as Found) : one,
  ),
});

const withNode = (world: World, name: string, changes: (node: PoolNode) => PoolNode): World =>
  noted({
    ...world,
    machines: world.machines.map((machine) =>
      machine.node?.name === name ? { ...machine, node: changes(machine.node) } : machine,
    ),
  });

/** A pool as it was made, with as many machines as its group keeps. */
export const worldOf = (pool: AWSNodePool, desired: number, revision = release()): World => {
  const built = carryOut(planEnsure(clusterTopology(CLUSTER, release()), EMPTY, FRESH).plan, EMPTY);
  const external = Object.fromEntries(
    built.flatMap(({ key, outputs }) => (CLUSTER_OUTPUTS_FOR_POOLS.includes(key) ? [[key, outputs]] : [])),
  );
  const { plan } = planEnsure(nodePoolTopology(pool, CLUSTER, revision), EMPTY, { ...FRESH, external });
  const own = carryOut(plan, EMPTY).filter(({ key }) => key.includes(POOL_ID));
  const extremes = { least: desired, most: desired, leastReady: desired };
  const empty: World = { found: [...built, ...own], machines: [], versions: {}, born: 0, extremes };
  const [template] = plan.steps.filter(({ resource }) => resource.kind === 'launch-template');
  const world = launched(withGroup(described(empty, template?.resource as Resource), { desired }));
  return { ...world, extremes };
};

/** What the inventory says of the group's machines. */
const observed = (world: World): readonly Found[] => {
  const versions = new Map(
    world.machines.map(({ templateId, templateVersion }) => [
      `${templateId} ${templateVersion}`,
      { templateId, templateVersion },
    ]),
  );
  return withGroup(world, { launched: [...versions.values()] }).found;
};

const machinesOf = ({ machines }: World): PoolMachines => ({ machines });

export type Looking = {
  readonly unread?: string;
  readonly cluster?: AWSCluster;
  /** Epoch milliseconds. */
  readonly now?: number;
  /** What somebody said resume to. */
  readonly released?: string;
  /** Somebody aborted an upgrade. */
  readonly goesBack?: true;
  /** All pools of the cluster, where they replace machines one after the other. */
  readonly siblings?: readonly Sibling[];
  /** Nobody looks at machines at all. */
  readonly sweep?: boolean;
};

/** What the pool's entity does next, with a look at machines where policy asks for one; `unread`: why nobody saw their nodes. */
export const assessed = (
  pool: AWSNodePool,
  world: World,
  { unread, cluster = CLUSTER, now = NOW, released, goesBack, siblings, sweep = false }: Looking = {},
): Assessment => {
  const found = observed(world);
  const reads = !sweep && machinesToRead({ pool, cluster, inventory: found }) !== undefined;
  const machines = unread === undefined ? machinesOf(world) : { ...machinesOf(world), unread };
  return decideNodePool({
    requested: { kind: 'AWSNodePool', namespace: 'default', name: pool.metadata.name, uid: pool.metadata.uid },
    worker: { account: ACCOUNT, regions: [REGION] },
    entityId: 'entity',
    settleSeconds: 0,
    now,
    ...(released === undefined ? {} : { released }),
    ...(goesBack === undefined ? {} : { goesBack }),
    object: pool,
    cluster,
    inventory: inventoryOf(found),
    ...(reads ? { machines } : {}),
    ...(siblings === undefined ? {} : { siblings }),
  });
};

/** What a node carries once the patch was written. */
const marked = (wanted: WantedMarks, is: NodeMarks): NodeMarks => {
  const { labels = {}, taints = is.taints } = marksPatch(wanted, is) ?? {};
  const all = Object.entries({ ...is.labels, ...labels });
  return { labels: Object.fromEntries(all.flatMap(([key, value]) => (value === null ? [] : [[key, value]]))), taints };
};

/** A plan without what this world does by itself. */
const only = ({ known, version }: Plan, step: Step): Plan => ({ known, version, steps: [step] });

type GroupStep = {
  readonly properties: { readonly desired?: number; readonly surge?: AutoScalingGroupState['surge'] };
};

const afterStep = (world: World, step: Step, plan: Plan): World => {
  const { resource, verb } = step;
  switch (resource.kind) {
    case 'auto-scaling-group': {
      const { desired: kept } = groupIn(world);
      const { surge, desired = kept } = (resource as unknown as GroupStep).properties;
      const made = { ...world, found: carryOut(only(plan, step), world.found) };
      const { surge: _former, ...state } = groupIn(made);
      const group = { ...state, desired: Math.max(kept, desired), ...(surge === undefined ? {} : { surge }) };
      const found = made.found.map((one) => (one.key === GROUP ? ({ ...one, state: group } as Found) : one));
      return launched({ ...made, found });
    }
    case 'cordon': {
      const { node } = resource.properties;
      return withNode(world, node, ({ closedBy: _closed, ...open }) =>
        verb === 'remove' ? open : { ...open, closedBy: 'slipway' },
      );
    }
    case 'drain': {
      const { of } = resource.properties as ResourceProperties['drain'];
      return 'node' in of ? withNode(world, of.node, (node) => ({ ...node, pods: 0 })) : world;
    }
    case 'node-machine': {
      const { instanceId, shrinks } = resource.properties as { instanceId: string; shrinks: boolean };
      const machines = world.machines.filter(({ id }) => id !== instanceId);
      const left = noted(withGroup({ ...world, machines }, { desired: groupIn(world).desired - (shrinks ? 1 : 0) }));
      return launched(left);
    }
    case 'node-labels': {
      const wanted = resource.properties as ResourceProperties['node-labels'];
      const machines = world.machines.map((machine) => {
        const { node } = machine;
        return node === undefined ? machine : { ...machine, node: { ...node, marks: marked(wanted, node.marks) } };
      });
      return { ...world, machines };
    }
    case 'machine-security-groups': {
      const groupIds = (resource.properties as unknown as { groupIds: string[] }).groupIds.toSorted();
      return { ...world, machines: world.machines.map((machine) => ({ ...machine, groupIds })) };
    }
    case 'surge': {
      const { besides } = resource.properties as ResourceProperties['surge'];
      const { surge, desired, ...group } = groupIn(world);
      const isNew = ({ templateId, templateVersion }: PoolMachine): boolean =>
        templateId === group.launchTemplateId && templateVersion === group.launchTemplateVersion;
      const added = world.machines
        .filter(isNew)
        .toSorted((a, b) => Number(besides.includes(a.id)) - Number(besides.includes(b.id)))
        .slice(0, Math.max(0, desired - (surge?.desired ?? desired)));
      const state = { ...group, desired: desired - added.length, maxSize: surge?.maxSize ?? group.maxSize };
      const found = world.found.map((one) => (one.key === GROUP ? ({ ...one, state } as Found) : one));
      return noted({ ...world, found, machines: world.machines.filter((one) => !added.includes(one)) });
    }
    case 'launch-template': {
      const made = { ...world, found: carryOut(only(plan, step), world.found) };
      return verb === 'remove' ? made : described(made, resource as Resource);
    }
    default:
      return { ...world, found: carryOut(only(plan, step), world.found) };
  }
};

type Yielded = OperationView['outputs'];

/** What a wait for nodes sees of them: how many it waits for are there, and what it yields. */
const looked = (
  world: World,
  { besides = [], expected }: ResourceProperties['nodes'],
): { readonly there: number; readonly outputs: Yielded[string] } => {
  const ready = world.machines.filter(({ node }) => node?.ready === true);
  const counted = ready.filter(({ node }) => node?.closedBy !== 'slipway').length;
  const desired = expected === 0 ? { desired: String(groupIn(world).desired) } : {};
  return {
    there: ready.filter(({ id }) => !besides.includes(id)).length,
    outputs: { ready: String(counted), ...desired },
  };
};

/** Carried out as far as it goes: stops at a wait for nodes that never are Ready, and at the step of this id. */
export const carriedOut = (
  world: World,
  { plan }: Pick<OperationInput, 'plan'>,
  until?: string,
): { world: World; stuck?: string; outputs: Yielded } => {
  let now = world;
  // Each step is given what those before it yielded.
  let known: Yielded = plan.known;
  for (const step of plan.steps) {
    if (step.id === until) return { world: now, stuck: step.id, outputs: known };
    if (step.resource.kind === 'nodes') {
      const { there, outputs } = looked(now, step.resource.properties as ResourceProperties['nodes']);
      if (there < (step.resource.properties as ResourceProperties['nodes']).expected) {
        return { world: now, stuck: step.id, outputs: known };
      }
      known = { ...known, [step.resource.key]: outputs };
      continue;
    }
    now = afterStep(now, step, { ...plan, known });
    const outputs = now.found.find(({ key }) => key === step.resource.key)?.outputs;
    if (outputs !== undefined) known = { ...known, [step.resource.key]: outputs };
  }
  return { world: now, outputs: known };
};

/** What was begun of an operation, taken back as its plan says. */
export const takenBack = (world: World, { plan }: OperationInput): { world: World; outputs: Yielded } =>
  carriedOut(world, { plan: { ...plan, steps: plan.undo ?? [] } });

/** The pool as its status says it once an operation ended so. */
export const told = (
  pool: AWSNodePool,
  input: OperationInput,
  state: OperationView['state'],
  outputs: Yielded = {},
): AWSNodePool => {
  const request = mirrored(input, state, { now: NOW, outputs });
  return awsNodePool.parse({ ...pool, status: statusOf(request, pool, NOW) });
};

export type Ran = {
  readonly pool: AWSNodePool;
  readonly world: World;
  readonly operations: readonly OperationInput[];
  /** `status.state` as whoever watches sees it, without repetitions. */
  readonly states: readonly string[];
  readonly end: Assessment | { readonly kind: 'stuck'; readonly step: string } | { readonly kind: 'settles' };
};

const MOST = 50;

/** Operation after operation, until nothing is left to do, or a wait never ends. */
export const ranToEnd = (pool: AWSNodePool, world: World, looking: Looking = {}): Ran => {
  let now = pool;
  let here = world;
  const operations: OperationInput[] = [];
  const states: string[] = [];
  const see = () => {
    const state = now.status?.state ?? '';
    if (states.at(-1) !== state) states.push(state);
  };
  see();
  while (operations.length < MOST) {
    const assessment = assessed(now, here, looking);
    if (assessment.kind !== 'operate') return { pool: now, world: here, operations, states, end: assessment };
    const { operation } = assessment;
    operations.push(operation);
    now = told(now, operation, 'running');
    see();
    const done = carriedOut(here, operation);
    here = done.world;
    if (done.stuck !== undefined) {
      return { pool: now, world: here, operations, states, end: { kind: 'stuck', step: done.stuck } };
    }
    now = told(now, operation, 'succeeded', done.outputs);
    see();
    // Nobody looks again then.
    if (operation.settles === true) return { pool: now, world: here, operations, states, end: { kind: 'settles' } };
  }
  throw new Error(
    `After ${MOST} operations there is still something to do: ${operations
      .slice(-2)
      .map(({ type, turn, plan }) => `${type} ${JSON.stringify(turn)} ${plan.steps.map(({ id }) => id).join(', ')}`)
      .join('; ')}`,
  );
};
