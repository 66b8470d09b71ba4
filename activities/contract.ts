/**
 * The contract between workflows and activities: the activities by name, with plain data in and out.
 *
 * Owns: shapes only. `workflows/` import these as types; `activities/index.ts` implements them; nothing here runs.
 * Invariants: I8 (no shape has room for a secret), I10 (plain JSON, lists sorted where they are made).
 */
import type { ObjectRef, Owner } from '../api/object.ts';
import type { Found, Plan, Step } from '../policy/plan.ts';
import type { Outputs } from '../topology/resource.ts';

export type OperationType = 'CreateCluster' | 'DeleteCluster' | 'CreateNodePool' | 'DeleteNodePool';

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
};

/** What `assess` decided: observe -> decide -> plan, in one activity. */
export type Assessment =
  /** The object is gone, or another object has its name: change nothing. An absent object never means delete. */
  | { readonly kind: 'orphaned'; readonly reason: string }
  /** The object is gone as it should: our finalizer was removed by a finished delete. */
  | { readonly kind: 'finished' }
  /** Nothing differs. */
  | { readonly kind: 'settled'; readonly generation: number }
  /** A node pool whose cluster isn't ready for it (or is absent or deleting). Signal `entityId` to be told. */
  | { readonly kind: 'waiting'; readonly generation: number; readonly reason: string; readonly entityId?: string }
  /** Only a person can cure it: wrong account, incomplete inventory, unknown version. */
  | { readonly kind: 'blocked'; readonly generation: number; readonly reason: string; readonly cure: string }
  | { readonly kind: 'operate'; readonly operation: OperationInput };

export type AssessRequest = { readonly object: ObjectRef };

export type StepRequest = {
  readonly object: ObjectRef;
  readonly owner: Owner;
  readonly entityId: string;
  /** The step, every reference in its resource replaced by its value. */
  readonly step: Step;
  /** True for a step's first execution in its operation: only that one trusts `step.found` (I2). */
  readonly first: boolean;
};

export type StepOutcome = {
  readonly change: 'created' | 'updated' | 'unchanged' | 'removed';
  readonly outputs: Outputs;
};

/** A step as the projection sees it. */
export type StepState =
  | { readonly state: 'pending' }
  | { readonly state: 'running'; readonly since: number }
  | { readonly state: 'done'; readonly at: number; readonly change: StepOutcome['change'] }
  | { readonly state: 'skipped'; readonly at: number }
  | {
      readonly state: 'blocked';
      readonly since: number;
      readonly attempt: number;
      readonly verdict: 'blocked' | 'capacity' | 'retry' | 'bug';
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

/** The state of an operation, as its query answers it and as `mirror` writes it. */
export type OperationView = {
  readonly type: OperationType;
  readonly workflowId: string;
  readonly runId: string;
  readonly state: 'running' | 'succeeded' | 'superseded' | 'aborted' | 'failed';
  readonly startedAt: number;
  readonly finishedAt?: number;
  readonly steps: readonly StepView[];
  /** Outputs known so far, by resource key: where status finds endpoint and ids. */
  readonly outputs: Readonly<Record<string, Outputs>>;
};

/** Projection of workflow state to the object's status: written by the running operation, or else by the entity. */
export type MirrorRequest = {
  readonly object: ObjectRef;
  readonly owner?: Owner;
  readonly generation: number;
  readonly version?: string;
  readonly kubernetesVersion?: string;
  readonly subject:
    | { readonly kind: 'operation'; readonly operation: OperationView }
    | { readonly kind: 'settled' }
    | { readonly kind: 'waiting'; readonly reason: string }
    | { readonly kind: 'blocked'; readonly reason: string; readonly cure: string };
  readonly events: readonly EventView[];
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
  readonly clusterId: string;
};

export type Activities = {
  assess(request: AssessRequest): Promise<Assessment>;
  ensure(request: StepRequest): Promise<StepOutcome>;
  remove(request: StepRequest): Promise<StepOutcome>;
  /** One look: fails with a benign error and a delay while the resource isn't ready. */
  wait(request: StepRequest): Promise<StepOutcome>;
  mirror(request: MirrorRequest): Promise<void>;
  issueCertificate(request: IssueCertificateRequest): Promise<IssuedCertificate>;
};

export type { Found, ObjectRef, Outputs, Owner, Plan, Step };
