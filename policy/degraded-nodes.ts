/**
 * Degraded nodes: what status says of a node pool with whose nodes something is wrong.
 *
 * Owns: a pool's condition `Degraded`, which is there only while it has something to say, the list of unhealthy nodes, and the entries
 * of `lastErrors` with their commands. Neighbours: `node-repair.ts` judged, `degraded.ts` does the same for a control plane,
 * `status.ts` puts it into the whole. Pure. Invariants: I9 (which node, since when, what is going to happen, or why nothing is).
 */
import type { UnhealthyNode } from '../api/nodepool.ts';
import type { StepError } from '../api/status.ts';
import { endMachineCommand } from '../words/commands.ts';
import { nameInKey, nodeMachineKey } from '../words/keys.ts';
import { purposeOf } from '../words/operations.ts';
import { present } from '../words/present.ts';
import { ended } from '../words/text.ts';
import { nodeReason, unhealthyNodeMachines } from '../words/unhealthy.ts';
import { type Claim, cut } from './conditions.ts';
import type { NodePoolReport, NodeReport } from './node-repair.ts';
import { isDelete } from './operation-claims.ts';
import { hasMoreTurns } from './rollout.ts';
import type { OperationView, Subject } from './views.ts';

/** A person reads the first few. */
const TOLD = 5;

const reportOf = (subject: Subject): NodePoolReport | undefined =>
  subject.kind === 'settled' ? subject.nodePool : undefined;

const told = ({ nodes }: NodePoolReport): readonly NodeReport[] => nodes.filter(({ joining }) => joining !== true);

/** The machine that a repair replaces, by the key of the step that ends it. */
const repairedBy = ({ steps }: OperationView): readonly string[] =>
  steps.flatMap(({ key }) => (key === nodeMachineKey(nameInKey(key)) ? [nameInKey(key)] : []));

/** Unhealthy nodes after this write. An operation in between knows nothing newer, until it has replaced one, or ends all. */
export const unhealthyNodes = (subject: Subject, before: readonly UnhealthyNode[]): readonly UnhealthyNode[] => {
  switch (subject.kind) {
    case 'settled':
      return (subject.nodePool?.nodes ?? []).map(({ instanceId: instanceID, name, since, message }) => ({
        ...present({ name }),
        instanceID,
        since,
        message: cut(message),
      }));
    case 'operation': {
      const { operation } = subject;
      if (isDelete(operation)) return [];
      const gone = operation.state === 'succeeded' ? repairedBy(operation) : [];
      return before.filter(({ instanceID }) => !gone.includes(instanceID));
    }
    case 'waiting':
    case 'blocked':
    case 'failing':
    case 'held':
      return before;
  }
};

export const poolSentence = (report: NodePoolReport): string => {
  const all = told(report);
  const more = all.length > TOLD ? [`${all.length - TOLD} more are unhealthy.`] : [];
  const why = report.forbidden === undefined ? [] : [ended(`Nothing is replaced: ${report.forbidden}`)];
  return [...why, ...all.slice(0, TOLD).map(({ message }) => ended(message)), ...more].join(' ');
};

export const nodesDegraded = (subject: Subject, before: readonly UnhealthyNode[]): Claim | undefined => {
  const report = reportOf(subject);
  if (report !== undefined && told(report).length > 0) {
    return { status: 'True', reason: nodeReason(report.forbidden !== undefined), message: cut(poolSentence(report)) };
  }
  if (subject.kind !== 'operation') return undefined;
  const { operation } = subject;
  const { state, turn } = operation;
  if (purposeOf(operation) !== 'repair' || (state === 'succeeded' && !hasMoreTurns(turn))) return undefined;
  const repaired = repairedBy(operation);
  // Nodes that came back are opened: nothing is wrong with them any more.
  if (repaired.length === 0) return undefined;
  const known = before.flatMap(({ instanceID, message }) => (repaired.includes(instanceID) ? [`: ${message}`] : []));
  return {
    status: 'True',
    reason: 'Repairing',
    message: cut(`machine ${repaired.join(', ')} is being replaced${known.join('')}`),
  };
};

export const nodeErrors = (
  subject: Subject,
  place: { readonly region: string; readonly lookAgain: string },
): StepError[] => {
  const report = reportOf(subject);
  if (report === undefined) return [];
  const { forbidden } = report;
  return unhealthyNodeMachines(report.nodes, forbidden !== undefined).map(({ step, verdict, since, message }) => ({
    step,
    verdict,
    message: cut(forbidden === undefined ? message : `${ended(message)} Nothing is replaced: ${forbidden}`),
    since,
    commands: [endMachineCommand(place.region, nameInKey(step)), place.lookAgain],
  }));
};
