/** The security groups of a node pool's machines that run: AWS changes them while they are used. */
import type { Value } from '../words/references.ts';
import type { Row } from './row.ts';

export type MachineSecurityGroupsProperties = {
  readonly poolId: string;
  readonly groupName: string;
  readonly groupIds: readonly Value[];
};

type Identity = Pick<MachineSecurityGroupsProperties, 'poolId' | 'groupName'>;

export const machineSecurityGroups: Row<MachineSecurityGroupsProperties, undefined, Identity> = {
  planned: 'never',
  changesAws: true,
};
