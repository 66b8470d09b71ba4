/**
 * Fields: the kinds of value that specs are made of, each with its format, its limits and what to say when it is wrong.
 *
 * Owns: formats that both objects share, written once for zod and for the API server: a format's pattern becomes a CEL
 * rule with the same message, so that `kubectl` says what an id looks like instead of printing a regular expression.
 * Every string and list has a limit: the API server refuses a schema whose CEL rules could cost too much.
 * Neighbours: `volumes.ts` has the fields of volumes; `cluster.ts` and `nodepool.ts` compose them; `crd.ts` turns them into structural schemas.
 */
import { z } from 'zod';
import { KEY_PAIR_NAME, KMS_KEY_ARN, TAG_LIMITS } from './aws-limits.ts';
import { DNS_NAME, type Form } from './kubernetes-names.ts';
import { RESERVED_TAG_PREFIXES } from './names.ts';
import { REGION_PATTERN } from './regions.ts';

/** One CEL rule of a structural schema. A rule that names `oldSelf` judges changes only. */
export type CelRule = {
  readonly rule: string;
  readonly message: string;
  /** Path below the schema that carries the rule, as `.field`, so that the refusal names the field at fault. */
  readonly fieldPath?: string;
  readonly reason?: 'FieldValueInvalid' | 'FieldValueForbidden';
};

/** Metadata that attaches CEL rules to a schema; `z.toJSONSchema` passes it through to the CRD. */
export const rules = (...list: readonly CelRule[]): Record<string, unknown> => ({ 'x-kubernetes-validations': list });

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** In CEL: that a string matches a pattern. */
export const matching = (subject: string, { pattern }: Pick<Form, 'pattern'>): string =>
  `${subject}.matches(${quote(pattern.source.replaceAll('\\/', '/'))})`;

/** A string of a format. The pattern is in the common subset of JavaScript's and RE2's syntax. */
export const format = (pattern: RegExp, maxLength: number, message: string) =>
  z
    .string()
    .max(maxLength)
    .regex(pattern, message)
    .meta(rules({ rule: matching('self', { pattern }), message }));

/**
 * A string of a form that only who writes is asked for: what an earlier release admitted has to stay readable, or nobody could
 * delete it.
 */
export const admittedOf = (form: Form, message: string, ...others: readonly CelRule[]) =>
  z
    .string()
    .max(form.longest)
    .meta(rules({ rule: matching('self', form), message }, ...others));

/** A required field that keeps the value it was created with. The message says what to do instead. */
export const immutable = (field: string, instead: string): CelRule => ({
  rule: `self.${field} == oldSelf.${field}`,
  message: `${field} cannot be changed: ${instead}`,
  fieldPath: `.${field}`,
  reason: 'FieldValueForbidden',
});

/** An optional field that can be neither changed, added nor removed once the object exists. */
export const immutableWhetherSetOrNot = (field: string, instead: string): CelRule => ({
  ...immutable(field, instead),
  rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
});

/** An optional field that may be added to an object, and not be taken away again. */
export const kept = (field: string, instead: string): CelRule => ({
  rule: `!has(oldSelf.${field}) || has(self.${field})`,
  message: `${field} cannot be taken away: ${instead}`,
  fieldPath: `.${field}`,
  reason: 'FieldValueForbidden',
});

/** A list whose order means something and which one owner writes as a whole. */
export const ATOMIC_LIST = { 'x-kubernetes-list-type': 'atomic' } as const;
const DISTINCT: CelRule = { rule: 'self.all(x, self.exists_one(y, y == x))', message: 'entries must be distinct' };

export const region = format(REGION_PATTERN, 32, 'must be the name of an AWS region, such as eu-west-1');

export const version = format(/^[0-9]+\.[0-9]+\.[0-9]+(-[a-z0-9.]+)?$/, 32, 'must be a version such as 1.36.3-gke.1');

export const instanceType = format(/^[a-z0-9-]+\.[a-z0-9-]+$/, 32, 'must be an EC2 instance type, such as m5.large');

/** Name of an EC2 key pair. */
export const keyName = admittedOf(
  KEY_PAIR_NAME,
  'must be the name of an EC2 key pair: ASCII characters, with no space at either end',
);

/** Name (not ARN) of an IAM instance profile. */
export const iamInstanceProfile = format(
  /^[A-Za-z0-9+=,.@_-]+$/,
  128,
  'must be the name of an IAM instance profile, not its ARN',
);

export const vpcId = format(/^vpc-[0-9a-f]{8,17}$/, 21, 'must be a VPC id: vpc- and 8 to 17 hex digits');

export const subnetId = format(/^subnet-[0-9a-f]{8,17}$/, 24, 'must be a subnet id: subnet- and 8 to 17 hex digits');

const securityGroupId = format(/^sg-[0-9a-f]{8,17}$/, 20, 'must be a security group id: sg- and 8 to 17 hex digits');

/** Security groups beside the one that Slipway makes; AWS allows five to a network interface. */
export const securityGroupIds = z
  .array(securityGroupId)
  .max(4)
  .meta({ ...ATOMIC_LIST, ...rules(DISTINCT) });

export const subnetIds = (min: number, max: number) =>
  z
    .array(subnetId)
    .min(min)
    .max(max)
    .meta({ ...ATOMIC_LIST, ...rules(DISTINCT) });

