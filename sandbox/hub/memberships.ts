/**
 * GKE Hub in the sandbox: memberships and long-running operations, as the real one answers.
 *
 * Owns: the hub's state and what each request makes of it, as a pure function of both and the time. Neighbours:
 * `server.ts` speaks HTTP and keeps the state in a file. Operations take a moment, so that whoever forgets to follow one
 * is found out.
 */

type Membership = {
  readonly name: string;
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly externalId?: string;
  readonly uniqueId: string;
  readonly createTime: string;
  readonly updateTime: string;
  readonly state: { readonly code: 'CREATING' | 'READY' | 'DELETING' };
};

type Pending = {
  readonly name: string;
  readonly verb: 'create' | 'delete';
  readonly target: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly endsAt: number;
};

export type HubState = {
  readonly memberships: Readonly<Record<string, Membership>>;
  readonly operations: Readonly<Record<string, Pending>>;
  /** Numbers operations and memberships. */
  readonly sequence: number;
};

export const EMPTY: HubState = { memberships: {}, operations: {}, sequence: 0 };

export type HubRequest = {
  readonly method: string;
  /** Without `/v1/` and query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
};

type HubAnswer = { readonly status: number; readonly body: object };
type Turn = { readonly state: HubState; readonly answer: HubAnswer };

const PARENT = /^(projects\/([^/]+)\/locations\/([^/]+))\/(memberships|operations)(?:\/([^/]+))?$/;
const MEMBERSHIP_ID = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const LABEL_KEY = /^[a-z][a-z0-9_-]{0,62}$/;
const LABEL_VALUE = /^[a-z0-9_-]{0,63}$/;

const refusal = (status: number, word: string, message: string): HubAnswer => ({
  status,
  body: { error: { code: status, message, status: word } },
});

const notFound = (name: string): HubAnswer => refusal(404, 'NOT_FOUND', `Resource '${name}' was not found`);
const invalid = (message: string): HubAnswer => refusal(400, 'INVALID_ARGUMENT', message);

/** Lets every operation take effect whose time has come. */
const settle = (state: HubState, now: number): HubState => {
  const memberships = { ...state.memberships };
  for (const { verb, target, endsAt } of Object.values(state.operations)) {
    const membership = memberships[target];
    if (endsAt > now || membership === undefined) continue;
    if (verb === 'delete' && membership.state.code === 'DELETING') delete memberships[target];
    if (verb === 'create' && membership.state.code === 'CREATING') {
      memberships[target] = { ...membership, state: { code: 'READY' } };
    }
  }
  return { ...state, memberships };
};

const operationBody = (operation: Pending, state: HubState, now: number): object => {
  const done = operation.endsAt <= now;
  const time = (at: number): string => new Date(at).toISOString();
  return {
    name: operation.name,
    metadata: {
      '@type': 'type.googleapis.com/google.cloud.gkehub.v1.OperationMetadata',
      createTime: time(operation.startedAt),
      target: operation.target,
      verb: operation.verb,
      apiVersion: 'v1',
      ...(done ? { endTime: time(operation.endsAt) } : {}),
    },
    done,
    ...(done ? { response: operation.verb === 'create' ? (state.memberships[operation.target] ?? {}) : {} } : {}),
  };
};

type Time = { readonly now: number; readonly latencyMs: number };

const begin = (state: HubState, verb: Pending['verb'], target: string, time: Time): Turn => {
  const parent = target.slice(0, target.indexOf('/memberships/'));
  const name = `${parent}/operations/operation-${time.now}-${state.sequence}`;
  const operation: Pending = { name, verb, target, startedAt: time.now, endsAt: time.now + time.latencyMs };
  const next = {
    ...state,
    sequence: state.sequence + 1,
    operations: { ...state.operations, [name]: operation },
  };
  return { state: next, answer: { status: 200, body: operationBody(operation, next, time.now) } };
};

const labelsOf = (body: unknown): Readonly<Record<string, string>> => {
  const labels = typeof body === 'object' && body !== null && 'labels' in body ? body.labels : undefined;
  return typeof labels === 'object' && labels !== null ? (labels as Readonly<Record<string, string>>) : {};
};

const create = (state: HubState, parent: string, request: HubRequest, time: Time): Turn => {
  const id = request.query.get('membershipId') ?? '';
  const name = `${parent}/memberships/${id}`;
  if (!MEMBERSHIP_ID.test(id)) return { state, answer: invalid(`membership_id "${id}" is not a DNS label`) };
  const labels = labelsOf(request.body);
  const wrong = Object.entries(labels).find(([key, value]) => !LABEL_KEY.test(key) || !LABEL_VALUE.test(value));
  if (wrong !== undefined) return { state, answer: invalid(`label "${wrong[0]}: ${wrong[1]}" is not allowed`) };
  if (state.memberships[name] !== undefined) {
    return { state, answer: refusal(409, 'ALREADY_EXISTS', `Resource '${name}' already exists`) };
  }
  const at = new Date(time.now).toISOString();
  const given = (request.body ?? {}) as Partial<Membership>;
  const membership: Membership = {
    name,
    labels,
    ...(given.description === undefined ? {} : { description: given.description }),
    ...(given.externalId === undefined ? {} : { externalId: given.externalId }),
    uniqueId: `membership-${time.now}-${state.sequence}`,
    createTime: at,
    updateTime: at,
    state: { code: 'CREATING' },
  };
  const made = { ...state, memberships: { ...state.memberships, [name]: membership } };
  return begin(made, 'create', name, time);
};

const remove = (state: HubState, name: string, time: Time): Turn => {
  const membership = state.memberships[name];
  if (membership === undefined) return { state, answer: notFound(name) };
  const going: Membership = { ...membership, state: { code: 'DELETING' } };
  return begin({ ...state, memberships: { ...state.memberships, [name]: going } }, 'delete', name, time);
};

/** One request. */
export const answer = (before: HubState, request: HubRequest, now: number, latencyMs: number): Turn => {
  const state = settle(before, now);
  const [, parent, , , collection, id] = PARENT.exec(request.path) ?? [];
  if (parent === undefined) return { state, answer: notFound(request.path) };
  const name = request.path;
  const time = { now, latencyMs };
  switch (`${request.method} ${collection} ${id === undefined ? 'all' : 'one'}`) {
    case 'POST memberships all':
      return create(state, parent, request, time);
    case 'GET memberships all': {
      const resources = Object.values(state.memberships).filter((membership) =>
        membership.name.startsWith(`${parent}/`),
      );
      return { state, answer: { status: 200, body: { resources } } };
    }
    case 'GET memberships one': {
      const membership = state.memberships[name];
      return { state, answer: membership === undefined ? notFound(name) : { status: 200, body: membership } };
    }
    case 'DELETE memberships one':
      return remove(state, name, time);
    case 'GET operations one': {
      const operation = state.operations[name];
      const body = operation === undefined ? undefined : operationBody(operation, state, now);
      return { state, answer: body === undefined ? notFound(name) : { status: 200, body } };
    }
    default:
      return { state, answer: refusal(404, 'NOT_FOUND', `${request.method} ${request.path} is not served here`) };
  }
};
