/**
 * How the plan of a file reads. Pure. Neighbour: `plan-file.ts` makes it.
 */
import { UserError } from '../user-error.ts';
import type { FilePlan } from './plan-file.ts';
import { branch, draw, leaf } from './tree.ts';

const counted = (count: number, one: string): string => (count === 1 ? `1 ${one}` : `${count} ${one}s`);

const nameOf = ({ object: { kind, namespace, name } }: FilePlan): string => `${kind} ${namespace}/${name}`;

const machines = ({ replaces = 0, fewer = 0 }: FilePlan): string =>
  [
    ...(replaces === 0 ? [] : [`, ${counted(replaces, 'machine')} replaced`]),
    ...(fewer === 0 ? [] : [`, ${counted(fewer, 'machine')} fewer`]),
  ].join('');

const comesTo = (plan: FilePlan): string => {
  switch (plan.comes) {
    case 'created':
      return 'would be created';
    case 'unchanged':
      return 'nothing changes';
    case 'changed':
      return `${counted(plan.fields.length, 'field')} would change${machines(plan)}`;
    case 'refused':
      return 'would be refused';
  }
};

const linesOf = (plan: FilePlan): readonly string[] =>
  draw(
    branch(
      `${nameOf(plan)}: ${comesTo(plan)}`,
      ...plan.refused.map(leaf),
      ...plan.fields.map(({ field, takes, says }) =>
        leaf(takes === 'fixed' ? `spec.${field}: fixed: ${says}` : `spec.${field}: ${says}`),
      ),
      ...plan.notes.map((note) => leaf(`note: ${note}`)),
    ),
  );

export const filePlanLines = (plans: readonly FilePlan[]): readonly string[] => plans.flatMap(linesOf);

/** Throws where the API server would not take all of it: a script that plans before it applies ends there. */
export const demandTaken = (plans: readonly FilePlan[]): void => {
  const refused = plans.filter(({ comes }) => comes === 'refused');
  if (refused.length === 0) return;
  throw new UserError(
    `${refused.length} of ${counted(plans.length, 'object')} would be refused: correct what is said of ${refused.map(nameOf).join(', ')}.`,
  );
};
