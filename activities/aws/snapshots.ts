/**
 * Snapshots: what a cluster's part of the bucket holds.
 *
 * Owns: listing, reading manifests, each once, since what a key holds never changes, and removing. Neighbours: `policy/backups.ts` judges,
 * `policy/snapshot-retention.ts` says what goes; the agents of replicas write. Invariants: I8 (a worker reads manifests, and has no right to a snapshot itself), I12 (a
 * listing that fails is an error, never "no snapshot").
 */
import { DeleteObjectCommand, GetObjectCommand, paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3';
import { type Backup, backupsIn, type Listed } from '../../policy/backups.ts';
import { backupsOfIdCommand } from '../../words/commands.ts';
import { type Manifest, manifestIn, manifestKey, snapshotNamed, snapshotPrefix } from '../../words/snapshots.ts';
import { ended } from '../../words/text.ts';
import { blockedError, verdictOf } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { given, readAll } from './tags.ts';

/** A cluster's snapshots, the newest first. */
export type ReadBackups = (clusterId: string, signal: AbortSignal) => Promise<readonly Backup[]>;

/** Takes snapshots away, and what stands beside them. */
export type RemoveBackups = (keys: readonly string[], signal: AbortSignal) => Promise<void>;

/** Manifests first: what is left of a removal that was cut short counts no more, and is seen to be half there. */
const removeBackupsIn =
  (s3: S3Client, bucket: string): RemoveBackups =>
  async (keys, signal) => {
    for (const Key of [...keys.map(manifestKey), ...keys]) {
      signal.throwIfAborted();
      await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
    }
  };

/** A manifest is small; as many of a thousand clusters are less than a hundred MiB. */
const MOST_REMEMBERED = 20_000;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const isNoBucket = (error: unknown): boolean => error instanceof Error && error.name === 'NoSuchBucket';

const listedIn =
  (s3: S3Client, bucket: string) =>
  async (prefix: string, abortSignal: AbortSignal): Promise<readonly Listed[]> => {
    const objects = await readAll(
      paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: prefix }, { abortSignal }),
      (page) => page.Contents,
    );
    return objects.map(({ Key, Size = 0, ETag }) => ({
      key: given(Key, 'the key of an object'),
      size: Size,
      etag: given(ETag, 'the mark of an object'),
    }));
  };

const readBackupsIn = (s3: S3Client, bucket: string): ReadBackups => {
  const remembered = new Map<string, Manifest | 'unreadable'>();
  const list = listedIn(s3, bucket);

  /** One that is removed meanwhile says nothing. */
  const readManifest = async (key: string, abortSignal: AbortSignal): Promise<Manifest | 'unreadable'> => {
    try {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal });
      return manifestIn((await Body?.transformToString()) ?? '') ?? 'unreadable';
    } catch (error) {
      if (error instanceof Error && error.name === 'NoSuchKey') return 'unreadable';
      throw error;
    }
  };

  const remember = async (
    { key, etag }: Listed,
    signal: AbortSignal,
  ): Promise<readonly [string, Manifest | 'unreadable']> => {
    const mark = `${key} ${etag}`;
    const known = remembered.get(mark) ?? (await readManifest(key, signal));
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    if (known !== 'unreadable') remembered.set(mark, known);
    return [key, known];
  };

  return async (clusterId, signal) => {
    try {
      const listed = await list(snapshotPrefix(clusterId), signal);
      const manifests = listed.filter(({ key }) => snapshotNamed(key)?.isManifest === true);
      const read = new Map(await Promise.all(manifests.map((one) => remember(one, signal))));
      return backupsIn(clusterId, listed, (key) => read.get(key) ?? 'unreadable');
    } catch (error) {
      if (!isNoBucket(error)) throw error;
      throw blockedError(
        `There is no bucket ${bucket}, which SLIPWAY_BUCKET of the worker names: make it in this region, or name another.`,
        error,
      );
    }
  };
};

/** What of a cluster that goes stays, as a sentence; undefined where nothing does. */
export type SnapshotsLeft = (clusterId: string, signal: AbortSignal) => Promise<string | undefined>;

/** By names alone. A deletion needs no bucket: what can't be looked at is said to be unknown. */
export const snapshotsLeft =
  ({ s3, bucket }: Pick<AwsClients, 's3' | 'bucket'>): SnapshotsLeft =>
  async (clusterId, signal) => {
    if (bucket === undefined) return undefined;
    const prefix = snapshotPrefix(clusterId);
    try {
      const times = new Map(
        (await listedIn(s3, bucket)(prefix, signal)).flatMap(({ key }) => {
          const named = snapshotNamed(key);
          return named === undefined ? [] : [[named.key, named.time] as const];
        }),
      );
      const newest = [...times.values()].sort().at(-1);
      if (newest === undefined) return undefined;
      const many = times.size === 1 ? '1 snapshot of etcd stays' : `${times.size} snapshots of etcd stay`;
      return `${many} in bucket ${bucket} under ${prefix}, the newest of ${newest}: ${backupsOfIdCommand(clusterId)}`;
    } catch (error) {
      signal.throwIfAborted();
      return `Snapshots of etcd may stay in bucket ${bucket} under ${prefix}, which could not be looked into: ${ended(verdictOf(error).message)}`;
    }
  };

export type BackupBucket = { readonly read: ReadBackups; readonly remove: RemoveBackups };

export const backupBucket = (s3: S3Client, bucket: string): BackupBucket => ({
  read: readBackupsIn(s3, bucket),
  remove: removeBackupsIn(s3, bucket),
});
