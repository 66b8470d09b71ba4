/**
 * Progress: everything that is known of a running operation, as its query answers it.
 *
 * Owns: the view, and how often it has changed. Neighbours: `operation.ts` says what happened; `operation-publishing.ts`
 * makes it known; `policy/views.ts` has the shape. Invariants: I10 (steps keep the plan's order).
 */
import { workflowInfo } from '@temporalio/workflow';
import type { OperationInput, OperationView, StepState } from '../activities/contract.ts';
import type { Outputs } from '../kinds/row.ts';
import type { Step } from '../policy/plan.ts';
import type { ResourceKey } from '../words/keys.ts';
import { present } from '../words/present.ts';
import type { HandledRequests, Verb } from '../words/verbs.ts';
import type { OperationResult } from './messages.ts';

export type OperationProgress = {
  readonly view: () => OperationView;
  /** Outputs known so far; grows as steps complete. */
  readonly outputs: Readonly<Record<ResourceKey, Outputs>>;
  /** How often the view has changed. */
  readonly changes: () => number;
  readonly isPaused: () => boolean;
  /** Why the operation starts nothing more, once it doesn't. */
  readonly stopReason: () => string | undefined;
  readonly show: (step: Step, shown: StepState) => void;
  readonly yielded: (step: Step, outputs: Outputs) => void;
  readonly pause: (paused: boolean) => void;
  /** An annotation of this value was acted on. */
  readonly handle: (verb: Verb, token: string) => void;
  /** The first reason counts. */
  readonly stop: (reason: string) => void;
  /** Why the status could not be written; undefined once it is. */
  readonly unwritten: (reason: string | undefined) => void;
  readonly end: (state: OperationResult['state']) => void;
};

/** What its input says of it, and who watches is to hear. */
const toldOf = ({ turn, upgrading, mends, tagKeys, marks, unreachable, revision, restores }: OperationInput) =>
  present({ turn, upgrading, mends, tagKeys, marks, unreachable, revision, restores });

export const operationProgress = (input: OperationInput): OperationProgress => {
  const { workflowId, runId } = workflowInfo();
  const { steps } = input.plan;
  const startedAt = Date.now();
  const states = new Map<string, StepState>();
  const outputs: Record<ResourceKey, Outputs> = { ...input.plan.known };
  const incarnations = incarnationsOf(steps);
  let handled: HandledRequests = input.handled ?? {};
  let pausedAt = input.paused === true ? startedAt : undefined;
  let stopReason: string | undefined;
  let statusProblem: string | undefined;
  let end: { readonly state: OperationResult['state']; readonly finishedAt: number } | undefined;
  let changes = 1;
  const { type } = input;
  const told = toldOf(input);
  return {
    view: () => ({
      ...{ type, workflowId, runId, state: 'running', startedAt },
      ...told,
      ...present({ pausedAt, statusProblem, incarnations }),
      ...end,
      steps: steps.map(({ id, resource, needs }) => ({
        id,
        key: resource.key,
        needs,
        status: states.get(id) ?? { state: 'pending' },
      })),
      outputs,
      ...(Object.keys(handled).length === 0 ? {} : { handled }),
    }),
    outputs,
    changes: () => changes,
    isPaused: () => pausedAt !== undefined,
    stopReason: () => stopReason,
    show: ({ id }, shown) => {
      states.set(id, shown);
      changes += 1;
    },
    yielded: ({ resource }, its) => void (outputs[resource.key] = its),
    pause: (paused) => {
      pausedAt = paused ? Date.now() : undefined;
      changes += 1;
    },
    handle: (verb, token) => {
      handled = { ...handled, [verb]: token };
      changes += 1;
    },
    stop: (reason) => void (stopReason ??= reason),
    // Not a change: writing again because writing failed would never end.
    unwritten: (reason) => void (statusProblem = reason),
    end: (state) => {
      end = { state, finishedAt: Date.now() };
      changes += 1;
    },
  };
};

const incarnationsOf = (steps: readonly Step[]): OperationView['incarnations'] => {
  const made = steps.flatMap((step): [string, number][] =>
    step.verb !== 'ensure' || step.incarnation === undefined ? [] : [[step.resource.key, step.incarnation]],
  );
  return made.length === 0 ? undefined : Object.fromEntries(made);
};
