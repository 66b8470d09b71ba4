/**
 * Operations in a description: what runs, what stands in the way, and what moves it on.
 *
 * Owns: the branches of one operation, from the best that is known of it: its own view, else what Temporal knows of its
 * activities, else what status recorded. Pure. Neighbours: `describe.ts` puts them under their object.
 */

import { referenceTo } from '../../api/object.ts';
import { operationsCommand, updateCommand } from '../../words/commands.ts';
import { BLOCKED_BECAUSE, isOver, progressSaid } from '../../words/steps.ts';
import type { Verb } from '../../words/verbs.ts';
import type { StepView } from '../../workflows/messages.ts';
import { type StoredCluster, type StoredNodePool } from '../management.ts';
import type { LiveStep, OperationReport, WorkflowReport } from '../operations.ts';
import { SLIPWAY } from '../user-error.ts';
import { span } from './table.ts';
import { type Branch, branch, leaf, type Paint } from './tree.ts';

export type Drawing = {
  readonly paint: Paint;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Flags that lead `temporal` to the right server, or nothing where its defaults do. */
  readonly temporalFlags: string;
};

type AnyObject = StoredCluster | StoredNodePool;
type BlockedStatus = Extract<StepView['status'], { state: 'blocked' }>;

/** As Slipway is called here, which need not be a checkout. */
export const spelled = (command: string): string => command.replace(/^npx slipway/, SLIPWAY);

/** Led to the server that this command line talks to. */
export const withFlags = (command: string, temporalFlags: string): string =>
  command.replace(/^temporal workflow( update)? (\w+)/, (start) => `${start}${temporalFlags}`);

/** What is asked of an operation: about which object, and in which workflow. */
type Target = { readonly object: AnyObject; readonly workflowId: string };

const ways = (verb: Verb, { object, workflowId }: Target, { temporalFlags }: Drawing, step?: string): string[] => [
  spelled(operationsCommand(verb, referenceTo(object), step)),
  `or: ${withFlags(updateCommand(verb, workflowId, step), temporalFlags)}`,
];

const blockedBranch = (id: string, status: BlockedStatus, target: Target, drawing: Drawing): Branch => {
  const { paint, now } = drawing;
  const wait = status.retryAt - now;
  const next = wait > 0 ? `next try in ${span(wait)}` : 'next try now';
  const [first = '', ...rest] = ways('retry', target, drawing, id);
  return branch(
    `${paint.red('✗')} ${id} ${paint.red(BLOCKED_BECAUSE[status.verdict])} ${paint.dim(`(attempt ${status.attempt} failed ${span(now - status.since)} ago, ${next})`)}`,
    leaf(status.message),
    ...[`retry now: ${first}`, ...rest].map((line) => leaf(paint.dim(line))),
  );
};

const stepBranch = (step: StepView, live: LiveStep | undefined, target: Target, drawing: Drawing): Branch => {
  const { paint, now } = drawing;
  const { status } = step;
  switch (status.state) {
    case 'running': {
      const attempts = live && live.attempt > 1 ? `, attempt ${live.attempt}` : '';
      return branch(
        `${paint.yellow('▸')} ${step.id} ${paint.dim(`(${span(now - status.since)}${attempts})`)}`,
        ...(live?.paused === true
          ? [
              leaf(
                paint.red(
                  `paused in Temporal; go on: temporal activity unpause${drawing.temporalFlags} --workflow-id '${target.workflowId}' --activity-id '${step.id}'`,
                ),
              ),
            ]
          : []),
        ...[live?.lastError ?? status.awaited].flatMap((said) => (said === undefined ? [] : [leaf(paint.dim(said))])),
      );
    }
    case 'blocked':
      return blockedBranch(step.id, status, target, drawing);
    case 'pending':
    case 'done':
    case 'skipped':
      return leaf(`${paint.dim('·')} ${step.id}`);
  }
};

/** What the server knows by itself: activities that it is trying, with attempts and last failures. */
export const liveBranches = (report: WorkflowReport<unknown>, paint: Paint): Branch[] =>
  report.live.map((step) =>
    branch(
      `${paint.yellow('▸')} ${step.id} ${paint.dim(`(attempt ${step.attempt})`)}`,
      ...(step.lastError ? [leaf(paint.dim(step.lastError))] : []),
    ),
  );

