/**
 * Backup: keeps a snapshot of this replica's etcd in a bucket, and says where.
 *
 * Owns: the order: look whether this member may speak for the cluster, send the snapshot, and only when S3 has taken all of it and
 * its checksum held, the manifest that makes it count. Neighbours: `snapshot.ts` reads and checks, `aws/s3.ts` sends,
 * `orders.ts` is told to by a worker.
 * Invariants: I8 (encrypted under the cluster's own key), I12 (what is half there is never called a backup).
 */
import type { ReplicaConfiguration } from '../machine/configuration.ts';
import type { Order } from '../words/orders.ts';
import { manifestKey, manifestText, snapshotKey } from '../words/snapshots.ts';
import type { S3 } from './aws/s3.ts';
import type { Log } from './log.ts';
import type { OwnEtcd } from './snapshot.ts';

export type Backups = {
  readonly configuration: Pick<ReplicaConfiguration, 'clusterId' | 'kmsKeyArn' | 'versions'>;
  readonly etcd: OwnEtcd;
  readonly s3: () => Promise<S3>;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now?: () => number;
};

/** Where it goes, and by which order, or that nobody asked for it. */
export type Asked = { readonly bucket: string } & (Pick<Order, 'token'> | { readonly scheduled: true });

/** Resolves with the key of the snapshot. */
export const backUp = async (
  { configuration, etcd, s3, log, now = Date.now }: Backups,
  { bucket, ...why }: Asked,
  signal: AbortSignal,
): Promise<string> => {
  const { clusterId, kmsKeyArn, versions } = configuration;
  const { version, revision, unfit } = await etcd.status();
  if (unfit !== undefined) throw new Error(`${unfit}: another replica can take the snapshot`);
  const began = now();
  const key = snapshotKey(clusterId, new Date(began), revision);
  const store = await s3();
  try {
    const { bytes, passed } = await etcd.snapshot(signal);
    const { etag } = await store.upload({ bucket, key }, { bytes, kmsKeyArn }, signal);
    const { size, sha256 } = passed();
    const manifest = { key, size, sha256, etag, revision, etcd: version, kubernetes: versions.kubernetes, ...why };
    await store.put({ bucket, key: manifestKey(key) }, manifestText(manifest));
    log.info('A snapshot of etcd is kept', { bucket, key, size, seconds: (now() - began) / 1_000 });
    return key;
  } finally {
    store.close();
  }
};
