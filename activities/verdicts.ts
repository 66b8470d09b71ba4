/**
 * Verdicts: what an error of AWS, Kubernetes or GKE Hub means for a step.
 *
 * Owns: what AWS's codes mean, and the error values by which our own code states a verdict. Neighbours: `codes.ts` lists codes;
 * `activities/kubernetes/verdict.ts` and `activities/hub/errors.ts` judge what those services answer; `driver.ts` acts on `absent` and on "exists
 * already"; `worker/interceptors.ts` turns a verdict into Temporal's failure type and delay.
 * Invariants: I12 (missing rights and wrong credentials are `blocked`, never `absent`; an HTTP status by itself is neither), I8 (only the service's own
 * message passes; none echoes user data).
 */
import { KubernetesError } from '../kubernetes/errors.ts';
import { retryAfterMs } from '../words/retry-after.ts';
import { ended } from '../words/text.ts';
import {
  ABSENT_CODE,
  ABSENT_MESSAGE,
  CAPACITY,
  CREDENTIALS,
  EXISTS,
  IN_USE,
  IN_USE_MESSAGE,
  INTERRUPTED,
  MALFORMED,
  NETWORK,
  OUR_MISTAKES,
  THROTTLED,
  UNSEEN_CODES,
  UNSEEN_MESSAGE,
  UNSENDABLE,
  UNTRUSTED,
} from './codes.ts';
import { withoutEncoded } from './encoded-refusals.ts';
import { judgeKubernetes } from './kubernetes/verdict.ts';

/**
 * - `retry`: waiting alone may cure it: throttling, lost connections, server errors, something still in use.
 * - `capacity`: AWS has nothing left to give just now; waiting cures it, or another zone or type.
 * - `blocked`: only a person can cure it.
 * - `absent`: what the call names isn't there. Drivers settle it; it never leaves a step.
 * - `bug`: our own mistake; it is shown, and retried slowly, since a new release may cure it.
 * - `superseded`: the step's plan is out of date: this release can't run it, or what it was made from is no longer so;
 *   its entity assesses again.
 */
export type Verdict = 'retry' | 'capacity' | 'blocked' | 'absent' | 'bug' | 'superseded';

export type Judgement = {
  readonly verdict: Verdict;
  readonly message: string;
  /** When to try again, if the server or the waiting step says. */
  readonly delayMs?: number;
  /** Others are told the same at the same moment: each should come back at a time of its own, later with each attempt. */
  readonly spread?: true;
  /** True for "not ready yet", "not gone yet": nothing failed, so it belongs in no error count. */
  readonly waiting?: true;
  /** True when what is awaited should be shown before it is looked at again. */
  readonly reported?: true;
  /** What a wait has seen so far, for those who show it. */
  readonly soFar?: Readonly<Record<string, string>>;
  /** True when a create was refused because something has that name. */
  readonly exists?: true;
  /** True when what the call refers to is refused in words that also mean that it isn't visible yet. */
  readonly unseen?: true;
};

/** An error that states its own verdict. Made by the functions below. */
export class VerdictError extends Error {
  readonly judgement: Judgement;

  constructor(judgement: Judgement, options?: ErrorOptions) {
    super(judgement.message, options);
    this.name = 'VerdictError';
    this.judgement = judgement;
  }
}

const stating =
  (verdict: Verdict) =>
  (message: string, cause?: unknown): VerdictError =>
    new VerdictError({ verdict, message }, cause === undefined ? undefined : { cause });

export const blockedError = stating('blocked');
export const retryError = stating('retry');
export const capacityError = stating('capacity');
export const absentError = stating('absent');
export const bugError = stating('bug');
export const supersededError = stating('superseded');

/** What was looked at isn't as the step waits for it to be. */
export const notYet = (message: string, delayMs: number, soFar?: Judgement['soFar']): VerdictError =>
  new VerdictError({
    verdict: 'retry',
    message,
    delayMs,
    waiting: true,
    ...(soFar === undefined ? {} : { soFar }),
  });

/** How long to keep away from a service that throttles without saying for how long. */
const THROTTLE_DELAY_MS = 2_000;

/** What any of the services' errors may carry; read, never trusted. */
type Thrown = {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly operation?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number; readonly headers?: unknown };
};

