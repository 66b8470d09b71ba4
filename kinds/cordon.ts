/** A node on which nothing new is scheduled, by a mark of ours; only what carries the mark is ever opened again. */
import type { Row } from './row.ts';

export type CordonProperties = {
  /** The user cluster's API, and the node's name there. */
  readonly endpoint: string;
  readonly node: string;
};

export const cordon: Row<CordonProperties, undefined, CordonProperties> = { planned: 'never' };
