/**
 * How far a restore is that was asked for by annotation, as the cluster's status says.
 *
 * Owns: telling this restore from what ran before it, and when nobody need wait any longer: it is done, it was aborted, or it waits for a person.
 * Neighbours: `restore.ts` looks again and again; `policy/restore.ts` decides when it begins. Pure.
 */
import { operationsCommand } from '../../words/commands.ts';
import { ended } from '../../words/text.ts';
import type { StoredCluster } from '../management.ts';

export type AskedRestore = {
  /** By which `status.restored` names it. */
  readonly id: string;
  /** Run of the operation that status named last before it was asked for; absent where there was none. */
  readonly before?: string;
  /** Epoch milliseconds. */
  readonly at: number;
};

export type RestoreProgress =
  | { readonly kind: 'done' }
  | { readonly kind: 'stopped'; readonly why: string }
  | { readonly kind: 'waiting'; readonly says: string };

/** As long as status may still speak of what was before anybody asked. */
const BEGINS_WITHIN_MS = 90_000;

const stalled = ({ status }: StoredCluster): string | undefined =>
  status?.conditions?.find((one) => one?.type === 'Stalled' && one.status === 'True')?.message;

const notBegun = (cluster: StoredCluster, { at }: AskedRestore, now: number): RestoreProgress => {
  const why = stalled(cluster);
  if (why !== undefined && now - at >= BEGINS_WITHIN_MS) {
    return { kind: 'stopped', why: `It is asked for, and has not begun: ${ended(why)}` };
  }
  const { type, state } = cluster.status?.lastOperation ?? {};
  const first = state === 'running' || state === 'paused' ? `: ${type} is ${state}` : '';
  return { kind: 'waiting', says: `It is asked for, and has not begun yet${first}` };
};

type Trouble = NonNullable<NonNullable<NonNullable<StoredCluster['status']>['lastErrors']>[number]>;

const waitsForPerson = ({ metadata: { namespace, name } }: StoredCluster, trouble: Trouble): RestoreProgress => {
  const { step = '', message = '' } = trouble;
  const retry = operationsCommand('retry', { kind: 'AWSCluster', namespace, name }, step);
  return { kind: 'stopped', why: `Step ${step} waits for a person: ${ended(message)} Once it is cured: ${retry}` };
};

const running = ({ lastOperation }: NonNullable<StoredCluster['status']>): RestoreProgress => {
  const steps = (lastOperation?.steps ?? []).flatMap((one) => one?.step ?? []);
  const { done = 0, total = 0 } = lastOperation?.progress ?? {};
  const now = lastOperation?.state === 'paused' ? 'is paused' : steps.join(', ') || 'goes on';
  return { kind: 'waiting', says: `RestoreCluster: ${done} of ${total} steps done: ${now}` };
};

export const restoreProgress = (cluster: StoredCluster, asked: AskedRestore, now: number): RestoreProgress => {
  const { restored, lastOperation, lastErrors = [] } = cluster.status ?? {};
  if (restored?.id === asked.id) return { kind: 'done' };
  if (cluster.metadata.deletionTimestamp !== undefined)
    return { kind: 'stopped', why: 'The cluster is being deleted.' };
  const isOurs = lastOperation?.type === 'RestoreCluster' && lastOperation.runID !== asked.before;
  if (!isOurs) return notBegun(cluster, asked, now);
  if (lastOperation.state === 'aborted') {
    return {
      kind: 'stopped',
      why: `It was aborted. ${ended(stalled(cluster) ?? 'What was not told to stop is as it was')}`,
    };
  }
  const trouble = lastErrors.find((one) => one?.verdict === 'blocked');
  return trouble === undefined ? running({ lastOperation }) : waitsForPerson(cluster, trouble);
};
