/** How a target group treats the connections to a replica that leaves it. They are there with their group, and go with it. */
import type { Value } from '../words/references.ts';
import type { Row } from './row.ts';

export type TargetGroupAttributesProperties = {
  readonly targetGroupArn: Value;
  /** For how long a target that was found unhealthy keeps the connections that it has, in seconds. */
  readonly unhealthyDrainSeconds: number;
};
/** Absent where its connections are cut as soon as it is found unhealthy, which is AWS's default. */
export type TargetGroupAttributesState = { readonly unhealthyDrainSeconds?: number };
export type TargetGroupAttributesIdentity = { readonly targetGroupArn: string };

export const targetGroupAttributes: Row<
  TargetGroupAttributesProperties,
  TargetGroupAttributesState,
  TargetGroupAttributesIdentity,
  'unhealthyDrain'
> = {
  planned: 'when it differs',
  changesAws: true,
  differences: (wanted, { unhealthyDrainSeconds = 0 }) =>
    wanted.unhealthyDrainSeconds === unhealthyDrainSeconds
      ? []
      : [{ what: 'unhealthyDrain', says: `an unhealthy target keeps its connections for ${unhealthyDrainSeconds} s` }],
};
