/**
 * Replica watch: the three replicas of a control plane, looked at all the while a case is lived.
 *
 * Owns: what is never to be seen: two replicas out of service at once, as their API servers or their load balancer have it, and one
 * that begins to serve below what its disk was committed to. Neighbours: `world.ts` looks, `upgrades.ts` judges the end;
 * `standing-control-plane.ts` has it watch. Invariants: I5, and the floor of `machine/emulation.ts`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { DescribeTargetHealthCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { compareMinors, type Minor, minorIn } from '../../api/minor.ts';
import { AWS_CREDENTIALS, REGION } from '../../sandbox/layout.ts';
import { COMMITTED_TAG } from '../../words/emulation.ts';
import type { Cloud } from '../cloud.ts';
import type { SeenReplica } from './sight.ts';
import { marksOf } from './upgrade-marks.ts';
import type { World } from './world.ts';

export type ReplicaWatch = {
  /** Ends it. What was wrong meanwhile, in sentences, and all machines that ever were replicas. */
  readonly end: () => Promise<{ readonly wrong: readonly string[]; readonly machines: readonly string[] }>;
};

const LOOK_MS = 250;
const HEALTH_MS = 1_000;
const MOST_AWAY = 1;

const isServing = ({ serves }: SeenReplica): boolean => serves !== undefined;

/** What began to serve since the look before, though its disk had been committed further before that. */
export const belowFloor = (
  before: readonly SeenReplica[],
  now: readonly SeenReplica[],
  committed: ReadonlyMap<number, Minor>,
): readonly string[] =>
  now.flatMap((replica) => {
    const { index, instance, serves } = replica;
    const last = before.find((one) => one.index === index);
    const floor = committed.get(index);
    if (serves === undefined || floor === undefined) return [];
    const isNew = last === undefined || !isServing(last) || last.instance !== instance;
    return isNew && compareMinors(serves, floor) < 0
      ? [`replica ${index} began to serve as Kubernetes ${serves}, and its disk was committed to ${floor} before`]
      : [];
  });

/** Those of its replicas that serve; a replica that nobody knows of serves nobody. */
export const tooManyAway = (now: readonly SeenReplica[], all: number): readonly string[] => {
  const away = all - now.filter(isServing).length;
  return away > MOST_AWAY ? [`I5: ${away} replicas were out of service at once`] : [];
};

const healthAt = (endpoint: string, targetGroup: string) => {
  const client = new ElasticLoadBalancingV2Client({ region: REGION, endpoint, credentials: AWS_CREDENTIALS });
  return {
    unhealthy: async (): Promise<readonly string[]> => {
      const { TargetHealthDescriptions = [] } = await client.send(
        new DescribeTargetHealthCommand({ TargetGroupArn: targetGroup }),
      );
      return TargetHealthDescriptions.flatMap(({ Target, TargetHealth }) =>
        TargetHealth?.State === 'healthy' ? [] : [`${Target?.Id} ${TargetHealth?.State}`],
      );
    },
    end: () => client.destroy(),
  };
};

export type Watched = {
  readonly cloud: Cloud;
  readonly world: World;
  readonly clusterId: string;
  /** ARN of the target group that all replicas are in. */
  readonly targetGroup: string;
};

const committedIn = (watched: Watched): ReadonlyMap<number, Minor> =>
  new Map(
    marksOf(watched.world.seen(), watched.clusterId).flatMap(({ index, tags }) => {
      const minor = minorIn(tags[COMMITTED_TAG]);
      return minor === undefined ? [] : [[index, minor] as const];
    }),
  );

export const watchReplicas = async (watched: Watched): Promise<ReplicaWatch> => {
  const { cloud, world, clusterId, targetGroup } = watched;
  const health = healthAt(cloud.status().aws.endpoint, targetGroup);
  const stop = { asked: false };
  const wrong = new Set<string>();
  const machines = new Set<string>();
  const note = (replicas: readonly SeenReplica[]): void => {
    for (const { instance } of replicas) machines.add(instance);
  };
  const state = { last: await world.replicasOf(clusterId), committed: committedIn(watched) };
  const all = state.last.length;
  note(state.last);
  const repeat = async (every: number, look: () => Promise<readonly string[]>): Promise<void> => {
    while (!stop.asked) {
      const said = await look().catch((error: unknown) => [`the replicas could not be looked at: ${String(error)}`]);
      for (const one of said) wrong.add(one);
      await delay(every);
    }
  };
  const loops = [
    repeat(LOOK_MS, async () => {
      const now = await world.replicasOf(clusterId);
      const { last, committed } = state;
      Object.assign(state, { last: now, committed: committedIn(watched) });
      note(now);
      return [...tooManyAway(now, all), ...belowFloor(last, now, committed)];
    }),
    repeat(HEALTH_MS, async () => {
      const unhealthy = await health.unhealthy();
      return unhealthy.length > MOST_AWAY ? [`I5: ${unhealthy.length} targets were unhealthy at once`] : [];
    }),
  ];
  return {
    end: async () => {
      stop.asked = true;
      await Promise.all(loops);
      health.end();
      return { wrong: [...wrong], machines: [...machines].sort() };
    },
  };
};
