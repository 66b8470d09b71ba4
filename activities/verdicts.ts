/**
 * Verdicts: what an error of AWS, Kubernetes or GKE Hub means for a step.
 *
 * Owns: what codes mean, and the error values by which our own code states a verdict. Neighbours: `codes.ts` lists codes;
 * `driver.ts` acts on `absent` and on "exists already"; `worker/interceptors.ts` turns a verdict into Temporal's failure type and
 * delay.
 * Invariants: I12 (missing rights and wrong credentials are `blocked`, never `absent`), I8 (only the service's own
 * message passes; none echoes user data).
 */
import {
  ABSENT_CODE,
  ABSENT_MESSAGE,
  CAPACITY,
  CREDENTIALS,
  EXISTS,
  IN_USE,
  INTERRUPTED,
  MALFORMED,
  NETWORK,
  OUR_MISTAKES,
  THROTTLED,
} from './codes.ts';
import { parsedJson } from './json.ts';

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
  /** True for "not ready yet", "not gone yet": nothing failed, so it belongs in no error count. */
  readonly waiting?: true;
  /** True when what is awaited should be shown before it is looked at again. */
  readonly reported?: true;
  /** What a wait has seen so far, for those who show it. */
  readonly soFar?: Readonly<Record<string, string>>;
  /** True when a create was refused because something has that name. */
  readonly exists?: true;
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
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly cause?: unknown;
  readonly body?: unknown;
  readonly headers?: unknown;
  readonly operation?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number; readonly headers?: unknown };
};

const asThrown = (error: unknown): Thrown => (typeof error === 'object' && error !== null ? error : {});
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

const retryAfterMs = (headers: unknown): number | undefined => {
  const entries = typeof headers === 'object' && headers !== null ? Object.entries(headers) : [];
  const value = entries.find(([name]) => name.toLowerCase() === 'retry-after')?.[1];
  const seconds = Number(value);
  return value !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined;
};

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
  (error instanceof VerdictError && error.judgement.exists === true) || EXISTS.has(awsCodeOf(error) ?? '');

/** True when what the call names isn't there. */
export const isAbsent = (error: unknown): boolean => verdictOf(error).verdict === 'absent';

const throttled = (message: string, headers: unknown): Judgement => ({
  verdict: 'retry',
  message,
  delayMs: retryAfterMs(headers) ?? THROTTLE_DELAY_MS,
});

/** What a service of AWS said when it refused. `status` is HTTP's, 0 where there is none. */
type Refusal = { readonly code: string; readonly said: string; readonly status: number };

/** The first that holds decides. Missing rights, quotas, a disabled key: whatever else is refused, a person can see to. */
const AWS_REFUSALS: readonly (readonly [Verdict, (refusal: Refusal) => boolean])[] = [
  ['capacity', ({ code }) => CAPACITY.has(code)],
  ['absent', ({ code, said }) => ABSENT_CODE.test(code) || ABSENT_MESSAGE.test(said)],
  ['retry', ({ code, said }) => IN_USE.has(code) || (code === 'InvalidParameterValue' && /in use/i.test(said))],
  ['retry', ({ status }) => status >= 500 || status === 0],
  ['bug', ({ code }) => MALFORMED.has(code)],
  ['blocked', () => true],
];

const ofAws = (code: string, thrown: Thrown): Judgement => {
  const said = text(thrown.message) ?? 'no message';
  const message = `${text(thrown.operation) ?? 'AWS'}: ${code}: ${said}`;
  const status = thrown.$metadata?.httpStatusCode ?? thrown.$response?.statusCode ?? 0;
  if (THROTTLED.has(code) || status === 429) return throttled(message, thrown.$response?.headers);
  const [verdict] = AWS_REFUSALS.find(([, holds]) => holds({ code, said, status })) ?? ['blocked'];
  return { verdict, message };
};

/** Kubernetes and the hub answer with HTTP's own statuses. */
const ofHttp = (status: number, thrown: Thrown): Judgement => {
  const message = httpMessage(status, thrown);
  if (status === 429) return throttled(message, thrown.headers);
  if (status === 404) return { verdict: 'absent', message };
  if (status === 401 || status === 402) return { verdict: 'blocked', message };
  if (status === 403) return { verdict: /being terminated/.test(message) ? 'retry' : 'blocked', message };
  if (status === 400 || status === 405 || status === 415 || status === 422) return { verdict: 'bug', message };
  const delayMs = retryAfterMs(thrown.headers);
  return { verdict: 'retry', message, ...(delayMs === undefined ? {} : { delayMs }) };
};

/** The `message` of a Kubernetes Status or a Google API error, if the body has one; else the error's own. */
const httpMessage = (status: number, thrown: Thrown): string => {
  const body = typeof thrown.body === 'string' ? parsedJson(thrown.body) : thrown.body;
  const inner = asThrown(body);
  const nested = asThrown((inner as { readonly error?: unknown }).error);
  const said = text(inner.message) ?? text(nested.message) ?? text(thrown.message) ?? 'no message';
  return `${text(thrown.operation) ?? 'HTTP'} ${status}: ${said}`;
};

const isHttpStatus = (value: number | undefined): value is number =>
  value !== undefined && value >= 400 && value <= 599;

const networkCodeOf = (error: unknown): string | undefined => {
  for (let current = error, depth = 0; depth < 5 && current !== undefined; depth += 1) {
    const code = text(asThrown(current).code);
    if (code !== undefined && (NETWORK.has(code) || code.startsWith('UND_ERR_') || code.startsWith('ERR_TLS_'))) {
      return code;
    }
    current = asThrown(current).cause;
  }
  return undefined;
};

/** What went wrong before any service answered, or while its answer was read. */
const unanswered = (error: unknown, thrown: Thrown, message: string): Judgement | undefined => {
  const said = text(thrown.message) ?? String(error);
  const name = text(thrown.name) ?? '';
  const network = networkCodeOf(error);
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
  const thrown = asThrown(error);
  const said = text(thrown.message) ?? String(error);
  const about = text(thrown.operation);
  const message = about === undefined ? said : `${about}: ${said}`;
  const before = unanswered(error, thrown, message);
  if (before !== undefined) return before;
  const code = awsCodeOf(error);
  if (code !== undefined) return ofAws(code, thrown);
  const status = [number(thrown.code), number(thrown.status), number(thrown.statusCode)].find(isHttpStatus);
  return status === undefined ? { verdict: 'bug', message } : ofHttp(status, thrown);
};
