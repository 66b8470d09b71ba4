/** One machine of a node pool, ended by its id: its group keeps one fewer, or puts another in its place. */
import type { Row } from './row.ts';

export type NodeMachineProperties = {
  readonly poolId: string;
  readonly groupName: string;
  readonly instanceId: string;
  /** Whether the group keeps one fewer from then on. */
  readonly shrinks: boolean;
};

export const nodeMachine: Row<NodeMachineProperties, undefined, NodeMachineProperties> = {
  planned: 'never',
  changesNodes: true,
};
