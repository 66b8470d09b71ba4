/**
 * Balancing: every load balancer and target group of the account, with their tags.
 *
 * Owns: that look, for those who ask about more than one name: what controllers make has any name. Neighbours:
 * `load-balancer.ts` and `target-group.ts` ask by name. Invariant: I12 (every listing is read to its end).
 */
import {
  type ElasticLoadBalancingV2Client,
  type LoadBalancer,
  paginateDescribeLoadBalancers,
  paginateDescribeTargetGroups,
  type TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Tags } from '../../kinds/row.ts';
import { tagsOf } from './load-balancer.ts';
import { readAll } from './tags.ts';

export type Balancing = {
  readonly balancers: readonly LoadBalancer[];
  readonly groups: readonly TargetGroup[];
  /** By ARN, of both. */
  readonly tags: ReadonlyMap<string, Tags>;
};

export const listBalancing = async (
  elbv2: ElasticLoadBalancingV2Client,
  abortSignal: AbortSignal,
): Promise<Balancing> => {
  const [balancers, groups] = await Promise.all([
    readAll(paginateDescribeLoadBalancers({ client: elbv2 }, {}, { abortSignal }), (page) => page.LoadBalancers),
    readAll(paginateDescribeTargetGroups({ client: elbv2 }, {}, { abortSignal }), (page) => page.TargetGroups),
  ]);
  const arns = [
    ...balancers.flatMap(({ LoadBalancerArn }) => LoadBalancerArn ?? []),
    ...groups.flatMap(({ TargetGroupArn }) => TargetGroupArn ?? []),
  ];
  return { balancers, groups, tags: await tagsOf(elbv2, arns, abortSignal) };
};

type Named = {
  readonly balancer: LoadBalancer | undefined;
  readonly group: TargetGroup | undefined;
  readonly tags: Balancing['tags'];
};

/** ARNs of a balancer and a group, whichever of them is there. */
export const arnsOf = ({ balancer, group }: Pick<Named, 'balancer' | 'group'>): string[] =>
  [balancer?.LoadBalancerArn, group?.TargetGroupArn].filter((arn) => arn !== undefined);

/** The balancer and the group of one name, as far as they are there. */
export const named = ({ balancers, groups, tags }: Balancing, name: string): Named => ({
  balancer: balancers.find(({ LoadBalancerName }) => LoadBalancerName === name),
  group: groups.find(({ TargetGroupName }) => TargetGroupName === name),
  tags,
});
