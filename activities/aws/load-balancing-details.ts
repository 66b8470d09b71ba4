/**
 * Load balancing's details: what has to be asked for one balancer or group at a time.
 *
 * Owns: the entries of a balancer, its listener, its target group and targets, and how long a survey believes what it has
 * read of them. Neighbours: `inventory.ts` reads them anew for one cluster, `survey.ts` once an hour for all.
 */
import type { Listener, LoadBalancer, TargetGroup } from '@aws-sdk/client-elastic-load-balancing-v2';
import { CLUSTER_TAG, UID_TAG } from '../../api/names.ts';
import type { Tags } from '../../kinds/row.ts';
import type { TargetGroupAttributesState } from '../../kinds/target-group-attributes.ts';
import type { TargetHealth } from '../../kinds/targets.ts';
import { sameOf } from '../../words/keys.ts';
import type { AwsClients } from './clients.ts';
import { keyOf, type Parts } from './entries.ts';
import { foundListener, listenersOf } from './listener.ts';
import { foundLoadBalancer, isCrossZone, tagsOf } from './load-balancer.ts';
import type { Remember } from './memory.ts';
import { foundTargetGroup } from './target-group.ts';
import { foundAttributes, readAttributes } from './target-group-attributes.ts';
import { foundTargets, targetHealth } from './targets.ts';

export type LoadBalancing = {
  readonly balancer?: LoadBalancer | undefined;
  readonly group?: TargetGroup | undefined;
  /** By ARN, of both. */
  readonly tags: ReadonlyMap<string, Tags>;
  /** Absent where nobody asked, both: they matter to who keeps the balancer. */
  readonly crossZone?: boolean;
  readonly attributes?: TargetGroupAttributesState | undefined;
  readonly listeners: readonly Listener[];
  readonly health: readonly TargetHealth[];
};

/** The entries of a cluster's balancer and target group, as far as they are its own. */
export const partsOfLoadBalancing = (clusterId: string, seen: LoadBalancing): Parts => {
  const { balancer, group } = seen;
  return [
    ...(balancer === undefined ? [] : partsOfBalancer(clusterId, balancer, seen)),
    ...(group === undefined ? [] : partsOfGroup(clusterId, group, seen)),
  ];
};

const partsOfBalancer = (
  clusterId: string,
  balancer: LoadBalancer,
  { group, tags, crossZone, listeners }: LoadBalancing,
): Parts => {
  const its = tags.get(balancer.LoadBalancerArn ?? '') ?? {};
  const key = keyOf('load-balancer', its, clusterId);
  if (key === undefined) return [];
  const isOurs = ({ DefaultActions }: Listener): boolean =>
    DefaultActions?.[0]?.TargetGroupArn === group?.TargetGroupArn;
  // Several listeners: the one that forwards to our group is the one we made.
  const listener = listeners.find(isOurs) ?? listeners[0];
  return [
    foundLoadBalancer(key, balancer, its, crossZone),
    ...(listener === undefined ? [] : [foundListener(sameOf('listener', key), listener, its[UID_TAG])]),
  ];
};

const partsOfGroup = (clusterId: string, group: TargetGroup, { tags, health, attributes }: LoadBalancing): Parts => {
  const { TargetGroupArn: arn } = group;
  const its = tags.get(arn ?? '') ?? {};
  const key = keyOf('target-group', its, clusterId);
  if (key === undefined || arn === undefined) return [];
  const uid = its[UID_TAG];
  return [
    foundTargetGroup(key, group, its),
    ...(attributes === undefined ? [] : [foundAttributes(sameOf('target-group-attributes', key), attributes, uid)]),
    foundTargets(sameOf('targets', key), arn, health, uid),
  ];
};

export type Which = Pick<LoadBalancing, 'balancer' | 'group' | 'tags'>;

/** What a balancer and a group hold, whichever of them is there. */
export const readHeld = async (
  { elbv2 }: Pick<AwsClients, 'elbv2'>,
  { balancer, group }: Omit<Which, 'tags'>,
  signal: AbortSignal,
): Promise<Pick<LoadBalancing, 'listeners' | 'health'>> => {
  const balancerArn = balancer?.LoadBalancerArn;
  const groupArn = group?.TargetGroupArn;
  const [listeners, health] = await Promise.all([
    balancerArn === undefined ? [] : listenersOf(elbv2, balancerArn, signal),
    groupArn === undefined ? [] : targetHealth(elbv2, groupArn, signal),
  ]);
  return { listeners, health };
};

/** One look at each detail of a balancer and a group, whichever of them is there. */
export const readDetails = async (
  clients: Pick<AwsClients, 'elbv2'>,
  which: Omit<Which, 'tags'>,
  signal: AbortSignal,
): Promise<Omit<LoadBalancing, keyof Which>> => {
  const arn = which.balancer?.LoadBalancerArn;
  const groupArn = which.group?.TargetGroupArn;
  const [crossZone, attributes, held] = await Promise.all([
    arn === undefined ? false : isCrossZone(clients.elbv2, arn, signal),
    groupArn === undefined ? undefined : readAttributes(clients.elbv2, groupArn, signal),
    readHeld(clients, which, signal),
  ]);
  return { crossZone, attributes, ...held };
};

/** The same for many, out of a memory: what is asked with `fresh` is looked at now. */
export const rememberedDetails = (clients: Pick<AwsClients, 'elbv2'>, remember: Remember) => ({
  read: async (which: Which, fresh: boolean, signal: AbortSignal): Promise<LoadBalancing> => {
    const arns = [which.balancer?.LoadBalancerArn, which.group?.TargetGroupArn];
    const details = await remember(
      `details ${arns.join(' ')}`,
      () => readDetails(clients, which, signal),
      // Trouble is looked at again each time.
      ({ health }) => !fresh && health.every(({ state }) => state === 'healthy'),
    );
    return { ...which, ...details };
  },

  /** Tags of all these ARNs, twenty a call; what is nobody's is looked at again each time. */
  tagsOfAll: async (
    arns: readonly string[],
    fresh: boolean,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Tags>> => {
    const asked: string[] = [];
    let listing: Promise<ReadonlyMap<string, Tags>> | undefined;
    const all = arns.map(async (arn): Promise<[string, Tags]> => {
      const tags = await remember(
        `tags ${arn}`,
        async () => {
          asked.push(arn);
          // Questions are asked in one turn: the listing starts after the last of them.
          listing ??= Promise.resolve().then(() => tagsOf(clients.elbv2, asked, signal));
          return (await listing).get(arn) ?? {};
        },
        (answer) => !fresh && answer[CLUSTER_TAG] !== undefined,
      );
      return [arn, tags];
    });
    return new Map(await Promise.all(all));
  },
});
