/**
 * Throttled account: AWS's buckets of tokens, as its documentation has them, and a worker that fills plans against them.
 *
 * Owns: the sizes of buckets and their source, which calls a step makes, and how a step is tried again: by the SDK once, by Temporal up to
 * five times, then by the plan runner ever more slowly, when people see it. Neighbours: `throttling.ts` compares; the limiter is the
 * worker's own. On virtual time. What can't be known is at its worst: each volume has a look of its own, and nothing is remembered.
 */
import { createLimiter } from '../activities/aws/limiter.ts';
import { delayOf, isThrottled, type Judgement, verdictOf } from '../activities/verdicts.ts';
import type { Plan, Step } from '../policy/plan.ts';
import { LATENCIES } from './latencies.ts';
import type { VirtualTime } from './virtual-time.ts';

/** https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html: tokens at most, and tokens a second. */
const READS = { size: 100, perSecond: 20 };
const CHANGES = { size: 50, perSecond: 5 };

/** Calls by kind of resource, one after the other, each as `<service> <operation>`. */
const CALLS: Readonly<Record<string, readonly string[]>> = {
  'subnet-tags': ['ec2 CreateTags'],
  'security-group': ['ec2 CreateSecurityGroup'],
  'security-group-rules': ['ec2 AuthorizeSecurityGroupIngress'],
  'etcd-volume': ['ec2 CreateVolume', 'ec2 DescribeVolumes'],
  'network-interface': ['ec2 CreateNetworkInterface'],
  'load-balancer': ['elbv2 CreateLoadBalancer', 'elbv2 DescribeTags', 'elbv2 ModifyLoadBalancerAttributes'],
  'target-group': ['elbv2 CreateTargetGroup'],
  'target-group-attributes': ['elbv2 ModifyTargetGroupAttributes'],
  targets: ['elbv2 RegisterTargets'],
  listener: ['elbv2 CreateListener'],
  'launch-template': ['ec2 CreateLaunchTemplate'],
  'auto-scaling-group': ['autoscaling CreateAutoScalingGroup'],
  established: ['ec2 CreateTags'],
};

const LATENCY_MS = 100;
const SLOTS = 40;
const TEMPORAL_ATTEMPTS = 5;
const FIRST_RETRY_MS = 10_000;
const LAST_RETRY_MS = 1_800_000;
/** Between two looks of the plan runner at what waits. */
const LONGEST_PAUSE_MS = 30_000;
/** Before Slipway spread them: everybody after the same time. */
const FIXED_MS = 2_000;

export type Manner = { readonly limited: boolean; readonly spread: boolean };

export type Played = {
  readonly seconds: number;
  /** No faster than this, however one asks: what the fullest bucket takes to give as much. */
  readonly leastSeconds: number;
  readonly sent: number;
  /** Of these, those that AWS threw back. */
  readonly throttled: number;
  /** Steps that people saw failing, however long. */
  readonly shown: number;
};

const latencyOf = (api: string): number => {
  const [service = '', operation = ''] = api.split(' ');
  return LATENCIES[service]?.[operation] ?? LATENCY_MS;
};

const bucketOf = (api: string) => (/ (Describe|Get|List)/.test(api) ? READS : CHANGES);

/** Numbers from 0 up to 1, the same each time. */
const randomFrom = (seed: number) => (): number => {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
  return seed / 2 ** 31;
};

/** So many at once. */
const slotsOf = (count: number) => {
  let free = count;
  const waiting: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
};

const accountOn = (time: VirtualTime) => {
  const buckets = new Map<string, { tokens: number; filledAt: number }>();
  const counts = new Map<string, number>();
  let [sent, throttled] = [0, 0];
  return {
    counts,
    told: () => ({ sent, throttled }),
    call: async (api: string): Promise<void> => {
      sent += 1;
      const { size, perSecond } = bucketOf(api);
      const bucket = buckets.get(api) ?? { tokens: size, filledAt: time.now() };
      buckets.set(api, bucket);
      bucket.tokens = Math.min(size, bucket.tokens + ((time.now() - bucket.filledAt) / 1_000) * perSecond);
      bucket.filledAt = time.now();
      if (bucket.tokens < 1) {
        throttled += 1;
        await time.sleep(LATENCY_MS);
        const said = { name: 'RequestLimitExceeded', $metadata: { httpStatusCode: 503 } };
        throw Object.assign(new Error('Request limit exceeded.'), said);
      }
      bucket.tokens -= 1;
      counts.set(api, (counts.get(api) ?? 0) + 1);
      await time.sleep(latencyOf(api));
    },
  };
};

