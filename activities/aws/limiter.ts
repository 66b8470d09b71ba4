/**
 * Limiter: how fast each API of AWS is called once AWS has said that it is called too fast.
 *
 * Owns: one rate for each API. EC2 throttles by API, account and region, by token buckets of sizes that differ from account to account
 * (https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html), and others use those, too: so the rate is learnt from what
 * AWS answers. It is halved where AWS throttles and grows by steps while AWS takes what is sent; who never met a limit is never held
 * back. A worker serves one account and one region: an API is all that tells buckets apart.
 * Neighbours: `clients.ts` puts each attempt of each call through it; `verdicts.ts` judges what is thrown here and by AWS.
 *
 * Invariants of the mechanism:
 *   L1  Calls of an API that is limited are sent one after the other in the order in which they came, no faster than its rate.
 *   L2  Nobody is held for longer than `LONGEST_WAIT_MS`: who would be is refused at once, with the time after which to ask again, since
 *       a slot of the worker that waits serves nobody.
 *   L3  Throttled answers to calls that were sent before the rate was last lowered lower it no further.
 */
import { throttledError } from '../verdicts.ts';

/** Calls a second. */
type Rate = number;

const LEAST_RATE: Rate = 0.5;
/** How much faster after a second in which AWS took all that was sent. */
const GROWTH: Rate = 1;
/** An API that nobody throttled for so long has a full bucket again. */
const FORGOTTEN_MS = 60_000;
const LONGEST_WAIT_MS = 2_000;
const SECOND = 1_000;

type Limit = {
  rate: Rate;
  /** When the next call may be sent, and when the rate was last lowered, in epoch milliseconds. */
  nextAt: number;
  loweredAt: number;
  /** Who waits, each behind the one before. */
  waiting: number;
  last: Promise<void>;
};

type Api = {
  /** When calls were sent, within the last second. */
  sent: number[];
  limit?: Limit | undefined;
};

export type LimiterSettings = {
  readonly now: () => number;
  /** Resolves after so many milliseconds. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Whether an error is AWS's word for too fast. */
  readonly isThrottled: (error: unknown) => boolean;
};

export type Limiter = {
  /** Sends one attempt of a call of an API (`EC2 CreateVolume`) when it may be sent. */
  readonly send: <T>(api: string, attempt: () => Promise<T>, signal?: AbortSignal) => Promise<T>;
  /** The rate of an API in calls a second, where it has one. */
  readonly rateOf: (api: string) => number | undefined;
};

/** Lowers the rate, unless the call that was throttled knew nothing of the last time (L3). */
const lower = (api: Api, sentAt: number, now: number): void => {
  const { limit } = api;
  if (limit !== undefined && sentAt <= limit.loweredAt) return;
  const before = Math.min(limit?.rate ?? Number.POSITIVE_INFINITY, api.sent.length);
  const rate = Math.max(LEAST_RATE, before / 2);
  const lowered = { rate, nextAt: now + SECOND / rate, loweredAt: now };
  // Who waits, waits on this very object.
  if (limit === undefined) api.limit = { ...lowered, waiting: 0, last: Promise.resolve() };
  else Object.assign(limit, lowered);
};

/** Each success adds its share of what a second adds. */
const raise = ({ limit }: Api): void => {
  if (limit !== undefined) limit.rate += GROWTH / Math.max(1, limit.rate);
};

export const createLimiter = ({ now, sleep, isThrottled }: LimiterSettings): Limiter => {
  const apis = new Map<string, Api>();
  const apiOf = (name: string): Api => {
    const api = apis.get(name) ?? { sent: [] };
    apis.set(name, api);
    const { limit } = api;
    if (limit !== undefined && limit.waiting === 0 && now() - limit.loweredAt >= FORGOTTEN_MS) api.limit = undefined;
    return api;
  };

  /** Resolves when it is this call's turn (L1). */
  const turn = async (limit: Limit, signal: AbortSignal | undefined): Promise<void> => {
    const before = limit.last;
    const own = before.then(async () => {
      if (signal?.aborted === true) return;
      // The rate may be lowered while it waits.
      for (let left = limit.nextAt - now(); left > 0; left = limit.nextAt - now()) await sleep(Math.ceil(left));
      limit.nextAt = now() + SECOND / limit.rate;
    });
    limit.last = own;
    limit.waiting += 1;
    await own;
    limit.waiting -= 1;
    signal?.throwIfAborted();
  };

  const admit = async (name: string, api: Api, signal: AbortSignal | undefined): Promise<void> => {
    const { limit } = api;
    if (limit === undefined) return;
    const wait = Math.max(0, limit.nextAt - now()) + (limit.waiting * SECOND) / limit.rate;
    if (wait > LONGEST_WAIT_MS) {
      throw throttledError(`AWS throttles ${name}, and this worker sends no more of it than AWS takes`, wait);
    }
    await turn(limit, signal);
  };

  return {
    rateOf: (name) => apis.get(name)?.limit?.rate,
    send: async (name, attempt, signal) => {
      const api = apiOf(name);
      await admit(name, api, signal);
      const sentAt = now();
      api.sent = [...api.sent.filter((at) => at > sentAt - SECOND), sentAt];
      try {
        const answer = await attempt();
        raise(api);
        return answer;
      } catch (error) {
        if (isThrottled(error)) lower(api, sentAt, now());
        throw error;
      }
    },
  };
};
