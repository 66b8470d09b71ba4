/**
 * Steps: the three activities of a plan, `ensure`, `remove` and `wait`, for any kind of resource.
 *
 * Owns: the choice of the driver; what "first execution" means: the operation's first try of the step *and* Temporal's
 * first attempt at it (I2); and when a wait tells what it waits for (I9). Neighbours: `driver.ts` does the step, `worker/interceptors.ts` reports failures.
 */
import type { ResourceKind } from '../topology/resource.ts';
import type { StepOutcome, StepRequest } from './contract.ts';
import { ensureResource, type ResourceDriver, removeResource, type StepContext, waitForResource } from './driver.ts';
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
 * How long a wait looks again by itself before it tells what it waits for: each time costs a few events of history, so
 * the longer it has waited, the more rarely.
 */
const silence = (waited: number): number => Math.min(Math.max(5_000, waited / 2), 300_000);

/** The same "not yet", told if the next look would come after too long a silence. */
const telling = (error: unknown, scheduled: number, began: number, now: number): unknown => {
  const { waiting, delayMs = 0, ...judgement } = verdictOf(error);
  if (waiting !== true || now + delayMs - scheduled < silence(scheduled - began)) return error;
  return new VerdictError({ ...judgement, waiting, delayMs, tell: true }, { cause: error });
};

const driverOf = (drivers: Drivers, request: StepRequest): ResourceDriver<ResourceKind> => {
  const found = (drivers as Readonly<Record<string, unknown>>)[request.step.resource.kind];
  if (found === undefined) throw unknownKind(request);
  // The key of the record vouches for the kind; `wantedOf` checks it once more.
  return found as ResourceDriver<ResourceKind>;
};

export const createSteps = (
  drivers: Drivers,
): { readonly ensure: Perform; readonly remove: Perform; readonly wait: Perform } => {
  const performing =
    (perform: typeof ensureResource): Perform =>
    (request, execution) =>
      perform(driverOf(drivers, request), { ...request, first: request.first && execution.attempt === 1 }, execution);
  return {
    ensure: performing(ensureResource),
    remove: performing(removeResource),
    wait: async (request, execution) => {
      const began = request.since ?? execution.since;
      try {
        return await performing(waitForResource)(request, { ...execution, since: began });
      } catch (error) {
        throw telling(error, execution.since, began, Date.now());
      }
    },
  };
};
