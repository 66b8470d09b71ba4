/** The replicas' fixed addresses in the target group, and what the load balancer last saw of each. */
import type { Value } from '../words/references.ts';
import type { Difference, Row } from './row.ts';

export type TargetHealth = {
  readonly address: string;
  /** `initial` and `unused` tell nothing: nobody has asked the target yet. */
  readonly state: 'healthy' | 'unhealthy' | 'unknown';
  /** Why not, in the load balancer's words. */
  readonly said?: string;
};

export type TargetsProperties = {
  readonly targetGroupArn: Value;
  readonly addresses: readonly Value[];
  readonly port: number;
};
/** A group without any target is no entry. `health` is sorted by address. */
export type TargetsState = { readonly addresses: readonly string[]; readonly health?: readonly TargetHealth[] };
export type TargetsIdentity = { readonly targetGroupArn: string };

export const targets: Row<TargetsProperties, TargetsState, TargetsIdentity, 'missing' | 'stale'> = {
  planned: 'when it differs',
  changesAws: true,
  cutsOff: ['absent'],
  differences: (wanted, { addresses }) => [
    ...wanted.addresses
      .filter((item) => !addresses.includes(item))
      .map((item): Difference<'missing'> => ({ what: 'missing', item, says: `${item} is not a target` })),
    ...addresses
      .filter((item) => !wanted.addresses.includes(item))
      .map((item): Difference<'stale'> => ({ what: 'stale', item, says: `${item} is a target and no replica` })),
  ],
  removal: { after: [], identity: ({ outputs }) => ({ targetGroupArn: outputs.targetGroupArn ?? '' }) },
};
