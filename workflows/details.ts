/**
 * Details: an operation as a runbook in Markdown, for Temporal's current details.
 *
 * Owns: what a person reads first in Temporal's UI: what runs, what is blocked, since when, why, and the exact commands
 * that move it on. Neighbours: `operation-publishing.ts` publishes it whenever a step changes; `policy/status.ts` says the same to
 * `kubectl`. Pure, and runs nothing but `words`, so that it can be part of a workflow (I10: every time in it comes from
 * the view, every list keeps the plan's order). Invariants: I9.
 */

import type { ObjectRef, OperationInput, OperationView, StepState, StepView } from '../activities/contract.ts';
import { operationsCommand, signalCommand, updateCommand } from '../words/commands.ts';
import { BLOCKED_BECAUSE, isBlocked, isOver, progressSaid } from '../words/steps.ts';
import { shortened } from '../words/text.ts';
import { timeOf } from '../words/time.ts';

/** Temporal keeps 20,000 bytes of details; the lists are cut so that a large plan never comes near. */
const LISTED = 12;
const MESSAGE_LENGTH = 600;

type BlockedStep = StepView & { readonly status: Extract<StepState, { state: 'blocked' }> };
type Running = StepView & { readonly status: Extract<StepState, { state: 'running' }> };

const isRunning = (step: StepView): step is Running => step.status.state === 'running';

const cut = (message: string): string => shortened(message, MESSAGE_LENGTH);

const listed = <T>(items: readonly T[], line: (item: T) => string, more: string): string[] => [
  ...items.slice(0, LISTED).map(line),
  ...(items.length > LISTED ? [`- … and ${items.length - LISTED} more ${more}`] : []),
];

const commands = (...lines: readonly string[]): string[] => ['```', ...lines, '```'];

const blockedSection = (view: OperationView, object: ObjectRef, steps: readonly BlockedStep[]): string[] => {
  if (steps.length === 0) return [];
  const entry = ({ id, status }: BlockedStep): string =>
    [
      `- \`${id}\` ${BLOCKED_BECAUSE[status.verdict]}. Since ${timeOf(status.since)}; attempt ${status.attempt} failed, the next is at ${timeOf(status.retryAt)}.`,
      `  > ${cut(status.message).replaceAll('\n', '\n  > ')}`,
      '',
      '  Once the cause is cured, try it now:',
      ...commands(operationsCommand('retry', object, id), updateCommand('retry', view.workflowId, id)).map(
        (line) => `  ${line}`,
      ),
    ].join('\n');
  const first = steps[0];
  return [
    '#### Blocked',
    ...listed(steps, entry, 'blocked steps'),
    '',
    'All at once: leave the step out. To go on without it: `skip` instead of `retry`, where nothing else needs it. If no worker is up, `slipway` sends a signal, which is kept until one is; the same with `temporal`:',
    ...commands(first === undefined ? '' : signalCommand('retry', view.workflowId, first.id)),
    '',
  ];
};

const pausedSection = (view: OperationView, object: ObjectRef): string[] =>
  view.pausedAt === undefined || view.state !== 'running'
    ? []
    : [
        '#### Paused',
        `Since ${timeOf(view.pausedAt)}: no step begins, and none that failed is tried again by itself. To go on:`,
        ...commands(operationsCommand('resume', object), updateCommand('resume', view.workflowId)),
        '',
      ];

const runningSection = (steps: readonly Running[]): string[] =>
  steps.length === 0
    ? []
    : [
        '#### Running',
        ...listed(
          steps,
          ({ id, status }) =>
            `- \`${id}\` since ${timeOf(status.since)}${status.awaited === undefined ? '' : `: ${cut(status.awaited)}`}`,
          'running steps',
        ),
        '',
      ];

const nextSection = (view: OperationView): string[] => {
  const unfinished = new Set(view.steps.filter((step) => !isOver(step)).map((step) => step.id));
  const pending = view.steps.filter((step) => step.status.state === 'pending');
  if (pending.length === 0 || view.state !== 'running') return [];
  const line = (step: StepView): string => {
    const open = step.needs.filter((id) => unfinished.has(id)).map((id) => `\`${id}\``);
    return `- \`${step.id}\`${open.length === 0 ? '' : ` after ${open.join(', ')}`}`;
  };
  return ['#### Next', ...listed(pending, line, 'steps'), ''];
};

const headline = (view: OperationView): string => {
  const blocked = view.steps.filter(isBlocked).length;
  const progress = progressSaid({ done: view.steps.filter(isOver).length, total: view.steps.length });
  switch (view.state) {
    case 'running':
      if (view.pausedAt !== undefined) return `**Paused**: ${progress}.`;
      return blocked === 0 ? `Running: ${progress}.` : `**Blocked** at ${blocked} of its steps: ${progress}.`;
    case 'succeeded':
      return `Succeeded: ${progress}.`;
    case 'superseded':
      return `Superseded by something newer: ${progress}. The entity looked at the object again.`;
    case 'aborted':
      return `Aborted: ${progress}. What exists stays as it is. Resume, change or delete the object to go on.`;
    case 'failed':
      return `Failed: ${progress}. The entity looks at the object again by itself.`;
  }
};

/** The runbook of one operation. */
export const currentDetails = (
  view: OperationView,
  input: Pick<OperationInput, 'object' | 'owner' | 'version' | 'kubernetesVersion'>,
): string => {
  const { object, owner } = input;
  const ended = view.finishedAt === undefined ? '' : `, ended ${timeOf(view.finishedAt)}`;
  return [
    `### ${view.type} of ${object.kind} ${object.namespace}/${object.name}`,
    headline(view),
    '',
    `Version ${input.version} (Kubernetes ${input.kubernetesVersion}), cluster ${owner.clusterId} in ${owner.region}, account ${owner.account}. Began ${timeOf(view.startedAt)}${ended}.`,
    '',
    ...(view.state === 'aborted' ? [...commands(operationsCommand('resume', object)), ''] : []),
    ...(view.statusProblem === undefined
      ? []
      : [`**The object's status can't be written**: ${cut(view.statusProblem)}`, '']),
    ...pausedSection(view, object),
    ...blockedSection(view, object, view.steps.filter(isBlocked)),
    ...runningSection(view.steps.filter(isRunning)),
    ...nextSection(view),
  ]
    .join('\n')
    .trimEnd();
};
