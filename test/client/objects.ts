/** A cluster, a pool and an operation for tests of the command line. */
import type { Description } from '../../client/cli/describe.ts';
import type { Paint } from '../../client/cli/tree.ts';
import type { StoredCluster, StoredNodePool } from '../../client/management.ts';
import type { EntityReport, OperationReport } from '../../client/operations.ts';
import type { OperationResult, OperationView, StepView } from '../../workflows/messages.ts';

export const NOW = Date.parse('2026-01-01T12:00:00Z');
const SECOND = 1_000;
export const ago = (seconds: number): number => NOW - seconds * SECOND;

const same = (text: string): string => text;
export const PLAIN: Paint = { bold: same, dim: same, red: same, green: same, yellow: same };

const VERSION = '1.16.9-gke.12';

export const storedCluster = (status: Partial<StoredCluster['status']> = {}): StoredCluster => ({
  kind: 'AWSCluster',
  metadata: {
    namespace: 'default',
    name: 'cluster-0',
    uid: 'uid-0',
    creationTimestamp: new Date(ago(22)).toISOString(),
  },
  spec: { region: 'eu-west-1', controlPlane: { version: VERSION } },
  status: {
    state: 'Provisioning',
    clusterID: 'gke-dfccaa67',
    kubernetesVersion: '1.36.3',
    endpoint: 'gke-dfccaa67-controlplane-1.elb.eu-west-1.amazonaws.com',
    ...status,
  },
});

export const storedNodePool = (index: number, status: Partial<StoredNodePool['status']> = {}): StoredNodePool => ({
  kind: 'AWSNodePool',
  metadata: { namespace: 'default', name: `cluster-0-pool-${index}`, uid: `uid-pool-${index}` },
  spec: {
    clusterName: 'cluster-0',
    version: VERSION,
    minNodeCount: 3,
    maxNodeCount: 5,
    instanceType: 't3.medium',
  },
  status: { state: 'Provisioning', ...status },
});

export const ENTITY_ID = 'awscluster/default/cluster-0/uid-0';

export const entity = (view: EntityReport['view'], more: Partial<EntityReport> = {}): EntityReport => ({
  workflowId: ENTITY_ID,
  runId: 'run-entity',
  type: 'AwsCluster',
  status: 'RUNNING',
  startedAt: new Date(ago(22)).toISOString(),
  live: [],
  ...(view === undefined ? { unanswered: 'no answer' } : { view }),
  ...more,
});

export const step = (id: string, status: StepView['status']): StepView => ({
  id,
  key: id.split(' ')[1] ?? id,
  needs: [],
  status,
});

export const view = (steps: readonly StepView[], more: Partial<OperationView> = {}): OperationView => ({
  type: 'CreateCluster',
  workflowId: `${ENTITY_ID}/operation`,
  runId: 'run-0',
  state: 'running',
  startedAt: ago(20),
  steps,
  outputs: {},
  ...more,
});

export const operation = (of: OperationView | undefined, more: Partial<OperationReport> = {}): OperationReport => ({
  workflowId: `${ENTITY_ID}/operation`,
  runId: 'run-0',
  type: 'CreateCluster',
  status: 'RUNNING',
  startedAt: new Date(ago(20)).toISOString(),
  live: [],
  ...(of === undefined ? { unanswered: 'no answer' } : { view: of }),
  ...more,
});

export const describing = (
  cluster: Description['cluster'],
  nodePools: Description['nodePools'] = [],
  more: Partial<Description> = {},
): Description => ({ cluster, nodePools, temporalFlags: '', ...more });

/** An operation that ended by itself, three seconds ago. */
export const endedOperation = (result: OperationResult): OperationReport => ({
  workflowId: `${ENTITY_ID}/operation`,
  runId: 'run-0',
  type: 'CreateCluster',
  status: 'COMPLETED',
  startedAt: new Date(ago(20)).toISOString(),
  closedAt: new Date(ago(3)).toISOString(),
  live: [],
  result,
});
