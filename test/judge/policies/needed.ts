/**
 * Needed: which rights of a role anybody needs, by the questions that were recorded.
 *
 * Owns: that a right is needed if without it a recorded question is denied; and the rights that no run can show, each with its
 * reason. Neighbours: `../../deploy/roles.ts` has the calls that are rare; what those need is excused here by the same reason.
 */
import { actionsFor, type Operation } from '../../deploy/operations.ts';
import { listOf, type Role, type Statement } from '../../deploy/roles.ts';
import { allows, covers } from './allows.ts';
import type { Question, RoleName } from './question.ts';
import { typesOf } from './reference.ts';
import { statementsOf, typesIn } from './simulate.ts';

export type Right = { readonly sid: string; readonly right: string };

type Unshown = Right & { readonly because: string };

const OF_NETWORK_BALANCERS = 'a cluster is deleted while a Service of it has a network load balancer';

/** What no run shows although somebody needs it. */
export const UNSHOWN: Readonly<Record<RoleName, readonly Unshown[]>> = {
  worker: [
    ...[
      'elasticloadbalancing:DeleteTargetGroup',
      'arn:PARTITION:elasticloadbalancing:REGION:ACCOUNT_ID:targetgroup/*',
    ].map((right) => ({ sid: 'RemoveWhatServicesLeft', right, because: OF_NETWORK_BALANCERS })),
    {
      sid: 'RemoveGroupsThatServicesLeft',
      right: 'ec2:RevokeSecurityGroupIngress',
      because: 'groups that Services left name each other in their rules',
    },
  ],
  controlplane: [
    {
      sid: 'ControllerChangesItsOwn',
      right: 'ec2:RevokeSecurityGroupIngress',
      because: 'a Service has a port less, or other source ranges',
    },
    ...['kms:Decrypt', 'kms:GenerateDataKey', 'arn:PARTITION:kms:REGION:ACCOUNT_ID:key/KMS_KEY_ID'].map((right) => ({
      sid: 'AgentEncryptsSnapshots',
      right,
      because: 'somebody asks for a snapshot',
    })),
  ],
  node: [],
};

/** Actions of a role that only its rare calls need. */
const rareActions = ({ operations, rare }: Role): readonly string[] => {
  const usual = new Set(actionsFor(operations.filter((operation) => rare[operation] === undefined)));
  return actionsFor(Object.keys(rare) as Operation[]).filter((action) => !usual.has(action));
};

const isReading = (action: string): boolean => /:(Describe|Get|List)/.test(action);

/** What a statement allows and no question needs: without it all are answered as before. */
const idleIn = (
  statement: Statement,
  others: readonly Statement[],
  questions: readonly Question[],
): readonly Right[] => {
  const yes = questions.filter((one) => allows(statement, one));
  // Listings may stand in several statements: each says what one of the role's programs looks at.
  const needs = yes.filter((one) => isReading(one.action) || !others.some((other) => allows(other, one)));
  const actions = listOf(statement.Action).filter((action) => !needs.some((one) => one.action === action));
  const resources = listOf(statement.Resource).filter((one) => !needs.some(({ resource }) => covers(one, resource)));
  return [...actions, ...resources].map((right) => ({ sid: statement.Sid, right }));
};

/** Of resources that only rare calls are about nobody says anything either. */
const isRare = (rare: readonly string[], { Action }: Statement, right: string): boolean => {
  if (!right.startsWith('arn:') && right !== '*') return rare.includes(right);
  const about = listOf(Action).filter((action) => typesIn(right, typesOf(action) ?? []).length > 0);
  return about.length > 0 && about.every((action) => rare.includes(action));
};

/** The rights in statements of a role that no question needs, without those for its rare calls alone. */
export const idle = (
  role: Role,
  statements: readonly Statement[],
  questions: readonly Question[],
): readonly Right[] => {
  const rare = rareActions(role);
  return statements.flatMap((statement) => {
    const others = statements.filter((one) => one !== statement);
    return idleIn(statement, others, questions).filter(({ right }) => !isRare(rare, statement, right));
  });
};

export const idleOf = (role: Role, questions: readonly Question[]): readonly Right[] =>
  idle(role, statementsOf(role), questions);
