/**
 * API address: where a node dials its cluster's API at the moment.
 *
 * Owns: looking the load balancer up by its own name, at boot and whenever whoever uses the address says that nobody answers there:
 * a load balancer that was lost and made anew has another DNS name, and no machine is replaced for it. What answers has to show
 * the cluster's lasting name, wherever it was found. Neighbours: `aws/load-balancers.ts` asks AWS; the host's kubelet dials.
 * Invariants: I9, I11 (Slipway isn't asked).
 */
import type { NodeConfiguration } from '../machine/configuration.ts';
import { wholeMessageOf } from '../words/failure.ts';
import type { LoadBalancers } from './aws/load-balancers.ts';
import type { Log } from './log.ts';
import { again, done, persist } from './persist.ts';

export type ApiAddress = {
  /** DNS name of the load balancer. */
  host(): string;
  /** Nobody answers at `host()`: it is looked up again, though not at every call, so that a whole pool's calls are few. */
  unanswered(): Promise<void>;
};

type Reached = Pick<NodeConfiguration, 'endpoint' | 'loadBalancer'>;

export type Lookup = {
  readonly loadBalancers: () => Promise<LoadBalancers>;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** From 0 to 1: nodes that lose their API together don't all ask at once. */
  readonly random?: () => number;
};

const BOOT_PACE = { firstMillis: 500, maxMillis: 10_000 };
const FIRST_PAUSE_MILLIS = 5_000;
const LONGEST_PAUSE_MILLIS = 60_000;

/** Told in user data of before format 3: the load balancer's own name, for ever. */
const fixed = (endpoint: string): ApiAddress => ({ host: () => endpoint, unanswered: () => Promise.resolve() });

const firstHost = (name: string, loadBalancers: LoadBalancers, log: Log, signal: AbortSignal): Promise<string> =>
  persist({
    what: `Looking for load balancer ${name}`,
    log,
    signal,
    pace: BOOT_PACE,
    attempt: async () => {
      const host = await loadBalancers.dnsNameOf(name);
      return host === undefined ? again(`there is none of that name, or none with a DNS name, yet`) : done(host);
    },
  });

/** Resolves once the load balancer was found. */
export const findApi = async (
  { endpoint, loadBalancer: name }: Reached,
  { loadBalancers: load, log, now = Date.now, random = Math.random }: Lookup,
  signal: AbortSignal,
): Promise<ApiAddress> => {
  if (name === undefined) return fixed(endpoint);
  const loadBalancers = await load();
  let host = await firstHost(name, loadBalancers, log, signal);
  let askAt = 0;
  let pause = FIRST_PAUSE_MILLIS;

  const lookAgain = async (): Promise<void> => {
    const found = await loadBalancers.dnsNameOf(name);
    if (found === undefined || found === host) return;
    log.info(`Load balancer ${name} has another DNS name, by which the API is dialled from now on`, {
      from: host,
      to: found,
    });
    host = found;
    pause = FIRST_PAUSE_MILLIS;
  };

  return {
    host: () => host,
    unanswered: async () => {
      const at = now();
      if (at < askAt) return;
      // Long after the last time it is another trouble.
      pause = at - askAt > LONGEST_PAUSE_MILLIS ? FIRST_PAUSE_MILLIS : Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
      askAt = at + pause * (0.5 + random() / 2);
      try {
        await lookAgain();
      } catch (thrown) {
        log.warn(`Load balancer ${name} could not be looked up: ${wholeMessageOf(thrown)}`);
      }
    },
  };
};
