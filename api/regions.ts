/**
 * Regions: how AWS names its regions and their zones, in every partition.
 *
 * Owns: the spelling. Neighbours: specs name regions (`fields.ts`), instances say where they are (`machine/shape.ts`). Pure.
 */

/** `eu-west-1`, `us-gov-east-1`, `us-isob-east-1`, `eusc-de-east-1`: https://docs.aws.amazon.com/general/latest/gr/rande.html */
export const REGION_PATTERN = /^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$/;

/** A region and what tells its zones apart: `eu-west-1a`, and `us-west-2-lax-1a` of a Local Zone. */
export const ZONE_PATTERN = /^[a-z]{2,4}(-[a-z0-9]+)+$/;