type Worker = {
  readonly time: VirtualTime;
  readonly manner: Manner;
  readonly random: () => number;
  /** One call, as the SDK sends it. */
  readonly call: (api: string) => Promise<void>;
  readonly slot: <T>(work: () => Promise<T>) => Promise<T>;
  readonly show: (step: string) => void;
};

/** The calls that are left of a step; what succeeded is found by the next try. */
const trying = async (worker: Worker, left: string[]): Promise<void> => {
  for (let api = left[0]; api !== undefined; api = left[0]) {
    await worker.call(api);
    left.shift();
  }
};

/** What Temporal tries by itself: undefined once it succeeded, else what the last of its attempts came to. */
const attempts = async (
  { time, manner, random, slot, ...worker }: Worker,
  left: string[],
): Promise<Judgement | undefined> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await slot(() => trying({ time, manner, random, slot, ...worker }, left));
      return undefined;
    } catch (error) {
      const judgement = verdictOf(error);
      if (attempt === TEMPORAL_ATTEMPTS) return judgement;
      await time.sleep(manner.spread ? (delayOf(judgement, attempt, random()) ?? FIXED_MS) : FIXED_MS);
    }
  }
};

const done = async (worker: Worker, step: string, left: string[]): Promise<void> => {
  const { time, show } = worker;
  const since = time.now();
  let failures = 0;
  for (let last = await attempts(worker, left); last !== undefined; last = await attempts(worker, left)) {
    if (last.waiting === true) {
      await time.sleep(Math.max(last.delayMs ?? 0, Math.min((time.now() - since) / 10, LONGEST_PAUSE_MS)));
    } else {
      show(step);
      await time.sleep(Math.min(FIRST_RETRY_MS * 2 ** failures, LAST_RETRY_MS));
      failures += 1;
    }
  }
};

const carryOut = async (worker: Worker, name: string, plan: Plan): Promise<void> => {
  const ended = new Map<string, Promise<void>>();
  const begin = async ({ id, needs, resource }: Step): Promise<void> => {
    await Promise.all(needs.flatMap((need) => ended.get(need) ?? []));
    await done(worker, `${name} ${id}`, [...(CALLS[resource.kind] ?? [])]);
  };
  // In order: each comes after what it needs.
  for (const step of plan.steps) ended.set(step.id, begin(step));
  await Promise.all(ended.values());
};

/** Carries all of the plans out at once. */
export const play = async (time: VirtualTime, plans: readonly Plan[], manner: Manner): Promise<Played> => {
  const account = accountOn(time);
  const limiter = createLimiter({ now: time.now, sleep: time.sleep, isThrottled });
  const send = (api: string): Promise<void> =>
    manner.limited ? limiter.send(api, () => account.call(api)) : account.call(api);
  const random = randomFrom(7);
  const shown = new Set<string>();
  const worker: Worker = {
    time,
    manner,
    random,
    slot: slotsOf(SLOTS),
    show: (step) => shown.add(step),
    // The SDK's second attempt.
    call: (api) =>
      send(api).catch(async (error: unknown) => {
        if (!isThrottled(error)) throw error;
        await time.sleep(random() * 1_000);
        return send(api);
      }),
  };
  const began = time.now();
  await time.run(Promise.all(plans.map((plan, index) => carryOut(worker, String(index), plan))));
  const leastSeconds = Math.max(
    ...[...account.counts].map(([api, count]) => {
      const { size, perSecond } = bucketOf(api);
      return (count - size) / perSecond;
    }),
  );
  return { seconds: (time.now() - began) / 1_000, leastSeconds, ...account.told(), shown: shown.size };
};
