/**
 * Judge: from a request of the API server to a judgement.
 *
 * Owns: who and what is judged at all (a spec that changes, by anybody but Slipway itself), and which other objects a rule
 * needs to see. Neighbours: the rules judge; `others.ts` reads; `review.ts` speaks the API server's protocol. It is the
 * webhook's configuration that keeps most of the rest away; this holds whatever that says.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ObjectKind } from '../../api/object.ts';
import { RELEASES, type Release } from '../../api/releases.ts';
import { type Changing, changeWarnings } from './change-warnings.ts';
import { changesVersion, judgeCluster, judgeClusterDeletion } from './cluster-rules.ts';
import { type Judgement, NOTHING } from './judgement.ts';
import { asksForRoom, judgeNodePool } from './nodepool-rules.ts';
import {
  type Malformed,
  type OtherCluster,
  type OtherNodePool,
  readCluster,
  readNodePool,
  valueOf,
} from './objects.ts';

export type Asked = {
  readonly kind: ObjectKind;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly namespace: string;
  readonly name: string;
  readonly username: string;
  /** As it was sent: anything. Absent on DELETE. */
  readonly object: unknown;
  /** As it was stored. Absent on CREATE. */
  readonly oldObject: unknown;
  /** Nothing is stored: somebody asks what would be said. */
  readonly dryRun?: boolean;
};

/** Reads other objects of the same namespace; throws if that can't be done. */
export type Others = {
  readonly cluster: (namespace: string, name: string) => Promise<OtherCluster | undefined>;
  readonly poolsOf: (namespace: string, clusterName: string) => Promise<readonly OtherNodePool[]>;
};

export type Settings = {
  readonly others: Others;
  /** User names of Slipway's own: never judged. */
  readonly exempt: ReadonlySet<string>;
  readonly catalogue?: readonly Release[];
};

const member = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;

const isGoing = (object: unknown): boolean => member(member(object, 'metadata'), 'deletionTimestamp') !== undefined;

/** The CRD refuses these first: whoever gets here has CRDs of another release. */
const malformed = (fields: readonly Malformed[]): Judgement => ({
  refusals: fields.map(({ field, message }) => ({
    field: field === '' ? 'spec' : field,
    problem: message,
    cure: 'see `kubectl explain` for what it takes, and apply the CRDs of this release (deploy/crds)',
  })),
  warnings: [],
});

/** A judgement, and what the change would do where it is not refused. */
const withChanges = (
  { kind, dryRun = false }: Asked,
  judgement: Judgement,
  { before, after, catalogue }: { before: Changing | undefined; after: Changing; catalogue: readonly Release[] },
): Judgement => {
  const { refusals, warnings } = judgement;
  if (refusals.length > 0) return judgement;
  const said = { dryRun, warnings, catalogue };
  return { refusals, warnings: [...warnings, ...changeWarnings(kind, before, after, said)] };
};

export const createJudge = ({ others, exempt, catalogue = RELEASES }: Settings) => {
  const cluster = async (asked: Asked): Promise<Judgement> => {
    const { namespace, name, object, oldObject } = asked;
    const reading = readCluster(object);
    if ('malformed' in reading) return malformed(reading.malformed);
    const change = { cluster: reading.value, before: valueOf(readCluster(oldObject)), pools: [], catalogue };
    // Pools matter to version and region only, and the region never changes.
    const pools = changesVersion(change) ? await others.poolsOf(namespace, name) : [];
    const judgement = judgeCluster({ ...change, pools });
    return withChanges(asked, judgement, { before: change.before, after: reading.value, catalogue });
  };

  const nodePool = async (asked: Asked): Promise<Judgement> => {
    const { namespace, object, oldObject } = asked;
    const reading = readNodePool(object);
    if ('malformed' in reading) return malformed(reading.malformed);
    const pool = reading.value;
    const before = valueOf(readNodePool(oldObject));
    const { clusterName, version } = pool.spec;
    const needsRoom = asksForRoom(pool, before);
    const needsCluster = needsRoom || before?.spec.version !== version;
    const [its, siblings] = await Promise.all([
      needsCluster ? others.cluster(namespace, clusterName) : undefined,
      needsRoom ? others.poolsOf(namespace, clusterName) : [],
    ]);
    const judgement = judgeNodePool({ pool, before, cluster: its, siblings, catalogue });
    return withChanges(asked, judgement, { before, after: pool, catalogue });
  };

  return async (asked: Asked): Promise<Judgement> => {
    const { kind, operation, object, oldObject } = asked;
    if (exempt.has(asked.username) || isGoing(oldObject)) return NOTHING;
    switch (operation) {
      case 'DELETE':
        // A protected object by itself is the business of a policy of the API server, which needs no webhook.
        return kind === 'AWSCluster'
          ? judgeClusterDeletion(await others.poolsOf(asked.namespace, asked.name))
          : NOTHING;
      case 'UPDATE':
        if (isDeepStrictEqual(member(object, 'spec'), member(oldObject, 'spec'))) return NOTHING;
        return kind === 'AWSCluster' ? cluster(asked) : nodePool(asked);
      case 'CREATE':
        return kind === 'AWSCluster' ? cluster(asked) : nodePool(asked);
    }
  };
};

export type Judge = ReturnType<typeof createJudge>;
