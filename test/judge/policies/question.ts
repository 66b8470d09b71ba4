/**
 * Question: what AWS asks IAM before it does something: may this role do this to that, under these circumstances?
 *
 * Owns: its form, in the words of `deploy/iam`: placeholders stand for the installation's own values, so questions of any sandbox
 * can be put to the policies as they stand; ids are the same for all things of a type, so the same question is one.
 * Neighbours: `asked.ts` makes questions of calls, `allows.ts` answers them.
 */
import { isFilled, typesOf } from './reference.ts';

export type RoleName = 'worker' | 'controlplane' | 'node';

export type Context = Readonly<Record<string, string | readonly string[]>>;

export type Question = {
  readonly role: RoleName;
  readonly action: string;
  /** As the reference calls its type; empty for a listing. */
  readonly type: string;
  /** An ARN, or `*`. */
  readonly resource: string;
  readonly context: Context;
};

export type Tags = Readonly<Record<string, string>>;

const CLUSTER = 'gke-00000000';

/** Without what differs from cluster to cluster and from run to run. */
const normal = (text: string): string =>
  text
    .replaceAll(/gke-[0-9a-f]{8}(?![0-9a-f])/g, CLUSTER)
    .replaceAll(/nodepool-[0-9a-f]{8}/g, 'nodepool-00000000')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '00000000-0000-0000-0000-000000000000');

/** Of these the values count; of all others only that they are there. */
const TELLING = /^(slipway\.dev\/cluster|KubernetesCluster|kubernetes\.io\/.*)$/;

const underPrefix = (prefix: string, tags: Tags): Context =>
  Object.fromEntries(
    Object.entries(tags)
      .filter(([key]) => TELLING.test(key))
      .map(([key, value]) => [`${prefix}/${normal(key)}`, normal(value)]),
  );

/** Tags that a call gives, or takes away. */
export const givenTags = (tags: Tags): Context => {
  const keys = Object.keys(tags).map(normal).sort();
  return keys.length === 0 ? {} : { ...underPrefix('aws:RequestTag', tags), 'aws:TagKeys': keys };
};

/** Tags that a resource has. */
export const ownTags = (tags: Tags): Context => underPrefix('aws:ResourceTag', tags);

export const OWNED: Tags = { 'slipway.dev/cluster': CLUSTER, [`kubernetes.io/cluster/${CLUSTER}`]: 'owned' };

/** An ARN in this account. */
export const arn = (service: string, path: string): string =>
  `arn:PARTITION:${service}:REGION:ACCOUNT_ID:${normal(path)}`;
/** Of a VPC that is shared its owner's. */
export const arnInVpc = (path: string): string => `arn:PARTITION:ec2:REGION:VPC_OWNER:${path}`;
export const globalArn = (path: string): string => `arn:PARTITION:iam::ACCOUNT_ID:${normal(path)}`;

/** A question with what AWS fills of these circumstances. */
export const question = (
  role: RoleName,
  action: string,
  [type, resource]: readonly [string, string],
  circumstances: Context,
): Question => {
  const types = typesOf(action);
  if (types === undefined || (type !== '' && !types.includes(type))) {
    throw new Error(
      `${action}${type === '' ? '' : ` on ${type}`} is not in test/judge/policies/reference.ts: add what AWS checks for it.`,
    );
  }
  const known: Context = {
    ...circumstances,
    ...(action.startsWith('iam:') ? {} : { 'aws:RequestedRegion': 'REGION' }),
  };
  const filled = Object.entries(known).filter(([key]) => isFilled(action, type, key));
  return {
    role,
    action,
    type,
    resource,
    context: Object.fromEntries(filled.sort(([one], [other]) => (one < other ? -1 : 1))),
  };
};

/** Whoever is first in an account makes the role with which the service works there. */
export const firstUse = (role: RoleName, service: string, name: string): Question => {
  const host = `${service}.amazonaws.com`;
  const path = `role/aws-service-role/${host}/${name}`;
  return question(role, 'iam:CreateServiceLinkedRole', ['role', globalArn(path)], { 'iam:AWSServiceName': host });
};

const written = ({ role, action, type, resource, context }: Question): string =>
  JSON.stringify({ role, action, type, resource, context });

/** Each once, sorted. */
export const distinct = (questions: readonly Question[]): readonly Question[] =>
  [...new Set(questions.map(written))].sort().map((text) => JSON.parse(text) as Question);
