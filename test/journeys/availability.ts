/**
 * Availability: asks a cluster's API over and over, as its users do, and counts what they would have noticed.
 *
 * Owns: the loop and its record, how strict the sandbox is meanwhile, and what may be noticed of a replica that is gone without a
 * word. Each request comes over a new connection through the sandbox's proxy and the load balancer, because a person's kubectl
 * opens one each time; nothing is tried again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { ProxyAgent, request } from 'undici';
import { NOTICED_AFTER_SECONDS } from '../../machine/health-check.ts';
import type { ApiAccess } from '../../sandbox/availability/connections.ts';
import { PACES, type Pace, timingOf } from '../../sandbox/pace.ts';
import type { SandboxForTests } from '../support/sandbox.ts';
import { waitFor } from '../support/wait.ts';

/** Shorter than AWS's is only what a target takes to be known, which counts when the cluster is made. */
const REGISTRATION_SECONDS = 20;

/** AWS's own pace, for a sandbox that is about availability. */
export const STRICT = { SLIPWAY_PACE: 'aws', SLIPWAY_REGISTRATION_SECONDS: String(REGISTRATION_SECONDS) } as const;

const setPace = async (sandbox: SandboxForTests, pace: Pace): Promise<void> => {
  const { endpoint } = sandbox.status().aws;
  const answer = await fetch(`${endpoint}/_sim/timing`, { method: 'POST', body: JSON.stringify(timingOf(pace)) });
  if (!answer.ok) throw new Error(`The sandbox took no other pace: ${answer.status} ${await answer.text()}`);
};

type AtPace = { readonly meanwhile: Pace; readonly after: Pace };

const atPace = async <T>(sandbox: SandboxForTests, { meanwhile, after }: AtPace, act: () => Promise<T>): Promise<T> => {
  await setPace(sandbox, meanwhile);
  const [acted] = await Promise.allSettled([act()]);
  await setPace(sandbox, after);
  if (acted.status === 'rejected') throw acted.reason;
  return acted.value;
};

/** In a sandbox that is in a hurry otherwise: does something at AWS's own pace. */
export const strictly = <T>(sandbox: SandboxForTests, act: () => Promise<T>): Promise<T> =>
  atPace(sandbox, { meanwhile: PACES.aws, after: PACES.quick }, act);

/** In a strict one: while EC2 has less patience with a machine that hangs. One that shuts down in order takes half a minute. */
export const whileHangingMachinesAreCutOffSoon = <T>(sandbox: SandboxForTests, act: () => Promise<T>): Promise<T> => {
  const after: Pace = { ...PACES.aws, registrationSeconds: REGISTRATION_SECONDS };
  return atPace(sandbox, { meanwhile: { ...after, shutdownSeconds: 45 }, after }, act);
};

/** A request that failed, or took longer than a person would overlook (`slow`). */
export type Noticed = { readonly began: string; readonly milliseconds: number; readonly what: string };

export type Availability = {
  readonly requests: number;
  /** When each of them began, in milliseconds since the epoch. */
  readonly begun: readonly number[];
  /** When the last of them began. */
  readonly until: string;
  readonly slowestMilliseconds: number;
  readonly noticed: readonly Noticed[];
};

export const failuresOf = ({ noticed }: Availability): readonly Noticed[] =>
  noticed.filter(({ what }) => what !== 'slow');

/** Checks may come late on a busy computer. */
const SLACK_SECONDS = 3;

const noticedBy = (goneAt: number): number => goneAt + (NOTICED_AFTER_SECONDS + SLACK_SECONDS) * 1_000;

/** Until somebody asked who could no longer be sent to a replica that was gone then. */
const untilNoticed = (watch: Watch, goneAt: number): Promise<true> =>
  waitFor('requests that begin after the load balancer must have noticed', () =>
    Promise.resolve(watch.until() > noticedBy(goneAt) || undefined),
  );

/** When a replica was lost: it was there at `from`, and gone at `at`. Milliseconds since the epoch. */
export type Loss = { readonly from: number; readonly at: number };

export type SeenWhile = Availability & { readonly loss: Loss };

/** However few were asked. */
const FEW = 5;

/**
 * Nothing failed that had ended before a replica was lost, and nothing that began after the load balancer had the time to
 * notice. In between a third of all new connections lead to it, for a network load balancer tries no other target; others ask,
 * too, so that it need not be every third of ours: no more than half.
 */