/** What the object's status recorded of its last operation and of what stood in the way. */
export const recordedBranch = ({ status }: AnyObject, { paint }: Drawing): Branch[] => {
  const last = status?.lastOperation;
  const errors = (status?.lastErrors ?? []).map((error) =>
    branch(`${paint.red('✗')} ${error.step ?? 'a step'}: ${error.message ?? 'no message'}`),
  );
  if (last === undefined) return errors;
  const { done = 0, total = 0 } = last.progress ?? {};
  const progress = last.progress === undefined ? '' : `: ${progressSaid({ done, total })}`;
  const running = (last.steps ?? []).filter((step) => step.state === 'running');
  return [
    branch(
      `${paint.dim('·')} ${last.type ?? 'an operation'} ${last.state ?? ''}${progress}`,
      ...running.map(({ step, message }) =>
        branch(`${paint.yellow('▸')} ${step ?? 'a step'}`, ...(message ? [leaf(paint.dim(message))] : [])),
      ),
      ...errors,
    ),
  ];
};

/** Without the operation's own view: what the server and the status know. */
const unansweredBranch = (report: OperationReport, object: AnyObject, drawing: Drawing): Branch => {
  const { paint, now } = drawing;
  const began = `began ${span(now - Date.parse(report.startedAt))} ago`;
  return branch(
    `${paint.dim('·')} ${report.type} ${report.status.toLowerCase()}, ${began}`,
    ...liveBranches(report, paint),
    ...recordedBranch(object, drawing),
  );
};

type Ended = { readonly type: string; readonly state: string; readonly took: number; readonly steps: string };

const endedBranch = ({ type, state, took, steps }: Ended, { paint }: Drawing): Branch => {
  const mark = state === 'succeeded' ? paint.green('✓') : paint.red('✗');
  return leaf(`${mark} ${type} ${state} in ${span(took)}${steps === '' ? '' : ` (${steps} steps)`}`);
};

/** How it ended, by its result; how many steps it did, by the status that was written at its end. */
const closedBranch = (report: OperationReport, { status }: AnyObject, drawing: Drawing): Branch => {
  const { type, runId, result, startedAt, closedAt = startedAt } = report;
  // Cancelled or terminated by hand.
  if (result === undefined) return leaf(`${drawing.paint.red('✗')} ${type} ${report.status.toLowerCase()}`);
  const { done, total } = (status?.lastOperation?.runID === runId ? status.lastOperation.progress : undefined) ?? {};
  const steps = done === undefined || total === undefined ? '' : `${done} of ${total}`;
  return endedBranch({ type, state: result.state, took: Date.parse(closedAt) - Date.parse(startedAt), steps }, drawing);
};

export const operationBranch = (report: OperationReport, object: AnyObject, drawing: Drawing): Branch => {
  const { paint, now } = drawing;
  const { view } = report;
  if (report.status !== 'RUNNING') return closedBranch(report, object, drawing);
  if (view === undefined) return unansweredBranch(report, object, drawing);
  const done = view.steps.filter(isOver).length;
  const took = span((view.finishedAt ?? now) - view.startedAt);
  if (view.state !== 'running') {
    const { type, state, startedAt, finishedAt = now } = view;
    return endedBranch(
      { type, state, took: finishedAt - startedAt, steps: `${done} of ${view.steps.length}` },
      drawing,
    );
  }
  const active = view.steps.filter((step) => step.status.state === 'running' || step.status.state === 'blocked');
  const waiting = view.steps.filter((step) => step.status.state === 'pending').length;
  const { pausedAt } = view;
  const resume = ways('resume', { object, workflowId: report.workflowId }, drawing);
  return branch(
    `${paint.yellow('▸')} ${view.type} ${pausedAt === undefined ? 'running' : 'paused'} for ${pausedAt === undefined ? took : span(now - pausedAt)}: ${progressSaid({ done, total: view.steps.length })}`,
    ...(pausedAt === undefined
      ? []
      : resume.map((line, index) => leaf(paint.dim(index === 0 ? `resume: ${line}` : line)))),
    ...(view.statusProblem === undefined
      ? []
      : [leaf(paint.red(`its status can't be written: ${view.statusProblem}`))]),
    ...active.map((step) =>
      stepBranch(
        step,
        report.live.find((live) => live.id === step.id),
        { object, workflowId: report.workflowId },
        drawing,
      ),
    ),
    ...(waiting > 0 ? [leaf(paint.dim(`· ${waiting} more wait for these`))] : []),
  );
};
