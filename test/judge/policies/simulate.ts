/**
 * Simulate: recorded calls put to `deploy/iam`, question by question.
 *
 * Owns: which policies a role has, and the two ways in which they can be wrong: a right is missing, or nobody ever needs it.
 * Neighbours: `asked.ts` makes the questions, `allows.ts` answers them. Pure.
 */
import type { KeptRequest } from '../../../sandbox/aws/proxy/requests.ts';
import { listOf, type Role, readPolicy, type Statement } from '../../deploy/roles.ts';
import type { Models } from '../models.ts';
import { readRequest } from '../wire.ts';
import { allows } from './allows.ts';
import { questionsOf } from './asked.ts';
import { distinct, type Question, type RoleName } from './question.ts';
import { isFilled, typesOf } from './reference.ts';
import { following } from './tags.ts';

/** Whose calls these are, by access key; undefined for those of nobody that has a role here. */
export type Callers = (accessKey: string) => RoleName | undefined;

/** All that AWS asked IAM for these calls, each question once. */
export const questionsIn = (
  models: Models,
  requests: readonly KeptRequest[],
  callers: Callers,
): readonly Question[] => {
  const { tagsOf, follow } = following();
  const read = new Set<string>();
  return distinct(
    requests.flatMap((kept) => {
      const role = callers(kept.accessKey);
      // Listings are asked again and again, and change nothing.
      const { accessKey, operation, body } = kept;
      const listing = `${accessKey} ${operation} ${body}`;
      if (/^(Describe|Get|List)/.test(operation) && read.has(listing)) return [];
      read.add(listing);
      const { request } = readRequest(models, kept);
      const questions = role === undefined ? [] : questionsOf({ request, role, tagsOf });
      follow(request);
      return questions;
    }),
  );
};

export const statementsOf = ({ policies }: Pick<Role, 'policies'>): readonly Statement[] =>
  policies.flatMap((name) => readPolicy(name).statements);

/** The questions to which no statement says yes. */
export const denied = (
  questions: readonly Question[],
  of: (role: RoleName) => readonly Statement[],
): readonly Question[] => questions.filter((one) => !of(one.role).some((statement) => allows(statement, one)));

export const deniedSentence = ({ role, action, resource, context }: Question): string =>
  `IAM would deny the ${role} ${action} on ${resource}, with ${JSON.stringify(context)}: no statement of deploy/iam allows it`;

/** The types that a pattern is about: of `loadbalancer/*` those of every family, of `loadbalancer/net/gke-*` one. */
export const typesIn = (pattern: string, types: readonly string[]): readonly string[] => {
  if (pattern === '*') return types.length === 0 ? [''] : types;
  // S3's names say nothing of a type.
  if (pattern.startsWith('arn:PARTITION:s3:::'))
    return types.filter((type) => type === (pattern.includes('/') ? 'object' : 'bucket'));
  const literal = pattern.split(':').slice(5).join(':').split('*', 1)[0] ?? '';
  const [family] = /^loadbalancer\/(net|app)\//.exec(literal) ?? [];
  return types.filter((type) =>
    family !== undefined && type === 'loadbalancer'
      ? false
      : `${type}/`.startsWith(literal) || literal.startsWith(`${type}/`) || literal.startsWith(`${type}:`),
  );
};

/** What of a statement can never be: unknown actions, resources that an action doesn't know, conditions that AWS never fills. */
export const neverTrue = ({ Sid, Action, Resource, Condition = {} }: Statement): readonly string[] => {
  const keys = Object.values(Condition).flatMap((block) => Object.keys(block));
  return listOf(Action).flatMap((action) => {
    const types = typesOf(action);
    if (types === undefined) return [`${Sid}: ${action} is not in test/judge/policies/reference.ts`];
    const about = [...new Set(listOf(Resource).flatMap((pattern) => typesIn(pattern, types)))];
    if (about.length === 0) return [`${Sid}: ${action} knows none of these resources`];
    return about.flatMap((type) =>
      keys
        .filter((key) => !isFilled(action, type, key))
        .map((key) => `${Sid}: AWS never fills ${key} for ${action}${type === '' ? '' : ` on ${type}`}`),
    );
  });
};
