/**
 * The contract between workflows and activities: the activities by name, with plain data in and out.
 *
 * Owns: shapes only. `workflows/` import these as types; `worker/activities.ts` puts together what
 * implements them; nothing here runs.
 * Invariants: I8 (no shape has room for a secret), I10 (plain JSON, lists sorted where they are made).
 */
import type { AWSNodePoolSpec } from '../api/nodepool.ts';
import type { ObjectRef, Owner } from '../api/object.ts';
import type { Outputs } from '../kinds/row.ts';
import type { Assessment, OperationInput, Pacing } from '../policy/assessment.ts';
import type { Failed, ToldReplica } from '../policy/backup-replica.ts';
import type { Backup } from '../policy/backups.ts';
import type { Finding } from '../policy/drift.ts';
import type { Insight } from '../policy/insight.ts';
import type { OrphanedCluster } from '../policy/orphans.ts';
import type { Step } from '../policy/plan.ts';
import type { PoolChanges } from '../policy/pool-fields.ts';
import type { OrphanRemoval } from '../policy/remove-orphans.ts';
import type { ReadSince } from '../policy/restore-preview.ts';
import type {
  Change,
  Drift,
  DriftReport,
  EventView,
  MirrorRequest,
  OperationView,
  StepState,
  StepView,
} from '../policy/views.ts';

export type AssessRequest = {
  readonly object: ObjectRef;
  /**
   * A node pool heard that its cluster made progress, or has waited long: it looks, whatever the cluster's status says,
   * which lags behind.
   */
  readonly clusterProgressed?: true;
  /** What somebody said `resume` to while turns were held back: the fingerprint of what machines are to be. */
  readonly released?: string;
  /** A person aborted what this generation of the spec asks for, and what it brought is to go back. */
  readonly returning?: number;
};

/** A node pool, and the spec that it might get; nothing in one is secret (I8). */
export type ChangeRequest = { readonly object: ObjectRef; readonly spec: AWSNodePoolSpec };

/** What that would take, or why nobody can say. */
export type PlannedChange =
  /** `waits`: where the update policy lets no turn begin now; until when, in epoch milliseconds, or until somebody says so. */
  | ({ readonly kind: 'known'; readonly waits?: { readonly opensAt?: number } } & PoolChanges)
  | { readonly kind: 'unknown'; readonly reason: string };

/** A cluster, and the version that it might be asked for. */
export type UpgradeRequest = { readonly object: ObjectRef; readonly version: string };

type Made = { readonly version: string; readonly kubernetes: string };