const asThrown = (error: unknown): Thrown => (typeof error === 'object' && error !== null ? error : {});
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** What the call answers, or what stands for the service's word that what it names isn't there. */
export const unlessAbsent = async <A, B>(call: () => Promise<A>, instead: B): Promise<A | B> => {
  try {
    return await call();
  } catch (error) {
    if (isAbsent(error)) return instead;
    throw error;
  }
};

/** What it means that a service throttles. */
export const throttledFor = (message: string, delayMs = THROTTLE_DELAY_MS): Judgement => ({
  verdict: 'retry',
  message,
  delayMs,
  spread: true,
});

/** Not sent, since it would be throttled: to be asked again after so many milliseconds. It waits for its turn, and nothing failed. */
export const throttledError = (message: string, delayMs: number): VerdictError => {
  const error = new VerdictError({ ...throttledFor(message, delayMs), waiting: true });
  // By this it is told apart from what AWS answered, in metrics and logs.
  error.name = 'HeldBack';
  return error;
};

/** No further apart than this, whatever the attempt. */
const SPREAD_MOST_MS = 30_000;

/**
 * When to come back: a moment between the delay and twice as much, of the second attempt four times, and so on. `random` is a number from
 * 0 up to 1.
 */
export const delayOf = (
  { delayMs, spread }: Pick<Judgement, 'delayMs' | 'spread'>,
  attempt: number,
  random: number,
): number | undefined => {
  if (delayMs === undefined || spread !== true) return delayMs;
  const most = Math.min(delayMs * 2 ** Math.max(1, attempt), delayMs + SPREAD_MOST_MS);
  return Math.round(delayMs + random * (most - delayMs));
};

const headerOf = (headers: unknown, header: string): unknown =>
  typeof headers === 'object' && headers !== null
    ? Object.entries(headers).find(([name]) => name.toLowerCase() === header)?.[1]
    : undefined;

/** The error code of an AWS service, or undefined if the error isn't a service's answer. */
export const awsCodeOf = (error: unknown): string | undefined => {
  const thrown = asThrown(error);
  return thrown.$metadata === undefined ? undefined : text(thrown.name);
};

/**
 * True when a create was refused because the thing exists, or because its token was used before: it must be found, and
 * its owner looked at, before anything else happens (I2).
 */
export const existsAlready = (error: unknown): boolean =>
  verdictOf(error).exists === true || EXISTS.has(awsCodeOf(error) ?? '');

/** True when what the call names isn't there. */
export const isAbsent = (error: unknown): boolean => verdictOf(error).verdict === 'absent';

/** What a service of AWS said when it refused. `status` is HTTP's, 0 where there is none. */
type Refusal = { readonly code: string; readonly said: string; readonly status: number };

/** The first that holds decides. Missing rights, quotas, a disabled key: whatever else is refused, a person can see to. */
const AWS_REFUSALS: readonly (readonly [Verdict, (refusal: Refusal) => boolean])[] = [
  ['capacity', ({ code }) => CAPACITY.has(code)],
  ['absent', ({ code, said }) => ABSENT_CODE.test(code) || ABSENT_MESSAGE.test(said)],
  ['retry', ({ code, said }) => IN_USE.has(code) || (code === 'InvalidParameterValue' && /in use/i.test(said))],
  ['retry', ({ said }) => IN_USE_MESSAGE.test(said)],
  ['retry', ({ status }) => status >= 500 || status === 0],
  ['bug', ({ code }) => MALFORMED.has(code)],
  ['blocked', () => true],
];

const isThrottling = ({ code, status }: Pick<Refusal, 'code' | 'status'>): boolean =>
  THROTTLED.has(code) || status === 429;

const isUnseen = ({ code, said }: Refusal): boolean => UNSEEN_CODES.has(code) && UNSEEN_MESSAGE.test(said);

const refusalOf = (code: string, thrown: Thrown): Refusal => ({
  code,
  said: withoutEncoded(text(thrown.message) ?? 'no message'),
  status: thrown.$metadata?.httpStatusCode ?? thrown.$response?.statusCode ?? 0,
});

/** Whether a service of AWS says by this error that whoever asks may not. */
export const isDenied = (error: unknown): boolean => /^AccessDenied/.test(awsCodeOf(error) ?? '');

/** Whether nobody knows by this error if AWS took what it was asked for: no answer came, or one that says that AWS itself failed. */
export const isUnanswered = (error: unknown): boolean => {
  if (error instanceof VerdictError) return false;
  const thrown = asThrown(error);
  const status = thrown.$metadata?.httpStatusCode ?? thrown.$response?.statusCode ?? 0;
  return (status === 0 || status >= 500) && verdictOf(error).verdict === 'retry' && !isThrottled(error);
};

