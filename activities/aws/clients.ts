/**
 * Clients: the AWS SDK's clients of one worker, as the activities use them.
 *
 * Owns: connections, deadlines, attempts, and what is told of every call; that each attempt goes through the limiter. Region
 * is a parameter; endpoint and credentials are the SDK's own (environment, profiles, instance role). The way is the
 * environment's: the SDK reads no `HTTPS_PROXY` (https://github.com/aws/aws-sdk-js-v3/issues/2228). Neighbours: Temporal retries, so the SDK tries
 * only twice, which rides out a connection that died while idle; `worker/` turns calls into metrics.
 * Invariants: I6 and I12 are proven by `AwsCall.mutating`: whatever isn't known to only read counts as mutating.
 */
import { setTimeout } from 'node:timers/promises';
import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingClient } from '@aws-sdk/client-elastic-load-balancing';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { IAMClient } from '@aws-sdk/client-iam';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { STSClient } from '@aws-sdk/client-sts';
import { agentByEnvironment } from '../../kubernetes/connections.ts';
import { present } from '../../words/present.ts';
import { type AroundCall, straightOn } from '../calls.ts';
import { isThrottled } from '../verdicts.ts';
import { createLimiter, type Limiter } from './limiter.ts';

/** One call to AWS, retries of the SDK included. */
export type AwsCall = {
  readonly service: string;
  readonly operation: string;
  /** `OK` or the error's code. */
  readonly code: string;
  readonly milliseconds: number;
  readonly mutating: boolean;
};

export type AwsClients = {
  readonly region: string;
  /** Where snapshots of clusters' etcd are kept; nowhere unless given. */
  readonly bucket?: string;
  readonly ec2: EC2Client;
  readonly autoScaling: AutoScalingClient;
  /** The SDK asks nothing twice: for the one call that has its effect once more each time. */
  readonly autoScalingOnce: AutoScalingClient;
  readonly elbv2: ElasticLoadBalancingV2Client;
  /** Classic load balancers: only to remove what the cloud controller made. */
  readonly elb: ElasticLoadBalancingClient;
  readonly iam: IAMClient;
  readonly kms: KMSClient;
  /** Snapshots of clusters' etcd. */
  readonly s3: S3Client;
  readonly serviceQuotas: ServiceQuotasClient;
  readonly sts: STSClient;
  readonly destroy: () => void;
};

/** How long each attempt of a call may take until it is connected, and until it is answered. */
type CallTimeouts = { readonly connectionMs: number; readonly requestMs: number };

export type AwsClientSettings = {
  readonly region: string;
  readonly bucket?: string;
  readonly onCall?: (call: AwsCall) => void;
  /** Retries of the SDK happen inside. */
  readonly aroundCall?: AroundCall;
  /** Stands around each attempt of each call: what it throws, the SDK may try again by itself. */
  readonly aroundAttempt?: AroundCall;
  readonly timeouts?: CallTimeouts;
  readonly maxSockets?: number;
  /** Names the proxy, if there is one. */
  readonly environment?: NodeJS.ProcessEnv;
};

/** Below every activity's own limit, so that an answer that never comes is an error with a name. */
const TIMEOUTS: CallTimeouts = { connectionMs: 3_000, requestMs: 12_000 };
const MAX_SOCKETS = 64;
const MAX_ATTEMPTS = 2;

/** Operations that change nothing in the account. A data key exists only in its answer. */
const READS = /^(Describe|Get|List|GenerateDataKey)/;

const isMutating = (operation: string): boolean => !READS.test(operation);

type Named = { readonly clientName?: string; readonly commandName?: string };
type Sending = (args: { input: object }) => Promise<{ output: { $metadata: object }; response: unknown }>;
type Middleware = (next: Sending, context: Named) => Sending;

/** The parts of an SDK client that observing needs, whatever the service. */
type Observable = {
  readonly middlewareStack: {
    add(middleware: Middleware, options: { step: 'initialize'; name: string; priority: 'high' }): void;
    addRelativeTo(middleware: Middleware, options: { relation: 'after'; toMiddleware: string; name: string }): void;
  };
};

