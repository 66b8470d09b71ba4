/**
 * Values: how topologies write references, tags and messages.
 *
 * Owns: the reference constructor, the tags on everything that Slipway makes (I4), and lists as the seed's events spell
 * them. Neighbours: `cluster.ts` and `nodepool.ts` and their parts use them; `activities/` put the tags on.
 */
import { CLUSTER_TAG, KEY_TAG, kubernetesClusterTag, OWNED, UID_TAG } from '../api/names.ts';
import { ownerUidOf } from '../api/ownership.ts';
import type { Release } from '../api/releases.ts';
import type { VolumeProperties } from '../kinds/etcd-volume.ts';
import type { SealedSecret } from '../kinds/launch-template.ts';
import type { Tagged, Tags } from '../kinds/row.ts';
import type { SecretContent } from '../kinds/secret.ts';
import type { ResourceKey } from '../words/keys.ts';
import { ownOf } from '../words/own.ts';
import { ref, type Value } from '../words/references.ts';

export const REPLICAS = [0, 1, 2] as const;
export type ReplicaIndex = (typeof REPLICAS)[number];

/** A document in which any string may still be a reference. */
export type Templated<T> = T extends string
  ? Value
  : T extends readonly (infer Item)[]
    ? readonly Templated<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Templated<T[Key]> }
      : T;

/** Whose a resource is: the cluster's id and the uid of the object that asked for it, or whose things that one adopted. */
export type Ownership = {
  readonly clusterId: string;
  readonly uid: string;
  /** Those of the spec. */
  readonly tags: Tags;
  /** Keys that earlier specs had, from status; sorted. */
  readonly formerTags: readonly string[];
};

type TaggedObject = Parameters<typeof ownerUidOf>[0] & {
  readonly status?: { readonly appliedTagKeys?: readonly string[] | undefined } | undefined;
};

export const ownershipOf = (clusterId: string, object: TaggedObject, tags: Tags): Ownership => ({
  clusterId,
  uid: ownerUidOf(object),
  tags,
  formerTags: (object.status?.appliedTagKeys ?? []).filter((key) => ownOf(tags, key) === undefined),
});

/** Tags of one resource. The owner's come last: no tag of the user's can take a thing away from its owner (I4). */
export const tagsFor = (owner: Ownership, key: ResourceKey, name: string): Tags => ({
  ...owner.tags,
  Name: name,
  [kubernetesClusterTag(owner.clusterId)]: OWNED,
  [CLUSTER_TAG]: owner.clusterId,
  [UID_TAG]: owner.uid,
  [KEY_TAG]: key,
});

/** The same as properties, with the tags that it may still have and has to lose. */
export const taggedFor = (owner: Ownership, key: ResourceKey, name: string): Tagged => ({
  tags: tagsFor(owner, key, name),
  ...(owner.formerTags.length === 0 ? {} : { formerTags: owner.formerTags }),
});

/** How many nodes a pool's spec asks for by itself: more than that are for whoever scales its group. */
export const nodesAskedFor = (spec: { readonly minNodeCount: number; readonly nodeCount?: number }): number =>
  spec.nodeCount ?? spec.minNodeCount;

type VolumeSpec = {
  readonly sizeGiB: number;
  readonly volumeType: string;
  readonly iops?: number;
  readonly throughput?: number;
  readonly kmsKeyARN?: string;
};

export const volumeProperties = (spec: VolumeSpec): VolumeProperties => ({
  sizeGiB: spec.sizeGiB,
  type: spec.volumeType,
  ...(spec.iops === undefined ? {} : { iops: spec.iops }),
  ...(spec.throughput === undefined ? {} : { throughput: spec.throughput }),
  ...(spec.kmsKeyARN === undefined ? {} : { kmsKeyId: spec.kmsKeyARN }),
});

/** Those of `api/releases.ts` that topologies render. */
const FORMATS: readonly number[] = [1, 2, 3];

/** AWS gives no security group to a balancer that was made without one. */
export const hasBalancerGroup = ({ format }: Pick<Release, 'format'>): boolean => format >= 2;

/** What was made before it has a load balancer that cuts whoever is connected to a replica as it leaves (I6). */
export const letsReplicasDrain = ({ format }: Pick<Release, 'format'>): boolean => format >= 2;

/** Certificates and tokens of earlier ones name the load balancer: another one would need other machines. */
export const hasLastingName = ({ format }: Pick<Release, 'format'>): boolean => format >= 3;

/** Throws where this release of Slipway does not know how the revision's machines are told what they are (I6). */
export const refuseUnknownFormat = ({ version, revision, format }: Release): void => {
  if (FORMATS.includes(format)) return;
  throw new Error(
    `Revision ${revision} of version ${version} tells its machines what they are in format ${format}, which this release of ` +
      'Slipway does not know: run the release that made it, or a newer one.',
  );
};

/** A list as the events of the original product print it: `["a" "b"]`. */
export const quotedList = (items: readonly string[]): string => `[${items.map((item) => `"${item}"`).join(' ')}]`;

/** Tags as the events of the original product print them: `map["key":"value"]`, keys sorted. */
export const quotedMap = (tags: Tags): string =>
  `map[${Object.keys(tags)
    .sort()
    .map((key) => `"${key}":"${tags[key] ?? ''}"`)
    .join(' ')}]`;

/** A Secret that user data carries: by its name and its fingerprint, never by its content (I8). */
export const sealed = (key: ResourceKey, type: SecretContent['type']): SealedSecret => ({
  name: ref(key, 'name'),
  type,
  fingerprint: ref(key, 'fingerprint'),
});

export const unique = (items: readonly string[]): string[] => [...new Set(items)];
