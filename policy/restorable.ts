/**
 * Restorable: which snapshot a cluster's etcd can begin again with, and why another can't.
 *
 * Owns: that judgement, for whoever asks before anything stops: the preview that a person sees, and the first step of a restore. Neighbours:
 * `backups.ts` says which snapshots are whole; `restore.ts` plans. Pure. Invariants: I12 (what is not known to be whole is refused).
 */
import { compareMinors, minorOfVersion } from '../api/minor.ts';
import { NEWEST } from '../words/restore.ts';
import { snapshotNamed } from '../words/snapshots.ts';
import type { Backup } from './backups.ts';

/** Versions of the programs that are to read it, without a leading v. */
export type Reader = { readonly etcd: string; readonly kubernetes: string };

/** A snapshot that counts has a sum, which the agents compare. */
type Restorable = Backup & { readonly sha256: string };

/** Why what runs can't read it. */
const tooNew = (name: string, kept: string | undefined, runs: string): string | undefined => {
  const [then, now] = [minorOfVersion(kept ?? ''), minorOfVersion(runs)];
  if (then === undefined || now === undefined || compareMinors(then, now) <= 0) return undefined;
  return `it was kept by ${name} ${kept}, and the cluster runs ${runs}, which may not understand all of it`;
};

export type Judged = { readonly restorable: Restorable } | { readonly why: string };

/** Of one that the bucket lists. */
const judgeBackup = (backup: Backup, { etcd, kubernetes }: Reader): Judged => {
  const why =
    backup.problem ?? tooNew('etcd', backup.etcd, etcd) ?? tooNew('Kubernetes', backup.kubernetes, kubernetes);
  if (why !== undefined) return { why };
  return backup.sha256 === undefined
    ? { why: 'its sum is unknown' }
    : { restorable: { ...backup, sha256: backup.sha256 } };
};

/** Of the one with this key, among all that the bucket lists of the cluster. */
export const judgeKey = (key: string, backups: readonly Backup[], reader: Reader): Judged => {
  const found = backups.find((one) => one.key === key);
  return found === undefined ? { why: 'the bucket does not list it' } : judgeBackup(found, reader);
};

/** Its Secrets are under another key, and its authorities are others. */
export const otherClusters = (key: string, clusterId: string): string =>
  `snapshot ${key} is of cluster ${clusterId}, whose Secrets this one could not read`;

export type Chosen =
  /** `passedOver`: newer ones that can't be restored, each with its reason; the newest first. */
  | { readonly kind: 'chosen'; readonly backup: Restorable; readonly passedOver: readonly string[] }
  | { readonly kind: 'none'; readonly reason: string };

const newestOf = (backups: readonly Backup[], reader: Reader): Chosen => {
  const passedOver: string[] = [];
  for (const backup of backups) {
    const judged = judgeBackup(backup, reader);
    if ('restorable' in judged) return { kind: 'chosen', backup: judged.restorable, passedOver };
    passedOver.push(`${backup.key}: ${judged.why}`);
  }
  const [first] = passedOver;
  return {
    kind: 'none',
    reason:
      first === undefined
        ? 'its bucket has no snapshot of it'
        : `none of the ${backups.length} snapshots in its bucket can be: ${first}`,
  };
};

/** `backups`: those of the cluster, the newest first; `from`: a key, or `newest`. */
export const chooseBackup = (
  from: string,
  {
    clusterId,
    backups,
    reader,
  }: { readonly clusterId: string; readonly backups: readonly Backup[]; readonly reader: Reader },
): Chosen => {
  if (from === NEWEST) return newestOf(backups, reader);
  const named = snapshotNamed(from);
  if (named === undefined || named.isManifest) return { kind: 'none', reason: `"${from}" is the key of no snapshot` };
  if (named.clusterId !== clusterId) return { kind: 'none', reason: otherClusters(from, named.clusterId) };
  const judged = judgeKey(from, backups, reader);
  return 'restorable' in judged
    ? { kind: 'chosen', backup: judged.restorable, passedOver: [] }
    : { kind: 'none', reason: `snapshot ${from} can't be: ${judged.why}` };
};
