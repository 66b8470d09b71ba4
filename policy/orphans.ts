/**
 * Orphans: what carries our tags and belongs to no object of this management API.
 *
 * Owns: which of the things in an account these are, in which order they are named, and how each is paid for. Neighbours:
 * `activities/orphans.ts` lists both sides, each to its end; `client/cli/orphans.ts` shows the answer. Pure.
 * Invariants: I4 (an object owns by uid, its own or the one that it adopted), I12 (nothing is an orphan by a listing that was not whole:
 * such a listing throws before this is asked). That the object lives in another management API can't be seen from here.
 */
import { clusterIdOf } from '../api/names.ts';
import type { LivingOwner } from './adoption.ts';

export const OWNED_KINDS = [
  'auto-scaling-group',
  'instance',
  'launch-template',
  'load-balancer',
  'network-interface',
  'security-group',
  'target-group',
  'volume',
] as const;
export type OwnedKind = (typeof OWNED_KINDS)[number];

/** How AWS bills a thing of the kind as long as it is there; what it costs depends on the region, and is not said here. */
export const BILLED: Readonly<Record<OwnedKind, 'while it runs' | 'by the hour' | 'by its size' | 'no'>> = {
  'auto-scaling-group': 'no',
  instance: 'while it runs',
  'launch-template': 'no',
  'load-balancer': 'by the hour',
  'network-interface': 'no',
  'security-group': 'no',
  'target-group': 'no',
  volume: 'by its size',
};

/** One thing with our tags. */
export type OwnedThing = {
  readonly kind: OwnedKind;
  /** As its service calls it: an id, a name or an ARN. */
  readonly id: string;
  readonly clusterId: string;
  readonly uid?: string;
  /** `etcd-volume/1`, where it is one of those that Slipway makes itself. */
  readonly key?: string;
  /** `<namespace>/<name>` of the object that it was made for. */
  readonly madeFor?: string;
  /** uid of the object that adopted it. */
  readonly adopter?: string;
  /** When it was made, RFC 3339, where its service says so. */
  readonly since?: string;
};

type Orphan = OwnedThing & { readonly billed: (typeof BILLED)[OwnedKind] };

export type OrphanedCluster = {
  readonly clusterId: string;
  /** For which objects it was made, as far as anything says so; sorted. */
  readonly madeFor: readonly string[];
  /** uids of objects that adopted some of it: they may live in another management API; sorted. */
  readonly adopters: readonly string[];
  readonly things: readonly Orphan[];
  /** Which snapshots of its etcd stay, as a sentence. */
  readonly snapshots?: string;
};

const distinct = (values: readonly (string | undefined)[]): readonly string[] =>
  [...new Set(values.filter((value) => value !== undefined))].sort();

const inOrder = (a: OwnedThing, b: OwnedThing): number =>
  a.kind === b.kind ? (a.id < b.id ? -1 : 1) : a.kind < b.kind ? -1 : 1;

/** What no living object owns, by cluster; both in a fixed order (I10). `clusters` are those of `living` that are one. */
export const orphansAmong = (
  things: readonly OwnedThing[],
  living: readonly LivingOwner[],
  clusters: readonly LivingOwner[],
): readonly OrphanedCluster[] => {
  const clusterIds = new Set(clusters.map(({ ownerUid }) => clusterIdOf(ownerUid)));
  const owners = new Set(living.flatMap(({ uid, ownerUid }) => [uid, ownerUid]));
  const orphaned = things.filter(({ uid, clusterId }) =>
    // What lost the uid's tag is its cluster's as long as that is there.
    uid === undefined ? !clusterIds.has(clusterId) : !owners.has(uid),
  );
  return distinct(orphaned.map(({ clusterId }) => clusterId)).map((clusterId) => {
    const own = orphaned.filter((one) => one.clusterId === clusterId).sort(inOrder);
    return {
      clusterId,
      madeFor: distinct(own.map(({ madeFor }) => madeFor)),
      adopters: distinct(own.map(({ adopter }) => adopter)),
      things: own.map((one) => ({ ...one, billed: BILLED[one.kind] })),
    };
  });
};
