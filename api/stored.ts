/**
 * Stored objects: reading what an API server has, also where another release of Slipway wrote of it.
 *
 * Owns: which part of a status may be unreadable. After a release is rolled back, the newer one's words are still there: what status only
 * shows is written anew from each look, so it is read as absent; what it remembers (I5, I12) and what people wrote must be understood.
 * Neighbours: `cluster.ts` and `nodepool.ts` own the schemas. Pure.
 */
import { type AWSClusterStatus, awsCluster } from './cluster.ts';
import { type AWSNodePoolStatus, awsNodePool } from './nodepool.ts';

/** Written anew from each look; no decision needs one of them to be what it was. */
const SHOWN = [
  'state',
  'conditions',
  'lastOperation',
  'lastErrors',
  'operations',
  'unhealthyReplicas',
  'unhealthyNodes',
] as const satisfies readonly (keyof AWSClusterStatus | keyof AWSNodePoolStatus)[];

type Issue = { readonly path: readonly PropertyKey[]; readonly message: string };
type Read<T> =
  | { readonly success: true; readonly data: T }
  | { readonly success: false; readonly error: { readonly issues: readonly Issue[] } };

const isShown = ({ path: [part, field] }: Issue): boolean =>
  part === 'status' && SHOWN.some((shown) => shown === field);

const without = (object: object, issues: readonly Issue[]): object => {
  const { status = {} } = object as { readonly status?: object };
  const unread = new Set(issues.map(({ path }) => path[1]));
  return { ...object, status: Object.fromEntries(Object.entries(status).filter(([field]) => !unread.has(field))) };
};

const reading =
  <T>(parse: (object: unknown) => Read<T>) =>
  (object: object): Read<T> => {
    const read = parse(object);
    if (read.success || !read.error.issues.every(isShown)) return read;
    return parse(without(object, read.error.issues));
  };

export const readStoredCluster = reading((object) => awsCluster.safeParse(object));
export const readStoredNodePool = reading((object) => awsNodePool.safeParse(object));
