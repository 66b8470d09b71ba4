/** Where the load balancer sends the API's clients, and how it asks whether a replica is well: unique by name. */
import { isDeepStrictEqual } from 'node:util';
import type { Row, Tagged } from './row.ts';

/** An HTTPS check on the port of the traffic, answered with 200. */
export type HealthCheck = {
  readonly path: string;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
};

export type TargetGroupProperties = Tagged & {
  readonly name: string;
  readonly port: number;
  readonly vpcId: string;
  readonly healthCheck: HealthCheck;
};
/** `healthCheck` is absent where it asks in another way, on another port, or takes another answer. */
export type TargetGroupState = { readonly name: string; readonly healthCheck?: HealthCheck };
export type TargetGroupIdentity = { readonly name: string };

export const targetGroup: Row<TargetGroupProperties, TargetGroupState, TargetGroupIdentity, 'healthCheck'> = {
  planned: 'when it differs',
  changesAws: true,
  tagged: true,
  cutsOff: ['absent'],
  // Replicas count on these numbers when they leave: none may differ.
  differences: (wanted, { healthCheck }) =>
    isDeepStrictEqual(healthCheck, wanted.healthCheck)
      ? []
      : [{ what: 'healthCheck', says: 'it asks replicas for their health in another way' }],
  removal: { after: ['listener', 'targets'], identity: ({ state }) => ({ name: state.name }) },
};
