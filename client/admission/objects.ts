/**
 * Objects as admission sees them: a spec by the schemas, and of others as much as a rule needs.
 *
 * Owns: reading what the API server sends, which may be of another release, or no object of ours at all. Neighbours:
 * `../../api/` owns the schemas; the rules judge what is read here.
 */
import { z } from 'zod';
import { clusterSpec } from '../../api/cluster.ts';
import { nodePoolSpec } from '../../api/nodepool.ts';

const metadata = z.object({
  name: z.string().default(''),
  namespace: z.string().default(''),
  deletionTimestamp: z.string().exactOptional(),
});

const loose = z.looseObject;

/** What a cluster's status says of what runs; whatever else is in it is no concern of the rules. */
const clusterStatus = loose({
  established: z.boolean().exactOptional(),
  revision: loose({ version: z.string(), kubernetes: z.string(), etcd: z.string() }).exactOptional(),
  upgrade: loose({ from: z.string(), to: z.string(), committed: z.boolean() }).exactOptional(),
});

const cluster = z.object({ metadata, spec: clusterSpec, status: clusterStatus.exactOptional() });
const nodePool = z.object({ metadata, spec: nodePoolSpec, status: z.unknown().exactOptional() });

export type ReviewedCluster = z.output<typeof cluster>;
export type ReviewedNodePool = z.output<typeof nodePool>;

/** Another object, which was admitted earlier and is not judged now. */
const otherCluster = loose({
  metadata,
  spec: loose({
    region: z.string(),
    controlPlane: loose({ version: z.string() }),
    networking: loose({ podAddressCIDRBlocks: z.array(z.string()) }),
  }),
});
const otherNodePool = loose({
  metadata,
  spec: loose({
    region: z.string(),
    version: z.string(),
    maxNodeCount: z.int(),
    maxPodsPerNode: z.int(),
    deletionProtection: z.boolean().default(false),
  }),
});

export type OtherCluster = z.output<typeof otherCluster>;
export type OtherNodePool = z.output<typeof otherNodePool>;

/** One field that isn't as the schema wants it. */
export type Malformed = { readonly field: string; readonly message: string };
export type Read<T> = { readonly value: T } | { readonly malformed: readonly Malformed[] };

const pathOf = (path: readonly PropertyKey[]): string =>
  path.map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`)).join('');

const read =
  <T>(schema: z.ZodType<T>) =>
  (object: unknown): Read<T> => {
    const parsed = schema.safeParse(object);
    if (parsed.success) return { value: parsed.data };
    return { malformed: parsed.error.issues.map(({ path, message }) => ({ field: pathOf(path), message })) };
  };

export const readCluster = read<ReviewedCluster>(cluster);
export const readNodePool = read<ReviewedNodePool>(nodePool);
export const readOtherCluster = read<OtherCluster>(otherCluster);
export const readOtherNodePool = read<OtherNodePool>(otherNodePool);

/** The value, where one that can't be read is as good as none. */
export const valueOf = <T>(reading: Read<T>): T | undefined => ('value' in reading ? reading.value : undefined);
