/**
 * `slipway clusters describe`: a cluster as a tree: its state, the live step, attempts and the last error.
 *
 * Owns: which of the many facts a person needs first. Done steps are one line, what runs or is blocked has lines of its
 * own with the commands that move it on. Pure: facts in, lines out.
 */

import type { AWSCluster } from '../../api/cluster.ts';
import type { AWSNodePool } from '../../api/nodepool.ts';
import type { StepView } from '../../workflows/messages.ts';
import type { LiveStep, OperationReport } from '../operations.ts';
import { span } from './table.ts';

export type Described<T> = { readonly object: T; readonly operation?: OperationReport };

export type Description = {
  readonly cluster: Described<AWSCluster>;
  readonly nodePools: readonly Described<AWSNodePool>[];
};

/** Colours, or their absence, chosen by the caller. */
export type Paint = {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
};

type Branch = { readonly line: string; readonly children: readonly Branch[] };

const leaf = (line: string): Branch => ({ line, children: [] });

const render = (branch: Branch, prefix = ''): string[] => [
  branch.line,
  ...branch.children.flatMap((child, index) => {
    const last = index === branch.children.length - 1;
    const [first = '', ...rest] = render(child, '');
    return [`${prefix}${last ? '└─' : '├─'}${first}`, ...rest.map((line) => `${prefix}${last ? '  ' : '│ '}${line}`)];
  }),
];

const isDone = (step: StepView): boolean => step.status.state === 'done' || step.status.state === 'skipped';

const stepBranch = (
  step: StepView,
  live: LiveStep | undefined,
  workflowId: string,
  now: number,
  paint: Paint,
): Branch => {
  const { status } = step;
  switch (status.state) {
    case 'running': {
      const attempts = live && live.attempt > 1 ? `, attempt ${live.attempt}` : '';
      const why = live?.lastError ? [leaf(paint.dim(live.lastError))] : [];
      return {
        line: `${paint.yellow('▸')} ${step.id} ${paint.dim(`(${span(now - status.since)}${attempts})`)}`,
        children: why,
      };
    }
    case 'blocked':
      return {
        line: `${paint.red('✗')} ${step.id} ${paint.red(status.verdict)} for ${span(now - status.since)}, attempt ${status.attempt}, next try in ${span(status.retryAt - now)}`,
        children: [
          leaf(status.message),
          leaf(
            paint.dim(
              `retry now: temporal workflow update execute --workflow-id '${workflowId}' --name retry --input '${JSON.stringify({ step: step.id })}'`,
            ),
          ),
        ],
      };
    case 'pending':
    case 'done':
    case 'skipped':
      return leaf(`${paint.dim('·')} ${step.id}`);
  }
};

const liveOnly = (report: OperationReport): Branch[] =>
  report.live.map((step) => ({
    line: `▸ ${step.id} (attempt ${step.attempt})`,
    children: step.lastError ? [leaf(step.lastError)] : [],
  }));

const operationBranch = (report: OperationReport, now: number, paint: Paint): Branch => {
  const { view } = report;
  const began = Date.parse(report.startedAt);
  if (view === undefined) {
    return {
      line: `${report.type}: ${report.status.toLowerCase()}, began ${span(now - began)} ago ${paint.yellow('(no worker answers)')}`,
      children: liveOnly(report),
    };
  }
  const done = view.steps.filter(isDone).length;
  const took = span((view.finishedAt ?? now) - view.startedAt);
  if (view.state !== 'running') {
    const mark = view.state === 'succeeded' ? paint.green('✓') : paint.red('✗');
    return leaf(`${mark} ${view.type} ${view.state} in ${took} (${done} of ${view.steps.length} steps)`);
  }
  const active = view.steps.filter((step) => step.status.state === 'running' || step.status.state === 'blocked');
  const waiting = view.steps.filter((step) => step.status.state === 'pending').length;
  return {
    line: `${paint.yellow('▸')} ${view.type} running for ${took}: ${done} of ${view.steps.length} steps done`,
    children: [
      ...active.map((step) =>
        stepBranch(
          step,
          report.live.find((live) => live.id === step.id),
          report.workflowId,
          now,
          paint,
        ),
      ),
      ...(waiting > 0 ? [leaf(paint.dim(`· ${waiting} more steps wait for these`))] : []),
    ],
  };
};

type AnyObject = AWSCluster | AWSNodePool;

const stateOf = (object: AnyObject, paint: Paint): string => {
  const state = object.status?.state ?? 'Pending';
  return state === 'Provisioned' ? paint.green(state) : paint.yellow(state);
};

/** Conditions that a person should see: what is not as it should be. */
const problems = (object: AnyObject, paint: Paint): Branch[] =>
  (object.status?.conditions ?? [])
    .filter(({ type, status }) => (type === 'Ready' ? status !== 'True' : status === 'True' && type !== 'Reconciling'))
    .map(({ type, reason, message }) =>
      leaf(`${paint.red(type === 'Ready' ? 'not Ready' : type)} (${reason}): ${message}`),
    );

const objectBranch = (
  described: Described<AnyObject>,
  more: { readonly facts: string; readonly children: readonly Branch[] },
  now: number,
  paint: Paint,
): Branch => {
  const { object, operation } = described;
  const running = operation?.view?.state === 'running' || (operation !== undefined && operation.view === undefined);
  return {
    line: `${object.kind}/${paint.bold(object.metadata.name)}  ${stateOf(object, paint)}  ${paint.dim(more.facts)}`,
    children: [
      ...(running ? [] : problems(object, paint)),
      ...(operation ? [operationBranch(operation, now, paint)] : []),
      ...more.children,
    ],
  };
};

/** The lines of the tree. `now` is in epoch milliseconds. */
export const describeLines = (description: Description, now: number, paint: Paint): string[] => {
  const { object } = description.cluster;
  const versions = `version ${object.spec.controlPlane.version}${object.status?.kubernetesVersion ? ` (Kubernetes ${object.status.kubernetesVersion})` : ''}`;
  const facts = [object.status?.clusterID, versions, object.status?.endpoint].filter(Boolean).join('  ');
  const pools = description.nodePools.map((pool) =>
    objectBranch(
      pool,
      {
        facts: `${pool.object.spec.minNodeCount}-${pool.object.spec.maxNodeCount} nodes  ${pool.object.spec.instanceType}`,
        children: [],
      },
      now,
      paint,
    ),
  );
  return render(objectBranch(description.cluster, { facts, children: pools }, now, paint));
};
