/**
 * Faults: the five that the matrix makes, in the words of each service.
 *
 * Owns: what a worker's call meets, and what is thrown or answered then. Neighbours: `worker.ts` applies it to the call that
 * is meant. The shapes are those of the clients (`activities/`): an error of the AWS SDK, an HTTP answer of Kubernetes or the
 * hub, an error of the network.
 */
import type { OutgoingCall } from '../../activities/calls.ts';

export const FAULTS = {
  fails: 'fails once before it takes effect',
  lost: 'takes effect, and the answer is lost',
  throttled: 'is throttled five times',
  late: 'times out, and takes effect late',
  killed: 'the worker is killed right after it',
} as const;

export type Fault = keyof typeof FAULTS;

/** How many calls of the name meet it, from the one that is meant on. */
export const timesOf = (fault: Fault): number => (fault === 'throttled' ? 5 : 1);

const AWS = new Set([
  'EC2',
  'AutoScaling',
  'ElasticLoadBalancingV2',
  'ElasticLoadBalancing',
  'IAM',
  'KMS',
  'STS',
  'ServiceQuotas',
]);

type HttpAnswer = {
  readonly status: number;
  readonly text: string;
  readonly retryAfter?: string;
};

const awsError = (name: string, message: string, httpStatusCode: number): Error =>
  Object.assign(new Error(`${message} (a fault of the matrix)`), {
    name,
    $fault: 'server',
    $metadata: { httpStatusCode },
  });

const answered = (service: string, status: number, reason: string, message: string): HttpAnswer => {
  const said = `${message} (a fault of the matrix)`;
  const body =
    service === 'hub'
      ? { error: { code: status, status: reason, message: said } }
      : { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message: said, code: status };
  return { status, text: JSON.stringify(body), ...(status === 429 ? { retryAfter: '1' } : {}) };
};

/** Throws, or answers, what the client of this service meets when the server fails. */
export const failure = (call: OutgoingCall): unknown => {
  if (AWS.has(call.service)) throw awsError('InternalFailure', 'An internal error has occurred', 500);
  return answered(call.service, 500, call.service === 'hub' ? 'INTERNAL' : 'InternalError', 'an internal error');
};

export const throttling = (call: OutgoingCall): unknown => {
  if (AWS.has(call.service)) {
    throw awsError(call.service === 'EC2' ? 'RequestLimitExceeded' : 'Throttling', 'Rate exceeded', 503);
  }
  return answered(
    call.service,
    429,
    call.service === 'hub' ? 'RESOURCE_EXHAUSTED' : 'TooManyRequests',
    'too many requests',
  );
};

/** The connection broke before the answer came. */
export const brokenConnection = (): Error =>
  Object.assign(new Error('socket hang up (a fault of the matrix)'), { code: 'ECONNRESET' });

export const timeout = (): Error =>
  Object.assign(new Error('no answer in time (a fault of the matrix)'), { name: 'TimeoutError' });
