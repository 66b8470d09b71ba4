/**
 * Views: the state of an operation as plain data, and what is written about it to an object's status.
 *
 * Owns: shapes only, plain JSON (I10), with no room for a secret (I8). Neighbours: `workflows/operation.ts` fills them,
 * `status.ts` projects them, the command line shows them; `activities/contract.ts` passes them on.
 */
import type { AWSCluster, UpgradeStatus } from '../api/cluster.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import type { ObjectRef, Owner } from '../api/object.ts';
import type { Outputs } from '../kinds/row.ts';
import type { OperationType } from '../words/operations.ts';
import type { BlockedVerdict } from '../words/steps.ts';
import type { HandledRequests } from '../words/verbs.ts';
import type { AppliedMarks } from './applied-marks.ts';
import type { BackupSeen } from './backup-status.ts';
import type { CertificatesSeen } from './certificates.ts';
import type { NodePoolReport } from './node-repair.ts';
import type { InsideSeen } from './plan.ts';
import type { Recalled } from './recalled.ts';
import type { ControlPlaneReport } from './repair.ts';
import type { Turn } from './rollout.ts';
import type { HeldBack } from './update-windows.ts';
import type { UpgradeSeen } from './upgrade-insights.ts';

/** An object as the API server has it. */
export type StoredObject = AWSCluster | AWSNodePool;

/** What a step did to its resource. */
export type Change = 'created' | 'updated' | 'unchanged' | 'removed';

/** A step as the projection sees it. */
export type StepState =
  | { readonly state: 'pending' }
  | {
      readonly state: 'running';
      readonly since: number;
      /** What it waits for, as a sentence, once it has waited for a while. */
      readonly awaited?: string;
    }
  | { readonly state: 'done'; readonly at: number; readonly change: Change }
  | { readonly state: 'skipped'; readonly at: number }
  | {
      readonly state: 'blocked';
      readonly since: number;
      readonly attempt: number;
      readonly verdict: BlockedVerdict;
      readonly message: string;
      /** Epoch milliseconds of the next automatic try. */
      readonly retryAt: number;
    };

export type StepView = { readonly id: string; readonly key: string; readonly needs: readonly string[] } & {
  readonly status: StepState;
};

/** An event to be recorded, its name deterministic by time and sequence. */
export type EventView = {
  readonly reason: string;
  readonly message: string;
  readonly type: 'Normal' | 'Warning';
  /** Epoch milliseconds of workflow time, and a sequence number that breaks ties. */
  readonly at: number;
  readonly sequence: number;
};

/** Which restore, and from which snapshot. */
export type Restored = { readonly id: string; readonly from: string };

/** The state of an operation, as its query answers it and as `mirror` writes it. */
export type OperationView = {
  readonly type: OperationType;
  readonly workflowId: string;
  readonly runId: string;
  readonly state: 'running' | 'succeeded' | 'superseded' | 'aborted' | 'failed';
  readonly startedAt: number;
  readonly finishedAt?: number;
  /** Since when no step starts because a person said so, in epoch milliseconds. */
  readonly pausedAt?: number;
  readonly turn?: Turn;
  /** Of a cluster that is on its way to another version: how far it was when this began. */
  readonly upgrading?: UpgradeStatus;
  /** Why nobody reaches the cluster's API until it has succeeded. */
  readonly unreachable?: string;
  /** The revision whose add-ons it brings. */
  readonly revision?: number;
  /** The snapshot that all replicas hold once it has succeeded. */
  readonly restores?: Restored;
  /** What others changed and it mends. */
  readonly mends?: readonly Drift[];
  /** Keys of the spec's tags that it may set. */
  readonly tagKeys?: readonly string[];
  /** Labels and taints of the spec that nodes may get. */
  readonly marks?: AppliedMarks;
  /** What the object's annotations asked for and was acted on. */
  readonly handled?: HandledRequests;
  /** Why the object's status could not be written, while it can't be: then `kubectl` shows what was. */
  readonly statusProblem?: string;
  readonly steps: readonly StepView[];
  /** Outputs known so far, by resource key: where status finds endpoint and ids. */
  readonly outputs: Readonly<Record<string, Outputs>>;
  /** The incarnations that it makes, by resource key: pinned in status before what they name may be lost again. */
  readonly incarnations?: Readonly<Record<string, number>>;
};

