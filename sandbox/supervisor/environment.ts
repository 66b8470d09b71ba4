/**
 * Environment: what the parts' processes are told by environment variables.
 *
 * Owns: the whole environment of every part. Nothing of the caller's gets in but what a program needs to run at all, so
 * that neither real AWS credentials nor a company's proxy ever reach a part (I12). Neighbours: each program documents
 * its own variables.
 */
import type { ServiceAccountName } from '../../api/names.ts';
import { BUCKET } from '../aws/account.ts';
import { GO_ENVIRONMENT } from '../garbage.ts';
import { AWS_CREDENTIALS, cached, folders, REGION, type SandboxLayout } from '../layout.ts';
import { MARK } from './state.ts';

const PASSED_ON = ['HOME', 'USER', 'LANG', 'LC_ALL', 'TMPDIR', 'TZ'];

/** The sandbox's account is empty for good at once: real clouds need the longer default. */
const SETTLE_SECONDS = '3';

const url = (address: { host: string; port: number }): string => `http://${address.host}:${address.port}`;
const hostPort = (address: { host: string; port: number }): string => `${address.host}:${address.port}`;

export const baseEnvironment = (
  layout: SandboxLayout,
  mark: string,
  caller: NodeJS.ProcessEnv,
): Readonly<Record<string, string>> => {
  const passed = Object.entries(caller).filter(
    // Settings of Slipway's own, such as SLIPWAY_SETTLE_SECONDS, are meant for the parts.
    ([name]) => PASSED_ON.includes(name) || name.startsWith('SLIPWAY_'),
  );
  return {
    ...Object.fromEntries(passed.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
    PATH: `${layout.bin}:${caller['PATH'] ?? '/usr/bin:/bin'}`,
    SLIPWAY_HOME: layout.home,
    NODE_COMPILE_CACHE: cached(layout.cache).compiled,
    ...GO_ENVIRONMENT,
    [MARK]: mark,
  };
};

export const awsEnvironment = (layout: SandboxLayout): Readonly<Record<string, string>> => ({
  AWS_REGION: REGION,
  AWS_DEFAULT_REGION: REGION,
  AWS_ENDPOINT_URL: url(layout.aws),
  AWS_ACCESS_KEY_ID: AWS_CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: AWS_CREDENTIALS.secretAccessKey,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
});

const temporalEnvironment = (layout: SandboxLayout): Readonly<Record<string, string>> => ({
  TEMPORAL_ADDRESS: hostPort(layout.temporal),
  TEMPORAL_NAMESPACE: 'default',
});

/** For a part of Slipway that speaks to Temporal and, as its own service account, to the management API. */
export const clientEnvironment = (
  layout: SandboxLayout,
  account: ServiceAccountName,
): Readonly<Record<string, string>> => ({
  ...temporalEnvironment(layout),
  KUBECONFIG: folders(layout.home).kubeconfigOf(account),
  SLIPWAY_CLUSTER_PROXY: url(layout.proxy),
});

/** What the admission webhook runs with: it speaks to nobody but the management API. */
export const admissionEnvironment = (layout: SandboxLayout): Readonly<Record<string, string>> => {
  const { pki, kubeconfigOf } = folders(layout.home);
  return {
    KUBECONFIG: kubeconfigOf('slipway-admission'),
    SLIPWAY_ADMISSION_ADDRESS: hostPort(layout.admission),
    SLIPWAY_ADMISSION_CERTIFICATE: `${pki}/admission.crt`,
    SLIPWAY_ADMISSION_KEY: `${pki}/admission.key`,
    SLIPWAY_ADMISSION_CLIENT_CA: `${pki}/ca.crt`,
  };
};

/** What the worker runs with; also for whoever runs a second one by hand. */
export const workerEnvironment = (
  layout: SandboxLayout,
  caller: NodeJS.ProcessEnv,
): Readonly<Record<string, string>> => ({
  ...clientEnvironment(layout, 'slipway-worker'),
  ...awsEnvironment(layout),
  SLIPWAY_HUB_ENDPOINT: url(layout.hub),
  SLIPWAY_BUCKET: BUCKET,
  SLIPWAY_SETTLE_SECONDS: caller['SLIPWAY_SETTLE_SECONDS'] ?? SETTLE_SECONDS,
  SLIPWAY_METRICS_ADDRESS: hostPort(layout.workerMetrics),
  SLIPWAY_METRICS_API_SERVICE: 'false',
  SLIPWAY_PACKED_WORKFLOWS: cached(layout.cache).packed,
  // As `npm run worker` has it: else each of its threads keeps what it freed to itself.
  MALLOC_ARENA_MAX: '2',
});
