/**
 * Summaries: one line for each step, as Temporal's UI shows it behind the verb, which is the activity's type.
 *
 * Owns: wording. Pure. A step's id is for programs and for commands; its summary names the thing as AWS or Kubernetes do.
 */
import type { Step } from '../policy/plan.ts';
import { nameInKey } from '../words/keys.ts';
import { beginningInBytes } from '../words/text.ts';

/** Temporal keeps 200 bytes. */
const MOST_BYTES = 190;

/** As much of it as Temporal takes. */
export const asSummary = (text: string): string => beginningInBytes(text, MOST_BYTES);

const nameIn = (step: Step): string => {
  const { properties, key } = step.resource;
  const known: object = step.verb === 'remove' ? { ...step.found?.state, ...properties } : properties;
  return 'name' in known && typeof known.name === 'string' ? known.name : nameInKey(key);
};

/** `security group gke-1a2b3c4d-controlplane`. */
export const summaryOf = (step: Step): string =>
  asSummary(`${step.resource.kind.replaceAll('-', ' ')} ${nameIn(step)}`.trim());