export const kmsKeyArn = format(
  KMS_KEY_ARN.pattern,
  KMS_KEY_ARN.longest,
  'must be the ARN of a KMS key or alias: arn:aws:kms:<region>:<account>:key/<id>',
);

export const iamIdentityArn = format(
  /^arn:aws[a-z-]*:(iam|sts)::[0-9]{12,13}:(root|(user|role|assumed-role)\/[A-Za-z0-9+=,.@_/-]+)$/,
  512,
  'must be the ARN of an IAM user or role: arn:aws:iam::<account>:user/<name>',
);

/**
 * This network, loopback, link-local (where EC2's metadata service is) and multicast:
 * https://www.iana.org/assignments/iana-ipv4-special-registry.
 */
const RESERVED_RANGES = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4'];

const ipv4Range = (...others: readonly CelRule[]) =>
  z
    .string()
    .max(18)
    .regex(/^([0-9]{1,3}\.){3}[0-9]{1,3}\/[0-9]{1,2}$/, 'must be an IPv4 range, such as 10.1.0.0/16')
    .meta(
      rules(
        {
          rule: 'isCIDR(self) && cidr(self).ip().family() == 4',
          message: 'must be an IPv4 range, such as 10.1.0.0/16',
        },
        {
          rule: '!isCIDR(self) || cidr(self) == cidr(self).masked()',
          message: 'must begin at the first address of the range: no bits may be set beyond the prefix',
        },
        ...others,
      ),
    );

/** Exactly one IPv4 range of addresses that a machine can have: what one cluster's networking can use. */
export const cidrBlocks = (widest: number, narrowest: number) =>
  z
    .array(
      ipv4Range(
        {
          rule: `!isCIDR(self) || (cidr(self).prefixLength() >= ${widest} && cidr(self).prefixLength() <= ${narrowest})`,
          message: `must have a prefix between /${widest} and /${narrowest}`,
        },
        {
          rule: `!isCIDR(self) || [${RESERVED_RANGES.map((range) => `'${range}'`).join(', ')}].all(x, !cidr(x).containsCIDR(self) && !cidr(self).containsCIDR(x))`,
          message: `must have no address of ${RESERVED_RANGES.slice(0, -1).join(', ')} and ${RESERVED_RANGES.at(-1)}, which nothing in a network can have`,
        },
      ),
    )
    .length(1)
    .meta(ATOMIC_LIST);

/** Who may dial: each range is a rule of a security group, of which AWS allows sixty. */
export const authorizedCidrs = z
  .array(ipv4Range())
  .min(1)
  .max(40)
  .meta({ ...ATOMIC_LIST, ...rules(DISTINCT) });

/** What Slipway itself sets on one thing, at most: its name, whose it is, and what an etcd volume tells its machine. */
const OWN_TAGS = 10;
const TAG_MESSAGE = 'may have letters, digits, spaces and _ . : / = + - @ only, and no space at either end';
const categories = (of: string): string => of.replaceAll(/./g, '\\p{$&}');
const OTHERS = TAG_LIMITS.others.replace('-', '\\-');
const VISIBLE = `[${categories(TAG_LIMITS.categories.replace(TAG_LIMITS.within, ''))}${OTHERS}]`;
const TAG_TEXT = {
  pattern: new RegExp(`^(${VISIBLE}([${categories(TAG_LIMITS.categories)}${OTHERS}]*${VISIBLE})?)?$`, 'u'),
};
const RESERVED = [TAG_LIMITS.reservedPrefix, ...RESERVED_TAG_PREFIXES];

/**
 * Tags on everything that Slipway makes in AWS, as EC2 and Elastic Load Balancing both take them. Its own owner tags may not be
 * overridden (I4).
 */
export const tags = z
  .record(
    z.string().min(1).max(TAG_LIMITS.longestKey),
    admittedOf({ ...TAG_TEXT, longest: TAG_LIMITS.longestValue }, `a tag value ${TAG_MESSAGE}`),
  )
  .meta({
    maxProperties: TAG_LIMITS.most - OWN_TAGS,
    ...rules(
      {
        rule: `self.all(key, size(key) >= 1 && size(key) <= ${TAG_LIMITS.longestKey})`,
        message: `a tag key has 1 to ${TAG_LIMITS.longestKey} characters`,
      },
      {
        rule: `self.all(key, size(key) > ${TAG_LIMITS.longestKey} || ${matching('key', TAG_TEXT)})`,
        message: `a tag key ${TAG_MESSAGE}`,
      },
      {
        rule: `self.all(key, !key.matches('(?i)^${TAG_LIMITS.reservedPrefix}') && ${RESERVED_TAG_PREFIXES.map((prefix) => `!key.startsWith('${prefix}')`).join(' && ')})`,
        message: `tag keys that begin with ${RESERVED.slice(0, -1).join(', ')} or ${RESERVED.at(-1)} are reserved`,
      },
    ),
  });

/** Name of a Secret in the object's namespace. */
export const secretName = admittedOf(DNS_NAME, 'must be the name of a Secret in the namespace of this object');

/** What is done about what others change of the things that Slipway made. */
export const driftPolicy = z.enum(['Report', 'Mend']);