/** Whether AWS says by this error that it is called too fast. */
export const isThrottled = (error: unknown): boolean => {
  const code = awsCodeOf(error);
  return code !== undefined && isThrottling({ code, status: asThrown(error).$metadata?.httpStatusCode ?? 0 });
};

const ofAws = (code: string, thrown: Thrown): Judgement => {
  const refusal = refusalOf(code, thrown);
  const message = `${text(thrown.operation) ?? 'AWS'}: ${code}: ${refusal.said}`;
  if (isThrottling(refusal)) {
    return throttledFor(message, retryAfterMs(headerOf(thrown.$response?.headers, 'retry-after')));
  }
  const [verdict] = AWS_REFUSALS.find(([, holds]) => holds(refusal)) ?? ['blocked'];
  return { verdict, message, ...(verdict === 'blocked' && isUnseen(refusal) ? { unseen: true as const } : {}) };
};

/** The first code of an error and its causes for which this holds. */
const codeIn = (error: unknown, holds: (code: string) => boolean): string | undefined => {
  for (let current = error, depth = 0; depth < 5 && current !== undefined; depth += 1) {
    const code = text(asThrown(current).code);
    if (code !== undefined && holds(code)) return code;
    current = asThrown(current).cause;
  }
  return undefined;
};

const isOfNetwork = (code: string): boolean =>
  NETWORK.has(code) || code.startsWith('UND_ERR_') || code.startsWith('ERR_TLS_');

/** What keeps a request from being sent until somebody changes how the worker is set up. */
const unsent = (error: unknown, message: string): Judgement | undefined => {
  const untrusted = codeIn(error, (code) => UNTRUSTED.has(code));
  if (untrusted !== undefined) {
    return {
      verdict: 'blocked',
      message: `${message} (${untrusted}). The server's certificate is of nobody whom the worker trusts: if a proxy looks into connections, let NODE_EXTRA_CA_CERTS of the worker name a file with the certificate of its authority`,
    };
  }
  // By the header's name: others don't come from people.
  const isCredential = /authorization|x-amz-security-token/i.test(message);
  if (!isCredential || codeIn(error, (code) => UNSENDABLE.has(code)) === undefined) return undefined;
  return {
    verdict: 'blocked',
    message: `No usable credentials: ${ended(message)} They have a character that no request can carry, such as a line break at their end: take it out of the Secret or file that they come from`,
  };
};

/** What went wrong before any service answered, or while its answer was read. */
const unanswered = (error: unknown, thrown: Thrown, message: string): Judgement | undefined => {
  const said = text(thrown.message) ?? String(error);
  const name = text(thrown.name) ?? '';
  const never = unsent(error, message);
  if (never !== undefined) return never;
  const network = codeIn(error, isOfNetwork);
  if (network !== undefined) return { verdict: 'retry', message: `${message} (${network})` };
  if (INTERRUPTED.has(name)) return { verdict: 'retry', message: `${message} (${name})` };
  if (CREDENTIALS.has(name)) return { verdict: 'blocked', message: `No usable credentials: ${message}` };
  // A body that is no XML or JSON: a proxy's or a load balancer's error page, whatever its status said.
  if (name === 'SyntaxError' || /deserialization error/i.test(said)) return { verdict: 'retry', message };
  if (name === 'TypeError' && /fetch failed|network/i.test(said)) return { verdict: 'retry', message };
  // Before the services' codes: the SDK adds metadata to whatever is thrown inside it.
  return OUR_MISTAKES.has(name) ? { verdict: 'bug', message: `${name}: ${message}` } : undefined;
};

/** What an error means. Pure: the same error has the same verdict, wherever it was thrown. */
export const verdictOf = (error: unknown): Judgement => {
  if (error instanceof VerdictError) return error.judgement;
  if (error instanceof KubernetesError) return judgeKubernetes(error, throttledFor);
  const thrown = asThrown(error);
  const said = text(thrown.message) ?? String(error);
  const about = text(thrown.operation);
  const message = about === undefined ? said : `${about}: ${said}`;
  const before = unanswered(error, thrown, message);
  if (before !== undefined) return before;
  const code = awsCodeOf(error);
  return code === undefined ? { verdict: 'bug', message } : ofAws(code, thrown);
};
