/** A security group: unique by name in its VPC. Its rules are a kind of their own. */
import type { Row, Tagged } from './row.ts';

export type SecurityGroupProperties = Tagged & {
  readonly name: string;
  readonly description: string;
  readonly vpcId: string;
};
export type SecurityGroupState = { readonly name: string };
/** A removal goes by our tags; whose the name is concerns only who makes one. */
export type SecurityGroupIdentity = { readonly name: string; readonly vpcId?: string };

export const securityGroup: Row<SecurityGroupProperties, SecurityGroupState, SecurityGroupIdentity> = {
  planned: 'when it differs',
  changesAws: true,
  tagged: true,
  removal: {
    // Rules of one group name the other, and of both those of load balancers that controllers made.
    after: ['security-group-rules', 'network-interface', 'auto-scaling-group', 'load-balancer', 'cloud-load-balancers'],
    afterPools: true,
    identity: ({ state }) => ({ name: state.name }),
  },
};
