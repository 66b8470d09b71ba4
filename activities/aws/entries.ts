/**
 * Entries: how things that AWS lists become entries of an inventory, by their own tags.
 *
 * Owns: the sorting of listings by cluster and kind; whatever lacks the owner's tags is nobody's here (I4). Nothing is asked,
 * but for the versions of launch templates.
 * Neighbours: `inventory.ts` lists for one object, `survey.ts` for a whole account; each kind's file says what an entry
 * holds.
 */
import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import type { EC2Client, Filter, LaunchTemplate, NetworkInterface, SecurityGroup, Volume } from '@aws-sdk/client-ec2';
import { CLUSTER_TAG, KEY_TAG, UID_TAG } from '../../api/names.ts';
import { type Found, observed, type ResourceKind } from '../../kinds/resource.ts';
import type { Tags } from '../../kinds/row.ts';
import { ESTABLISHED, kindOf, PREFLIGHT, type ResourceKey, sameOf } from '../../words/keys.ts';
import { foundGroup } from './auto-scaling-group.ts';
import { foundEstablished } from './established.ts';
import { foundVolume } from './etcd-volume.ts';
import type { Subnet, Vpc } from './facts.ts';
import { foundTemplate } from './launch-template-marks.ts';
import { foundInterface } from './network-interface.ts';
import { preflightOutputs } from './preflight.ts';
import { foundSecurityGroup } from './security-group.ts';
import { foundRules } from './security-group-rules.ts';
import { filterLike, tagRecord } from './tags.ts';
import { exists } from './volumes.ts';

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

/** Each costs a look at its version. */
export const ofTemplates = (
  ec2: EC2Client,
  templates: readonly LaunchTemplate[],
  clusterId: string,
  signal: AbortSignal,
): Promise<Parts> =>
  Promise.all(
    templates.flatMap((template) => {
      const key = keyOf('launch-template', tagRecord(template.Tags), clusterId);
      return key === undefined ? [] : [foundTemplate(ec2, key, template, signal)];
    }),
  );

/** VPC and subnets as the spec names them; nothing when one of them isn't there, which preflight will say. */
export const ofPlaces = (
  vpc: Pick<Vpc, 'cidr' | 'cidrs'> | undefined,
  subnetIds: readonly string[],
  subnets: readonly Pick<Subnet, 'id' | 'zone'>[],
  bucket: string | undefined,
): Parts =>
  vpc === undefined || subnets.length < new Set(subnetIds).size
    ? []
    : [observed('preflight', PREFLIGHT, preflightOutputs(vpc, subnets, bucket), {})];

/** By tag and kind of key, not by id: nodes' own disks and interfaces carry the cluster's tag, too, and may be many. */
export const byKind = (cluster: Filter, kind: ResourceKind): Filter[] => [
  cluster,
  filterLike(`tag:${KEY_TAG}`, `${kind}/*`),
];

export const ofInterfaces = (interfaces: readonly NetworkInterface[], clusterId: string): Parts =>
  entries(interfaces, clusterId, {
    kind: 'network-interface',
    tagsOf: ({ TagSet }) => tagRecord(TagSet),
    found: foundInterface,
  });
