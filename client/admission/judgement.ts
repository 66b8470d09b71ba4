/**
 * Judgements: what admission says of an object.
 *
 * Owns: shapes, and how a refusal reads: its field, its value and its cure. Neighbours: the rules make them, `review.ts`
 * puts them into an answer.
 */

export type Refusal = {
  /** Path of the field, as `kubectl explain` takes it, or that of the object's metadata. */
  readonly field: string;
  /** What is wrong with which value; no full stop. */
  readonly problem: string;
  /** What to do; no full stop. */
  readonly cure: string;
};

/** Refused if there is a refusal. Warnings are shown by kubectl, whatever is decided. */
export type Judgement = { readonly refusals: readonly Refusal[]; readonly warnings: readonly string[] };

export const NOTHING: Judgement = { refusals: [], warnings: [] };

export const refused = (field: string, problem: string, cure: string): Refusal => ({ field, problem, cure });

export const wordsOf = ({ problem, cure }: Refusal): string => `${problem}: ${cure}`;
