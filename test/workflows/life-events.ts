/** Events of an entity's life as tests say them, and what they make of one that was born a moment ago. */
import type { Assessment, OperationInput } from '../../activities/contract.ts';
import { next } from '../../workflows/entity-life.ts';
import { begin, type EntityEvent, type EntityLife } from '../../workflows/entity-states.ts';
import { viewOf } from '../../workflows/entity-view.ts';
import type { OperationResult } from '../../workflows/messages.ts';
import { operationOf, planOf, securityGroup, stepOf } from './builders.ts';

export const GROUP = 'ensure security-group/controlplane';
export const PACING = { retryMs: 1_000, retryMaxMs: 60_000 };
export const create = operationOf(planOf(stepOf(securityGroup('controlplane'))));
export const remove = operationOf(planOf(), { type: 'DeleteCluster', generation: 2 });
export const { object } = create;

export const seenOf = (changes: number, progress = 0) => ({ changes, progress });
export const assessed = (assessment: Assessment, { at = 0, seen = seenOf(1) } = {}): EntityEvent => ({
  kind: 'assessed',
  at,
  seen,
  assessment,
});
export const operate = (operation: OperationInput = create) => ({ kind: 'operate', operation }) satisfies Assessment;
export const settled = { kind: 'settled', generation: 1 } satisfies Assessment;
export const waiting = {
  kind: 'waiting',
  generation: 1,
  reason: 'no network yet',
  entityId: 'awscluster/a',
} satisfies Assessment;
export const blocked = {
  kind: 'blocked',
  generation: 1,
  reason: 'wrong account',
  cure: 'use the other',
} satisfies Assessment;
export const unassessed = (at = 0): EntityEvent => ({
  kind: 'unassessed',
  at,
  seen: seenOf(1),
  reason: 'ECONNREFUSED',
});
export const asked = (...verbs: readonly ('retry' | 'pause' | 'resume' | 'abort')[]): EntityEvent => ({
  kind: 'asked',
  verbs: verbs.map((verb) => ({ verb, ask: {} })),
});
export const started: EntityEvent = { kind: 'started', operationId: 'awscluster/a/operation' };
export const ended = (result: OperationResult, { at = 0, news = seenOf(1) } = {}): EntityEvent => ({
  kind: 'ended',
  at,
  result,
  news,
});
export const woken = ({ at = 0, news = seenOf(1), leaving = false } = {}): EntityEvent => ({
  kind: 'woken',
  at,
  news,
  leaving,
});
export const retry: EntityEvent = { kind: 'retry' };
export const resume: EntityEvent = { kind: 'resume' };

const born = begin({ pacing: PACING });
export const after = (...events: readonly EntityEvent[]): EntityLife => events.reduce<EntityLife>(next, born);
export const running = [assessed(operate()), asked(), started] as const;
export const phaseAfter = (...events: readonly EntityEvent[]) => viewOf(object, after(...events));
