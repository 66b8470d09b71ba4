/**
 * Entries: how things that AWS lists become entries of an inventory, by their own tags.
 *
 * Owns: the sorting of listings by cluster and kind; whatever lacks the owner's tags is nobody's here (I4). Pure.
 * Neighbours: `inventory.ts` lists for one object, `survey.ts` for a whole account; each kind's file says what an entry
 * holds.
 */
import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import type { NetworkInterface, SecurityGroup, Volume } from '@aws-sdk/client-ec2';
import { CLUSTER_TAG, KEY_TAG, UID_TAG } from '../../api/names.ts';
import type { Found, ResourceKind } from '../../kinds/resource.ts';
import type { Tags } from '../../kinds/row.ts';

import { ESTABLISHED, kindOf, type ResourceKey, sameOf } from '../../words/keys.ts';
import { foundGroup } from './auto-scaling-group.ts';
import { foundEstablished } from './established.ts';
import { exists, foundVolume } from './etcd-volume.ts';
import { foundInterface } from './network-interface.ts';
import { foundSecurityGroup } from './security-group.ts';
import { foundRules } from './security-group-rules.ts';
import { tagRecord } from './tags.ts';

export type Parts = readonly (Found | undefined)[];

/** The key that a thing of this cluster carries, if it is of this kind. */
export const keyOf = (kind: ResourceKind, tags: Tags, clusterId: string): ResourceKey | undefined => {
  const key = tags[KEY_TAG];
  return key !== undefined && tags[CLUSTER_TAG] === clusterId && kindOf(key) === kind ? key : undefined;
};

/** Entries of those things that are of this kind, by their own tags. */
const entries = <Thing>(
  things: readonly Thing[],
  clusterId: string,
  { kind, tagsOf, found }: EntryOf<Thing>,
): Found[] =>
  things.flatMap((thing) => {
    const key = keyOf(kind, tagsOf(thing), clusterId);
    return key === undefined ? [] : [found(key, thing)];
  });

type EntryOf<Thing> = {
  readonly kind: ResourceKind;
  readonly tagsOf: (thing: Thing) => Tags;
  readonly found: (key: ResourceKey, thing: Thing) => Found;
};

export const ofSecurityGroups = (groups: readonly SecurityGroup[], clusterId: string): Parts =>
  groups.flatMap((group) => {
    const key = keyOf('security-group', tagRecord(group.Tags), clusterId);
    return key === undefined
      ? []
      : [foundSecurityGroup(key, group), foundRules(sameOf('security-group-rules', key), group)];
  });

export const ofVolumes = (all: readonly Volume[], clusterId: string): Parts => {
  const volumes = all
    .filter(exists)
    .filter((one) => keyOf('etcd-volume', tagRecord(one.Tags), clusterId) !== undefined);
  const uid = tagRecord(volumes[0]?.Tags)[UID_TAG];
  return [
    ...entries(volumes, clusterId, { kind: 'etcd-volume', tagsOf: ({ Tags }) => tagRecord(Tags), found: foundVolume }),
    foundEstablished(ESTABLISHED, volumes, uid),
  ];
};

export const ofGroups = (groups: readonly AutoScalingGroup[], clusterId: string): Parts =>
  entries(groups, clusterId, { kind: 'auto-scaling-group', tagsOf: ({ Tags }) => tagRecord(Tags), found: foundGroup });

export const ofInterfaces = (interfaces: readonly NetworkInterface[], clusterId: string): Parts =>
  entries(interfaces, clusterId, {
    kind: 'network-interface',
    tagsOf: ({ TagSet }) => tagRecord(TagSet),
    found: foundInterface,
  });
