/**
 * Waiting for a control plane: its API answers through the load balancer, several times in a row.
 *
 * Owns: what counts as answering. Each look asks over new connections, so that the load balancer may choose another
 * replica each time; `/readyz` of a replica includes its own etcd member, which only answers while etcd has quorum. A connection
 * that was begun a moment before anybody answers may hang for the whole look: others are begun beside it (`soonest.ts`).
 * Neighbours: `established` follows this and marks that there is data to lose (I5). Invariant: I9.
 */

import { isUnreachable } from '../../kubernetes/errors.ts';
import type { Readiness, ResourceDriver } from '../driver.ts';
import { onlyWaitedFor } from './only-waited-for.ts';
import { lookAgainAfter } from './patience.ts';
import { soonest } from './soonest.ts';
import type { UserClusters } from './user-cluster.ts';

const ANSWERS_IN_A_ROW = 3;
const LOOK_MS = 4_000;
const ONE_MORE_MS = 750;

/** The checks that `/readyz?verbose` names as failing: `[-]etcd failed: reason withheld`. */
const failingChecks = (verbose: string): readonly string[] =>
  [...verbose.matchAll(/^\[-\](\S+)/gm)].map((match) => match[1] ?? '');

const notReady = (answer: { readonly status: number; readonly text: string }): string | undefined => {
  if (answer.status === 200 && /^\[\+\]etcd ok$/m.test(answer.text)) return undefined;
  const failing = failingChecks(answer.text);
  if (failing.length > 0) return `these checks still fail: ${failing.join(', ')}`;
  return `/readyz answers with status ${answer.status}`;
};

export const controlPlaneDriver = (userClusters: UserClusters): ResourceDriver<'control-plane'> => ({
  ...onlyWaitedFor('control-plane'),

  check: async (wanted): Promise<Readiness> => {
    const { endpoint } = wanted.properties;
    const awaited = (why: string): Readiness => ({
      ready: false,
      awaited: `Waiting for the control plane at https://${endpoint}: ${why}`,
      againInMs: lookAgainAfter(wanted.since),
    });
    const client = await userClusters({
      namespace: wanted.object.namespace,
      clusterId: wanted.owner.clusterId,
      endpoint,
    });
    for (let answers = 0; answers < ANSWERS_IN_A_ROW; answers += 1) {
      const signal = AbortSignal.any([wanted.signal, AbortSignal.timeout(LOOK_MS)]);
      try {
        const answer = await soonest((one) => client.probe('/readyz?verbose', { last: true, signal: one }), {
          everyMs: ONE_MORE_MS,
          signal,
        });
        const trouble = notReady(answer);
        if (trouble !== undefined) return awaited(trouble);
      } catch (error) {
        if (wanted.signal.aborted) throw error;
        if (signal.aborted) return awaited(`it does not answer within ${LOOK_MS / 1_000} s`);
        if (isUnreachable(error)) return awaited(error.explanation);
        throw error;
      }
    }
    return { ready: true, outputs: {} };
  },
});
