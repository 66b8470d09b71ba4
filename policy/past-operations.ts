/**
 * Past operations: what status says of the operation that runs or ran last, of those before it, and of a rollout's turns.
 *
 * Owns: `status.lastOperation`, `operations` and `rollout`. Neighbours: `status.ts` puts them into the whole; `rollout.ts` says
 * what comes after a turn. Pure. Invariants: I9 (what an operation waits for is named).
 */
import { type LastOperation, OPERATIONS_KEPT, type PastOperation, type Rollout } from '../api/status.ts';
import { present } from '../words/present.ts';
import { timeOf } from '../words/time.ts';
import { awaitedOf, progressOf } from './operation-claims.ts';
import { hasMoreTurns } from './rollout.ts';
import type { OperationView, Subject } from './views.ts';

type Operations = {
  readonly lastOperation?: LastOperation;
  readonly operations?: PastOperation[];
  readonly rollout?: Rollout;
};

/** Steps shown as running or blocked; a person looks at the first few, and status isn't the place for more. */
const STEPS_SHOWN = 20;

const lastOperationOf = (operation: OperationView): LastOperation => {
  const current = operation.steps.flatMap((step) => {
    const { id, status } = step;
    if (status.state !== 'running' && status.state !== 'blocked') return [];
    const message = awaitedOf(step);
    return [
      { step: id, state: status.state, since: timeOf(status.since), ...(message === undefined ? {} : { message }) },
    ];
  });
  return { ...pastOperationOf(operation), progress: progressOf(operation), steps: current.slice(0, STEPS_SHOWN) };
};

const pastOperationOf = (operation: OperationView): Omit<PastOperation, 'version' | 'message'> => ({
  type: operation.type,
  state: operation.state === 'running' && operation.pausedAt !== undefined ? 'paused' : operation.state,
  workflowID: operation.workflowId,
  runID: operation.runId,
  startedAt: timeOf(operation.startedAt),
  ...(operation.finishedAt === undefined ? {} : { finishedAt: timeOf(operation.finishedAt) }),
});

/** A rollout's turns are one entry, which runs from the first to the last. */
const entryOf = (operation: OperationView, version: string): PastOperation => {
  const { finishedAt, ...entry } = { ...pastOperationOf(operation), version };
  const { turn } = operation;
  const goesOn = operation.state === 'succeeded' && hasMoreTurns(turn);
  return {
    ...entry,
    ...(turn === undefined ? {} : { startedAt: turn.since }),
    ...(goesOn ? { state: 'running' as const } : finishedAt === undefined ? {} : { finishedAt }),
  };
};

/** Newest first; an operation keeps its place while it runs, by its run, and a rollout by when it began. */
const operationsOf = (operation: OperationView, version: string, before: readonly PastOperation[]): PastOperation[] => {
  const entry = entryOf(operation, version);
  const isIt = ({ runID, type, startedAt }: PastOperation): boolean =>
    runID === entry.runID ||
    (operation.turn !== undefined && type === entry.type && startedAt === operation.turn.since);
  const list = before.some(isIt) ? before.map((one) => (isIt(one) ? entry : one)) : [entry, ...before];
  return list.slice(0, OPERATIONS_KEPT);
};

const turnOf = ({ type, state, turn }: OperationView): Rollout | undefined => {
  if (turn === undefined || (state === 'succeeded' && !hasMoreTurns(turn))) return undefined;
  return { type, turn: turn.number, of: turn.of, startedAt: turn.since, ...present({ released: turn.released }) };
};

/** There is one while a turn runs, or another is to come. */
const rolloutOf = (subject: Subject, before: Rollout | undefined): Rollout | undefined => {
  switch (subject.kind) {
    case 'settled':
      // Between two windows it is where it was.
      return subject.rollout === undefined && subject.heldBack === undefined ? undefined : before;
    case 'waiting':
    case 'blocked':
    case 'failing':
      return before;
    case 'held':
      return subject.returned === true ? undefined : before;
    case 'operation':
      return turnOf(subject.operation);
  }
};

/** After this write; what nobody says anything new of stays as it was. */
export const operationsAfter = (subject: Subject, version: string, before: Operations): Operations => {
  const rollout = rolloutOf(subject, before.rollout);
  return {
    ...(rollout === undefined ? {} : { rollout }),
    ...(subject.kind === 'operation'
      ? {
          lastOperation: lastOperationOf(subject.operation),
          operations: operationsOf(subject.operation, version, before.operations ?? []),
        }
      : {}),
  };
};
