/** Options of benches, checked. */
import { SandboxFailure } from '../sandbox/failure.ts';

/** Whole numbers above 0, separated by commas. */
export const countsOf = (value: unknown, name: string): readonly number[] =>
  String(value)
    .split(',')
    .map((part) => countOf(part, name));

/** A whole number above 0. */
export const countOf = (value: unknown, name: string): number => {
  const count = Number(value);
  if (Number.isInteger(count) && count > 0) return count;
  throw new SandboxFailure('refused', `--${name} is "${String(value)}"`, 'give it a whole number above 0');
};
