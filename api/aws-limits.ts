/**
 * AWS's limits: what AWS refuses whatever an account looks like, once for admission and for the sandbox's double of AWS.
 *
 * Owns: the numbers, each with the page that has it. Neighbours: `fields.ts` makes rules of the CRDs of them, `generate.ts` writes them
 * out for `sandbox/aws/moto_semantics/`, which is Python. Quotas, which differ from account to account, are asked for by preflight.
 */
import type { Form } from './kubernetes-names.ts';

/** Account numbers have 12 digits; 13 are accepted because published manifests of the original product have them. */
export const KMS_KEY_ARN: Form = {
  pattern: /^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12,13}:(key|alias)\/[A-Za-z0-9/_-]+$/,
  longest: 512,
};

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-key-pairs.html: ASCII, no space at either end. */
export const KEY_PAIR_NAME: Form = { pattern: /^[!-~]([ -~]*[!-~])?$/, longest: 255 };

type VolumeLimits = {
  readonly sizeGiB: { readonly least: number; readonly most: number };
  /** Absent where it takes none. */
  readonly iops?: {
    readonly least: number;
    readonly most: number;
    readonly perGiB: number;
    readonly baseline?: number;
  };
  /** MiB a second, at most so many for each of its iops. */
  readonly throughput?: {
    readonly least: number;
    readonly most: number;
    readonly iopsPerMiB: number;
    readonly baseline?: number;
  };
};

/** https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html, as of 2026. */
export const VOLUME_LIMITS = {
  gp2: { sizeGiB: { least: 1, most: 16_384 } },
  gp3: {
    sizeGiB: { least: 1, most: 65_536 },
    // What it has by itself it has at any size.
    iops: { least: 3_000, most: 80_000, perGiB: 500, baseline: 3_000 },
    throughput: { least: 125, most: 2_000, iopsPerMiB: 4, baseline: 125 },
  },
  io1: { sizeGiB: { least: 4, most: 16_384 }, iops: { least: 100, most: 64_000, perGiB: 50 } },
  io2: { sizeGiB: { least: 4, most: 65_536 }, iops: { least: 100, most: 256_000, perGiB: 1_000 } },
} as const satisfies Readonly<Record<string, VolumeLimits>>;

export type VolumeType = keyof typeof VOLUME_LIMITS;

/** The limits of a type, all of them as optional as they are for some. */
export const limitsOf = (type: VolumeType): VolumeLimits => VOLUME_LIMITS[type];

/**
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions and, which is stricter,
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Tag.html: what carries a spec's tags is in both.
 */
export const TAG_LIMITS = {
  /** On one thing, those that start with `aws:` not counted. */
  most: 50,
  longestKey: 128,
  longestValue: 256,
  /** Letters, separators and numbers, by Unicode's general categories, and these. */
  categories: 'LZN',
  others: '_.:/=+-@',
  /** Of those categories the one that is at neither end: https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-tags.html. */
  within: 'Z',
  /** In any case. */
  reservedPrefix: 'aws:',
} as const;
