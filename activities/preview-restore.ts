/**
 * Preview restore: which snapshot a restore of a cluster's etcd would begin with, and what would be lost since.
 *
 * Owns: which facts are gathered for that; nothing is changed, and nothing is asked of a replica. Neighbours: `backups.ts` lists
 * snapshots, `policy/restorable.ts` chooses, `kubernetes/changed-since.ts` reads; `restore-source.ts` looks again when it is carried out.
 * Invariants: I6 (reads only), I8, I12 (what could not be read is part of the answer).
 */

import { isDeleting } from '../api/object.ts';
import { clusterIdFor } from '../api/ownership.ts';
import { judgeIdentity, judgePlace, wasProvisioned } from '../policy/facts.ts';
import { isUnread } from '../policy/insight.ts';
import { chooseBackup } from '../policy/restorable.ts';
import { releaseToPlan } from '../policy/revision.ts';
import type { AssessSources } from './assess.ts';
import type { createBackups } from './backups.ts';
import type { PreviewRequest, RestorePreview } from './contract.ts';
import type { ReadChangedSince } from './kubernetes/changed-since.ts';

type Sources = Pick<AssessSources, 'served' | 'findCluster'> & {
  readonly backups: Pick<ReturnType<typeof createBackups>, 'listBackups'>;
  readonly changedSince: ReadChangedSince;
};

const unknown = (reason: string): RestorePreview => ({ kind: 'unknown', reason });

export const createPreviewRestore =
  (sources: Sources) =>
  async ({ object, from }: PreviewRequest, signal: AbortSignal): Promise<RestorePreview> => {
    const [cluster, worker] = await Promise.all([sources.findCluster(object, signal), sources.served(signal)]);
    if (cluster === null || judgeIdentity(cluster, object) !== undefined) return unknown('it is not there any more');
    if (isDeleting(cluster)) return { kind: 'refused', reason: 'it is being deleted' };
    if (!wasProvisioned(cluster))
      return { kind: 'refused', reason: 'it is not provisioned yet: its etcd holds nothing' };
    const elsewhere = judgePlace(cluster, cluster.spec.region, worker);
    if (elsewhere !== undefined) return unknown(elsewhere.reason);
    const reader = releaseToPlan(cluster.spec.controlPlane.version, cluster.status?.revision, true);
    if (reader === undefined)
      return unknown(`nobody knows what version ${cluster.spec.controlPlane.version} stands for`);
    const { bucket, backups } = await sources.backups.listBackups(object, signal);
    const chosen = chooseBackup(from, { clusterId: clusterIdFor(cluster), backups, reader });
    if (chosen.kind === 'none') return { kind: 'refused', reason: chosen.reason };
    const { backup, passedOver } = chosen;
    const read = await sources.changedSince(cluster, Date.parse(backup.time), signal);
    const since = isUnread(read)
      ? ({ kind: 'unread', why: read.unread } as const)
      : ({ kind: 'read', ...read } as const);
    return { kind: 'known', bucket, backup, passedOver, since };
  };
