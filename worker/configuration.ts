/**
 * Worker configuration: the environment, read once and checked.
 *
 * Owns: names and defaults of settings. AWS credentials, region and endpoint are the SDK's own variables.
 */
import { z } from 'zod';
import type { Pacing } from '../activities/contract.ts';
import { NODE_REPAIR_AFTER_SECONDS } from '../policy/node-repair.ts';
import { REPAIR_AFTER_SECONDS } from '../policy/repair.ts';
import { addressProblem } from '../words/addresses.ts';

/** Workflows in memory: others are replayed from their histories when something happens to them. */
export const CACHED_WORKFLOWS = 200;

const Environment = z.object({
  TEMPORAL_ADDRESS: z
    .string()
    .default('127.0.0.1:7233')
    .superRefine((address, context) => {
      const problem = addressProblem(address);
      if (problem !== undefined) context.addIssue(problem);
    }),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  /** Several installations may share a Temporal namespace, each with a queue of its own. */
  SLIPWAY_TASK_QUEUE: z.string().optional(),
  /** Which build this is, where workers of several releases live side by side: see docs/upgrading-slipway.md. */
  SLIPWAY_BUILD_ID: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, { error: 'must be the name of a build, such as 1.4.0' })
    .optional(),
  AWS_REGION: z.string({ error: 'AWS_REGION is not set: name the region whose clusters this worker serves.' }),
  KUBECONFIG: z.string().optional(),
  /** Where snapshots of clusters' etcd are kept, in the worker's region. */
  SLIPWAY_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, {
      error: 'must be the name of a bucket of S3, such as slipway-backups',
    })
    .optional(),
  SLIPWAY_HUB_ENDPOINT: z.url().optional(),
  SLIPWAY_CLUSTER_PROXY: z.url().optional(),
  SLIPWAY_SETTLE_SECONDS: z.coerce.number().int().min(0).default(120),
  /** How often all objects are compared with AWS; 0: never. */
  SLIPWAY_SWEEP_SECONDS: z.coerce.number().int().min(0).default(600),
  SLIPWAY_RETRY_SECONDS: z.coerce.number().positive().default(10),
  SLIPWAY_RETRY_MAX_SECONDS: z.coerce.number().positive().default(1_800),
  /** From when on a wait is shown as what stands in the way. */
  SLIPWAY_OVERDUE_SECONDS: z.coerce.number().positive().default(600),
  SLIPWAY_NODE_REPAIR_SECONDS: z.coerce.number().int().min(1).default(NODE_REPAIR_AFTER_SECONDS),
  SLIPWAY_REPAIR_SECONDS: z.coerce.number().int().min(1).default(REPAIR_AFTER_SECONDS),
  /** Not where pods are only played: an APIService that never answers stalls the deletion of namespaces. */
  SLIPWAY_METRICS_API_SERVICE: z.enum(['true', 'false']).default('true'),
  /** `host:port` for Prometheus; no metrics server when unset. */
  SLIPWAY_METRICS_ADDRESS: z
    .string()
    .regex(/^.+:\d+$/, { error: 'must be host:port, such as 0.0.0.0:9464' })
    .optional(),
  SLIPWAY_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  SLIPWAY_ACTIVITY_SLOTS: z.coerce.number().int().min(1).default(40),
  /** A folder that may be lost at any time; packed anew at each start when unset. */
  SLIPWAY_PACKED_WORKFLOWS: z.string().optional(),
  SLIPWAY_CACHED_WORKFLOWS: z.coerce.number().int().min(2).default(CACHED_WORKFLOWS),
});

