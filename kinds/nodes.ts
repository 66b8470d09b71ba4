/** A wait: so many nodes of a pool are Ready. Where none is asked for it is a look, which says how many there are. */
import type { Value } from '../words/references.ts';
import type { Row } from './row.ts';

export type NodesProperties = {
  readonly endpoint: Value;
  readonly poolId: string;
  /** How many there have to be. With 0 it ends without an answer where the API is silent for long: nobody is to wait for a number. */
  readonly expected: number;
  /** Machines, by their EC2 ids, whose nodes are there and are not waited for; sorted. Others take a place, and have to keep it. */
  readonly besides?: readonly string[];
  /** Machines that have ended by then, by their EC2 ids, sorted: what is left of their nodes counts for nothing. */
  readonly gone?: readonly string[];
};

export const nodes: Row<NodesProperties> = { planned: 'as a wait' };
