/** The cluster's AWSNodePool objects: removed through the API, then waited for. */
import type { Row } from './row.ts';

export type NodePoolsProperties = { readonly clusterName: string };
/** By name and by pool id; no entry when there is none. */
export type NodePoolsState = { readonly names: readonly string[]; readonly poolIds: readonly string[] };

export const nodePools: Row<NodePoolsProperties, NodePoolsState, object> = { planned: 'never' };