export const expectNoticedOnlyAtFirst = (seen: SeenWhile): void => {
  const { loss, begun } = seen;
  const until = noticedBy(loss.at);
  expect(Date.parse(seen.until)).toBeGreaterThan(until);
  const failed = failuresOf(seen);
  const endedBefore = failed.filter(({ began, milliseconds }) => Date.parse(began) + milliseconds < loss.from);
  const begunAfter = failed.filter(({ began }) => Date.parse(began) > until);
  expect({ endedBefore, begunAfter }).toEqual({ endedBefore: [], begunAfter: [] });
  const asked = begun.filter((at) => at >= loss.from && at <= until).length;
  expect(failed.length <= Math.max(FEW, asked / 2) ? [] : failed).toEqual([]);
};

const INTERVAL_MS = 200;
/** A machine that hangs takes connections and never answers: whoever asks gives up by himself. */
const PATIENCE_MS = 20_000;

const inTime = async <T>(work: Promise<T>): Promise<T> => {
  const patience = new AbortController();
  try {
    return await Promise.race([
      work,
      delay(PATIENCE_MS, undefined, { signal: patience.signal }).then(() => {
        throw new Error(`no answer within ${PATIENCE_MS} ms`);
      }),
    ]);
  } finally {
    patience.abort();
  }
};

export type Watch = {
  /** How many were answered so far, and when the last of these began. */
  readonly requests: () => number;
  readonly until: () => number;
  /** What one of them takes so far, in milliseconds: the median. */
  readonly usual: () => number;
  /** Stops, and answers what was seen. */
  readonly end: () => Promise<Availability>;
};

/** Starts asking. */
const watchAvailability = (access: ApiAccess, slowMs: number): Watch => {
  const stopped = new AbortController();
  const noticed: Noticed[] = [];
  const begun: number[] = [];
  const took: number[] = [];
  let until = new Date().toISOString();

  const askOnce = async (): Promise<string | undefined> => {
    const dispatcher = new ProxyAgent({
      uri: access.proxy,
      requestTls: {
        servername: access.serverName,
        ca: access.certificateAuthority,
        cert: access.certificate,
        key: access.key,
      },
      headersTimeout: 10_000,
      bodyTimeout: 10_000,
    });
    try {
      // A listing out of etcd, not only a sign of life.
      const listing = request(`${access.server}/api/v1/namespaces?resourceVersion=`, { dispatcher });
      const answer = await inTime(listing);
      await inTime(answer.body.dump());
      return answer.statusCode === 200 ? undefined : `status ${answer.statusCode}`;
    } catch (error) {
      return String(error);
    } finally {
      // What it still holds open ends with it, whenever that is.
      void dispatcher.destroy();
    }
  };

  const ask = async (): Promise<void> => {
    const [at, began] = [new Date().toISOString(), performance.now()];
    const failure = await askOnce();
    const milliseconds = Math.round(performance.now() - began);
    begun.push(Date.parse(at));
    took.push(milliseconds);
    until = at;
    const what = failure ?? (milliseconds > slowMs ? 'slow' : undefined);
    if (what !== undefined) noticed.push({ began: at, milliseconds, what });
  };

  const loop = (async () => {
    while (!stopped.signal.aborted) {
      await Promise.all([ask(), new Promise((resolve) => setTimeout(resolve, INTERVAL_MS))]);
    }
  })();

  return {
    requests: () => begun.length,
    until: () => Date.parse(until),
    usual: () => took.toSorted((a, b) => a - b)[took.length >> 1] ?? 0,
    end: async () => {
      stopped.abort();
      await loop;
      return { requests: begun.length, begun, until, slowestMilliseconds: Math.max(0, ...took), noticed };
    },
  };
};

/** What was seen while something was done, which then says when a replica was lost. */
export const seenWhile = async (
  access: ApiAccess,
  slowMs: number,
  act: (watch: Watch) => Promise<Loss>,
): Promise<SeenWhile> => {
  const watch = watchAvailability(access, slowMs);
  let seen: Availability;
  let loss: Loss;
  try {
    loss = await act(watch);
    await untilNoticed(watch, loss.at);
  } finally {
    seen = await watch.end();
  }
  return { ...seen, loss };
};
