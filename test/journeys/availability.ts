/**
 * Availability: asks a cluster's API over and over, as its users do, and counts what they would have noticed.
 *
 * Owns: the loop and its record. Each request comes over a new connection through the sandbox's proxy and the load
 * balancer, because a person's kubectl opens one each time; nothing is tried again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ProxyAgent, request } from 'undici';

export type ApiAccess = {
  readonly server: string;
  readonly proxy: string;
  /** PEM, all three. */
  readonly certificateAuthority: string;
  readonly certificate: string;
  readonly key: string;
};

export type Noticed = { readonly at: string; readonly milliseconds: number; readonly what: string };

export type Availability = {
  readonly requests: number;
  readonly slowestMilliseconds: number;
  /** Requests that failed or took longer than a person would overlook. */
  readonly noticed: readonly Noticed[];
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

/** Starts asking; `end` stops and answers what was seen. */
export const watchAvailability = (
  access: ApiAccess,
  slowMs: number,
): { readonly end: () => Promise<Availability>; readonly requests: () => number } => {
  const stopped = new AbortController();
  const noticed: Noticed[] = [];
  let requests = 0;
  let slowest = 0;

  const askOnce = async (): Promise<string | undefined> => {
    const dispatcher = new ProxyAgent({
      uri: access.proxy,
      requestTls: { ca: access.certificateAuthority, cert: access.certificate, key: access.key },
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
    const began = performance.now();
    const failure = await askOnce();
    const milliseconds = Math.round(performance.now() - began);
    requests += 1;
    slowest = Math.max(slowest, milliseconds);
    const what = failure ?? (milliseconds > slowMs ? 'slow' : undefined);
    if (what !== undefined) noticed.push({ at: new Date().toISOString(), milliseconds, what });
  };

  const loop = (async () => {
    while (!stopped.signal.aborted) {
      await Promise.all([ask(), new Promise((resolve) => setTimeout(resolve, INTERVAL_MS))]);
    }
  })();

  return {
    requests: () => requests,
    end: async () => {
      stopped.abort();
      await loop;
      return { requests, slowestMilliseconds: slowest, noticed };
    },
  };
};
