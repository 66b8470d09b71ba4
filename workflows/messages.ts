/**
 * Messages: the signals, queries and updates that entities and operations take, and their search attributes.
 *
 * Owns: names, which the watcher, the command line and Temporal's own tools use; they never change meaning.
 * Neighbours: `entity.ts` and `operation.ts` handle them. Imported by `client/`, hence free of everything else.
 */
import { defineSearchAttributeKey } from '@temporalio/common';
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { IssuedCertificate, OperationView, StepView } from '../activities/contract.ts';
import type { ObjectRef } from '../api/object.ts';

/** What the command line reads out of workflows. */
export type { IssuedCertificate, OperationView, StepView };

export const TASK_QUEUE = 'slipway';

/** Workflow types of the entities; an operation's type is an `OperationType`. */
export const ENTITY_WORKFLOW = { AWSCluster: 'AwsCluster', AWSNodePool: 'AwsNodePool' } as const;
export const ISSUE_CREDENTIAL_WORKFLOW = 'IssueCredential';

/** The state an entity carries through continue-as-new: versioned plain JSON. */
export type EntityState = {
  readonly v: 1;
  readonly object: ObjectRef;
  /** Entities that asked to be told when this one's cluster makes progress, sorted. */
  readonly dependents: readonly string[];
};

/** How an operation ended. Anything but `succeeded` makes the entity assess again. */
export type OperationResult = { readonly state: OperationView['state']; readonly reason?: string };

/** What `getState` answers of an entity. */
export type EntityView = {
  readonly object: ObjectRef;
  readonly phase: 'assessing' | 'operating' | 'settled' | 'waiting' | 'blocked' | 'finished' | 'orphaned';
  readonly reason?: string;
  readonly operationId?: string;
};

/** "Something about the object may have changed": the entity reads it again. Lost, doubled, reordered: no harm. */
export const specChanged = defineSignal<[]>('specChanged');
/** "Your cluster made progress": only of interest to a pool that waits for it. */
export const clusterProgressed = defineSignal<[]>('clusterProgressed');
/** A node pool asks its cluster's entity to be told about progress. */
export const addDependent = defineSignal<[{ entityId: string }]>('addDependent');
/** An operation tells its entity that a milestone was reached. */
export const milestoneReached = defineSignal<[{ key: string }]>('milestoneReached');
/** The entity tells its operation that a newer spec or a deletion takes its place. */
export const supersede = defineSignal<[{ reason: string }]>('supersede');

export const getEntityState = defineQuery<EntityView>('getState');
export const getOperationState = defineQuery<OperationView>('getState');

/** Retry a blocked step now: as an update (refused with a reason) and as a signal (for when no worker is up). */
export const retryStep = defineUpdate<string, [{ step?: string }]>('retry');
export const retryStepSignal = defineSignal<[{ step?: string }]>('retry');

export const SEARCH_ATTRIBUTES = {
  cluster: defineSearchAttributeKey('SlipwayCluster', 'KEYWORD'),
  phase: defineSearchAttributeKey('SlipwayPhase', 'KEYWORD'),
  operation: defineSearchAttributeKey('SlipwayOperation', 'KEYWORD'),
  blockedStep: defineSearchAttributeKey('SlipwayBlockedStep', 'KEYWORD'),
} as const;
