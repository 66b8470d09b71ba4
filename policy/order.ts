/**
 * Order: steps as they are listed in a plan, and the checks that a plan can be carried out at all.
 *
 * Owns: the last look at a plan before it becomes an operation's input: a step that occurs twice, a need that no step
 * meets and a cycle throw here, where the bug is, and not in a running operation. Neighbours: `ensure.ts`, `remove.ts`.
 * Invariants: I10 (needs are sorted, steps come in layers sorted by id: the same plan is always the same data).
 */
import { inOrder } from '../topology/check.ts';
import type { Step } from './plan.ts';

export const orderedSteps = (steps: readonly Step[]): readonly Step[] =>
  inOrder(
    steps.map((step) => ({ ...step, needs: [...new Set(step.needs)].sort() })),
    'The plan',
  );
