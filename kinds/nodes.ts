/** A wait: so many nodes of the pool are Ready. */
import type { Value } from '../words/references.ts';
import type { Row } from './row.ts';

export type NodesProperties = { readonly endpoint: Value; readonly poolId: string; readonly expected: number };

export const nodes: Row<NodesProperties> = { planned: 'as a wait' };
