/**
 * Calls: how one call of one case is named, the same in every run.
 *
 * Owns: names such as `CreateCluster · ensure etcd-volume/0 · EC2 CreateVolume`, the number that tells calls of one name
 * apart, and to which case a call belongs. Neighbours: `worker.ts` hears of calls, `plan.ts` makes cases of them. Pure.
 */
import type { OutgoingCall } from '../../activities/calls.ts';
import type { Sender } from '../../worker/activities.ts';

/** One call as it was heard. `number` counts calls of this name in its case, from 1. */
export type HeardCall = {
  readonly name: string;
  readonly number: number;
  readonly mutating: boolean;
  readonly service: string;
  /** The workflow and the activity that sent it. */
  readonly by: string;
};

/** What is random or the case's own in a path or a step's key. */
const OWN: readonly (readonly [RegExp, string])[] = [
  [/gke-[0-9a-f]{8}/g, 'gke-*'],
  [/bootstrap-token-[a-z0-9]{6}/g, 'bootstrap-token-*'],
  [/operation-[^/]+|operations\/[^/]+/g, 'operations/*'],
  [/(?<=[/-])[0-9a-f]{8}(?![0-9a-f])/g, '*'],
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '*'],
  [/\bi-[0-9a-f]{17}\b/g, 'i-*'],
  [/\bip(-\d+){4}[\w.-]*/g, 'ip-*'],
  [/(?<=\/pods\/)[\w-]+/g, '*'],
];

/** The case whose object a workflow belongs to: its cluster's name. */
export const caseOf = (workflowId: string): string | undefined =>
  /^aws(?:cluster\/[^/]+\/([^/]+)|nodepool\/[^/]+\/(.+)-pool-0)\//
    .exec(workflowId)
    ?.slice(1)
    .find((name) => name !== undefined);

export const nameOfCall = (
  call: OutgoingCall,
  sender: Pick<Sender, 'workflowType' | 'workflowId' | 'activityId'>,
): string => {
  const own = caseOf(sender.workflowId);
  const plain = (text: string): string => {
    const general = OWN.reduce((said, [pattern, word]) => said.replaceAll(pattern, word), text);
    return own === undefined ? general : general.replaceAll(new RegExp(`\\b${own}\\b`, 'g'), '<name>');
  };
  const target = call.target === '' ? '' : ` ${plain(call.target)}`;
  return `${sender.workflowType} · ${plain(sender.activityId)} · ${call.service} ${call.operation}${target}`;
};

/** Counts calls by case and name. */
export type Counter = {
  readonly next: (ofCase: string, name: string) => number;
  /** From one again: another case begins under this name. */
  readonly begin: (ofCase: string) => void;
};

export const createCounter = (): Counter => {
  const counts = new Map<string, Map<string, number>>();
  return {
    next: (ofCase, name) => {
      const own = counts.get(ofCase) ?? new Map<string, number>();
      counts.set(ofCase, own);
      const count = (own.get(name) ?? 0) + 1;
      own.set(name, count);
      return count;
    },
    begin: (ofCase) => void counts.delete(ofCase),
  };
};
