/**
 * In place: what is changed of a node pool's machines while they run: labels and taints of their nodes, and their security groups.
 *
 * Owns: whether any machine, as it was looked at, has others than the spec asks for, and the steps that change it, after the machines
 * that come are told. Neighbours: `decide-turns.ts` says when machines are looked at and replaces those that must be told anew,
 * `kinds/launch-template.ts` leaves out of what a machine is replaced for what is changed here. Pure.
 * Invariant: I6 (where every machine has what is asked for, there is no step).
 */
import type { AWSCluster } from '../api/cluster.ts';
import { NODE_POOL_LABEL } from '../api/names.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import { nodePoolIdFor } from '../api/ownership.ts';
import type { AutoScalingGroupState } from '../kinds/auto-scaling-group.ts';
import type { LaunchTemplateProperties } from '../kinds/launch-template.ts';
import { marksPatch, taintName, type WantedMarks } from '../kinds/node-labels.ts';
import type { Found, Resource } from '../kinds/resource.ts';
import { groupsDifference } from '../kinds/row.ts';
import { machineSecurityGroupsKey, nodeLabelsKey } from '../words/keys.ts';
import type { OperationType } from '../words/operations.ts';
import { ownOf } from '../words/own.ts';
import type { Resolved } from '../words/references.ts';
import { toldBy } from './decide-turns.ts';
import { type Known, knownFrom } from './known.ts';
import { orderedSteps } from './order.ts';
import type { Plan, Step } from './plan.ts';
import { isOfCurrent, type PoolMachine, type PoolMachines } from './pool-machines.ts';
import { groupOf } from './shrink.ts';
import { ensureStep } from './steps.ts';

type Asked = {
  readonly pool: AWSNodePool;
  /** Where the cluster's API is. */
  readonly endpoint: string;
  readonly group: AutoScalingGroupState;
  readonly machines: PoolMachines;
  /** What machines are told now. */
  readonly told: Resolved<LaunchTemplateProperties>;
  /** What else is to be done: machines that come are told first. */
  readonly plan: Plan;
};

/** What nodes of the pool are to carry, and what they may still carry of an earlier spec. */
const marksWanted = (pool: AWSNodePool): WantedMarks => {
  const { spec, status } = pool;
  const taints = new Set(spec.taints.map(taintName));
  return {
    labels: { ...spec.labels, [NODE_POOL_LABEL]: nodePoolIdFor(pool) },
    taints: spec.taints,
    formerLabels: (status?.appliedLabelKeys ?? []).filter((key) => ownOf(spec.labels, key) === undefined),
    formerTaints: (status?.appliedTaints ?? []).filter((name) => !taints.has(name)),
  };
};

const labelling = ({ pool, endpoint, machines }: Asked, needs: readonly string[]): readonly Step[] => {
  const wanted = marksWanted(pool);
  const differs = ({ node }: PoolMachine): boolean =>
    node !== undefined && marksPatch(wanted, node.marks) !== undefined;
  if (!machines.machines.some(differs)) return [];
  const poolId = nodePoolIdFor(pool);
  const properties = { endpoint, poolId, ...wanted };
  return [ensureStep({ key: nodeLabelsKey(poolId), kind: 'node-labels', properties }, needs)];
};

const regrouping = ({ pool, group, machines, told }: Asked, needs: readonly string[]): readonly Step[] => {
  const differs = ({ groupIds }: PoolMachine): boolean =>
    groupIds !== undefined && groupsDifference(told.groupIds, groupIds).length > 0;
  if (!machines.machines.some(differs)) return [];
  const poolId = nodePoolIdFor(pool);
  const properties = { poolId, groupName: group.name, groupIds: told.groupIds };
  return [ensureStep({ key: machineSecurityGroupsKey(poolId), kind: 'machine-security-groups', properties }, needs)];
};

const inPlaceSteps = (asked: Asked): readonly Step[] => {
  const tells = ({ resource: { kind } }: Step): boolean => kind === 'launch-template' || kind === 'auto-scaling-group';
  const needs = asked.plan.steps.filter((step) => step.verb === 'ensure' && tells(step)).map(({ id }) => id);
  return [...labelling(asked, needs), ...regrouping(asked, needs)];
};

/** Machines that may still join with what the spec names no more: what is to be taken off is remembered until they have. */
const joiningWithFormer = ({ pool, machines, group }: Asked): readonly string[] => {
  const { formerLabels, formerTaints } = marksWanted(pool);
  if (formerLabels.length + formerTaints.length === 0) return [];
  return machines.machines
    .filter((machine) => machine.node === undefined && !isOfCurrent(machine, group))
    .map(({ id }) => id);
};

export type InPlace = {
  readonly plan: Plan;
  /** Why nothing more can be said of the pool yet. */
  readonly waits?: { readonly type: OperationType; readonly why: string };
};

type Given = Pick<Asked, 'pool' | 'plan'> & {
  readonly cluster: AWSCluster;
  /** The pool's own, and what it takes from its cluster. */
  readonly inventory: readonly Found[];
  readonly external: Known;
  readonly machines: PoolMachines | undefined;
};

/** The plan with what is changed of machines that run; as it is where nobody looked at them, or where nothing is known of their nodes. */
export const withInPlace = (given: Given, topology: readonly Resource[]): InPlace => {
  const { pool, cluster, inventory, external, machines, plan } = given;
  const { endpoint } = cluster.status ?? {};
  const group = groupOf(pool, inventory);
  const told = toldBy(topology, { ...external, ...knownFrom(inventory) });
  if (machines === undefined || machines.unread !== undefined) return { plan };
  if (endpoint === undefined || group === undefined || told === undefined) return { plan };
  const asked = { pool, endpoint, group, machines, told, plan };
  const steps = inPlaceSteps(asked);
  const joining = joiningWithFormer(asked);
  if (steps.length > 0) return { plan: { ...plan, steps: orderedSteps([...plan.steps, ...steps]) } };
  if (plan.steps.length > 0 || joining.length === 0) return { plan };
  const why = `${joining.join(', ')} may still join with labels or taints of an earlier spec, which are taken off then`;
  return { plan, waits: { type: 'UpdateNodePool', why } };
};
