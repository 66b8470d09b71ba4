/**
 * Awaited nodes: so many nodes of a pool are Ready; or, where none is asked for, how many are, and how many its group keeps by now.
 *
 * Owns: which nodes count, that one look at new nodes is none (a node that is Ready for a moment is no place for pods), and that nobody
 * waits for ever for a mere number. Neighbours: the auto scaling group starts machines, their agents join with the pool's token, the node
 * approver admits them; `policy/` says how many, and besides whom. Invariants: I9 (the message says how many of how many), I12 (what could
 * not be counted is said to be unread, and is never 0).
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { NODE_POOL_LABEL, nodePoolName } from '../../api/names.ts';
import type { Outputs } from '../../kinds/row.ts';
import type { SizeOf } from '../aws/auto-scaling-group.ts';
import type { Readiness, ResourceDriver, Wanted } from '../driver.ts';
import { isClosed, isClosedByUs } from './cordon.ts';
import { isReady, listNodes, NODE } from './nodes.ts';
import { onlyWaitedFor } from './only-waited-for.ts';
import { lookAgainAfter } from './patience.ts';
import { machineOf } from './pool-nodes.ts';
import type { UserClusters } from './user-cluster.ts';

/** In milliseconds: from one look of a row to the next, how long one may take that waits for nothing, and how long it is made again. */
type Times = { readonly betweenLooks: number; readonly look: number; readonly silence: number };
const TIMES: Times = { betweenLooks: 1_000, look: 5_000, silence: 60_000 };

const LOOKS_IN_A_ROW = 3;
/** How soon a cluster is asked again that did not answer. */
const AGAIN_MS = 5_000;

type WantedNodes = Wanted<'nodes'>;

const selectionOf = ({ properties: { poolId } }: WantedNodes) => ({ labelSelector: `${NODE_POOL_LABEL}=${poolId}` });

const clusterOf = ({ object, owner, properties: { endpoint } }: WantedNodes) => ({
  namespace: object.namespace,
  clusterId: owner.clusterId,
  endpoint,
});

/** Those that are Ready, but for what is left of machines that have ended. */
const readyOf = (nodes: readonly KubernetesObject[], { properties: { gone = [] } }: WantedNodes) =>
  nodes.filter((node) => isReady(node) && !gone.includes(machineOf(node) ?? ''));

/** A node that Slipway has closed is about to go, or was: whoever ended its machine did not say so here. */
const countedIn = (ready: readonly KubernetesObject[]): Outputs => ({
  ready: String(ready.filter((node) => !isClosedByUs(node)).length),
});

/** Those that are waited for; with others beside them, only what takes a place and is open for pods. */
const awaitedIn = (ready: readonly KubernetesObject[], { properties: { besides } }: WantedNodes): number =>
  besides === undefined
    ? ready.length
    : ready.filter((node) => {
        const machine = machineOf(node);
        return machine !== undefined && !besides.includes(machine) && !isClosed(node);
      }).length;

const sayAwaited = (count: number, { properties: { besides, expected } }: WantedNodes): string =>
  `${besides === undefined ? 'Waiting for nodes to join the cluster' : 'Waiting for the nodes that take the place of others'}: ${count} of ${expected} ready`;

export const nodesDriver = (userClusters: UserClusters, sizeOf: SizeOf, times = TIMES): ResourceDriver<'nodes'> => {
  /** A look that nobody's next step hangs on. */
  const count = async (wanted: WantedNodes): Promise<Readiness> => {
    const { properties, owner, signal } = wanted;
    const nodes = await listNodes(userClusters, times.look)(clusterOf(wanted), selectionOf(wanted), signal);
    if ('unread' in nodes && Date.now() - wanted.since <= times.silence) {
      return { ready: false, awaited: `Waiting to count the nodes of the pool: ${nodes.unread}`, againInMs: AGAIN_MS };
    }
    const desired = await sizeOf(nodePoolName(owner.clusterId, properties.poolId), signal);
    const kept = desired === undefined ? {} : { desired: String(desired) };
    return { ready: true, outputs: { ...kept, ...('unread' in nodes ? nodes : countedIn(readyOf(nodes, wanted))) } };
  };

  const awaitNodes = async (wanted: WantedNodes): Promise<Readiness> => {
    const { expected, besides } = wanted.properties;
    const client = await userClusters(clusterOf(wanted));
    const look = async () => readyOf(await client.list(NODE, selectionOf(wanted), { signal: wanted.signal }), wanted);
    const looks = besides === undefined ? 1 : LOOKS_IN_A_ROW;
    for (let looked = 1; ; looked += 1) {
      const ready = await look();
      const found = awaitedIn(ready, wanted);
      const outputs = countedIn(ready);
      if (found < expected) {
        const againInMs = lookAgainAfter(wanted.since);
        return { ready: false, awaited: sayAwaited(found, wanted), againInMs, soFar: outputs };
      }
      if (looked === looks) return { ready: true, outputs };
      await pause(times.betweenLooks, undefined, { signal: wanted.signal });
    }
  };

  return {
    ...onlyWaitedFor('nodes'),
    check: (wanted) => (wanted.properties.expected === 0 ? count(wanted) : awaitNodes(wanted)),
  };
};
