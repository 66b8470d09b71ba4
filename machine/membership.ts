/**
 * Membership: the etcd member list of a cluster, and how a replica that lost its disk comes back into it.
 *
 * Owns: names and URLs of members, and the order remove -> add as learner -> start -> promote. Only this order is safe:
 * a member that returns with an empty disk under its old identity has forgotten votes it gave (I5). Each step is decided
 * from a fresh look at the member list, so that it may be interrupted anywhere.
 * Neighbours: `empty-disk.ts` decides *whether* to join; `agent/etcd.ts` asks the healthy peers and acts.
 */
import { replicaName } from '../api/names.ts';
import type { ReplicaConfiguration } from './configuration.ts';
import { ETCD_CLIENT_PORT, ETCD_PEER_PORT } from './ports.ts';

/** A member as etcd lists it; the name is empty until it has started once. */
export type Member = {
  readonly id: string;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly learner: boolean;
};

export const peerUrlOf = (address: string): string => `https://${address}:${ETCD_PEER_PORT}`;
export const clientUrlOf = (address: string): string => `https://${address}:${ETCD_CLIENT_PORT}`;

type Cluster = Pick<ReplicaConfiguration, 'clusterId' | 'memberAddresses'>;

/** `--initial-cluster` of a new cluster: every replica. */
export const foundingCluster = (cluster: Cluster): string =>
  cluster.memberAddresses
    .map((address, index) => `${replicaName(cluster.clusterId, index)}=${peerUrlOf(address)}`)
    .join(',');

export type JoinStep =
  | { readonly kind: 'remove'; readonly memberId: string }
  | { readonly kind: 'add'; readonly peerUrl: string }
  | { readonly kind: 'start'; readonly initialCluster: string };

/** What a replica with an empty disk does next, given what healthy peers say. */
export const nextJoinStep = (cluster: Cluster, index: number, members: readonly Member[]): JoinStep => {
  const address = cluster.memberAddresses[index];
  if (address === undefined) {
    throw new Error(
      `Cluster ${cluster.clusterId} has no replica ${index}: its user data lists ${cluster.memberAddresses.length} members.`,
    );
  }
  const peerUrl = peerUrlOf(address);
  const own = members.find((member) => member.peerUrls.includes(peerUrl));
  if (own === undefined) return { kind: 'add', peerUrl };
  // It has a name, so it ran once: with the data that this disk no longer has.
  if (own.name !== '') return { kind: 'remove', memberId: own.id };
  const nameOf = (member: Member): string => {
    const position = cluster.memberAddresses.findIndex((each) => member.peerUrls.includes(peerUrlOf(each)));
    return position < 0 ? member.name : replicaName(cluster.clusterId, position);
  };
  return {
    kind: 'start',
    initialCluster: members
      .flatMap((member) => member.peerUrls.map((url) => `${nameOf(member)}=${url}`))
      .sort()
      .join(','),
  };
};
