/**
 * Wiring: the activities of one worker, made of its clients.
 *
 * Owns: which implementation stands behind each narrow interface. Neighbours: `activities/` implement, `main.ts` registers.
 */
import { Context, type Info } from '@temporalio/activity';
import type { Logger } from 'pino';
import { createAssess, type Named } from '../activities/assess.ts';
import { createAwsClients } from '../activities/aws/clients.ts';
import { awsResources } from '../activities/aws/resources.ts';
import { createBackupSweep } from '../activities/backup-sweep.ts';
import { createBackups } from '../activities/backups.ts';
import type { AroundCall, OutgoingCall } from '../activities/calls.ts';
import { createCertificateSweep } from '../activities/certificate-sweep.ts';
import type { Activities } from '../activities/contract.ts';
import { createHubClient } from '../activities/hub/client.ts';
import { hubMembershipDriver, observeMembership, otherOwner } from '../activities/hub/membership.ts';
import { createInsideSweep } from '../activities/inside-sweep.ts';
import { createInsightsSweep } from '../activities/insights-sweep.ts';
import { createInventory } from '../activities/inventory.ts';
import { readChangedSince } from '../activities/kubernetes/changed-since.ts';
import { issueClusterCertificate } from '../activities/kubernetes/credentials.ts';
import { kubernetesDrivers } from '../activities/kubernetes/drivers.ts';
import { emptyMachine } from '../activities/kubernetes/emptying.ts';
import { recordEvents } from '../activities/kubernetes/events.ts';
import { readInside } from '../activities/kubernetes/inside.ts';
import { readInsights } from '../activities/kubernetes/insights.ts';
import { keptSecrets, observeManagement } from '../activities/kubernetes/inventory.ts';
import { connectManagement } from '../activities/kubernetes/management.ts';
import { sweepNodes } from '../activities/kubernetes/node-sweep.ts';
import { findCluster, findNodePool, ownersAmong, recentObjects, siblingsOf } from '../activities/kubernetes/objects.ts';
import { countPods, readAllNodes, readPoolNodes } from '../activities/kubernetes/pool-nodes.ts';
import { readSecret } from '../activities/kubernetes/secret.ts';
import { createServedCertificates } from '../activities/kubernetes/served-certificates.ts';
import { writeStatus } from '../activities/kubernetes/status.ts';
import { surveyManagement } from '../activities/kubernetes/survey.ts';
import {
  closeUserClusters,
  connectUserClusters,
  createUserClusterCache,
} from '../activities/kubernetes/user-cluster.ts';
import { createMirror } from '../activities/mirror.ts';
import { createOrphanRemoval } from '../activities/orphan-removal.ts';
import { createOrphans } from '../activities/orphans.ts';
import { readPoolMachines } from '../activities/pool-machines.ts';
import { restoreSourceDriver } from '../activities/restore-source.ts';
import { snapshotDriver } from '../activities/snapshot.ts';
import { createSteps, type Execution } from '../activities/steps.ts';
import { createSweep } from '../activities/sweep.ts';
import type { ObjectKind } from '../api/object.ts';
import { present } from '../words/present.ts';
import { askedOf } from './asked.ts';
import type { WorkerConfiguration } from './configuration.ts';
import type { WorkerMetrics } from './metrics.ts';
import type { CountedObject } from './object-metrics.ts';

export type WiredActivities = {
  readonly activities: Activities;
  /** The account that the credentials belong to. */
  readonly account: (signal: AbortSignal) => Promise<string>;
  /** All clusters and node pools, as the API server remembers them: for figures some seconds are not old. */
  readonly objects: () => Promise<readonly CountedObject[]>;
  /** Ends connections, once no activity runs any more. */
  readonly close: () => Promise<void>;
};

/** A first attempt is scheduled with its activity; one that comes later counts anew after `temporal activity reset`. */
const RESET_MS = 1_000;

