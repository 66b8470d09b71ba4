/**
 * Unknown plans: what another release may have planned that this worker's code can't run.
 *
 * Owns: the question, asked before anything of the plan is done. Neighbours: `operation.ts` ends at once as superseded,
 * in the workflow task that began it, so that no history holds an answer that another release would give differently
 * (I10), and the entity assesses again; a kind of resource that is unknown is noticed by the step (`activities/steps.ts`).
 */
import type { OperationInput } from '../activities/contract.ts';
import type { Verb } from '../policy/plan.ts';

const PLAN_VERSION = 1;
const INPUT_VERSION = 1;
/** Every verb that the plan runner knows. */
const VERBS: Readonly<Record<Verb, true>> = { ensure: true, remove: true, wait: true };

/** Why this worker can't run the operation, as a sentence; undefined when it can. */
export const whyUnknown = ({ v, plan }: OperationInput): string | undefined => {
  // Written by another release, whatever the types of this one say.
  const version: number = v;
  if (version !== INPUT_VERSION) return `The operation has version ${version}, and this worker runs ${INPUT_VERSION}.`;
  if (plan.version !== PLAN_VERSION) {
    return `The plan has version ${plan.version}, and this worker runs ${PLAN_VERSION}.`;
  }
  const unknown = plan.steps.find(({ verb }) => !Object.hasOwn(VERBS, verb));
  return unknown === undefined ? undefined : `This worker does not know the verb of step "${unknown.id}".`;
};
