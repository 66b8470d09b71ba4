/**
 * Replacement nodes: those that take the place of others are Ready, and stay so.
 *
 * Owns: which nodes count (not those that were there before, nor those that go), and that one look is none: a node that is Ready for a
 * moment is no place for pods. Neighbours: `nodes.ts` counts all of a pool; `policy/pool-turns.ts` says how many, and besides whom.
 * Invariant: I9 (the message says how many of how many).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { NODE_POOL_LABEL } from '../../api/names.ts';
import type { Readiness, ResourceDriver } from '../driver.ts';
import { isClosed } from './cordon.ts';
import { isReady, NODE } from './nodes.ts';
import { onlyWaitedFor } from './only-waited-for.ts';
import { lookAgainAfter } from './patience.ts';
import { machineOf } from './pool-nodes.ts';
import type { UserClusters } from './user-cluster.ts';

const LOOKS_IN_A_ROW = 3;
const BETWEEN_LOOKS_MS = 1_000;

/** `betweenLooksMs`: how long after one look the next of a row is. */
export const replacementNodesDriver = (
  userClusters: UserClusters,
  betweenLooksMs = BETWEEN_LOOKS_MS,
): ResourceDriver<'replacement-nodes'> => ({
  ...onlyWaitedFor('replacement-nodes'),

  check: async (wanted): Promise<Readiness> => {
    const { endpoint, poolId, besides, expected } = wanted.properties;
    const { signal } = wanted;
    if (expected === 0) return { ready: true, outputs: {} };
    const cluster = { namespace: wanted.object.namespace, clusterId: wanted.owner.clusterId, endpoint };
    const client = await userClusters(cluster);
    const others = new Set(besides);
    const look = async (): Promise<number> => {
      const nodes = await client.list(NODE, { labelSelector: `${NODE_POOL_LABEL}=${poolId}` }, { signal });
      return nodes.filter((node) => {
        const machine = machineOf(node);
        return machine !== undefined && !others.has(machine) && isReady(node) && !isClosed(node);
      }).length;
    };
    for (let looks = 1; looks <= LOOKS_IN_A_ROW; looks += 1) {
      const ready = await look();
      if (ready < expected) {
        return {
          ready: false,
          awaited: `Waiting for the nodes that take the place of others: ${ready} of ${expected} ready`,
          againInMs: lookAgainAfter(wanted.since),
        };
      }
      if (looks < LOOKS_IN_A_ROW) await pause(betweenLooksMs, undefined, { signal });
    }
    return { ready: true, outputs: {} };
  },
});