type Scheduled = Pick<Info, 'attempt' | 'scheduledTimestampMs' | 'currentAttemptScheduledTimestampMs'>;

/** Which attempt it is in truth: a reset begins to count anew, and what an earlier one made is there all the same (I2). */
export const attemptOf = ({ attempt, scheduledTimestampMs, currentAttemptScheduledTimestampMs }: Scheduled): number =>
  currentAttemptScheduledTimestampMs - scheduledTimestampMs > RESET_MS ? Math.max(2, attempt) : attempt;

/** What Temporal says of the execution that asks. */
const execution = (): Execution => {
  const { info, cancellationSignal } = Context.current();
  return { attempt: attemptOf(info), signal: cancellationSignal, since: info.scheduledTimestampMs };
};

/** Which execution of which activity sends a call. */
export type Sender = {
  readonly workflowId: string;
  readonly workflowType: string;
  readonly runId: string;
  /** A step's id, such as `ensure etcd-volume/0`, or another activity's own. */
  readonly activityId: string;
  readonly attempt: number;
};

/** Stands around every call of this worker. */
export type AroundSentCall = <T>(call: OutgoingCall, sender: Sender, send: () => Promise<T>) => Promise<T>;

/** Who stands between the worker and what it talks to; in production, nobody. */
export type Between = {
  readonly call?: AroundSentCall;
  /** Around each attempt of a call to AWS, within the SDK's own retries. */
  readonly attempt?: AroundCall;
};

const withSender =
  (around: AroundSentCall): AroundCall =>
  (call, send) => {
    const { activityId, activityType, attempt, workflowExecution } = Context.current().info;
    const { workflowId = '', runId = '' } = workflowExecution ?? {};
    const workflowType = Context.current().info.workflowType ?? activityType;
    return around(call, { workflowId, runId, workflowType, activityId, attempt }, send);
  };

/** Everything that a worker talks to. */
const connect = (configuration: WorkerConfiguration, metrics: WorkerMetrics, log: Logger, between: Between) => {
  const aroundCall = between.call === undefined ? {} : { aroundCall: withSender(between.call) };
  const { region, bucket, clusterProxy, hubEndpoint, kubeconfig } = configuration;
  const management = connectManagement(kubeconfig, aroundCall.aroundCall);
  const cache = createUserClusterCache();
  const certificates = createServedCertificates();
  const userClusters = connectUserClusters({
    management,
    cache,
    served: certificates,
    ...aroundCall,
    ...(clusterProxy === undefined ? {} : { proxy: clusterProxy }),
  });
  const hub = createHubClient({ ...aroundCall, ...(hubEndpoint === undefined ? {} : { endpoint: hubEndpoint }) });
  const clients = createAwsClients({
    region,
    ...present({ bucket }),
    ...aroundCall,
    ...(between.attempt === undefined ? {} : { aroundAttempt: between.attempt }),
    onCall: ({ service, operation, code, milliseconds }) => {
      metrics.awsCalls.inc({ service, operation, code });
      metrics.awsSeconds.observe({ service, operation }, milliseconds / 1_000);
      log.debug({ service, operation, code, milliseconds }, 'AWS call');
    },
  });
  const aws = awsResources(clients, {
    readSecret: ({ namespace, name, type, signal }) => readSecret(management, { namespace, name }, type, { signal }),
    onUnread: (what, reason) => log.warn({ what, reason }, 'Preflight could not look at this: it is taken for right'),
    otherOwner: (cluster, signal) => otherOwner(hub, cluster, signal),
    emptyMachine: emptyMachine(management, userClusters),
    keptElsewhere: (wanted) => keptSecrets(management, wanted, { signal: wanted.signal }),
  });
  const close = async (): Promise<void> => {
    await closeUserClusters(cache);
    await management.close();
    clients.destroy();
  };
  return { management, userClusters, certificates, hub, aws, close };
};

type Connections = ReturnType<typeof connect>;

const addonSettings = ({ metricsApiService }: WorkerConfiguration) => ({
  surroundings: { apiService: String(metricsApiService) },
});