/** Whether it may be, and what stands in the way; or why nobody can say. */
export type PlannedUpgrade =
  /** `insights`: what blocks comes first. */
  | { readonly kind: 'known'; readonly from: Made; readonly to: Made; readonly insights: readonly Insight[] }
  | { readonly kind: 'refused'; readonly from: Made; readonly reason: string; readonly cure: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/** A cluster, and the key of the snapshot that it might be restored from, or `newest`. */
export type PreviewRequest = { readonly object: ObjectRef; readonly from: string };

/** What that would take away, or why it can't be, or why nobody can say. */
export type RestorePreview =
  | {
      readonly kind: 'known';
      readonly bucket: string;
      readonly backup: Backup;
      /** Newer snapshots that can't be restored, each with its reason, where the newest was asked for. */
      readonly passedOver: readonly string[];
      /** `unread`: the cluster's API does not answer, so that all since may be lost. */
      readonly since: ({ readonly kind: 'read' } & ReadSince) | { readonly kind: 'unread'; readonly why: string };
    }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

export type StepRequest = {
  readonly object: ObjectRef;
  readonly owner: Owner;
  readonly entityId: string;
  /** The version of the plan that the step is of; absent where a release made it that knew one only. */
  readonly plan?: number;
  /** The step, every reference in its resource replaced by its value. */
  readonly step: Step;
  /** True for a step's first execution in its operation: only that one trusts `step.found` (I2). */
  readonly first: boolean;
  /** When the operation began with the step, in epoch milliseconds; it may be scheduled many times since. */
  readonly since?: number;
  /** What the operation already says that the step waits for: the same again is told more rarely. */
  readonly awaitedSoFar?: string;
  /** A wait that has taken so many milliseconds tells at once, whatever it told before. */
  readonly overdueMs?: number;
};

export type StepOutcome = {
  readonly change: Change;
  readonly outputs: Outputs;
};

/** A certificate signing request for short-lived admin credentials: only public data passes (I8). */
export type IssueCertificateRequest = {
  readonly object: ObjectRef;
  readonly csr: string;
  readonly lifetimeSeconds: number;
};
export type IssuedCertificate = {
  /** PEM, for the key that signed the request. */
  readonly certificate: string;
  readonly expiresAt: string;
  /** PEM of the authority that the cluster's API server is trusted by. */
  readonly certificateAuthority: string;
  /** DNS name of the cluster's load balancer. */
  readonly endpoint: string;
  /** The name that the API's certificate shows, where that isn't the load balancer's. */
  readonly serverName?: string;
  readonly clusterId: string;
};

/** A snapshot of a cluster's etcd, asked of any replica that has not failed at it; one token for one question. */
export type BackupRequest = { readonly object: ObjectRef; readonly token: string; readonly failed: readonly Failed[] };

export type BackupAsked = { readonly object: ObjectRef; readonly told: ToldReplica };

export type BackupOutcome =
  | { readonly kind: 'done'; readonly backup: Backup }
  | { readonly kind: 'failed'; readonly why: string };

/** A cluster, or what is left of one whose object is gone. */
export type BackupsOf = ObjectRef | { readonly clusterId: string };

/** Snapshots of a cluster, the newest first. */
export type BackupList = { readonly bucket: string; readonly backups: readonly Backup[] };

/** What carries our tags where the worker looks, and belongs to no object of its management API; by cluster id, sorted. */
export type OrphanList = {
  readonly account: string;
  readonly regions: readonly string[];
  readonly clusters: readonly OrphanedCluster[];
};

/** What a sweep wants an entity to be told. */
export type SweepFinding = { readonly entityId: string; readonly finding: Finding };

/** What a sweep looked at and found; findings sorted by entity. */
export type SweepAnswer = {
  readonly clusters: number;
  readonly nodePools: number;
  /** Of these, those that rest and so were compared. */
  readonly looked: number;
  /** Those that this release of Slipway doesn't understand, and those of which something could not be read. */
  readonly invalid: number;
  readonly unread: number;
  /** Clusters whose nodes could not be counted, because their API did not list them. */
  readonly uncounted: number;
  /** When the listings began, in epoch milliseconds. */
  readonly lookedAt: number;
  readonly findings: readonly SweepFinding[];
};

export type Activities = {
  assess(request: AssessRequest): Promise<Assessment>;
  /** Looks at what a change of a node pool would take; changes nothing. */
  planChange(request: ChangeRequest): Promise<PlannedChange>;
  /** Looks at what stands in the way of an upgrade; changes nothing. */
  planUpgrade(request: UpgradeRequest): Promise<PlannedUpgrade>;
  /** Looks at what a restore would begin with, and what it would take away; changes nothing. */
  previewRestore(request: PreviewRequest): Promise<RestorePreview>;
  ensure(request: StepRequest): Promise<StepOutcome>;
  remove(request: StepRequest): Promise<StepOutcome>;
  /** One look: fails with a benign error and a delay while the resource isn't ready. */
  wait(request: StepRequest): Promise<StepOutcome>;
  /** What is there of a resource, changing nothing: what a skipped step hands on. Null when nothing of ours is there. */
  find(request: StepRequest): Promise<Outputs | null>;
  mirror(request: MirrorRequest): Promise<void>;
  issueCertificate(request: IssueCertificateRequest): Promise<IssuedCertificate>;
  /** Tells a replica to take a snapshot. */
  orderBackup(request: BackupRequest): Promise<ToldReplica>;
  /** One look: fails with a benign error and a delay while the replica is at it. */
  awaitBackup(request: BackupAsked): Promise<BackupOutcome>;
  /** What the bucket has of a cluster; changes nothing. */
  listBackups(of: BackupsOf): Promise<BackupList>;
  /** What takes away all, or one thing, of a cluster that belongs to no object; changes nothing itself. */
  planOrphanRemoval(removal: OrphanRemoval): Promise<OperationInput>;
  /** What nobody's objects own in the account and region; changes nothing. */
  listOrphans(): Promise<OrphanList>;
  /** Looks at everything in the account and region; changes nothing, but lets go of snapshots that a cluster's schedule keeps no longer. */
  sweep(): Promise<SweepAnswer>;
};

/** What policy decides and projects is policy's own; listed here because workflows and activities pass it on. */
export type {
  Assessment,
  Backup,
  Drift,
  DriftReport,
  EventView,
  Failed,
  Insight,
  MirrorRequest,
  ObjectRef,
  OperationInput,
  OperationView,
  OrphanedCluster,
  OrphanRemoval,
  Pacing,
  Step,
  StepState,
  StepView,
};
