/**
 * Fetched snapshot: a snapshot out of a bucket, as a file beside what etcd holds.
 *
 * Owns: that the file under its final name is whole: it is summed while it comes, and named so last. One is kept at a time, and gone once it
 * was restored. Neighbours: `aws/s3.ts` reads the bucket, `restored-data.ts` makes etcd's data of the file, `restore-orders.ts` says when.
 * Invariants: I8 (mode 0600, on the encrypted disk of the replica and nowhere else), I12 (what differs from its sum is no snapshot).
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readdir, rename, rm, statfs } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { RestoredFrom } from '../words/orders.ts';
import type { S3 } from './aws/s3.ts';
import { isThere } from './files.ts';
import type { Log } from './log.ts';

export type Fetching = {
  /** Root of the volume's file system. */
  readonly folder: string;
  readonly s3: () => Promise<S3>;
  readonly log: Log;
};

const PREFIX = 'snapshot-';

/** Where the snapshot of a restore is, once it is whole. */
export const fetchedFile = (folder: string, { id }: Pick<RestoredFrom, 'id'>): string => `${folder}/${PREFIX}${id}.db`;

/** Of restores that came to nothing, and of this one if it was cut short. */
const removeOthers = async (folder: string): Promise<void> => {
  const names = (await readdir(folder)).filter((name) => name.startsWith(PREFIX));
  await Promise.all(names.map((name) => rm(`${folder}/${name}`, { force: true })));
};

/** The file itself, and etcd's data that are made of it. */
const TIMES = 2;

const demandRoom = async (folder: string, size: number): Promise<void> => {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= TIMES * size) return;
  throw new Error(
    `the disk has ${free} bytes free and needs ${TIMES * size} for a snapshot of ${size}, beside what it holds: enlarge the etcd volume`,
  );
};

/** Resolves once the snapshot is there, whole. The same again finds it. */
export const fetchSnapshot = async (
  { folder, s3, log }: Fetching,
  from: RestoredFrom,
  signal: AbortSignal,
): Promise<void> => {
  const file = fetchedFile(folder, from);
  if (await isThere(file)) return;
  await removeOthers(folder);
  const { bucket, key, sha256 } = from;
  const store = await s3();
  try {
    const began = Date.now();
    const { bytes, size } = await store.download({ bucket, key }, signal);
    await demandRoom(folder, size);
    const sum = createHash('sha256');
    const part = `${file}.part`;
    async function* summed(): AsyncGenerator<Uint8Array> {
      for await (const chunk of bytes) {
        sum.update(chunk);
        yield chunk;
      }
    }
    await pipeline(summed, createWriteStream(part, { mode: 0o600, flush: true }), { signal });
    const is = sum.digest('hex');
    if (is !== sha256) {
      await rm(part, { force: true });
      throw new Error(
        `snapshot ${key} in bucket ${bucket} has the sum ${is}, not ${sha256}: it was changed since it was kept`,
      );
    }
    await rename(part, file);
    log.info('A snapshot is fetched', { bucket, key, size, seconds: (Date.now() - began) / 1_000 });
  } finally {
    store.close();
  }
};
