/** Operations as they tell of themselves, with overrides: for what is made of them in status and in Temporal. */
import { clusterIdOf } from '../../api/names.ts';
import type { OperationInput } from '../../policy/assessment.ts';
import type { MirrorRequest, OperationView, StepState, StepView } from '../../policy/views.ts';
import { present } from '../../words/present.ts';
import { ACCOUNT, CLUSTER_UID, REGION } from '../topology/objects.ts';

export const ID = clusterIdOf(CLUSTER_UID);
export const T0 = Date.parse('2026-01-01T00:00:00Z');
export const MINUTE = 60_000;
export const OWNER = { account: ACCOUNT, region: REGION, clusterId: ID, uid: CLUSTER_UID };
export const OBJECT = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: CLUSTER_UID } as const;
export const WORKFLOW = `awscluster/default/cluster-0/${CLUSTER_UID}/operation`;

export const step = (id: string, status: StepState, needs: readonly string[] = []): StepView => ({
  id,
  key: id.slice(id.indexOf(' ') + 1),
  needs,
  status,
});
export const done: StepState = { state: 'done', at: T0, change: 'created' };
export const blockedBy = (verdict: Extract<StepState, { state: 'blocked' }>['verdict'], since = T0): StepState => ({
  state: 'blocked',
  since,
  attempt: 3,
  verdict,
  message: 'Security group sg-1 is used by network interface eni-2',
  retryAt: since + MINUTE,
});

export const view = (steps: readonly StepView[], changes: Partial<OperationView> = {}): OperationView => ({
  type: 'CreateCluster',
  workflowId: WORKFLOW,
  runId: 'run-1',
  state: 'running',
  startedAt: T0,
  steps,
  outputs: {},
  ...changes,
});

type Moment = { readonly now: number; readonly outputs?: OperationView['outputs'] };

/** What an operation has its object's status say while it runs, or once it ended so; `now` in epoch milliseconds. */
export const mirrored = (
  input: OperationInput,
  state: OperationView['state'],
  { now, outputs = {} }: Moment,
): MirrorRequest => {
  const { object, owner, generation, version, kubernetesVersion, type, turn, mends, upgrading } = input;
  const operation: OperationView = {
    ...{ type, workflowId: 'w', runId: `r-${turn?.number ?? 0}`, state, startedAt: now },
    ...(state === 'running' ? {} : { finishedAt: now }),
    ...present({ turn, mends, upgrading }),
    steps: [],
    outputs,
  };
  return {
    object,
    owner,
    generation,
    version,
    kubernetesVersion,
    events: [],
    subject: { kind: 'operation', operation },
  };
};
