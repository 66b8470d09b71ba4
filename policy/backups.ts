/**
 * Backups: which snapshots of a cluster's etcd can be relied on, by what its bucket lists and its manifests say.
 *
 * Owns: the judgement of each: a snapshot counts where its manifest is there, speaks of this very object, and S3 says the same size
 * and mark of it. Neighbours: `words/snapshots.ts` spells keys and manifests, `activities/aws/snapshots.ts` lists and reads. Pure.
 * Invariants: I4 (what no agent named so is nobody's, and isn't listed), I12 (what is half there is named, and never counts).
 */
import { present } from '../words/present.ts';
import { type Manifest, type NamedSnapshot, snapshotNamed } from '../words/snapshots.ts';

/** An object as the bucket lists it. */
export type Listed = { readonly key: string; readonly size: number; readonly etag: string };

/** What is behind a key that ends in `.json`. */
export type ReadManifest = (key: string) => Manifest | 'unreadable';

export type Backup = {
  readonly key: string;
  /** RFC 3339: when it was asked for. */
  readonly time: string;
  /** etcd's, at least. */
  readonly revision: string;
  /** Bytes, as S3 says; 0 where there is no object. */
  readonly size: number;
  /** Of the whole file, hexadecimal; only of one that counts. */
  readonly sha256?: string;
  readonly etcd?: string;
  readonly kubernetes?: string;
  /** Of the order by which it was asked for. */
  readonly token?: string;
  /** Nobody asked for it: an agent took it by schedule. */
  readonly scheduled?: true;
  /** Why it can't be relied on. */
  readonly problem?: string;
  /** Either it or its manifest is not there. */
  readonly incomplete?: true;
};

type Pair = { readonly named: NamedSnapshot; readonly object?: Listed; readonly manifest?: Manifest | 'unreadable' };

/** Why a snapshot does not count; undefined for one that does. */
const problemOf = ({ named, object, manifest }: Pair): string | undefined => {
  if (object === undefined) return 'its manifest is there, and the snapshot is not: somebody removed it';
  if (manifest === undefined)
    return 'it has no manifest: it is still being sent, or its agent ended before all was there';
  if (manifest === 'unreadable') return 'its manifest says nothing that this release of Slipway understands';
  if (manifest.key !== named.key) return `its manifest is of another snapshot, ${manifest.key}`;
  if (manifest.size !== object.size) return `it has ${object.size} bytes, and ${manifest.size} were sent`;
  return manifest.etag === object.etag ? undefined : 'S3 holds other content than was sent: somebody wrote it anew';
};

const backupOf = (pair: Pair): Backup => {
  const { named, object, manifest } = pair;
  const { key, time, revision } = named;
  const common = { key, time, revision, size: object?.size ?? 0 };
  const problem = problemOf(pair);
  if (problem !== undefined || manifest === undefined || manifest === 'unreadable') {
    const incomplete = object === undefined || manifest === undefined ? (true as const) : undefined;
    return { ...common, ...present({ problem, incomplete }) };
  }
  const { sha256, etcd, kubernetes, token, scheduled } = manifest;
  return { ...common, sha256, etcd, kubernetes, ...present({ token, scheduled }) };
};

/** A cluster's snapshots, the newest first. */
export const backupsIn = (clusterId: string, listed: readonly Listed[], read: ReadManifest): readonly Backup[] => {
  const pairs = new Map<string, Pair>();
  for (const object of listed) {
    const named = snapshotNamed(object.key);
    if (named?.clusterId !== clusterId) continue;
    const pair = pairs.get(named.key) ?? { named };
    pairs.set(named.key, named.isManifest ? { ...pair, manifest: read(object.key) } : { ...pair, object });
  }
  return [...pairs.values()].map(backupOf).sort((a, b) => (a.key < b.key ? 1 : -1));
};
