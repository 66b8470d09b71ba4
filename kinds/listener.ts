/** The port of the load balancer that clients dial, and where it passes them on to. */
import type { Value } from '../words/references.ts';
import type { Row, Tags } from './row.ts';

export type ListenerProperties = {
  readonly loadBalancerArn: Value;
  readonly targetGroupArn: Value;
  readonly port: number;
  readonly tags: Tags;
};
export type ListenerState = {
  readonly loadBalancerArn: string;
  readonly port: number;
  readonly targetGroupArn: string;
};
export type ListenerIdentity = { readonly loadBalancerArn: string; readonly port: number };

export const listener: Row<ListenerProperties, ListenerState, ListenerIdentity, 'targetGroup'> = {
  planned: 'when it differs',
  changesAws: true,
  cutsOff: ['absent', 'targetGroup'],
  differences: ({ targetGroupArn }, is) =>
    targetGroupArn === is.targetGroupArn
      ? []
      : [{ what: 'targetGroup', says: `it forwards to ${is.targetGroupArn}, not to ${targetGroupArn}` }],
  removal: {
    after: [],
    identity: ({ state: { loadBalancerArn, port } }) => ({ loadBalancerArn, port }),
  },
};
