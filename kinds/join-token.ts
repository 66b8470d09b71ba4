/** The bootstrap token of a pool inside the user cluster, copied from its Secret. */
import { nameInKey, type ResourceKey } from '../words/keys.ts';
import type { Value } from '../words/references.ts';
import type { Nothing, Row } from './row.ts';

export type JoinTokenProperties = { readonly endpoint: Value; readonly token: ResourceKey; readonly poolId: string };
/** The endpoint of a cluster whose object is going or gone is nobody's: then nothing is asked. */
export type JoinTokenIdentity = { readonly poolId: string; readonly endpoint?: string };

export const joinToken: Row<JoinTokenProperties, Nothing, JoinTokenIdentity> = {
  planned: 'once',
  removal: { after: [], identity: ({ key }) => ({ poolId: nameInKey(key) }) },
};
