/**
 * Assessments: what `decide` may answer, and the operation that it may ask for.
 *
 * Owns: shapes only, plain JSON (I10). Neighbours: `decide-cluster.ts` and `decide-nodepool.ts` answer with them, the
 * entity acts on them, an operation takes its input from them; `activities/contract.ts` passes them on.
 */
import type { UpgradeStatus } from '../api/cluster.ts';
import type { ObjectRef, Owner } from '../api/object.ts';
import type { OperationType } from '../words/operations.ts';
import type { HandledRequests } from '../words/verbs.ts';
import type { AppliedMarks } from './applied-marks.ts';
import type { NodePoolReport } from './node-repair.ts';
import type { InsideSeen, Plan } from './plan.ts';
import type { Recalled } from './recalled.ts';
import type { ControlPlaneReport } from './repair.ts';
import type { Turn } from './rollout.ts';
import type { HeldBack } from './update-windows.ts';
import type { Drift, NodeCounts, Restored } from './views.ts';

/** How soon what failed is tried again by itself, and when a wait is overdue: a setting of the worker, and part of inputs, so that a replay has it too. */
export type Pacing = {
  readonly retryMs: number;
  /** The longest pause; each is twice the one before. */
  readonly retryMaxMs: number;
  /** A wait that takes longer than this is shown as what stands in the way; it goes on all the same. */
  readonly overdueMs?: number;
};

/** The input of an operation's workflow: what it set out to do, for which generation of the object. */
export type OperationInput = {
  readonly v: 1;
  readonly type: OperationType;
  readonly object: ObjectRef;
  readonly owner: Owner;
  readonly generation: number;
  /** The version string that the spec asks for, and the Kubernetes version that stands for it. */
  readonly version: string;
  readonly kubernetesVersion: string;
  readonly plan: Plan;
  /** Signalled about the operation's milestones; the parent entity. */
  readonly entityId: string;
  /** When it succeeds, the object is as this generation asks for: nothing was postponed, so nobody needs to look again. */
  readonly settles?: true;
  readonly pacing?: Pacing;
  readonly handled?: HandledRequests;
  /** What others changed and it mends, as `spec.driftPolicy` says: named in events, and counted in status. */
  readonly mends?: readonly Drift[];
  /** Keys of the tags that it may set, of the spec that it was planned for; sorted. */
  readonly tagKeys?: readonly string[];
  /** Labels and taints that its nodes may get, of the same spec. */
  readonly marks?: AppliedMarks;
  /** Nobody reaches the cluster's API before it has done its work: why, as a sentence. */
  readonly unreachable?: string;
  /** The revision whose add-ons it brings, pinned in status once it has succeeded. */
  readonly revision?: number;
  /** Of a rollout: it is one of several that belong together. */
  readonly turn?: Turn;
  /** Of a cluster that is on its way to another version: how far it is by now. */
  readonly upgrading?: UpgradeStatus;
  /** It takes back what its rollout left between two turns, since somebody aborted it there: done, it counts as aborted. */
  readonly givesUp?: true;
  /** The snapshot that all replicas hold once it has succeeded. */
  readonly restores?: Restored;
  /** Starts without starting steps: a person paused it before it began, or its predecessor was paused. */
  readonly paused?: true;
};

/** What `assess` decided: observe -> decide -> plan, in one activity. */
export type Assessment = Decision & {
  readonly pacing?: Pacing;
  /** Those that status names: an entity that lost its memory doesn't act on them again. */
  readonly handled?: HandledRequests;
};

/** What was decided. */
type Decision =
  /** The object is gone, or another object has its name: change nothing. An absent object never means delete. */
  | { readonly kind: 'orphaned'; readonly reason: string }
  /** The object is gone as it should: our finalizer was removed by a finished delete. */
  | { readonly kind: 'finished' }
  /** Nothing differs that a plan could change; `note` names what waits for another kind of operation. */
  | {
      readonly kind: 'settled';
      readonly generation: number;
      readonly note?: string;
      /** The revision that was asked for, and of which nothing had to be brought: pinned in status. */
      readonly revision?: number;
      /** What was seen in the user cluster itself, where somebody looked. */
      readonly inside?: InsideSeen;
      readonly clusterId?: string;
      /** What its status no longer says of it, and what was seen does. */
      readonly recalled?: Recalled;
      /** A rollout is open, and its next turn has to wait: people may say to it what they say to an operation. */
      readonly rollout?: OperationType;
      /** Machines are to be replaced, and the update policy lets no turn begin yet: nothing is under way. */
      readonly heldBack?: HeldBack;
      /** Of a cluster that is on its way to another version. */
      readonly upgrading?: UpgradeStatus;
      /** So its status says, and whoever looks without machines knows no better. */
      readonly stillHeld?: true;
      /** What takes back what is left of it, where somebody aborts it now. */
      readonly givenUp?: OperationInput;
      /** Something is wrong with replicas; look again by itself after so many seconds. */
      readonly controlPlane?: ControlPlaneReport;
      /** Of a pool whose machines were looked at: how many are Ready, and with which something is wrong. */
      readonly nodes?: NodeCounts;
      readonly nodePool?: NodePoolReport;
      readonly lookAgainSeconds?: number;
    }
  /** A node pool whose cluster isn't ready for it (or is absent or deleting). Signal `entityId` to be told. */
  | { readonly kind: 'waiting'; readonly generation: number; readonly reason: string; readonly entityId?: string }
  /** Only a person can cure it: wrong account, incomplete inventory, unknown version. */
  | {
      readonly kind: 'blocked';
      readonly generation: number;
      readonly reason: string;
      readonly cure: string;
      readonly controlPlane?: ControlPlaneReport;
      /** What may pass by itself is looked at this soon; otherwise ever more rarely. */
      readonly lookAgainSeconds?: number;
    }
  | {
      readonly kind: 'operate';
      readonly operation: OperationInput;
      /** What takes back what earlier turns left, where this one was aborted before it begins. */
      readonly givenUp?: OperationInput;
    };
