/**
 * Unknown plans: what another release may have planned that this worker's code can't run.
 *
 * Owns: the question, asked before anything of the plan is done. Neighbours: `operation.ts` ends at once as superseded,
 * in the workflow task that began it, so that no history holds an answer that another release would give differently
 * (I10), and the entity assesses again. An older form is the steps' own business (`activities/steps.ts`): what they say is recorded,
 * so that an operation which the release before began replays, and ends with its next step.
 */
import type { OperationInput } from '../activities/contract.ts';
import { PLAN_VERSION, STEP_VERBS } from '../words/steps.ts';

const INPUT_VERSION = 1;

/** Why this worker can't run the operation, as a sentence; undefined when it can. */
export const whyUnknown = ({ v, plan }: OperationInput): string | undefined => {
  // Written by another release, whatever the types of this one say.
  const version: number = v;
  if (version !== INPUT_VERSION) return `The operation has version ${version}, and this worker runs ${INPUT_VERSION}.`;
  if (plan.version > PLAN_VERSION) {
    return `The plan has version ${plan.version}, and this worker runs ${PLAN_VERSION}.`;
  }
  const unknown = plan.steps.find(({ verb }) => !STEP_VERBS.includes(verb));
  return unknown === undefined ? undefined : `This worker does not know the verb of step "${unknown.id}".`;
};
