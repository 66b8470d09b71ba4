/**
 * Pool machines: what is there of each machine of a node pool, in EC2 and in its cluster, and which of them is the next to go.
 *
 * Owns: the order in which machines go where a pool keeps fewer, or where others take their place: the one that is on its way out
 * already, then those that serve least. Neighbours: `activities/pool-machines.ts` looks, `shrink.ts` and `pool-turns.ts` plan. Pure.
 * Invariants: I10 (the same machines in whatever order give the same answer).
 */
import type { GroupInstance } from '../kinds/auto-scaling-group.ts';
import type { Fingerprints } from '../kinds/launch-template.ts';
import type { NodeMarks } from '../kinds/node-labels.ts';

/** A node, as its cluster's API has it. */
export type PoolNode = {
  readonly name: string;
  /** Absent where the cloud controller has not said yet which machine it is. */
  readonly zone?: string;
  readonly ready: boolean;
  /** Of one that is not Ready, where its conditions say so: since when, RFC 3339, and why. */
  readonly notReady?: { readonly since?: string; readonly says: string };
  /** Closed to new pods, and by whom. */
  readonly closedBy?: 'slipway' | 'others';
  /** The autoscaler is about to end it: it drains by itself. */
  readonly endedByAutoscaler: boolean;
  /** Somebody asked that it be the last to go. */
  readonly scaleDownDisabled: boolean;
  /** How many pods would have to leave it; absent where nobody counted them. */
  readonly pods?: number;
  /** What it carries. */
  readonly marks: NodeMarks;
};

/** A machine and what it was made of. */
export type ToldInstance = GroupInstance & {
  /** The fingerprints of what it was made of and told; absent where its template, or that version of it, is gone. */
  readonly madeOf?: Fingerprints;
  /** Its security groups, sorted; absent where it was launched from what its group launches from now, and has those of that. */
  readonly groupIds?: readonly string[];
};

export type PoolMachine = ToldInstance & {
  /** Absent where it has not joined, or where nobody could ask its cluster. */
  readonly node?: PoolNode;
};

/** Nodes that share a pool's zone, and are not its own: how many there are, and how many of them are Ready. */
type ZoneNodes = { readonly zone: string; readonly ready: number; readonly all: number };

/** All of a pool's machines; `unread` says why nothing is known of their nodes. */
export type PoolMachines = {
  readonly machines: readonly PoolMachine[];
  /** Looked at where none of the pool's own nodes is Ready. */
  readonly beside?: ZoneNodes;
  readonly unread?: string;
};

export type Victim = { readonly machine: PoolMachine; readonly reason: string };

/** The template that machines are to be of. */
export type CurrentTemplate = { readonly launchTemplateId: string; readonly launchTemplateVersion: string };

/** Whether it was launched from what its group launches from now. */
export const isOfCurrent = (
  { templateId, templateVersion }: PoolMachine,
  { launchTemplateId, launchTemplateVersion }: CurrentTemplate,
): boolean => templateId === launchTemplateId && templateVersion === launchTemplateVersion;

/** Why it goes before others, the first that holds. */
const reasonOf = (
  machine: PoolMachine,
  template: CurrentTemplate,
): { readonly rank: number; readonly reason: string } => {
  const { node } = machine;
  if (node?.closedBy === 'slipway') return { rank: 0, reason: 'it is being drained already' };
  if (node === undefined) return { rank: 1, reason: 'it has not joined the cluster' };
  if (!node.ready) return { rank: 2, reason: 'its node is not Ready' };
  if (node.scaleDownDisabled) return { rank: 5, reason: 'all others are gone, though its node forbids a scale-down' };
  if (!isOfCurrent(machine, template)) return { rank: 3, reason: 'it was made from an earlier template' };
  return { rank: 4, reason: fewest(node.pods) };
};

const fewest = (pods: number | undefined): string =>
  pods === undefined
    ? 'no other is known to have fewer pods'
    : `it has ${pods === 1 ? '1 pod' : `${pods} pods`}, the fewest`;

/** Those with fewer pods first; one whose pods nobody counted comes after them. */
const byPods = (a: PoolMachine, b: PoolMachine): number => {
  const [one, other] = [a.node?.pods ?? Number.MAX_SAFE_INTEGER, b.node?.pods ?? Number.MAX_SAFE_INTEGER];
  return one - other;
};

/** As many as go in one turn at the most: https://cloud.google.com/kubernetes-engine/multi-cloud/docs/aws/how-to/configure-surge-updates */
const COUNTED = 40;

/**
 * Nodes whose pods are worth counting before some of them are chosen: those that serve, the ones launched of the earliest version of
 * their template first. To count on all of them before each turn would cost a list of every pod for every node that goes.
 */
export const worthCounting = (machines: readonly PoolMachine[]): readonly string[] =>
  machines
    .filter(({ node }) => node?.ready === true && node.closedBy !== 'slipway' && !node.endedByAutoscaler)
    .toSorted(
      (a, b) =>
        Number(a.node?.scaleDownDisabled) - Number(b.node?.scaleDownDisabled) ||
        Number(a.templateVersion ?? 0) - Number(b.templateVersion ?? 0) ||
        (a.id < b.id ? -1 : 1),
    )
    .slice(0, COUNTED)
    .flatMap(({ node }) => (node === undefined ? [] : [node.name]));

/** All that may go, the first to go first. A machine that the autoscaler has chosen is its own to end. */
export const victimsAmong = (machines: readonly PoolMachine[], template: CurrentTemplate): readonly Victim[] =>
  machines
    .filter(({ node }) => node?.endedByAutoscaler !== true)
    .map((machine) => ({ machine, ...reasonOf(machine, template) }))
    .toSorted((a, b) => a.rank - b.rank || byPods(a.machine, b.machine) || (a.machine.id < b.machine.id ? -1 : 1))
    .map(({ machine, reason }) => ({ machine, reason }));

/** Those of which others are to take the place, the first to go first; one that the autoscaler has chosen is its own to end. */
export const outdatedAmong = (
  machines: readonly PoolMachine[],
  isOutdated: (machine: PoolMachine) => boolean,
): readonly PoolMachine[] => {
  const rank = ({ node }: PoolMachine): number => {
    if (node?.closedBy === 'slipway') return 0;
    if (node === undefined) return 1;
    return node.ready ? 3 : 2;
  };
  return machines
    .filter((machine) => machine.node?.endedByAutoscaler !== true && isOutdated(machine))
    .toSorted((a, b) => rank(a) - rank(b) || byPods(a, b) || (a.id < b.id ? -1 : 1));
};

/** How many are on their way out by the autoscaler's hand. */
export const endedByAutoscaler = ({ machines }: PoolMachines): number =>
  machines.filter(({ node }) => node?.endedByAutoscaler === true).length;
