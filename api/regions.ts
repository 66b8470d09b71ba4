/**
 * Regions: how AWS names its regions and their zones, in every partition.
 *
 * Owns: the spelling, and the partition that a region is in. Neighbours: specs name regions (`fields.ts`), instances say where they are (`machine/shape.ts`). Pure.
 */

/** `eu-west-1`, `us-gov-east-1`, `us-isob-east-1`, `eusc-de-east-1`: https://docs.aws.amazon.com/general/latest/gr/rande.html */
export const REGION_PATTERN = /^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$/;

/** A region and what tells its zones apart: `eu-west-1a`, and `us-west-2-lax-1a` of a Local Zone. */
export const ZONE_PATTERN = /^[a-z]{2,4}(-[a-z0-9]+)+$/;

/** Beginnings of regions' names by partition; all others are in `aws`: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
const PARTITIONS: Readonly<Record<string, string>> = {
  'cn-': 'aws-cn',
  'us-gov-': 'aws-us-gov',
  'us-iso-': 'aws-iso',
  'us-isob-': 'aws-iso-b',
  'us-isof-': 'aws-iso-f',
  'eu-isoe-': 'aws-iso-e',
  'eusc-': 'aws-eusc',
};

/** The partition of a region, as its ARNs say it: `aws-cn`. */
export const partitionOf = (region: string): string =>
  Object.entries(PARTITIONS).find(([begins]) => region.startsWith(begins))?.[1] ?? 'aws';
