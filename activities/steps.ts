/**
 * Steps: the three activities of a plan, `ensure`, `remove` and `wait`, for any kind of resource.
 *
 * Owns: the choice of the driver; what "first execution" means: the operation's first try of the step *and* Temporal's
 * first attempt at it (I2); and when a wait tells what it waits for (I9). Neighbours: `driver.ts` does the step, `worker/interceptors.ts` reports failures.
 */

import type { ResourceKind } from '../kinds/resource.ts';
import type { Outputs } from '../kinds/row.ts';
import { PLAN_VERSION } from '../words/steps.ts';
import type { StepOutcome, StepRequest } from './contract.ts';
import {
  ensureResource,
  findOutputs,
  type ResourceDriver,
  removeResource,
  type StepContext,
  waitForResource,
} from './driver.ts';
import { bugError, supersededError, VerdictError, verdictOf } from './verdicts.ts';

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
const reporting = (error: unknown, request: StepRequest, scheduled: number, began: number): unknown => {
  const { waiting, delayMs = 0, ...judgement } = verdictOf(error);
  const until = Date.now() + delayMs - scheduled;
  if (waiting === true) {
    const waited = scheduled - began;
    const { overdueMs = Number.POSITIVE_INFINITY } = request;
    const becomesOverdue = waited < overdueMs && waited + until >= overdueMs;
    if (!becomesOverdue && until < silence(waited, judgement.message !== request.awaitedSoFar)) return error;
    return new VerdictError({ ...judgement, waiting, delayMs, reported: true }, { cause: error });
  }
  if (judgement.verdict !== 'retry' || until < UNSEEN_MS) return error;
  return new VerdictError({ ...judgement, delayMs, reported: true }, { cause: error });
};

const driverOf = (drivers: Drivers, request: StepRequest): ResourceDriver<ResourceKind> => {
  const found = (drivers as Readonly<Record<string, unknown>>)[request.step.resource.kind];
  if (found === undefined) throw unknownKind(request);
  // The key of the record vouches for the kind; the driver checks it once more.
  return found as ResourceDriver<ResourceKind>;
};

const perform = (drivers: Drivers, request: StepRequest, context: StepContext): Promise<StepOutcome> => {
  const driver = driverOf(drivers, request);
  const { step } = request;
  switch (step.verb) {
    case 'ensure':
      return ensureResource(driver, { ...request, step }, context);
    case 'remove':
      return removeResource(driver, { ...request, step }, context);
    case 'wait':
      return waitForResource(driver, { ...request, step }, context);
  }
};

const find = (drivers: Drivers, request: StepRequest, context: StepContext): Promise<Outputs | null> => {
  const { step } = request;
  if (step.verb !== 'ensure') throw bugError(`Nothing is found for ${step.id}: only what is made hands outputs on.`);
  return findOutputs(driverOf(drivers, request), { ...request, step }, context);
};

/** A plan made by another release may be of a form that this worker doesn't know: the entity then assesses again. */
const refuseOtherForm = ({ plan, step }: StepRequest): void => {
  if (plan === PLAN_VERSION) return;
  throw supersededError(
    `The plan of step ${step.id} has version ${plan ?? 1}, and this worker carries out ${PLAN_VERSION}.`,
  );
};

export const createSteps = (drivers: Drivers) => {
  const performing: Perform = async (request, execution) => {
    // A step takes since its operation began with it; each of its executions is only a try, or a look.
    const began = request.since ?? execution.since;
    const first = request.first && execution.attempt === 1;
    try {
      refuseOtherForm(request);
      return await perform(drivers, { ...request, first }, { ...execution, since: began });
    } catch (error) {
      throw reporting(error, request, execution.since, began);
    }
  };
  return {
    ensure: performing,
    remove: performing,
    wait: performing,
    find: async (request: StepRequest, execution: Execution): Promise<Outputs | null> => {
      refuseOtherForm(request);
      return find(drivers, request, execution);
    },
  };
};
