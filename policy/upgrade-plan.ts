/**
 * Upgrade plan: the steps of an upgrade that replace no machine.
 *
 * Owns: what comes before the first machine ends (what stands in the way, a snapshot, and the word on all volumes as which minor the new
 * programs serve), and a commit: the word on all volumes that there is no way back, and then one replica after the other begins to serve as
 * its own minor. Neighbours: `decide-upgrade.ts` says which is due, `replacement.ts` has the steps that replace a machine. Pure.
 * Invariants: I2 (planned from what is there: a replica that serves as it should is not restarted), I5 (one replica at a time, while the
 * others serve; the volumes are marked before anything follows from it).
 */

import type { AWSCluster } from '../api/cluster.ts';
import type { Minor } from '../api/minor.ts';
import type { Found, Resource } from '../kinds/resource.ts';
import { sinksOf } from '../topology/check.ts';
import {
  LOAD_BALANCER,
  replicaKey,
  replicaOrderKey,
  UPGRADE_INSIGHTS_KEY,
  UPGRADE_SNAPSHOT,
  upgradeMarkKey,
} from '../words/keys.ts';
import { ref } from '../words/references.ts';
import { PLAN_VERSION } from '../words/steps.ts';
import type { UpgradeDecision } from './decide-upgrade.ts';
import { knownFrom } from './known.ts';
import { orderedSteps } from './order.ts';
import type { Plan, Step } from './plan.ts';
import { replicaMachine } from './replacement.ts';
import { type Replica, serves } from './replicas.ts';
import { ensureStep, waitStep } from './steps.ts';
import { isCommittedTo, minorOfRelease, type ReplicaState } from './upgrade-state.ts';

type Turns = Extract<UpgradeDecision, { kind: 'turns' }>;
type Commit = Extract<UpgradeDecision, { kind: 'commit' }>;

const volumesOf = (states: readonly ReplicaState[]): readonly string[] =>
  states.flatMap(({ volumeId }) => volumeId ?? []);

/** Before anything of it is changed: nothing that blocks stands in its way, and there is a snapshot to come back to. */
const firstSteps = ({ from, to, isFirst, returns }: Turns, { metadata, spec }: AWSCluster): readonly Step[] => {
  if (!isFirst || returns) return [];
  const { snapshot } = spec.controlPlane.upgrade;
  const insights = waitStep(
    {
      key: UPGRADE_INSIGHTS_KEY,
      kind: 'upgrade-insights',
      properties: { endpoint: ref(LOAD_BALANCER, 'dnsName'), version: to.version, snapshot },
    },
    [],
  );
  if (snapshot === 'None') return [insights];
  const properties = { from: from.version, to: to.version, generation: metadata.generation };
  return [insights, ensureStep({ key: UPGRADE_SNAPSHOT, kind: 'snapshot', properties }, [insights.id])];
};

/** What emulates: all of them, before the first machine ends; what doesn't: each volume just before its own machine ends. */
const markSteps = (upgrade: Turns, index: number, after: readonly string[]): readonly Step[] => {
  const { from, to, move, states, returns, emulates } = upgrade;
  if (move !== 'minor' || returns) return [];
  const [mark, minor, marked] = emulates
    ? (['emulates', minorOfRelease(from), states] as const)
    : (['committed', minorOfRelease(to), states.filter((state) => state.index === index)] as const);
  const unmarked = marked.filter((state) => state[mark] !== minor);
  if (unmarked.length === 0) return [];
  const message = emulates
    ? `Control plane is upgraded from ${from.version} to ${to.version}, and serves as Kubernetes ${minor} until that is committed`
    : `Replica ${index} of the control plane is upgraded from ${from.version} to ${to.version}, from which there is no way back`;
  return [
    ensureStep(
      {
        key: upgradeMarkKey(mark),
        kind: 'upgrade-mark',
        properties: { mark, minor, volumeIds: volumesOf(unmarked) },
        event: { reason: 'UpgradingCluster', message: [message] },
      },
      after,
    ),
  ];
};

/** The plan of a turn, with what has to be done before its machine goes. */
export const beforeTurn = (
  upgrade: Turns,
  { cluster, index }: { readonly cluster: AWSCluster; readonly index: number },
  plan: Plan,
): Plan => {
  const first = firstSteps(upgrade, cluster);
  const before = [...first, ...markSteps(upgrade, index, sinksOf(first))];
  if (before.length === 0) return plan;
  const needs = sinksOf(before);
  const later = plan.steps.map((step) => (step.needs.length === 0 ? { ...step, needs } : step));
  return { ...plan, steps: orderedSteps([...before, ...later]) };
};

type Committing = {
  readonly upgrade: Commit;
  readonly topology: readonly Resource[];
  readonly inventory: readonly Found[];
  readonly replicas: readonly Replica[];
};

/** A restart that serves for a moment is none that the next replica may be restarted after. */
const LOOKS_AFTER_RESTART = 3;

const restartSteps = (
  { replica, others, minor }: { readonly replica: Replica; readonly others: readonly string[]; readonly minor: Minor },
  { topology, upgrade }: Committing,
  after: readonly string[],
): readonly Step[] => {
  const { index, instanceId } = replica;
  const volumeId = upgrade.states.find((state) => state.index === index)?.volumeId;
  // A machine that is launched meanwhile reads its volume's tags by itself.
  if (instanceId === undefined || volumeId === undefined) return [];
  const machine = replicaMachine(replica, topology);
  const restart = ensureStep(
    {
      key: replicaOrderKey(index, 'restart'),
      kind: 'order',
      properties: { ...machine, verb: 'restart', instanceId, volumeId, others, serves: minor },
    },
    after,
  );
  const serving = waitStep(
    {
      key: replicaKey(index),
      kind: 'replica',
      properties: { ...machine, looks: LOOKS_AFTER_RESTART },
      event: {
        reason: 'CommittedReplica',
        message: [`Replica ${index} of the control plane serves as Kubernetes ${minor}`],
      },
    },
    [restart.id],
  );
  return [restart, serving];
};

/** From its first step on there is no way back. */
export const planCommit = (committing: Committing): Plan => {
  const { upgrade, inventory, replicas } = committing;
  const { to, from, states } = upgrade;
  const minor = minorOfRelease(to);
  const mark = ensureStep(
    {
      key: upgradeMarkKey('committed'),
      kind: 'upgrade-mark',
      properties: { mark: 'committed', minor, volumeIds: volumesOf(states) },
      event: {
        reason: 'CommittedUpgrade',
        message: [`Control plane is committed to Kubernetes ${minor}: there is no way back to ${from.version}`],
      },
    },
    [],
  );
  const due = replicas.filter(({ index }) => {
    const state = states.find((one) => one.index === index);
    return state === undefined || !isCommittedTo(state, minor);
  });
  let steps: readonly Step[] = [mark];
  for (const replica of due.toSorted((a, b) => Number(serves(a)) - Number(serves(b)) || a.index - b.index)) {
    const others = replicas.filter((one) => one.index !== replica.index).flatMap(({ address }) => address ?? []);
    steps = [...steps, ...restartSteps({ replica, others, minor }, committing, sinksOf(steps))];
  }
  return { version: PLAN_VERSION, steps: orderedSteps(steps), known: knownFrom(inventory) };
};
