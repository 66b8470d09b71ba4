/**
 * Preflight's look at subnets: whether they can be used for what a spec names them for.
 *
 * Owns: addresses of the right family, and room for the tag by which load balancers find them. Neighbours: `preflight.ts` says whether
 * they exist, and where; `preflight-room.ts` counts their addresses. What is wrong in memory is looked at afresh before anything is
 * said, so that a person's cure counts at once.
 */
import { TAG_LIMITS } from '../../api/aws-limits.ts';
import { kubernetesClusterTag } from '../../api/names.ts';
import { BALANCER_SUBNETS } from '../../kinds/preflight.ts';
import type { Wanted } from '../driver.ts';
import type { AwsFacts, Subnet } from './facts.ts';
import type { Tell } from './preflight-room.ts';

/** Whether no more tags fit on it. */
const isFull = ({ tagKeys = [] }: Pick<Subnet, 'tagKeys'>): boolean => tagKeys.length >= TAG_LIMITS.most;

/** The cloud controller then looks for no tags: https://github.com/kubernetes/kubernetes/pull/97431 */
const SUBNETS_OF_SERVICE = 'service.beta.kubernetes.io/aws-load-balancer-subnets';

type Trouble = { readonly what: string; readonly cure: string };

const familyTrouble = ({ id, ipv6Only }: Subnet): Trouble | undefined =>
  ipv6Only === true ? { what: `subnet ${id} has no IPv4 addresses, which machines need`, cure: '' } : undefined;

/** A subnet that is going to be tagged for load balancers. */
const tagTrouble = (subnet: Subnet, key: string, account: string): Trouble | undefined => {
  const { id, owner = account, tagKeys = [] } = subnet;
  if (owner !== account) {
    const what = `subnet ${id} is shared by account ${owner}, which alone can tag it for load balancers`;
    return {
      what,
      cure: `take it out of ${BALANCER_SUBNETS} and name it on each Service by the annotation ${SUBNETS_OF_SERVICE}`,
    };
  }
  if (tagKeys.includes(key) || !isFull(subnet)) return undefined;
  const what = `subnet ${id} has ${tagKeys.length} tags, the most that AWS lets it have, and needs ${key}`;
  return { what, cure: 'take one off it' };
};

/** What is wrong with the subnets of an object, each with its cure. */
export const subnetTroubles = async (
  { facts, tell }: { readonly facts: AwsFacts; readonly tell: Tell },
  { properties, owner, signal }: Pick<Wanted<'preflight'>, 'properties' | 'owner' | 'signal'>,
): Promise<readonly string[]> => {
  const named = (properties.fields ?? []).filter(({ about }) => about === 'subnet');
  const tagged = new Set(named.filter(({ field }) => field.startsWith(BALANCER_SUBNETS)).map(({ value }) => value));
  const key = kubernetesClusterTag(owner.clusterId);
  const troubleOf = (subnet: Subnet): Trouble | undefined =>
    familyTrouble(subnet) ?? (tagged.has(subnet.id) ? tagTrouble(subnet, key, owner.account) : undefined);
  const subnets = await facts.subnets(properties.subnetIds, signal, (one) => troubleOf(one) === undefined);
  return subnets.flatMap((subnet) => {
    const trouble = troubleOf(subnet);
    return trouble === undefined ? [] : [tell('subnet', subnet.id, trouble.what, trouble.cure)];
  });
};
