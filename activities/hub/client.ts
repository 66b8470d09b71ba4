/**
 * GKE Hub: the few calls of its REST interface that Slipway needs.
 *
 * Owns: requests, Google credentials, and the reading of answers. Neighbours: `membership.ts` decides what to ask;
 * `errors.ts` words refusals. Credentials are Google's own application default ones, unless an endpoint is given: then it
 * is an emulator, which wants none.
 */
import type { Agent } from 'node:https';
import { membershipIn } from '../../api/names.ts';
import { agentByEnvironment } from '../../kubernetes/connections.ts';
import { send } from '../../kubernetes/http.ts';
import { parsedJson } from '../../words/json.ts';
import { retryAfterMs } from '../../words/retry-after.ts';
import { type AroundCall, straightOn } from '../calls.ts';
import { HubError } from './errors.ts';

export type Membership = {
  /** `projects/<project>/locations/<location>/memberships/<id>`. */
  readonly name?: string;
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly uniqueId?: string;
  /** `CREATING`, `READY`, `DELETING`, `UPDATING` or `SERVICE_UPDATING`. */
  readonly state?: { readonly code?: string };
};

/** A long-running operation. */
export type Operation = {
  readonly name: string;
  readonly done?: boolean;
  readonly error?: { readonly code?: number; readonly message?: string };
};

export type HubClient = {
  /** The membership; an error with reason `NOT_FOUND` when the hub says that there is none. */
  readonly get: (name: string, signal?: AbortSignal) => Promise<Membership>;
  readonly create: (name: string, membership: Membership) => Promise<Operation>;
  readonly remove: (name: string) => Promise<Operation>;
  readonly operation: (name: string, signal?: AbortSignal) => Promise<Operation>;
};

type Headers = Readonly<Record<string, string>>;

export type HubSettings = {
  /** An emulator's URL. Without it, Google's. */
  readonly endpoint?: string;
  /** Headers that prove who asks; Google's application default credentials unless given. */
  readonly authorize?: () => Promise<Headers>;
  readonly aroundCall?: AroundCall;
  /** Names the proxy, if there is one. */
  readonly environment?: NodeJS.ProcessEnv;
};

const GOOGLE = 'https://gkehub.googleapis.com';
const DEADLINE_MS = 10_000;
const MOST_CONNECTIONS = 8;

/** Loaded where it is used: a worker without a hub needs no Google library. */
const googleCredentials = (): (() => Promise<Headers>) => {
  const auth = import('google-auth-library').then(
    ({ GoogleAuth }) => new GoogleAuth({ scopes: ['https://www.googleapis.com/auth/cloud-platform'] }),
  );
  return async () => {
    try {
      return Object.fromEntries(await (await auth).getRequestHeaders(GOOGLE));
    } catch (error) {
      throw new HubError(
        {
          status: 401,
          reason: 'UNAUTHENTICATED',
          message: `GKE Hub needs Google credentials, and there are none that work: set GOOGLE_APPLICATION_CREDENTIALS for the worker (${error instanceof Error ? error.message : String(error)})`,
        },
        { cause: error },
      );
    }
  };
};

/** The parts of a membership's name. */
export const splitMembershipName = (name: string): { readonly parent: string; readonly id: string } => {
  const parts = membershipIn(name);
  if (parts !== undefined) return parts;
  throw new HubError({
    status: 400,
    reason: 'INVALID_ARGUMENT',
    message: `"${name}" is no membership: spec.controlPlane.hub.membershipName must be projects/<project>/locations/global/memberships/<name>.`,
  });
};

type GoogleError = { readonly error?: { readonly message?: string; readonly status?: string } };

/** An answer as it is read here. */
type HubAnswer = { readonly status: number; readonly text: string; readonly retryAfter?: string };

const refused = (about: string, response: HubAnswer, body: unknown): HubError => {
  const said = (typeof body === 'object' && body !== null ? (body as GoogleError).error : undefined) ?? {};
  const delayMs = retryAfterMs(response.retryAfter);
  return new HubError({
    status: response.status,
    reason: said.status ?? '',
    message: `GKE Hub refused to ${about}: ${said.message ?? `HTTP ${response.status} without an explanation`}`,
    ...(delayMs === undefined ? {} : { retryAfterMs: delayMs }),
  });
};

const reasonOf = (error: unknown): string =>
  error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);

type Request = {
  readonly method: string;
  readonly body?: object;
  readonly signal?: AbortSignal | undefined;
  readonly agent?: Agent | undefined;
};

/** Sends one request, and waits no longer than the deadline for its answer. */
const ask = async (url: string, { method, body, signal, agent }: Request, headers: Headers): Promise<HubAnswer> => {
  const response = await send({
    url,
    method,
    timeoutMillis: DEADLINE_MS,
    headers: { accept: 'application/json', 'content-type': 'application/json', ...headers },
    ...(agent === undefined ? {} : { agent }),
    ...(signal === undefined ? {} : { signal }),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const retryAfter = response.headers['retry-after'];
  return { status: response.status, text: response.body, ...(retryAfter === undefined ? {} : { retryAfter }) };
};

export const createHubClient = (settings: HubSettings = {}): HubClient => {
  const around = settings.aroundCall ?? straightOn;
  const base = (settings.endpoint ?? GOOGLE).replace(/\/+$/, '');
  const authorize =
    settings.authorize ?? (settings.endpoint === undefined ? googleCredentials() : () => Promise.resolve({}));

  const agent = base.startsWith('https:')
    ? agentByEnvironment(settings.environment ?? process.env, MOST_CONNECTIONS)
    : undefined;

  const tell = async (about: string, path: string, request: Request): Promise<object> => {
    const { method, signal } = request;
    const headers = await authorize();
    const target = `/v1/${path.split('?', 1)[0]}`;
    const call = { service: 'hub', operation: method, target, mutating: method !== 'GET' };
    let answer: HubAnswer;
    try {
      answer = await around(call, () => ask(`${base}/v1/${path}`, { ...request, agent }, headers));
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new HubError(
        {
          status: 0,
          reason: '',
          message: `GKE Hub at ${base} did not answer when asked to ${about}: ${reasonOf(error)}`,
        },
        { cause: error },
      );
    }
    const body = parsedJson(answer.text);
    if (answer.status < 200 || answer.status > 299) throw refused(about, answer, body);
    if (typeof body === 'object' && body !== null) return body;
    throw new HubError({
      status: answer.status,
      reason: '',
      message: `What answers at ${base} when asked to ${about} is not GKE Hub: check SLIPWAY_HUB_ENDPOINT.`,
    });
  };

  return {
    get: (name, signal) => tell(`get ${name}`, name, { method: 'GET', signal }) as Promise<Membership>,
    create: (name, membership) => {
      const { parent, id } = splitMembershipName(name);
      const path = `${parent}/memberships?membershipId=${encodeURIComponent(id)}`;
      return tell(`create ${name}`, path, { method: 'POST', body: membership }) as Promise<Operation>;
    },
    remove: (name) => tell(`delete ${name}`, name, { method: 'DELETE' }) as Promise<Operation>,
    operation: (name, signal) => tell(`say how ${name} goes`, name, { method: 'GET', signal }) as Promise<Operation>,
  };
};