/** One thing that is not as the spec asks for, found by a sweep: a resource's key, and what differs as a sentence. */
export type Drift = { readonly key: string; readonly difference: string };

/** What is said of drift that is mended unasked, and that has come back too soon or too often for it. */
export type Mending = {
  /** Keys of what was mended so often in a row that somebody must be behind it; sorted. */
  readonly returns: readonly string[];
  /** From when on the others are mended again: RFC 3339. */
  readonly again?: string;
};

/** What was seen of a node pool: machines that its group keeps, where it has one; Ready nodes, or why nobody counted them. */
export type NodeCounts = { readonly desired?: number } & ({ readonly ready: number } | { readonly unread: string });

/** What a sweep found of one object, and when it began to look: nothing where what differed does so no more. */
export type DriftReport = {
  readonly lookedAt: number;
  readonly differences: readonly Drift[];
  /** It is to be mended now: the entity looks, and plans it. */
  readonly mends?: true;
  readonly mending?: Mending;
  /** What waits for a rollout, as `settled` notes it. */
  readonly note?: string;
  readonly nodes?: NodeCounts;
  /** Of a cluster that was asked itself. */
  readonly inside?: InsideSeen;
  /** Of a cluster that was asked about its next upgrade. */
  readonly upgrade?: UpgradeSeen;
  /** Of a cluster whose bucket was looked into. */
  readonly backup?: BackupSeen;
  /** Of a cluster. */
  readonly certificates?: CertificatesSeen;
};

/** Projection of workflow state to the object's status: written by the running operation, or else by the entity. */
export type MirrorRequest = {
  readonly object: ObjectRef;
  /** What the object's annotations asked for and was acted on, as the entity knows it. */
  readonly handled?: HandledRequests;
  readonly owner?: Owner;
  readonly generation: number;
  readonly version?: string;
  readonly kubernetesVersion?: string;
  readonly subject:
    | { readonly kind: 'operation'; readonly operation: OperationView }
    | {
        readonly kind: 'settled';
        readonly note?: string;
        /** A rollout is open, and waits for its next turn. */
        readonly rollout?: OperationType;
        /** The update policy lets no turn begin yet. */
        readonly heldBack?: HeldBack;
        readonly drift?: readonly Drift[];
        readonly mending?: Mending;
        /** The revision that was asked for, and of which nothing had to be brought. */
        readonly revision?: number;
        /** Of a cluster, where somebody looked inside. */
        readonly inside?: InsideSeen;
        /** Of a cluster, where somebody asked about its next upgrade. */
        readonly upgrade?: UpgradeSeen;
        /** Of a cluster that is on its way to another version. */
        readonly upgrading?: UpgradeStatus;
        /** Of a cluster, where somebody looked for snapshots. */
        readonly backup?: BackupSeen;
        /** Of a cluster, where somebody looked at its certificates. */
        readonly certificates?: CertificatesSeen;
        /** Of a pool, where somebody looked. */
        readonly nodes?: NodeCounts;
        readonly controlPlane?: ControlPlaneReport;
        /** Of a pool with whose nodes something is wrong. */
        readonly nodePool?: NodePoolReport;
        /** What status lacks of what it keeps for good. */
        readonly recalled?: Recalled;
      }
    | { readonly kind: 'waiting'; readonly reason: string }
    | {
        readonly kind: 'blocked';
        readonly reason: string;
        readonly cure: string;
        /** Since when nobody could go on, in epoch milliseconds; absent from what a workflow of the release before asks for. */
        readonly since?: number;
        readonly controlPlane?: ControlPlaneReport;
      }
    /** The object could not be looked at; it is tried again by itself. */
    | {
        readonly kind: 'failing';
        readonly reason: string;
        readonly attempt: number;
        readonly retryAt: number;
        /** As of what is blocked. */
        readonly since?: number;
      }
    /** A person aborted its operation: nothing is begun until it is resumed, changed or deleted. */
    | {
        readonly kind: 'held';
        /** What it brought has gone back: the object is as it was before. */
        readonly returned?: true;
        readonly operation: OperationType;
        /** What of it could not be taken back. */
        readonly left?: string;
      };
  readonly events: readonly EventView[];
};

/** What is going on with an object. */
export type Subject = MirrorRequest['subject'];
