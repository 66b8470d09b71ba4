/** A wait: the API answers through its load balancer and every replica's etcd member is healthy. */
import type { ResourceKey } from '../words/keys.ts';
import type { Value } from '../words/references.ts';
import type { Row } from './row.ts';

export type ControlPlaneProperties = { readonly endpoint: Value; readonly certificateAuthority: ResourceKey };

export const controlPlane: Row<ControlPlaneProperties> = {
  planned: 'as a wait',
  neverSkipped: "etcd's quorum can't be taken for granted",
};
