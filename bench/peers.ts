/**
 * Peers: what others take for the same, so that a figure of ours says something.
 *
 * Owns: the figures and their sources. Those of Cluster API were measured in the same local account (CAPA v2.13.0, CAPI
 * v1.13.6, the network given, three control-plane and three worker machines, no boot time, two cores, the seed's
 * latencies); others are as published.
 */

export const CAPA = {
  source: 'Cluster API Provider AWS v2.13.0, measured on this double',
  createCalls: { least: 204, most: 233 },
  createMutating: { least: 44, most: 47 },
  /** Until it is quiet after the create. */
  callsUntilQuiet: { least: 83, most: 168 },
  createSeconds: { least: 32, most: 32.5 },
  createSecondsWithoutLatency: 18.1,
  deleteSeconds: { least: 20, most: 21 },
  deleteCalls: 165,
  deleteMutating: 22,
  /** One resync of an idle cluster, each ten minutes by default. */
  resyncCalls: 115,
  resyncMutating: 2,
  resyncsPerHour: 6,
  /** Two nodes, published: kubernetes-sigs/cluster-api-provider-aws #4192. */
  describesOfTwoNodes: { least: 231, most: 288 },
} as const;

export const CAPI_SCALE = {
  source: 'Cluster API with metal3, 1,000 clusters, tuned, 32 cores (Nordix/metal3-clusterapi-docs)',
  gibibytes: 1.9 + 1.3,
  idleCores: 16.5 + 2.5,
  minutes: 255,
} as const;

/** What is said of replacing nodes, by those who do it or had it done; no figure is ours. */
export const NODE_ROLLOUTS = [
  {
    who: 'EKS managed node group, two nodes',
    says: '25 to 30 min, with four more nodes meanwhile',
    source: 'https://github.com/aws/containers-roadmap/issues/1560',
  },
  {
    who: 'EKS managed node group, twenty nodes, one at a time',
    says: 'about 5 min a node, over an hour in all',
    source: 'https://github.com/aws-quickstart/quickstart-amazon-eks/issues/377',
  },
  {
    who: 'kOps rolling-update',
    says: '3 to 5 min until a node has started, then its drain and validation',
    source: 'https://github.com/kubernetes/kops/pull/3329',
  },
  {
    who: 'Cluster API MachineDeployment, three machines (2019; mended since)',
    says: '10 min between a node and the next',
    source: 'https://github.com/kubernetes-sigs/cluster-api/issues/1127',
  },
  {
    who: 'GKE node pool',
    says: 'one node at a time unless told otherwise; several hours by their number and their Pods',
    source: 'https://cloud.google.com/kubernetes-engine/docs/concepts/cluster-upgrades',
  },
] as const;

/** What is said of another version of a control plane, and of going back, by those who do it; no figure is ours. */
export const CONTROL_PLANE_UPGRADES = [
  {
    who: 'GKE, a two-step upgrade',
    says: 'may go back while it soaks: for 6 hours to 7 days, as it is told',
    source: 'https://pub.dev/documentation/pulumi_gcp/latest/container/ClusterRollbackSafeUpgrade-class.html',
  },
  {
    who: 'EKS',
    says: 'should finish within a few minutes',
    source: 'https://docs.aws.amazon.com/cli/latest/reference/eks/update-cluster-version.md',
  },
  {
    who: 'EKS, by its users',
    says: 'more than 45 min',
    source: 'https://github.com/aws/containers-roadmap/issues/1227',
  },
  {
    who: 'EKS, a version rollback',
    says: 'may go back by one minor within 7 days, etcd as it is by then',
    source: 'https://docs.aws.amazon.com/eks/latest/best-practices/rollback-cluster-upgrades.html',
  },
  {
    who: 'kOps rolling-update',
    says: '3 to 5 min until a machine has started, then its validation; the former spec is the way back',
    source: 'https://github.com/kubernetes/kops/pull/3329',
  },
  {
    who: 'Cluster API Provider AWS, a limit of its tests and no measurement',
    says: 'at most 40 min for a control plane; there is no way back',
    source: 'https://github.com/kubernetes-sigs/cluster-api-provider-aws/blob/main/test/e2e/data/e2e_conf.yaml',
  },
] as const;

export const range = ({ least, most }: { readonly least: number; readonly most: number }): string => `${least}-${most}`;
