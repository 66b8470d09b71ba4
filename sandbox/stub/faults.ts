/**
 * Faults: what a person or a test lets go wrong inside stub clusters.
 *
 * Owns: their shapes, their checking, and which stand now. Neighbours: `control.ts` takes them by HTTP, `npm run sandbox --
 * fault …` sends them; `api.ts` refuses, `server.ts` keeps silent, `node.ts` stays away by them.
 */

export type StubFault =
  /** The API servers accept connections and never answer, health checks included. */
  | { readonly kind: 'silence'; readonly cluster: string }
  /** Machines of the pool boot and never register; of all pools where none is named. */
  | { readonly kind: 'absent-nodes'; readonly cluster: string; readonly pool?: string }
  /** The API servers refuse requests whose path contains `path`. */
  | {
      readonly kind: 'refusal';
      readonly cluster: string;
      readonly path: string;
      readonly method?: string;
      readonly status: number;
      readonly reason?: string;
      readonly message: string;
      /** How many requests meet it; all of them where it isn't given. */
      readonly count?: number;
    };

const STUB_FAULTS = ['silence', 'absent-nodes', 'refusal'] as const satisfies readonly StubFault['kind'][];

export type Faults = {
  readonly add: (fault: StubFault) => void;
  readonly list: () => readonly StubFault[];
  /** Takes back all of them, or those of one cluster. */
  readonly clear: (cluster?: string) => void;
  readonly isSilent: (cluster: string) => boolean;
  readonly keepsAway: (cluster: string, pool: string) => boolean;
  /** The refusal that a request meets, counted down. */
  readonly refusalOf: (
    cluster: string,
    request: { readonly method: string; readonly path: string },
  ) => Extract<StubFault, { kind: 'refusal' }> | undefined;
};

const text = (value: unknown): value is string => typeof value === 'string' && value !== '';

type Given = Readonly<Record<string, unknown>>;

const parseRefusal = (cluster: string, { path, method, status, reason, message, count }: Given): StubFault => {
  if (!text(path) || !text(message) || typeof status !== 'number' || status < 400 || status > 599) {
    throw new Error('a refusal needs "path", "message", and a "status" from 400 to 599');
  }
  return {
    kind: 'refusal',
    cluster,
    path,
    status,
    message,
    ...(text(method) ? { method: method.toUpperCase() } : {}),
    ...(text(reason) ? { reason } : {}),
    ...(typeof count === 'number' ? { count } : {}),
  };
};

/** Reads a fault as it came over HTTP; throws a sentence that says what is wrong with it. */
export const parseFault = (value: unknown): StubFault => {
  const given = (typeof value === 'object' && value !== null ? value : {}) as Given;
  const { kind, cluster, pool } = given;
  if (!text(cluster)) throw new Error('a fault of a stub needs "cluster": a cluster id such as gke-1a2b3c4d, or *');
  switch (kind) {
    case 'silence':
      return { kind, cluster };
    case 'absent-nodes':
      return { kind, cluster, ...(text(pool) ? { pool } : {}) };
    case 'refusal':
      return parseRefusal(cluster, given);
    default:
      throw new Error(`a fault of a stub is one of ${STUB_FAULTS.join(', ')}, not ${String(kind)}`);
  }
};

export const createFaults = (): Faults => {
  const state: { standing: readonly { fault: StubFault; left: number }[] } = { standing: [] };
  const of = (cluster: string) =>
    state.standing.filter(({ fault }) => fault.cluster === '*' || fault.cluster === cluster);
  return {
    add: (fault) => {
      const left = fault.kind === 'refusal' && fault.count !== undefined ? fault.count : Number.POSITIVE_INFINITY;
      state.standing = [...state.standing, { fault, left }];
    },
    list: () => state.standing.map(({ fault }) => fault),
    clear: (cluster) => {
      state.standing = cluster === undefined ? [] : state.standing.filter(({ fault }) => fault.cluster !== cluster);
    },
    isSilent: (cluster) => of(cluster).some(({ fault }) => fault.kind === 'silence'),
    keepsAway: (cluster, pool) =>
      of(cluster).some(({ fault }) => fault.kind === 'absent-nodes' && (fault.pool ?? pool) === pool),
    refusalOf: (cluster, request) => {
      const met = of(cluster).find(
        ({ fault }) =>
          fault.kind === 'refusal' &&
          request.path.includes(fault.path) &&
          (fault.method ?? request.method) === request.method,
      );
      if (met === undefined || met.fault.kind !== 'refusal') return undefined;
      met.left -= 1;
      if (met.left <= 0) state.standing = state.standing.filter((one) => one !== met);
      return met.fault;
    },
  };
};
