/** Our mark on subnets that are the user's, by which controllers find room for load balancers: shared, never owned. */
import type { Difference, Nothing, Row, Tags } from './row.ts';

export type SubnetTagsProperties = { readonly subnetIds: readonly string[]; readonly tags: Tags };
/** Subnets that carry the cluster's tag. */
export type SubnetTagsState = { readonly tagged: readonly string[] };

export const subnetTags: Row<SubnetTagsProperties, SubnetTagsState, Nothing, 'untagged' | 'forgotten'> = {
  planned: 'when it differs',
  changesAws: true,
  differences: ({ subnetIds }, { tagged }) => [
    ...subnetIds
      .filter((item) => !tagged.includes(item))
      .map((item): Difference<'untagged'> => ({ what: 'untagged', item, says: `${item} is not tagged` })),
    ...tagged
      .filter((item) => !subnetIds.includes(item))
      .map((item): Difference<'forgotten'> => ({ what: 'forgotten', item, says: `${item} is still tagged` })),
  ],
  removal: { after: [], identity: () => ({}) },
};
