/**
 * Messages: the signals, queries and updates that entities and operations take, and their search attributes.
 *
 * Owns: names, which the watcher, the command line and Temporal's own tools use; they never change meaning.
 * Neighbours: `entity-run.ts` and `operation-messages.ts` have them handled. Imported by `client/`, hence free of everything else.
 */
import { defineSearchAttributeKey } from '@temporalio/common';
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type {
  Assessment,
  Backup,
  BackupList,
  ChangeRequest,
  DriftReport,
  Insight,
  IssuedCertificate,
  OperationView,
  OrphanedCluster,
  OrphanList,
  OrphanRemoval,
  Pacing,
  PlannedChange,
  PlannedUpgrade,
  RestorePreview,
  StepView,
} from '../activities/contract.ts';
import type { ObjectRef } from '../api/object.ts';
import type { OperationType } from '../words/operations.ts';
import type { BlockedVerdict } from '../words/steps.ts';
import type { HandledRequests, Verb } from '../words/verbs.ts';

/** What the command line reads out of workflows. */
export type {
  Assessment,
  Backup,
  BackupList,
  ChangeRequest,
  Insight,
  IssuedCertificate,
  OperationView,
  OrphanedCluster,
  OrphanList,
  OrphanRemoval,
  PlannedChange,
  PlannedUpgrade,
  RestorePreview,
  StepView,
};

export const TASK_QUEUE = 'slipway';

/** Workflow types of the entities; an operation's type is an `OperationType`. */
export const ENTITY_WORKFLOW = { AWSCluster: 'AwsCluster', AWSNodePool: 'AwsNodePool' } as const;
export const DRIFT_SWEEP_WORKFLOW = 'DriftSweep';
/** The schedule of the sweeps of an account and region; also what their workflow ids begin with. */
export const sweepScheduleId = (account: string, region: string, taskQueue: string = TASK_QUEUE): string =>
  `slipway-sweep/${account}/${region}${taskQueue === TASK_QUEUE ? '' : `/${taskQueue}`}`;
export const PLAN_WORKFLOW = 'PlanCluster';
export const PLAN_CHANGE_WORKFLOW = 'PlanChange';
export const PLAN_UPGRADE_WORKFLOW = 'PlanUpgrade';
export const PREVIEW_RESTORE_WORKFLOW = 'PreviewRestore';
export const ISSUE_CREDENTIAL_WORKFLOW = 'IssueCredential';
export const BACKUP_WORKFLOW = 'BackupCluster';
export const LIST_BACKUPS_WORKFLOW = 'ListBackups';
export const LIST_ORPHANS_WORKFLOW = 'ListOrphans';
export const REMOVE_ORPHANS_WORKFLOW = 'RemoveOrphans';

/** An operation that a person aborted: it isn't begun again for this generation until somebody says `resume`. */
export type Held = {
  readonly operation: OperationType;
  readonly generation: number;
  /** What it brought goes back meanwhile, or went back; without it, what exists stays as it is. */
  readonly back?: true;
};

/** Steps that a person skipped: they alone are no reason to begin again. */
export type Skipped = Pick<Held, 'operation' | 'generation'> & { readonly steps: readonly string[] };

/** The state an entity carries through continue-as-new: versioned plain JSON. */
export type EntityState = {
  readonly v: 1;
  readonly object: ObjectRef;
  /** Entities that asked to be told when this one's cluster makes progress, sorted. */
  readonly dependents: readonly string[];
  readonly held?: Held;
  readonly skipped?: Skipped;
  /** The next operation begins paused. */
  readonly paused?: true;
  /** What somebody said `resume` to while an update policy held turns back. */
  readonly released?: string;
  readonly handled?: HandledRequests;
  readonly pacing?: Pacing;
};

/** How an operation ended. Anything but `succeeded` makes the entity assess again. */
export type OperationResult = {
  readonly state: Exclude<OperationView['state'], 'running'>;
  readonly reason?: string;
  /** Steps that a person skipped. */
  readonly skipped?: readonly string[];
  /** It was paused when it ended by itself: what takes its place begins paused. */
  readonly paused?: true;
  /** What of it could not be taken back after it was aborted. */
  readonly left?: string;
  /** What was said to it while it ended, oldest first: that is for what comes next. */
  readonly late?: readonly AskedVerb[];
};

