/** A wait: a machine other than the one it is to replace serves as the replica. */
import type { Row } from './row.ts';

/** Where the machine of a replica is found, and where one sees whether it serves. */
export type ReplicaMachine = {
  readonly groupName: string;
  readonly targetGroupArn: string;
  /** The replica's fixed address. */
  readonly address: string;
};

export type ReplicaProperties = ReplicaMachine & {
  readonly former?: string;
  /** In how many looks in a row it must serve; one where it is absent. */
  readonly looks?: number;
};

export const replica: Row<ReplicaProperties> = {
  planned: 'never',
  neverSkipped: 'until it serves, etcd has no member to spare, and its new volume may still have to join',
};
