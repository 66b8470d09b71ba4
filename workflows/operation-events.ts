/**
 * What a step that is done makes known beyond its operation: an event of the object, a milestone to the entity.
 *
 * Owns: which steps say something, of what they made or in warning, and the events that are not written yet. Neighbours: `operation.ts` says what is done;
 * `operation-publishing.ts` writes events with the status; `dependents.ts` passes milestones on.
 */
import { getExternalWorkflowHandle, log } from '@temporalio/workflow';
import type { EventView } from '../activities/contract.ts';
import type { Outputs } from '../kinds/row.ts';
import type { Step } from '../policy/plan.ts';
import type { ResourceKey } from '../words/keys.ts';
import { warningsIn } from '../words/warnings.ts';
import { milestoneReached } from './messages.ts';
import { resolveMessage } from './references.ts';

export type OperationEvents = {
  readonly completed: (step: Step) => void;
  /** Not written yet, oldest first. */
  readonly unwritten: () => readonly EventView[];
  /** So many of the oldest are written. */
  readonly written: (count: number) => void;
};

type Told = Pick<EventView, 'reason' | 'message' | 'type'>;

/** What a step that is done tells about its object, warnings first. Pure. */
export const eventsOf = (step: Step, outputs: Readonly<Record<ResourceKey, Outputs>>): readonly Told[] => {
  if (step.verb === 'remove') return [];
  const { key, event } = step.resource;
  const warnings = warningsIn(outputs[key] ?? {}).map((warning): Told => ({ ...warning, type: 'Warning' }));
  // A step is planned with nothing found only where the thing was missing: its making is what the event tells.
  if (event === undefined || (step.verb === 'ensure' && step.found !== undefined)) return warnings;
  const { reason, type = 'Normal' } = event;
  return [...warnings, { reason, message: resolveMessage(event.message, outputs), type }];
};

export const operationEvents = (entityId: string, outputs: Readonly<Record<ResourceKey, Outputs>>): OperationEvents => {
  const entity = getExternalWorkflowHandle(entityId);
  let unwritten: readonly EventView[] = [];
  let sequence = 0;

  const record = (step: Step): void => {
    for (const event of eventsOf(step, outputs)) {
      sequence += 1;
      unwritten = [...unwritten, { ...event, at: Date.now(), sequence }];
    }
  };

  const announce = ({ verb, resource }: Step): void => {
    if (verb !== 'ensure' || resource.kind !== 'milestone' || resource.properties.beginning === true) return;
    const { key } = resource;
    entity.signal(milestoneReached, { key }).catch((error: unknown) => {
      // A lost signal only costs time: those who wait also look by themselves.
      log.warn('The entity could not be told about a milestone', { milestone: key, error: String(error) });
    });
  };

  return {
    completed: (step) => {
      record(step);
      announce(step);
    },
    unwritten: () => unwritten,
    written: (count) => void (unwritten = unwritten.slice(count)),
  };
};
