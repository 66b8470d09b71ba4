/**
 * Unhealthy machines: those that do not serve while no operation runs, as what stands in the way of their object.
 *
 * Owns: how each is called, whether it waits for a person, and the reason that conditions and lists give. Neighbours: `policy/` judges
 * machines and tells status, `workflows/listing.ts` tells Temporal. Pure.
 */
import { nodeMachineKey, type ResourceKey, replicaKey } from './keys.ts';
import type { BlockedVerdict } from './steps.ts';

export type UnhealthyMachine = {
  /** Its key, where a step would have its id. */
  readonly step: ResourceKey;
  readonly verdict: Extract<BlockedVerdict, 'blocked' | 'retry'>;
  /** Of the condition `Degraded`. */
  readonly reason: string;
  /** RFC 3339. */
  readonly since: string;
  readonly message: string;
};

type Told<Identity> = Identity & { readonly since: string; readonly message: string };

/** A person reads the first few. */
const NODES_TOLD = 5;

export const replicaReason = (quorumLost: boolean): string => (quorumLost ? 'QuorumLost' : 'ReplicaUnhealthy');
export const nodeReason = (isForbidden: boolean): string => (isForbidden ? 'NotRepaired' : 'NodeUnhealthy');

/** Replicas go on by themselves while etcd has its quorum. */
export const unhealthyReplicaMachines = (
  replicas: readonly Told<{ readonly index: number }>[],
  quorumLost: boolean,
): readonly UnhealthyMachine[] =>
  replicas.map(({ index, since, message }) => ({
    step: replicaKey(index),
    verdict: quorumLost ? 'blocked' : 'retry',
    reason: replicaReason(quorumLost),
    since,
    message,
  }));

/** Where nothing is replaced by itself, a person is to see to it. One that may still be on its way into the cluster is not told. */
export const unhealthyNodeMachines = (
  nodes: readonly Told<{ readonly instanceId: string; readonly joining?: true }>[],
  isForbidden: boolean,
): readonly UnhealthyMachine[] =>
  nodes
    .filter(({ joining }) => joining !== true)
    .slice(0, NODES_TOLD)
    .map(({ instanceId, since, message }) => ({
      step: nodeMachineKey(instanceId),
      verdict: isForbidden ? 'blocked' : 'retry',
      reason: nodeReason(isForbidden),
      since,
      message,
    }));