/** What `getState` answers of an entity. */
export type EntityView = {
  readonly object: ObjectRef;
  readonly phase: 'assessing' | 'operating' | 'settled' | 'waiting' | 'blocked' | 'finished' | 'orphaned';
  readonly reason?: string;
  readonly operationId?: string;
  /** The operation that a person aborted and that `resume` begins again. */
  readonly held?: OperationType;
  /** A rollout between two of its turns. */
  readonly rollout?: OperationType;
  /** Its next turn begins paused. */
  readonly paused?: true;
  /** An update policy holds its next turn back; `resume` lets it begin. */
  readonly heldBack?: true;
  /** A sweep found that something differs, which `retry` mends. */
  readonly drifted?: true;
};

/**
 * "Something about the object may have changed": the entity reads it again. Lost, doubled, reordered: no harm. `news` says
 * what the sender saw, so that whoever looked at it already, and lacks nothing, need not look again.
 */
export const specChanged = defineSignal<[{ readonly news: string }?]>('specChanged');
/** "Your cluster made progress": only of interest to a pool that waits for it. */
export const clusterProgressed = defineSignal<[]>('clusterProgressed');
/** A node pool asks its cluster's entity to be told about progress. */
export const addDependent = defineSignal<[{ entityId: string }]>('addDependent');
/** An operation tells its entity that a milestone was reached. */
export const milestoneReached = defineSignal<[{ key: string }]>('milestoneReached');
/** A sweep tells an entity what differs, or no longer does: it is written to status, or looked at where it is to be mended, and never makes a plan. */
export const driftFound = defineSignal<[DriftReport]>('driftFound');
/** The entity tells its operation that a newer spec or a deletion takes its place. */
export const supersede = defineSignal<[{ reason: string }]>('supersede');

export const getEntityState = defineQuery<EntityView>('getState');
/** How far a backup is, as sentences, the newest last. */
export const getBackupProgress = defineQuery<readonly string[]>('getProgress');
export const getOperationState = defineQuery<OperationView>('getState');

/**
 * Retry takes a step or means all that are blocked; skip needs one. The others have none. `token` is the annotation's whole value,
 * where an annotation asked.
 */
export type Ask = { readonly step?: string; readonly token?: string };
export type AskedVerb = { readonly verb: Verb; readonly ask: Ask };

/** As an update a verb is answered: done, or refused with the reason. */
export const verbUpdates = {
  retry: defineUpdate<string, [Ask]>('retry'),
  skip: defineUpdate<string, [Ask]>('skip'),
  pause: defineUpdate<string, [Ask]>('pause'),
  resume: defineUpdate<string, [Ask]>('resume'),
  abort: defineUpdate<string, [Ask]>('abort'),
} as const;

/** As a signal it is kept while no worker is up; what makes no sense by then is ignored, and logged. */
export const verbSignals = {
  retry: defineSignal<[Ask]>('retry'),
  skip: defineSignal<[Ask]>('skip'),
  pause: defineSignal<[Ask]>('pause'),
  resume: defineSignal<[Ask]>('resume'),
  abort: defineSignal<[Ask]>('abort'),
} as const;

/** The watcher tells an entity its object's verb annotations: `<token>` or `<token>/<step>`. Each value acts once. */
export const annotated = defineSignal<[{ readonly requests: Readonly<Partial<Record<Verb, string>>> }]>('annotated');

export const SEARCH_ATTRIBUTES = {
  cluster: defineSearchAttributeKey('SlipwayCluster', 'KEYWORD'),
  phase: defineSearchAttributeKey('SlipwayPhase', 'KEYWORD'),
  operation: defineSearchAttributeKey('SlipwayOperation', 'KEYWORD'),
  blockedStep: defineSearchAttributeKey('SlipwayBlockedStep', 'KEYWORD'),
} as const;

/** The memo that a listing shows of a workflow: what is blocked there, without asking the workflow. */
export const BLOCKED_MEMO = 'SlipwayBlocked';
export type BlockedMemo = readonly {
  readonly step: string;
  readonly kind: string;
  readonly verdict: BlockedVerdict;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly message: string;
  /** In conditions, where it isn't that of the verdict. */
  readonly reason?: string;
}[];

const { blockedStep, operation, phase } = SEARCH_ATTRIBUTES;
/** Something of it is blocked, or a person paused or aborted it. */
const IS_STUCK = `${blockedStep.name} IS NOT NULL OR ${phase.name} IN ('Paused', 'blocked')`;

/** Finds, in Temporal, whatever does not go on. */
export const STUCK_QUERY = `ExecutionStatus = 'Running' AND (${IS_STUCK})`;
/** Finds every operation that runs, too. */
export const LISTED_QUERY = `ExecutionStatus = 'Running' AND (${operation.name} IS NOT NULL OR ${IS_STUCK})`;
