/**
 * The workflow types that a worker registers. Names are for ever: recorded histories and the watcher use them.
 */
import type {
  Assessment,
  Backup,
  BackupList,
  BackupsOf,
  ChangeRequest,
  IssueCertificateRequest,
  IssuedCertificate,
  ObjectRef,
  OrphanList,
  OrphanRemoval,
  PlannedChange,
  PlannedUpgrade,
  PreviewRequest,
  RestorePreview,
  UpgradeRequest,
} from '../activities/contract.ts';
import {
  assess,
  issueCertificate,
  listBackups,
  listOrphans,
  planChange,
  planUpgrade,
  previewRestore,
} from './activities.ts';
import { runBackup } from './backup.ts';
import { runSweep, type SweepSummary } from './drift-sweep.ts';
import { runEntity } from './entity.ts';
import type { EntityState, OperationResult } from './messages.ts';
import { runOrphanRemoval } from './orphan-removal.ts';

export async function AwsCluster(state: EntityState): Promise<string> {
  return runEntity(state);
}

export async function AwsNodePool(state: EntityState): Promise<string> {
  return runEntity(state);
}

/** One for each row of `words/operations.ts`: they differ in the plan that they get. */
export {
  runOperation as CommitUpgrade,
  runOperation as CreateCluster,
  runOperation as CreateNodePool,
  runOperation as DeleteCluster,
  runOperation as DeleteNodePool,
  runOperation as MendCluster,
  runOperation as MendNodePool,
  runOperation as RepairCluster,
  runOperation as RepairNodePool,
  runOperation as ResizeNodePool,
  runOperation as RestoreCluster,
  runOperation as UpdateCluster,
  runOperation as UpdateNodePool,
  runOperation as UpgradeCluster,
  runOperation as UpgradeEtcd,
  runOperation as UpgradeNodePool,
} from './operation.ts';

/** Short-lived admin credentials: a signing request goes in, a certificate comes out, nothing secret passes (I8). */
export async function IssueCredential(request: IssueCertificateRequest): Promise<IssuedCertificate> {
  return issueCertificate(request);
}

/** Started by a schedule: what differs from the specs in AWS, told to the entities that it concerns. */
export async function DriftSweep(): Promise<SweepSummary> {
  return runSweep();
}

/** What an operation would do now, for people who ask: the same look, and nothing else. */
export async function PlanCluster(object: ObjectRef): Promise<Assessment> {
  return assess({ object });
}

/** What a change of a node pool would take that nobody has applied yet, for people who ask: a look, and nothing else. */
export async function PlanChange(request: ChangeRequest): Promise<PlannedChange> {
  return planChange(request);
}

/** What stands in the way of an upgrade that nobody has asked for yet, for people who ask: a look, and nothing else. */
export async function PlanUpgrade(request: UpgradeRequest): Promise<PlannedUpgrade> {
  return planUpgrade(request);
}

/** What a restore would begin with and take away that nobody has asked for yet, for people who ask: a look, and nothing else. */
export async function PreviewRestore(request: PreviewRequest): Promise<RestorePreview> {
  return previewRestore(request);
}

/** A snapshot of a cluster's etcd, now, for people who ask: some replica takes it, and it is looked at in the bucket. */
export async function BackupCluster(object: ObjectRef): Promise<Backup> {
  return runBackup(object);
}

/** What the bucket has of a cluster, for people who ask: a look, and nothing else. */
export async function ListBackups(of: BackupsOf): Promise<BackupList> {
  return listBackups(of);
}

/** What belongs to no object, for people who ask: a look, and nothing else. */
export async function ListOrphans(): Promise<OrphanList> {
  return listOrphans();
}

/** Takes away what belongs to no object, for people who name it. */
export async function RemoveOrphans(removal: OrphanRemoval): Promise<OperationResult> {
  return runOrphanRemoval(removal);
}
