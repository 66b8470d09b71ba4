/**
 * Account: what only AWS itself can play, asked of the sandbox's AWS while a call is under way.
 *
 * Owns: which thing a step's call made or is about to make, by its tags and its name. Neighbours: `worker.ts` asks for it around the
 * call that is meant; `sandbox/aws` does it.
 */
import { clusterIdOf, KEY_TAG, nodePoolName, objectInWorkflowId, replicaName, UID_TAG } from '../../api/names.ts';
import type { Sender } from '../../worker/activities.ts';
import { caseOf } from './calls.ts';
import { REFUSED_LAUNCHES, UNSEEN_SECONDS } from './faults.ts';
import type { Row } from './rows.ts';

type Asking = Pick<Sender, 'workflowId' | 'activityId'>;

export type Account = {
  /** Notes whose workflow it is: a pool's group has a name that its cluster's uid is part of. */
  readonly heardOf: (sender: Asking) => void;
  /** Whatever the step made is unknown to AWS from now on, for `UNSEEN_SECONDS`. */
  readonly hideWhatWasMade: (sender: Asking) => Promise<void>;
  /** The first launches of the group that the step is about to make are refused. */
  readonly refuseLaunches: (sender: Asking) => Promise<void>;
};

/** `awscluster/default/f7/<uid>/operation`. */
const uidOf = ({ workflowId }: Asking): string => workflowId.split('/')[3] ?? '';
/** `ensure etcd-volume/0`. */
const keyOf = ({ activityId }: Asking): string => activityId.slice(activityId.indexOf(' ') + 1);

const groupOf = (sender: Asking, clusterId: string): string => {
  const key = keyOf(sender);
  const [, replica, pool] = /^auto-scaling-group\/(?:controlplane-(\d)|nodepool-([0-9a-f]{8}))$/.exec(key) ?? [];
  if (replica !== undefined) return replicaName(clusterId, Number(replica));
  if (pool !== undefined) return nodePoolName(clusterId, pool);
  throw new Error(`${key} is no auto scaling group`);
};

export const accountAt = (endpoint: string): Account => {
  const clusters = new Map<string, string>();
  const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`${endpoint}/_sim/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path} was answered with ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
  return {
    heardOf: ({ workflowId, activityId }) => {
      const ofCase = caseOf(workflowId);
      if (ofCase !== undefined && objectInWorkflowId(workflowId)?.kind === 'AWSCluster')
        clusters.set(ofCase, clusterIdOf(uidOf({ workflowId, activityId })));
    },
    hideWhatWasMade: async (sender) => {
      const rows = (await ask('GET', 'inventory')) as readonly Row[];
      const made = rows.filter(({ kind, detail }) => {
        const tags = detail['tags'] as Readonly<Record<string, string>> | undefined;
        return kind !== 'instance' && tags?.[UID_TAG] === uidOf(sender) && tags[KEY_TAG] === keyOf(sender);
      });
      if (made.length === 0) throw new Error(`${sender.activityId} made nothing that could stay unseen`);
      await ask('POST', 'unseen', { ids: made.map(({ id }) => id), seconds: UNSEEN_SECONDS });
    },
    refuseLaunches: async (sender) => {
      const clusterId = clusters.get(caseOf(sender.workflowId) ?? '');
      if (clusterId === undefined) throw new Error(`no cluster was heard of before ${sender.workflowId}`);
      await ask('POST', 'fault', {
        action: `asg:${groupOf(sender, clusterId)}`,
        code: 'InsufficientInstanceCapacity',
        message: 'We currently do not have sufficient capacity (a fault of the matrix).',
        count: REFUSED_LAUNCHES,
      });
    },
  };
};