const stepsOf = (
  { management, userClusters, hub, aws }: Connections,
  configuration: WorkerConfiguration,
  backups: ReturnType<typeof createBackups>,
) =>
  createSteps({
    ...aws.drivers,
    ...kubernetesDrivers({
      management,
      userClusters,
      launchTroubles: aws.launchTroubles,
      sizeOf: aws.sizeOf,
      addons: addonSettings(configuration),
      ...present({ bucket: configuration.bucket }),
    }),
    'hub-membership': hubMembershipDriver(hub),
    snapshot: snapshotDriver(backups),
    'restore-source': restoreSourceDriver(backups),
  });

const mirrorOf = ({ management }: Connections) =>
  createMirror({
    now: Date.now,
    find: (object, signal) =>
      object.kind === 'AWSCluster'
        ? findCluster(management, object, { signal })
        : findNodePool(management, object, { signal }),
    writeStatus: (object, status, signal) => writeStatus(management, object, status, { signal }),
    recordEvents: (object, events, signal) => recordEvents(management, object, events, { signal }),
  });

const machinesFrom = ({ aws, userClusters }: Connections) =>
  readPoolMachines({
    instances: aws.instancesOf,
    nodes: readPoolNodes(userClusters),
    allNodes: readAllNodes(userClusters),
    countPods: countPods(userClusters),
  });

/** How one object and what is there of it are looked at. */
const looksWith = (connections: Connections) => {
  const { management, hub, aws } = connections;
  return {
    findCluster: (name: Named, signal: AbortSignal) => findCluster(management, name, { signal }),
    findNodePool: (name: Named, signal: AbortSignal) => findNodePool(management, name, { signal }),
    machines: machinesFrom(connections),
    observe: createInventory({
      aws: aws.observe,
      management: (request, signal) => observeManagement(management, request, { signal }),
      hub: (membership, signal) => observeMembership(hub, membership, signal),
    }),
  };
};

const assessOf = (
  { management, aws }: Connections,
  configuration: WorkerConfiguration,
  looks: Omit<Parameters<typeof createAssess>[0], 'settleSeconds' | 'foresee' | 'poolsOf' | 'owners'>,
) => {
  const { settleSeconds, pacing, repairSeconds, nodeRepairSeconds } = configuration;
  return createAssess({
    ...looks,
    settleSeconds,
    foresee: aws.foresee,
    pacing,
    repair: { afterSeconds: repairSeconds },
    nodeRepair: { afterSeconds: nodeRepairSeconds },
    poolsOf: (cluster, signal) => siblingsOf(management, cluster, { signal }),
    owners: (kind, signal) => ownersAmong(management, kind, { signal }),
  });
};

const backupsOf = (
  { aws }: Connections,
  { bucket }: WorkerConfiguration,
  looks: Omit<Parameters<typeof createBackups>[0], 'orders' | 'bucket'>,
) =>
  createBackups({
    ...looks,
    orders: aws.backupOrders,
    ...(bucket === undefined ? {} : { bucket: { name: bucket, read: aws.backupsIn(bucket).read } }),
  });

const orphansOf = (
  { aws, management }: Connections,
  { settleSeconds, pacing }: WorkerConfiguration,
  { served, observe }: Pick<Parameters<typeof createAssess>[0], 'served' | 'observe'>,
) => {
  const owners = (kind: ObjectKind, signal: AbortSignal) => ownersAmong(management, kind, { signal });
  const list = createOrphans({ served, owned: aws.owned, owners, snapshotsLeft: aws.snapshotsLeft });
  return { list, planRemoval: createOrphanRemoval({ orphans: list, owners, observe, settleSeconds, pacing }) };
};

const backupSweepOf = ({ aws }: Connections, { bucket }: WorkerConfiguration, log: Logger) =>
  createBackupSweep({
    ...present({ bucket: bucket === undefined ? undefined : aws.backupsIn(bucket) }),
    onRemoved: (clusterId, keys) => log.info({ clusterId, keys }, 'Snapshots that are kept no longer are removed'),
  });