const withoutSuffix = (name: string | undefined, suffix: string): string =>
  name === undefined ? 'unknown' : name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;

const namesOf = ({ clientName, commandName }: Named) => ({
  service: withoutSuffix(clientName, 'Client'),
  operation: withoutSuffix(commandName, 'Command'),
});

type Signalled = { readonly __smithy_context?: { readonly abortSignal?: AbortSignal } };

/** Each attempt waits for its turn where AWS throttles; within the SDK's own retry, which would only ask the same again. */
const limiting =
  (limiter: Limiter, aroundAttempt: AroundCall = straightOn) =>
  <C extends object>(client: C): C => {
    (client as unknown as Observable).middlewareStack.addRelativeTo(
      (next, context) => (args) => {
        const { service, operation } = namesOf(context);
        const { abortSignal } = (context as Signalled).__smithy_context ?? {};
        const call = { service, operation, target: '', mutating: isMutating(operation) };
        return limiter.send(`${service} ${operation}`, () => aroundAttempt(call, () => next(args)), abortSignal);
      },
      { relation: 'after', toMiddleware: 'retryMiddleware', name: 'slipwayLimit' },
    );
    return client;
  };

/** Tells of each call once it is over; retries of the SDK happen inside. */
const observing =
  ({ onCall, aroundCall = straightOn }: AwsClientSettings) =>
  <C extends object>(client: C): C => {
    (client as unknown as Observable).middlewareStack.add(
      (next, context) => async (args) => {
        const { service, operation } = namesOf(context);
        const mutating = isMutating(operation);
        const started = Date.now();
        const report = (code: string): void =>
          onCall?.({ service, operation, code, milliseconds: Date.now() - started, mutating });
        try {
          const result = await aroundCall({ service, operation, target: '', mutating }, () => next(args));
          report('OK');
          return result;
        } catch (error) {
          report(error instanceof Error || hasName(error) ? String(error.name) : 'unknown');
          // Says in every message which call it was: SDK errors don't know.
          if (typeof error === 'object' && error !== null)
            Object.assign(error, { operation: `${service} ${operation}` });
          throw error;
        }
      },
      { step: 'initialize', name: 'slipwayObserve', priority: 'high' },
    );
    return client;
  };

const configurationOf = ({
  region,
  timeouts = TIMEOUTS,
  maxSockets = MAX_SOCKETS,
  environment = process.env,
}: AwsClientSettings) => {
  const sockets = { keepAlive: true, maxSockets };
  return {
    region,
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: {
      connectionTimeout: timeouts.connectionMs,
      requestTimeout: timeouts.requestMs,
      throwOnRequestTimeout: true,
      httpAgent: sockets,
      // Of all clients together: they are destroyed together.
      httpsAgent: agentByEnvironment(environment, maxSockets),
    },
  };
};

export const createAwsClients = (settings: AwsClientSettings): AwsClients => {
  const limiter = createLimiter({ now: Date.now, sleep: (milliseconds) => setTimeout(milliseconds), isThrottled });
  const [observed, limited] = [observing(settings), limiting(limiter, settings.aroundAttempt)];
  const observe = <C extends object>(client: C): C => observed(limited(client));
  const configuration = configurationOf(settings);
  const clients = {
    ec2: observe(new EC2Client(configuration)),
    autoScaling: observe(new AutoScalingClient(configuration)),
    autoScalingOnce: observe(new AutoScalingClient({ ...configuration, maxAttempts: 1 })),
    elbv2: observe(new ElasticLoadBalancingV2Client(configuration)),
    elb: observe(new ElasticLoadBalancingClient(configuration)),
    iam: observe(new IAMClient(configuration)),
    kms: observe(new KMSClient(configuration)),
    s3: observe(new S3Client(configuration)),
    serviceQuotas: observe(new ServiceQuotasClient(configuration)),
    sts: observe(new STSClient(configuration)),
  };
  return {
    region: settings.region,
    ...present({ bucket: settings.bucket }),
    ...clients,
    destroy: () => {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
};

const hasName = (error: unknown): error is { readonly name: string } =>
  typeof error === 'object' && error !== null && 'name' in error;
