/** The cluster's membership in GKE Hub. */
import type { Value } from '../words/references.ts';
import type { Nothing, Row } from './row.ts';

export type HubMembershipProperties = { readonly name: string; readonly endpoint: Value };
export type HubMembershipIdentity = { readonly name: string };

export const hubMembership: Row<HubMembershipProperties, Nothing, HubMembershipIdentity> = {
  planned: 'when it differs',
  removal: { after: [], identity: ({ outputs }) => ({ name: outputs.name ?? '' }) },
};
