/**
 * Allows: whether a statement of a policy answers a question with yes.
 *
 * Owns: IAM's evaluation as far as `deploy/iam` uses it
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html): there is no Deny, and no
 * permissions boundary. An operator that isn't known here is an error, never a yes or a no. Pure.
 */
import { listOf, type Statement } from '../../deploy/roles.ts';
import type { Context, Question } from './question.ts';

/** `*` is anything, `?` any one character. */
const glob = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    'su',
  );

const isLike = (value: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) => glob(pattern).test(value));

type Test = (value: string, wanted: readonly string[]) => boolean;

const TESTS: Readonly<Record<string, Test>> = {
  ArnEquals: isLike,
  ArnLike: isLike,
  Bool: (value, wanted) => wanted.includes(value),
  StringEquals: (value, wanted) => wanted.includes(value),
  StringLike: isLike,
  StringNotLike: (value, wanted) => !isLike(value, wanted),
};

const valuesOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [String(value)]);

const holds = (operator: string, key: string, wanted: readonly string[], context: Context): boolean => {
  const found = context[key];
  const [quantifier, name] = operator.includes(':') ? operator.split(':', 2) : [undefined, operator];
  if (name === 'Null') return wanted.includes(String(found === undefined));
  const test = TESTS[name ?? ''];
  if (test === undefined)
    throw new Error(`The condition ${operator} is not known: add it to test/judge/policies/allows.ts.`);
  if (found === undefined) return quantifier === 'ForAllValues' || name?.startsWith('StringNot') === true;
  const values = valuesOf(found);
  return quantifier === 'ForAnyValue'
    ? values.some((value) => test(value, wanted))
    : values.every((value) => test(value, wanted));
};

export const covers = (pattern: string, resource: string): boolean => glob(pattern).test(resource);

export const allows = (
  { Action, Resource, Condition = {} }: Statement,
  { action, resource, context }: Question,
): boolean =>
  listOf(Action).some((one) => glob(one.toLowerCase()).test(action.toLowerCase())) &&
  listOf(Resource).some((one) => covers(one, resource)) &&
  Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => holds(operator, key, valuesOf(wanted), context)),
  );
