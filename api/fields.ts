/**
 * Fields: the kinds of value that specs are made of, each with its format, its limits and what to say when it is wrong.
 *
 * Owns: formats that both objects share, written once for zod and for the API server: a format's pattern becomes a CEL
 * rule with the same message, so that `kubectl` says what an id looks like instead of printing a regular expression.
 * Every string and list has a limit: the API server refuses a schema whose CEL rules could cost too much.
 * Neighbours: `cluster.ts` and `nodepool.ts` compose them; `crd.ts` turns them into structural schemas.
 */
import { z } from 'zod';
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

/** A string of a format. The pattern is in the common subset of JavaScript's and RE2's syntax. */
export const format = (pattern: RegExp, maxLength: number, message: string) =>
  z
    .string()
    .max(maxLength)
    .regex(pattern, message)
    .meta(rules({ rule: `self.matches(${quote(pattern.source.replaceAll('\\/', '/'))})`, message }));

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

/** A list whose order means something and which one owner writes as a whole. */
export const ATOMIC_LIST = { 'x-kubernetes-list-type': 'atomic' } as const;
const DISTINCT: CelRule = { rule: 'self.all(x, self.exists_one(y, y == x))', message: 'entries must be distinct' };

export const region = format(REGION_PATTERN, 32, 'must be the name of an AWS region, such as eu-west-1');

export const version = format(/^[0-9]+\.[0-9]+\.[0-9]+(-[a-z0-9.]+)?$/, 32, 'must be a version such as 1.36.3-gke.1');

export const instanceType = format(/^[a-z0-9-]+\.[a-z0-9-]+$/, 32, 'must be an EC2 instance type, such as m5.large');

/** Name of an EC2 key pair. */
export const keyName = z.string().min(1).max(255);

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

/** Account numbers have 12 digits; 13 are accepted because published manifests of the original product have them. */
export const kmsKeyArn = format(
  /^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12,13}:(key|alias)\/[A-Za-z0-9/_-]+$/,
  512,
  'must be the ARN of a KMS key or alias: arn:aws:kms:<region>:<account>:key/<id>',
);

export const iamIdentityArn = format(
  /^arn:aws[a-z-]*:(iam|sts)::[0-9]{12,13}:(root|(user|role|assumed-role)\/[A-Za-z0-9+=,.@_/-]+)$/,
  512,
  'must be the ARN of an IAM user or role: arn:aws:iam::<account>:user/<name>',
);

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

/** Exactly one IPv4 range: what one cluster's networking can use. */
export const cidrBlocks = (widest: number, narrowest: number) =>
  z
    .array(
      ipv4Range({
        rule: `!isCIDR(self) || (cidr(self).prefixLength() >= ${widest} && cidr(self).prefixLength() <= ${narrowest})`,
        message: `must have a prefix between /${widest} and /${narrowest}`,
      }),
    )
    .length(1)
    .meta(ATOMIC_LIST);

/** Who may dial: each range is a rule of a security group, of which AWS allows sixty. */
export const authorizedCidrs = z
  .array(ipv4Range())
  .min(1)
  .max(40)
  .meta({ ...ATOMIC_LIST, ...rules(DISTINCT) });

/** AWS's own, and those that say whose a thing is. */
const FOREIGN_PREFIXES = ['aws:', ...RESERVED_TAG_PREFIXES];

/** Tags on everything that Slipway makes in AWS. Its own owner tags may not be overridden (I4). */
export const tags = z.record(z.string().min(1).max(128), z.string().max(256)).meta({
  maxProperties: 40,
  ...rules(
    { rule: 'self.all(key, size(key) >= 1 && size(key) <= 128)', message: 'a tag key has 1 to 128 characters' },
    {
      rule: `self.all(key, ${FOREIGN_PREFIXES.map((prefix) => `!key.startsWith('${prefix}')`).join(' && ')})`,
      message: `tag keys that begin with ${FOREIGN_PREFIXES.slice(0, -1).join(', ')} or ${FOREIGN_PREFIXES.at(-1)} are reserved`,
    },
  ),
});

/** Name of a Secret in the object's namespace. */
export const secretName = format(
  /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/,
  253,
  'must be the name of a Secret in the namespace of this object',
);

/** What iops and throughput mean with each type. */
const VOLUME_RULES: readonly CelRule[] = [
  {
    rule: "!has(self.iops) || self.volumeType != 'gp2'",
    message: 'iops has no meaning with gp2: choose gp3, io1 or io2, or remove iops',
    fieldPath: '.iops',
  },
  {
    rule: "!(self.volumeType in ['io1', 'io2']) || has(self.iops)",
    message: 'io1 and io2 need iops',
    fieldPath: '.volumeType',
  },
  {
    rule: "!has(self.iops) || self.volumeType != 'gp3' || (self.iops >= 3000 && self.iops <= 16000)",
    message: 'gp3 takes 3000 to 16000 iops',
    fieldPath: '.iops',
  },
  {
    rule: "!has(self.throughput) || self.volumeType == 'gp3'",
    message: 'only gp3 has a throughput of its own: choose gp3, or remove throughput',
    fieldPath: '.throughput',
  },
  {
    rule: '!has(self.throughput) || self.throughput * 4 <= (has(self.iops) ? self.iops : 3000)',
    message: 'gp3 takes a throughput of at most a quarter of its iops, which are 3000 by default',
    fieldPath: '.throughput',
  },
];

/**
 * An EBS volume, encrypted always. Its default is written out in full, because the API server judges a default by the
 * object's rules before it fills in the defaults of fields. `rules` are those beyond
 * what holds for every volume.
 */
export const volume = (options: {
  readonly minimum: number;
  readonly default: number;
  readonly rules?: readonly CelRule[];
}) =>
  z
    .object({
      sizeGiB: z
        .int()
        .min(options.minimum)
        .max(16_384)
        .default(options.default)
        .describe('Size in GiB. It can grow, and never shrinks.')
        .meta(rules({ rule: 'self >= oldSelf', message: 'volumes do not shrink: keep the size or make it larger' })),
      volumeType: z
        .enum(['gp2', 'gp3', 'io1', 'io2'])
        .default('gp3')
        .describe('EBS volume type: gp3 and gp2 are general purpose, io1 and io2 provisioned IOPS.'),
      iops: z
        .int()
        .min(100)
        .max(64_000)
        .exactOptional()
        .describe('Provisioned I/O operations a second: required with io1 and io2, allowed with gp3.'),
      throughput: z
        .int()
        .min(125)
        .max(1_000)
        .exactOptional()
        .describe('Throughput in MiB a second, of gp3 only: at most a quarter of its iops.'),
      kmsKeyARN: kmsKeyArn
        .exactOptional()
        .describe("ARN of the KMS key that encrypts the volume; the account's key for EBS when absent."),
    })
    .meta(rules(...VOLUME_RULES, ...(options.rules ?? [])))
    .default({ sizeGiB: options.default, volumeType: 'gp3' });