type Around = {
  readonly connections: Connections;
  readonly configuration: WorkerConfiguration;
  readonly metrics: WorkerMetrics;
  readonly log: Logger;
};

/** What is looked at beside AWS, and where else the same look is needed. */
type SweptBeside = {
  readonly served: Parameters<typeof createSweep>[0]['served'];
  readonly inside: Parameters<typeof createInsideSweep>[0];
  readonly insights: Parameters<typeof createInsightsSweep>[0];
  readonly snapshots: NonNullable<NonNullable<Parameters<typeof createInsightsSweep>[1]>['snapshots']>;
};

const sweepOf = ({ connections, configuration, metrics, log }: Around, beside: SweptBeside) => {
  const { management, userClusters, certificates, hub, aws } = connections;
  const { served, inside, insights, snapshots } = beside;
  return createSweep({
    settleSeconds: configuration.settleSeconds,
    everySeconds: configuration.sweepSeconds,
    repair: { afterSeconds: configuration.repairSeconds },
    served,
    management: (signal) => surveyManagement(management, { signal }),
    aws: aws.survey,
    nodes: sweepNodes(userClusters),
    inside: createInsideSweep(inside),
    insights: createInsightsSweep(insights, { snapshots }),
    backup: backupSweepOf(connections, configuration, log),
    certificates: createCertificateSweep({ served: certificates, onSeen: metrics.certificates }),
    hub: (membership, signal) => observeMembership(hub, membership, signal),
    onUnread: (object, reason) => log.warn({ ...object, reason }, 'Not everything could be read: nothing is concluded'),
  });
};

export const wireActivities = (
  configuration: WorkerConfiguration,
  metrics: WorkerMetrics,
  log: Logger,
  between: Between = {},
): WiredActivities => {
  const { region } = configuration;
  const connections = connect(configuration, metrics, log, between);
  const { management, userClusters, aws, close } = connections;
  const served = async (signal: AbortSignal) => ({ account: await aws.scope.account(signal), regions: [region] });
  const inside = readInside(userClusters, addonSettings(configuration));
  const looks = { ...looksWith(connections), served };
  const backups = backupsOf(connections, configuration, looks);
  const steps = stepsOf(connections, configuration, backups);
  const assess = assessOf(connections, configuration, { ...looks, inside });
  const insights = readInsights(management, userClusters);
  const snapshots = present({ bucket: configuration.bucket });
  const changedSince = readChangedSince(userClusters);
  const sweep = sweepOf({ connections, configuration, metrics, log }, { served, inside, insights, snapshots });
  const orphans = orphansOf(connections, configuration, looks);
  const mirror = mirrorOf(connections);
  const signalOf = (): AbortSignal => Context.current().cancellationSignal;

  return {
    account: aws.scope.account,
    objects: () => recentObjects(management),
    activities: {
      assess: (request) => assess(request, signalOf()),
      ...askedOf({ ...looks, insights, snapshots, backups, changedSince }, signalOf),
      ensure: (request) => steps.ensure(request, execution()),
      remove: (request) => steps.remove(request, execution()),
      wait: (request) => steps.wait(request, execution()),
      find: (request) => steps.find(request, execution()),
      mirror: (request) => mirror(request, signalOf()),
      issueCertificate: (request) => issueClusterCertificate(management, request, { signal: signalOf() }),
      orderBackup: (request) => backups.orderBackup(request, signalOf()),
      awaitBackup: (request) => backups.awaitBackup(request, signalOf()),
      listBackups: (object) => backups.listBackups(object, signalOf()),
      listOrphans: () => orphans.list(signalOf()),
      planOrphanRemoval: (removal) => orphans.planRemoval(removal, signalOf()),
      sweep: () => sweep(signalOf()),
    },
    close,
  };
};
