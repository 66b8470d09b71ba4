/**
 * Losses: what stories share in which a replica of the control plane is lost, by real processes and at AWS's own pace.
 *
 * Owns: the sandbox and its cluster, what users noticed of each loss, and the figures that are printed at the end. Neighbours:
 * `replicas.ts` looks at the cluster, `availability.ts` asks its API; stories say what is lost.
 */
import { afterAll, beforeAll, expect } from '@jest/globals';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { waitFor } from '../support/wait.ts';
import { expectNoticedOnlyAtFirst, failuresOf, type Loss, type SeenWhile, STRICT, seenWhile } from './availability.ts';
import { type Replicas, replicasIn } from './replicas.ts';

/** A machine that does not serve is replaced after this; the computer may be busy, so that no healthy one is. */
export const REPAIR_SECONDS = 40;
/** A sweep finds a lost volume. Target health it looks at hourly, so that a machine that hangs is looked at by hand. */
const SWEEP_SECONDS = 10;
/** Longer than anybody waits for a listing without wondering. */
const SLOW_MS = 2_000;
/** Requests over which something may be said of what users noticed. */
const ENOUGH = 20;

/** Carries out what takes a replica away, and keeps when that was. */
export type Lose = (how: () => Promise<unknown>) => Promise<void>;

export type Losses = {
  readonly sandbox: () => SandboxForTests;
  readonly replicas: () => Replicas;
  /** `npm run sandbox -- …`, which must succeed. */
  readonly command: (...args: readonly string[]) => Promise<string>;
  /** Does something while the API is asked over and over, and answers what its users noticed, and when the replica was gone. */
  readonly watched: (what: string, act: (lose: Lose) => Promise<void>) => Promise<SeenWhile>;
};

/** Until the load balancer has noticed, and etcd has another leader, requests may fail: not before, and not after. */
export const expectHardlyNoticed = (seen: SeenWhile): void => {
  expectNoticedOnlyAtFirst(seen);
  expect(seen.requests).toBeGreaterThanOrEqual(ENOUGH);
};

/** A replica that leaves in order fails nobody: its load balancer leaves it the connections that it has until it has ended them. */
export const expectUnnoticed = (seen: SeenWhile): void => {
  expect(failuresOf(seen)).toEqual([]);
  expect(seen.requests).toBeGreaterThanOrEqual(ENOUGH);
};

/** Declares the beginning and the end of such a story. */
export const tellOfLosses = (): Losses => {
  let sandbox: SandboxForTests;
  let told: Replicas | undefined;
  const figures: string[] = [];

  beforeAll(async () => {
    sandbox = await startSandbox({
      ...STRICT,
      SLIPWAY_REPAIR_SECONDS: String(REPAIR_SECONDS),
      SLIPWAY_SWEEP_SECONDS: String(SWEEP_SECONDS),
    });
    told = await replicasIn(sandbox);
  });

  afterAll(async () => {
    console.info(figures.join('\n'));
    await sandbox?.end();
  });

  const replicas = (): Replicas => {
    if (told === undefined) throw new Error('The cluster of this story was not made');
    return told;
  };

  const tellFigures = (what: string, seconds: number, seen: SeenWhile): void => {
    const failed = failuresOf(seen).map((one) => ((Date.parse(one.began) - seen.loss.at) / 1_000).toFixed(1));
    const when = failed.length === 0 ? '' : ` (begun at ${failed.join(', ')} s)`;
    figures.push(
      `${what}: ${seconds.toFixed(0)} s, ${seen.requests} requests, ${failed.length} failed${when}, slowest ${seen.slowestMilliseconds} ms`,
    );
  };

  return {
    sandbox: () => sandbox,
    replicas,
    command: (...args) => succeed(args.join(' '), sandbox.sandbox(...args)),
    watched: async (what, act) => {
      const began = performance.now();
      const seen = await seenWhile(await replicas().journey.apiAccess(), SLOW_MS, async (watch) => {
        let loss: Loss = { from: Date.now(), at: Date.now() };
        await act(async (how) => {
          const from = Date.now();
          await how();
          loss = { from, at: Date.now() };
        });
        // A machine may be replaced within two seconds: too soon to say that nobody noticed.
        await waitFor('the API has been asked often enough', () =>
          Promise.resolve(watch.requests() >= ENOUGH ? true : undefined),
        );
        return loss;
      });
      tellFigures(what, (performance.now() - began) / 1_000, seen);
      return seen;
    },
  };
};
