/**
 * Steps: the three activities of a plan, `ensure`, `remove` and `wait`, for any kind of resource.
 *
 * Owns: the choice of the driver; what "first execution" means: the operation's first try of the step *and* Temporal's
 * first attempt at it (I2); and when a wait tells what it waits for (I9). Neighbours: `driver.ts` does the step, `worker/interceptors.ts` reports failures.
 */
import type { Outputs, ResourceKind } from '../topology/resource.ts';
import type { StepOutcome, StepRequest } from './contract.ts';
import {
  ensureResource,
  findOutputs,
  type ResourceDriver,
  removeResource,
  type StepContext,
  waitForResource,
} from './driver.ts';
import { VerdictError, verdictOf } from './verdicts.ts';

export type Drivers = { readonly [K in Exclude<ResourceKind, 'milestone'>]: ResourceDriver<K> };

/** What the activity's surroundings say of this execution. */
export type Execution = StepContext & { readonly attempt: number };

type Perform = (request: StepRequest, execution: Execution) => Promise<StepOutcome>;

/** A plan made by another release may hold a kind that this worker doesn't know: the entity then assesses again. */
const unknownKind = (request: StepRequest): VerdictError =>
  new VerdictError({
    verdict: 'superseded',
    message: `This worker does not know ${request.step.resource.kind}, which the step ${request.step.id} needs.`,
  });

/**
 * How long a wait looks again by itself before it tells what it waits for. Each time costs a few events of history, so the
 * longer it has waited, the more rarely; something new to tell is told sooner than the same again.
 */
const silence = (waited: number, isNews: boolean): number =>
  Math.min(Math.max(5_000, waited / 2), isNews ? 20_000 : 300_000);

/** How long Temporal tries again by itself, unseen, what waiting alone may cure (I9). */
const UNSEEN_MS = 20_000;

/** The same error, told if otherwise it would be kept to oneself for too long. */
const telling = (error: unknown, request: StepRequest, scheduled: number, began: number): unknown => {
  const { waiting, delayMs = 0, ...judgement } = verdictOf(error);
  const until = Date.now() + delayMs - scheduled;
  if (waiting === true) {
    const waited = scheduled - began;
    const { overdueMs = Number.POSITIVE_INFINITY } = request;
    const becomesOverdue = waited < overdueMs && waited + until >= overdueMs;
    if (!becomesOverdue && until < silence(waited, judgement.message !== request.told)) return error;
    return new VerdictError({ ...judgement, waiting, delayMs, tell: true }, { cause: error });
  }
  if (judgement.verdict !== 'retry' || until < UNSEEN_MS) return error;
  return new VerdictError({ ...judgement, delayMs, tell: true }, { cause: error });
};

const driverOf = (drivers: Drivers, request: StepRequest): ResourceDriver<ResourceKind> => {
  const found = (drivers as Readonly<Record<string, unknown>>)[request.step.resource.kind];
  if (found === undefined) throw unknownKind(request);
  // The key of the record vouches for the kind; `wantedOf` checks it once more.
  return found as ResourceDriver<ResourceKind>;
};

export const createSteps = (
  drivers: Drivers,
): {
  readonly ensure: Perform;
  readonly remove: Perform;
  readonly wait: Perform;
  readonly find: (request: StepRequest, execution: Execution) => Promise<Outputs | null>;
} => {
  const performing =
    (perform: typeof ensureResource): Perform =>
    async (request, execution) => {
      // A step takes since its operation began with it; each of its executions is only a try, or a look.
      const began = request.since ?? execution.since;
      const first = request.first && execution.attempt === 1;
      try {
        return await perform(driverOf(drivers, request), { ...request, first }, { ...execution, since: began });
      } catch (error) {
        throw telling(error, request, execution.since, began);
      }
    };
  return {
    ensure: performing(ensureResource),
    remove: performing(removeResource),
    wait: performing(waitForResource),
    find: (request, execution) => findOutputs(driverOf(drivers, request), request, execution),
  };
};