export type WorkerConfiguration = {
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  /** `slipway` where it isn't set. */
  readonly taskQueue?: string;
  /** Unless given, workers of all releases take each other's work. */
  readonly buildId?: string;
  readonly region: string;
  readonly kubeconfig?: string;
  /** Where snapshots of clusters' etcd are kept; nowhere unless given. */
  readonly bucket?: string;
  readonly hubEndpoint?: string;
  readonly clusterProxy?: string;
  /** How long after the last mutating call an empty account is believed to stay empty, in seconds. */
  readonly settleSeconds: number;
  /** Seconds between two sweeps for drift; 0: none. */
  readonly sweepSeconds: number;
  /** How soon what failed is tried again by itself, at first and at most. */
  readonly pacing: Pacing;
  /** How long a replica of the control plane may fail its health checks before its machine is replaced, in seconds. */
  readonly repairSeconds: number;
  /** How long a node may be not Ready, or a machine without one, before it is replaced, in seconds. */
  readonly nodeRepairSeconds: number;
  readonly metricsApiService: boolean;
  readonly metricsAddress?: string;
  readonly logLevel: string;
  readonly activitySlots: number;
  readonly cachedWorkflows: number;
  /** Where the workflows' code is kept once it is packed. */
  readonly packedWorkflows?: string;
};

/** What comes out of a file or a Secret ends in a line break as often as not. */
const trimmed = (environment: NodeJS.ProcessEnv): readonly (readonly [string, string])[] =>
  Object.entries(environment)
    .map(([name, value]) => [name, value?.trim() ?? ''] as const)
    .filter(([, value]) => value !== '');

/** Reads the environment, where an empty variable is none. Throws an error that names every wrong variable. */
export const readWorkerConfiguration = (environment: NodeJS.ProcessEnv = process.env): WorkerConfiguration => {
  const parsed = Environment.safeParse(Object.fromEntries(trimmed(environment)));
  if (!parsed.success) {
    const wrong = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    throw new Error(`The worker's environment is not usable. ${wrong}`);
  }
  const value = parsed.data;
  return {
    temporalAddress: value.TEMPORAL_ADDRESS,
    temporalNamespace: value.TEMPORAL_NAMESPACE,
    region: value.AWS_REGION,
    settleSeconds: value.SLIPWAY_SETTLE_SECONDS,
    sweepSeconds: value.SLIPWAY_SWEEP_SECONDS,
    pacing: {
      retryMs: value.SLIPWAY_RETRY_SECONDS * 1_000,
      retryMaxMs: value.SLIPWAY_RETRY_MAX_SECONDS * 1_000,
      overdueMs: value.SLIPWAY_OVERDUE_SECONDS * 1_000,
    },
    repairSeconds: value.SLIPWAY_REPAIR_SECONDS,
    nodeRepairSeconds: value.SLIPWAY_NODE_REPAIR_SECONDS,
    metricsApiService: value.SLIPWAY_METRICS_API_SERVICE === 'true',
    logLevel: value.SLIPWAY_LOG_LEVEL,
    activitySlots: value.SLIPWAY_ACTIVITY_SLOTS,
    cachedWorkflows: value.SLIPWAY_CACHED_WORKFLOWS,
    ...(value.SLIPWAY_BUILD_ID === undefined ? {} : { buildId: value.SLIPWAY_BUILD_ID }),
    ...(value.SLIPWAY_TASK_QUEUE === undefined ? {} : { taskQueue: value.SLIPWAY_TASK_QUEUE }),
    ...(value.KUBECONFIG === undefined ? {} : { kubeconfig: value.KUBECONFIG }),
    ...(value.SLIPWAY_BUCKET === undefined ? {} : { bucket: value.SLIPWAY_BUCKET }),
    ...(value.SLIPWAY_HUB_ENDPOINT === undefined ? {} : { hubEndpoint: value.SLIPWAY_HUB_ENDPOINT }),
    ...(value.SLIPWAY_CLUSTER_PROXY === undefined ? {} : { clusterProxy: value.SLIPWAY_CLUSTER_PROXY }),
    ...(value.SLIPWAY_PACKED_WORKFLOWS === undefined ? {} : { packedWorkflows: value.SLIPWAY_PACKED_WORKFLOWS }),
    ...(value.SLIPWAY_METRICS_ADDRESS === undefined ? {} : { metricsAddress: value.SLIPWAY_METRICS_ADDRESS }),
  };
};
