/** That an object owns what another one made: its uid in the tag `slipway.dev/adopted-by` of what stands for all of it. */
import type { Nothing, Row } from './row.ts';

export type AdoptionProperties = {
  /** Security groups and launch templates, as EC2 calls them; sorted. */
  readonly ids: readonly string[];
  /** uid of the object that adopts them. */
  readonly adopter: string;
};

export const adoption: Row<AdoptionProperties, undefined, Nothing> = {
  planned: 'never',
  neverSkipped: 'whoever owned it before could go on changing it at the same time',
};
