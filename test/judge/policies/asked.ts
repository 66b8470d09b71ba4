/**
 * Asked: which questions AWS puts to IAM for a call.
 *
 * Owns: that one call is more than its name: a group is made in a VPC, tags at creation are tagging, a group of machines needs all
 * that launching takes. Neighbours: `machines.ts` and `balancers.ts` know what EC2 and load balancing ask, `question.ts` the form.
 * A call of which nothing is known here is an error that says where to add it.
 */
import { isStructure, structureIn, textIn } from '../parameters.ts';
import type { Request } from '../wire.ts';
import { balancingQuestions } from './balancers.ts';
import { ec2Questions, launching } from './machines.ts';
import {
  arn,
  firstUse,
  givenTags,
  globalArn,
  OWNED,
  ownTags,
  type Question,
  question,
  type RoleName,
} from './question.ts';
import { snapshotQuestions } from './snapshots.ts';
import { type TagsOf, tagsIn } from './tags.ts';

/** A call, with who made it and what was known of its objects then. */
export type Asking = { readonly request: Request; readonly role: RoleName; readonly tagsOf: TagsOf };

/** A manifest's key for data of clusters is the one that the installation's policies name; a look may be at any. */
const keyFor = (operation: string): readonly [string, string] => [
  'key',
  arn('kms', operation === 'DescribeKey' ? 'key/any' : 'key/KMS_KEY_ID'),
];

const keyQuestions = ({ request, role }: Asking): readonly Question[] => {
  const { operation, parameters } = request;
  const context = structureIn(parameters, 'EncryptionContext');
  const filled = Object.entries(context).map(([key, value]) => [
    `kms:EncryptionContext:${key}`,
    String(value).replace(/gke-[0-9a-f]{8}/, 'gke-00000000'),
  ]);
  return [question(role, `kms:${operation}`, keyFor(operation), Object.fromEntries(filled))];
};

const groupQuestions = ({ request, role, tagsOf }: Asking): readonly Question[] => {
  const { operation, parameters } = request;
  const [tag] = Array.isArray(parameters['Tags']) ? parameters['Tags'].filter(isStructure) : [];
  const named = textIn(parameters, 'AutoScalingGroupName') ?? textIn(tag ?? {}, 'ResourceId');
  // To end a machine its group isn't named.
  const name = named ?? 'gke-00000000-controlplane-0';
  const own = named === undefined ? OWNED : operation === 'CreateAutoScalingGroup' ? {} : tagsOf(named);
  const group = arn(
    'autoscaling',
    `autoScalingGroup:00000000-0000-0000-0000-000000000000:autoScalingGroupName/${name}`,
  );
  const circumstances = { ...givenTags(tagsIn(parameters)), ...ownTags(own) };
  const template = textIn(structureIn(parameters, 'LaunchTemplate'), 'LaunchTemplateId');
  return [
    question(role, `autoscaling:${operation}`, ['autoScalingGroup', group], circumstances),
    ...(template === undefined ? [] : launching(role, name, tagsOf(template))),
    ...(operation === 'CreateAutoScalingGroup' ? [firstUse(role, 'autoscaling', 'AWSServiceRoleForAutoScaling')] : []),
  ];
};

const PREFIXES: Readonly<Record<string, string>> = { elb: 'elasticloadbalancing', elbv2: 'elasticloadbalancing' };

/** What is asked about something: all but listings, which are about everything. */
const aboutSomething = (asking: Asking): readonly Question[] => {
  const { request, role } = asking;
  switch (request.service) {
    case 'autoscaling':
      return groupQuestions(asking);
    case 'ec2':
      return ec2Questions(asking);
    case 'elb':
    case 'elbv2':
      return balancingQuestions(asking);
    case 'iam': {
      const name = textIn(request.parameters, 'InstanceProfileName') ?? '';
      return [
        question(role, `iam:${request.operation}`, ['instance-profile', globalArn(`instance-profile/${name}`)], {}),
      ];
    }
    case 'kms':
      return keyQuestions(asking);
    case 's3':
      return snapshotQuestions(asking);
    default:
      throw new Error(
        `Nothing is known of the service ${request.service}: say in test/judge/policies/asked.ts what AWS asks.`,
      );
  }
};

/** Everybody may ask who they are. */
const NEVER_ASKED = ['sts GetCallerIdentity'];
const ABOUT_SOMETHING = ['iam GetInstanceProfile', 'kms DescribeKey', 'ec2 DescribeVpcAttribute'];

/** All that AWS asks IAM for a call. */
export const questionsOf = (asking: Asking): readonly Question[] => {
  const { service, operation } = asking.request;
  const name = `${service} ${operation}`;
  if (NEVER_ASKED.includes(name)) return [];
  if (service !== 's3' && /^(Describe|Get|List)/.test(operation) && !ABOUT_SOMETHING.includes(name)) {
    return [question(asking.role, `${PREFIXES[service] ?? service}:${operation}`, ['', '*'], {})];
  }
  return aboutSomething(asking);
};
