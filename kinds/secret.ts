/** A Secret in the management API. Outputs: `name`, `fingerprint`, and `certificate` (authorities) or `public` (signing key). */
import type { Nothing, Row } from './row.ts';

/** What one secret holds. Its bytes never leave `activities/kubernetes` and sealed user data. */
export type SecretContent =
  | { readonly type: 'certificate-authority'; readonly commonName: string }
  | { readonly type: 'signing-key' }
  | { readonly type: 'ssh-key' }
  | { readonly type: 'bootstrap-token' };

export type SecretProperties = { readonly name: string; readonly content: SecretContent };
export type SecretIdentity = { readonly name: string };

export const secret: Row<SecretProperties, Nothing, SecretIdentity> = {
  planned: 'when it differs',
  irreplaceable: ({ content }) => content.type === 'certificate-authority' || content.type === 'signing-key',
  removal: {
    // Pools being deleted still talk to the cluster's API, with certificates made from these.
    after: ['auto-scaling-group', 'launch-template', 'join-token'],
    afterPools: true,
    identity: ({ outputs }) => ({ name: outputs.name ?? '' }),
  },
};
