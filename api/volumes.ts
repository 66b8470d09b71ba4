/**
 * Volumes: the fields of an EBS volume, and what AWS takes of each type.
 *
 * Owns: the schema of a volume, with a rule for each limit of a type that is narrower than its field's. Neighbours: `aws-limits.ts` has
 * the numbers; `cluster.ts` and `nodepool.ts` have volumes.
 */
import { z } from 'zod';
import { limitsOf, VOLUME_LIMITS, type VolumeType } from './aws-limits.ts';
import { type CelRule, kmsKeyArn, rules } from './fields.ts';

const VOLUME_TYPES = Object.keys(VOLUME_LIMITS) as readonly VolumeType[];
const widest = (numbers: readonly (number | undefined)[]): number => Math.max(...numbers.map((one) => one ?? 0));
const MOST = {
  sizeGiB: widest(VOLUME_TYPES.map((type) => limitsOf(type).sizeGiB.most)),
  iops: widest(VOLUME_TYPES.map((type) => limitsOf(type).iops?.most)),
  throughput: widest(VOLUME_TYPES.map((type) => limitsOf(type).throughput?.most)),
};

const LEAST = { sizeGiB: 1, iops: 100 };

type Between = { readonly least: number; readonly most: number };

/** A rule for a type whose limits are narrower than those of the field. */
const limited = (type: VolumeType, field: keyof typeof LEAST, between: Between | undefined): readonly CelRule[] => {
  if (between === undefined || (between.least <= LEAST[field] && between.most === MOST[field])) return [];
  const { least, most } = between;
  return [
    {
      rule: `self.volumeType != '${type}' || !has(self.${field}) || (self.${field} >= ${least} && self.${field} <= ${most})`,
      message:
        field === 'iops' ? `${type} takes ${least} to ${most} iops` : `${type} volumes have ${least} to ${most} GiB`,
      fieldPath: `.${field}`,
    },
  ];
};

/** What AWS takes of one type, whatever the object. */
const rulesOfType = (type: VolumeType): readonly CelRule[] => {
  const { sizeGiB, iops } = limitsOf(type);
  const between = [...limited(type, 'sizeGiB', sizeGiB), ...limited(type, 'iops', iops)];
  if (iops === undefined) return between;
  const [free, beyond] =
    iops.baseline === undefined ? ['', ''] : [`self.iops <= ${iops.baseline} || `, `, or ${iops.baseline}`];
  return [
    ...between,
    {
      rule: `!has(self.iops) || self.volumeType != '${type}' || ${free}self.iops <= self.sizeGiB * ${iops.perGiB}`,
      message: `${type} takes at most ${iops.perGiB} iops for each GiB${beyond}: make it larger, or ask for fewer`,
      fieldPath: '.iops',
    },
  ];
};

/** What iops and throughput mean with each type. */
const VOLUME_RULES: readonly CelRule[] = [
  ...VOLUME_TYPES.flatMap(rulesOfType),
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
    rule: "!has(self.throughput) || self.volumeType == 'gp3'",
    message: 'only gp3 has a throughput of its own: choose gp3, or remove throughput',
    fieldPath: '.throughput',
  },
  {
    rule: `!has(self.throughput) || self.throughput * ${VOLUME_LIMITS.gp3.throughput.iopsPerMiB} <= (has(self.iops) ? self.iops : ${VOLUME_LIMITS.gp3.iops.baseline})`,
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
        .max(MOST.sizeGiB)
        .default(options.default)
        .describe('Size in GiB. It can grow, and never shrinks.')
        .meta(rules({ rule: 'self >= oldSelf', message: 'volumes do not shrink: keep the size or make it larger' })),
      volumeType: z
        .enum(VOLUME_TYPES)
        .default('gp3')
        .describe('EBS volume type: gp3 and gp2 are general purpose, io1 and io2 provisioned IOPS.'),
      iops: z
        .int()
        .min(LEAST.iops)
        .max(MOST.iops)
        .exactOptional()
        .describe('Provisioned I/O operations a second: required with io1 and io2, allowed with gp3.'),
      throughput: z
        .int()
        .min(125)
        .max(MOST.throughput)
        .exactOptional()
        .describe('Throughput in MiB a second, of gp3 only: at most a quarter of its iops.'),
      kmsKeyARN: kmsKeyArn
        .exactOptional()
        .describe("ARN of the KMS key that encrypts the volume; the account's key for EBS when absent."),
    })
    .meta(rules(...VOLUME_RULES, ...(options.rules ?? [])))
    .default({ sizeGiB: options.default, volumeType: 'gp3' });
