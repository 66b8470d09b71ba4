/**
 * Snapshots: how what etcd held is called in the bucket, and the manifest that stands beside each.
 *
 * Owns: keys, and the manifest's text. A snapshot counts once its manifest is there: the agent writes it last, when it has seen the
 * whole stream and S3 has taken all of it. Neighbours: `agent/backup.ts` writes both, `policy/backups.ts` judges what is listed.
 * Pure. Invariants: I8 (a manifest has sums and numbers, and is read by whoever lists snapshots; a snapshot is not).
 */
import { present } from './present.ts';

/** `gke-0a1b2c3d/etcd/`: all that is a cluster's own in the bucket. */
export const snapshotPrefix = (clusterId: string): string => `${clusterId}/etcd/`;

/** To the millisecond, so that two agents never write the same key; without what a shell or a tag would mind. */
const stamp = (at: Date): string => at.toISOString().replaceAll(/[-:.]/g, '');

/** `gke-0a1b2c3d/etcd/20261130T194500123Z-4711.db`; `revision` is etcd's when it was asked for the snapshot. */
export const snapshotKey = (clusterId: string, at: Date, revision: string): string =>
  `${snapshotPrefix(clusterId)}${stamp(at)}-${revision}.db`;

const KEY = /^(gke-[0-9a-f]{8})\/etcd\/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-(\d+)\.(db|json)$/;

export type NamedSnapshot = {
  /** Of the snapshot itself, whichever of the two the key was. */
  readonly key: string;
  readonly clusterId: string;
  /** RFC 3339. */
  readonly time: string;
  readonly revision: string;
  readonly isManifest: boolean;
};

/** Undefined for what no agent calls its snapshots. */
export const snapshotNamed = (key: string): NamedSnapshot | undefined => {
  const [, clusterId, year, month, day, hour, minute, second, millis, revision, ending] = KEY.exec(key) ?? [];
  if (clusterId === undefined || revision === undefined) return undefined;
  return {
    key: key.replace(/\.json$/, '.db'),
    clusterId,
    time: `${year}-${month}-${day}T${hour}:${minute}:${second}.${millis}Z`,
    revision,
    isManifest: ending === 'json',
  };
};

/** A cluster's snapshots that were asked for after a moment: how their keys begin, and which key they come after. */
export const snapshotsSince = (clusterId: string, at: Date): { readonly prefix: string; readonly after: string } => {
  const prefix = snapshotPrefix(clusterId);
  return { prefix, after: `${prefix}${stamp(at)}` };
};

/** When the newest was asked for that has all it needs, by keys alone: a manifest is written last. Epoch milliseconds. */
export const newestKept = (keys: readonly string[]): number | undefined => {
  const all = new Set(keys);
  const kept = keys.flatMap((key) => {
    const named = snapshotNamed(key);
    return named?.isManifest === true && all.has(named.key) ? [Date.parse(named.time)] : [];
  });
  return kept.length === 0 ? undefined : Math.max(...kept);
};

export const manifestKey = (key: string): string => key.replace(/\.db$/, '.json');

export type Manifest = {
  /** Of the snapshot. */
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Of the whole file, hexadecimal: what `sha256sum` says of it. */
  readonly sha256: string;
  /** S3's own mark of what it holds, which no other content at that key has. */
  readonly etag: string;
  /** etcd's when it was asked. */
  readonly revision: string;
  /** Versions without a leading v. */
  readonly etcd: string;
  readonly kubernetes: string;
  /** Of the order by which it was asked for (`orders.ts`). */
  readonly token?: string;
  /** Nobody asked for it: an agent took it by schedule (`backup-schedule.ts`). */
  readonly scheduled?: true;
};

export const manifestText = (manifest: Manifest): string => `${JSON.stringify({ v: 1, ...manifest }, null, 2)}\n`;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '' && value.length <= 256;

const SHAPE: Readonly<Record<keyof Manifest | 'v', (value: unknown) => boolean>> = {
  v: (value) => value === 1,
  key: isText,
  size: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  sha256: (value) => isText(value) && /^[0-9a-f]{64}$/.test(value),
  etag: isText,
  revision: isText,
  etcd: isText,
  kubernetes: isText,
  token: (value) => value === undefined || isText(value),
  scheduled: (value) => value === undefined || value === true,
};

const isManifest = (value: unknown): value is Manifest =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(SHAPE).every(([name, holds]) => holds(Reflect.get(value, name)));

/** Undefined for what is no manifest, or one of a newer release. */
export const manifestIn = (text: string): Manifest | undefined => {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isManifest(read)) return undefined;
  const { key, size, sha256, etag, revision, etcd, kubernetes, token, scheduled } = read;
  return { key, size, sha256, etag, revision, etcd, kubernetes, ...present({ token, scheduled }) };
};
