/**
 * Orphans: what the worker's account and region hold that belongs to no object of its management API.
 *
 * Owns: that both sides are listed, each to its end, before anything is called an orphan, objects last: what is made meanwhile has its
 * object. Neighbours: `policy/orphans.ts` compares, `aws/owned.ts` and `kubernetes/objects.ts` list.
 * Invariants: I6 (reads only), I12 (a listing that fails is no absence: then nothing is answered but why).
 */
import type { ObjectKind } from '../api/object.ts';
import type { LivingOwner } from '../policy/adoption.ts';
import type { Served } from '../policy/facts.ts';
import { type OwnedThing, orphansAmong } from '../policy/orphans.ts';
import { present } from '../words/present.ts';
import type { SnapshotsLeft } from './aws/snapshots.ts';
import type { OrphanList } from './contract.ts';
import { VerdictError, verdictOf } from './verdicts.ts';

export type OrphanSources = {
  readonly served: (signal: AbortSignal) => Promise<Served>;
  /** What carries our tags, in one region. */
  readonly owned: (signal: AbortSignal) => Promise<readonly OwnedThing[]>;
  readonly owners: (kind: ObjectKind, signal: AbortSignal) => Promise<readonly LivingOwner[]>;
  readonly snapshotsLeft: SnapshotsLeft;
};

/** What could not be read is part of the message: nothing is said of the rest. */
const readingOf =
  (what: string) =>
  (error: unknown): never => {
    const verdict = verdictOf(error);
    throw new VerdictError(
      { ...verdict, message: `${what} could not be read, so nothing is called an orphan: ${verdict.message}` },
      { cause: error },
    );
  };

export const createOrphans =
  ({ served, owned, owners, snapshotsLeft }: OrphanSources) =>
  async (signal: AbortSignal): Promise<OrphanList> => {
    const { account, regions } = await served(signal);
    const things = await owned(signal).catch(readingOf(`What account ${account} has in ${regions.join(', ')}`));
    const [clusters, pools] = await Promise.all([
      owners('AWSCluster', signal).catch(readingOf('AWSClusters of the management API')),
      owners('AWSNodePool', signal).catch(readingOf('AWSNodePools of the management API')),
    ]);
    const orphaned = orphansAmong(things, [...clusters, ...pools], clusters);
    const withSnapshots = orphaned.map(async (one) => ({
      ...one,
      ...present({ snapshots: await snapshotsLeft(one.clusterId, signal) }),
    }));
    return { account, regions, clusters: await Promise.all(withSnapshots) };
  };
