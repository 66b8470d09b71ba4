/** Statuses with every field that Slipway writes: what the API server must keep. */
import type { AWSClusterStatus } from '../../api/cluster.ts';
import type { AWSNodePoolStatus } from '../../api/nodepool.ts';
import { releaseOf } from '../../api/releases.ts';

const TIME = '2026-08-01T10:00:00Z';
const release = releaseOf('1.16.9-gke.12');
if (release === undefined) throw new Error("the catalogue lacks the seed's version");

const operation = {
  type: 'CreateCluster',
  state: 'running',
  workflowID: 'awscluster/default/cluster-0/u-1/operation',
  runID: 'r-1',
  startedAt: TIME,
} as const;

export const clusterStatusExample: Required<AWSClusterStatus> = {
  state: 'Provisioning',
  observedGeneration: 1,
  conditions: [
    {
      type: 'Ready',
      status: 'False',
      observedGeneration: 1,
      lastTransitionTime: TIME,
      reason: 'Creating',
      message: '12 of 40 steps done',
    },
    {
      type: 'FieldsWithoutEffect',
      status: 'True',
      observedGeneration: 1,
      lastTransitionTime: TIME,
      reason: 'NotImplemented',
      message: 'spec.authentication.oidc has no effect yet',
    },
  ],
  version: release.version,
  kubernetesVersion: release.kubernetes,
  clusterID: 'gke-dfccaa67',
  endpoint: 'gke-dfccaa67-controlplane-f26573d5bef4bba0.elb.eu-west-1.amazonaws.com',
  rollout: { type: 'RepairCluster', turn: 1, of: 2, startedAt: TIME, released: 'f-1' },
  handledRequests: { retry: 'token-1' },
  mended: [{ resource: 'auto-scaling-group/controlplane-0', times: 2, lastTime: TIME }],
  appliedTagKeys: ['team'],
  unhealthyReplicas: [{ index: 1, instanceID: 'i-1', since: TIME, message: 'replica 1 (i-1) does not serve' }],
  upgrade: {
    from: '1.36.3-gke.1',
    to: '1.37.2-gke.1',
    phase: 'Soaking',
    replicas: [{ index: 0, version: '1.37.2-gke.1', emulation: '1.36' }],
    soakingSince: TIME,
    soakUntil: TIME,
    committed: false,
  },
  restored: { id: '5e1f0c9a', from: 'gke-dfccaa67/etcd/20260801T100000000Z-4711.db', at: TIME },
  backup: {
    lastSuccess: {
      ...{ key: 'gke-dfccaa67/etcd/20260801T100000000Z-4711.db', time: TIME },
      ...{ size: 3_145_760, revision: '4711' },
    },
  },
  aws: { account: '0123456789012', region: 'eu-west-1' },
  established: false,
  revision: {
    version: release.version,
    kubernetes: release.kubernetes,
    etcd: release.etcd,
    cloudController: release.cloudController,
    imageID: release.imageId,
    addons: Object.fromEntries(
      Object.entries(release.addons).map(([name, addon]) => [
        name,
        { version: addon.version, images: { ...addon.images } },
      ]),
    ),
  },
  lastOperation: {
    ...operation,
    finishedAt: TIME,
    progress: { done: 12, total: 40 },
    steps: [
      { step: 'ensure etcd-volume/1', state: 'running', since: TIME },
      { step: 'ensure load-balancer/controlplane', state: 'blocked', since: TIME },
    ],
  },
  lastErrors: [
    {
      step: 'ensure load-balancer/controlplane',
      verdict: 'blocked',
      message: 'subnet-1 has no free addresses',
      attempt: 3,
      since: TIME,
      retryAt: TIME,
      commands: ['npx slipway clusters retry cluster-0'],
    },
  ],
  operations: [
    { ...operation, state: 'failed', finishedAt: TIME, version: '1.36.3-gke.1', message: 'aborted by hand' },
  ],
  incarnations: { 'etcd-volume/0': 1 },
};

/** Snapshots are a cluster's. */
const { backup: _backup, upgrade: _upgrade, restored: _restored, ...common } = clusterStatusExample;

export const nodePoolStatusExample: Required<AWSNodePoolStatus> = {
  ...common,
  nodePoolID: '3125db34',
  readyNodes: 2,
  desiredNodes: 3,
  appliedLabelKeys: ['team'],
  appliedTaints: ['team:NoSchedule'],
  unhealthyNodes: [{ name: 'ip-10-0-1-5', instanceID: 'i-1', since: TIME, message: 'node ip-10-0-1-5 is not Ready' }],
};
