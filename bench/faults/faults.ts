/**
 * Faults: those that the matrix makes, in the words of each service.
 *
 * Owns: which call can meet which fault, and what is thrown or answered then. Neighbours: `worker.ts` applies it to the call that
 * is meant, `account.ts` has AWS play what only AWS can. The shapes are those of the clients (`activities/`): an error of the AWS
 * SDK, an HTTP answer of Kubernetes or the hub, an error of the network.
 */
import type { OutgoingCall } from '../../activities/calls.ts';

export const FAULTS = {
  fails: 'fails once before it takes effect',
  lost: 'takes effect, and the answer is lost',
  throttled: 'is throttled five times',
  late: 'times out, and takes effect late',
  killed: 'the worker is killed right after it',
  repeated: 'takes effect, the answer is lost, and the SDK asks again by itself',
  unseen: 'takes effect, and AWS does not know yet what it made',
  refused: 'takes effect, and EC2 refuses the launches that follow',
} as const;

export type Fault = keyof typeof FAULTS;

/** How long what was made stays unseen, and how many launches are refused, before a group's next. */
export const UNSEEN_SECONDS = 4;
export const REFUSED_LAUNCHES = 2;

/** How many calls of the name meet it, from the one that is meant on. */
export const timesOf = (fault: Fault): number => (fault === 'throttled' ? 5 : 1);

const AWS = new Set([
  'EC2',
  'AutoScaling',
  'ElasticLoadBalancingV2',
  'ElasticLoadBalancing',
  'IAM',
  'KMS',
  'S3',
  'STS',
  'ServiceQuotas',
]);

/** What there is of a call on a list. Of AWS's, the last word of the name is the operation. */
type NamedCall = { readonly name: string; readonly service: string; readonly mutating: boolean };

/** Of what is made, and not only written upon what is there. */
const MAKES = / Create(?!Tags|OrUpdate|LaunchTemplateVersion)\w+$/;
/** Of a group that is made, or that may be made larger. */
const LAUNCHES = / CreateAutoScalingGroup$| ensure auto-scaling-group\/\S+ · AutoScaling UpdateAutoScalingGroup$/;

/** Whether the fault can come to the call, and says something that no other fault of it says. */
export const canMeet = (fault: Fault, { name, service, mutating }: NamedCall): boolean => {
  switch (fault) {
    case 'fails':
    case 'throttled':
    case 'killed':
      return true;
    // Only what has an effect: to the worker the same as a failure before it, otherwise.
    case 'lost':
    case 'late':
      return mutating;
    case 'repeated':
      return mutating && AWS.has(service);
    case 'unseen':
      return AWS.has(service) && MAKES.test(name);
    case 'refused':
      return AWS.has(service) && LAUNCHES.test(name);
  }
};

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
