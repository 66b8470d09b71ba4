/**
 * What a step that is done makes known beyond its operation: an event of the object, a milestone to the entity.
 *
 * Owns: which steps say something, of what they made or in warning, and the events that are not written yet. Neighbours: `operation.ts` says what is done;
 * `operation-publishing.ts` writes events with the status; `dependents.ts` passes milestones on.
 */
import { getExternalWorkflowHandle, log } from '@temporalio/workflow';
import type { Drift, EventView, OperationInput } from '../activities/contract.ts';
import type { Outputs } from '../kinds/row.ts';
import type { Step } from '../policy/plan.ts';
import type { ResourceKey } from '../words/keys.ts';
import { noticesIn, warningsIn } from '../words/warnings.ts';
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

/** That what others changed of a thing is put right, by the step that did it. Pure. */
export const mendedBy = ({ verb, resource }: Step, mends: readonly Drift[]): readonly Told[] =>
  verb === 'wait'
    ? []
    : mends
        .filter(({ key }) => key === resource.key)
        .map(({ key, difference }) => ({
          reason: 'MendedDrift',
          message: `Mended ${key}: ${difference}`,
          type: 'Normal',
        }));

/** What a step that is done tells about its object, warnings first. Pure. */
export const eventsOf = (step: Step, outputs: Readonly<Record<ResourceKey, Outputs>>): readonly Told[] => {
  if (step.verb === 'remove') return [];
  const { key, event } = step.resource;
  const own = outputs[key] ?? {};
  const warnings = [
    ...warningsIn(own).map((warning): Told => ({ ...warning, type: 'Warning' })),
    ...noticesIn(own).map((notice): Told => ({ ...notice, type: 'Normal' })),
  ];
  // A step is planned with nothing found only where the thing was missing: its making is what the event tells.
  if (event === undefined || (step.verb === 'ensure' && step.found !== undefined)) return warnings;
  const { reason, type = 'Normal' } = event;
  return [...warnings, { reason, message: resolveMessage(event.message, outputs), type }];
};

export const operationEvents = (
  { entityId, mends = [] }: Pick<OperationInput, 'entityId' | 'mends'>,
  outputs: Readonly<Record<ResourceKey, Outputs>>,
): OperationEvents => {
  const entity = getExternalWorkflowHandle(entityId);
  let unwritten: readonly EventView[] = [];
  let sequence = 0;

  const record = (step: Step): void => {
    for (const event of [...eventsOf(step, outputs), ...mendedBy(step, mends)]) {
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
