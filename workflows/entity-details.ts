/**
 * An entity's current details in Temporal: what it is at while no operation runs, and the commands that move it on.
 *
 * Owns: wording. Pure, and without imports that run. Neighbours: `details.ts` says the same of an operation,
 * `policy/status.ts` to `kubectl`. Invariants: I9, I10 (every time in it is workflow time).
 */

import { operationsCommand, signalCommand, updateCommand } from '../words/commands.ts';
import { timeOf } from '../words/time.ts';
import type { EntityView } from './messages.ts';

export const entityDetails = (view: EntityView, entityId: string, blockedSince: number | undefined): string => {
  const { object, phase, reason, operationId, held } = view;
  const verb = held === undefined ? 'retry' : 'resume';
  const said = reason === undefined ? [] : ['', `> ${reason.replaceAll('\n', '\n> ')}`];
  return [
    `### ${object.kind} ${object.namespace}/${object.name}`,
    `**${phase}**${phase === 'blocked' && blockedSince !== undefined ? ` since ${timeOf(blockedSince)}` : ''}`,
    ...(operationId === undefined ? [] : ['', `Its operation: \`${operationId}\``]),
    ...said,
    ...(phase === 'blocked'
      ? [
          '',
          held === undefined ? 'Once the cause is cured, have it looked at again now:' : 'To begin again:',
          '```',
          operationsCommand(verb, object),
          updateCommand(verb, entityId),
          '```',
          'While no worker is up:',
          '```',
          signalCommand(verb, entityId),
          '```',
        ]
      : []),
  ].join('\n');
};
