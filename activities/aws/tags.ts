/**
 * Tags: whose an AWS resource is, and the lists in which AWS wants and answers them.
 *
 * Owns: the judgement "ours or somebody else's" (I4). Neighbours: `topology/` writes the tags that a resource shall have;
 * every kind's file asks here before it adopts or removes.
 */
import { createHash } from 'node:crypto';
import type { EC2Client, Filter } from '@aws-sdk/client-ec2';
import { ADOPTER_TAG, CLUSTER_TAG, KEY_TAG, OBJECT_TAG, objectTagOf, UID_TAG } from '../../api/names.ts';
import type { ResourceKind } from '../../kinds/resource.ts';
import type { Tags } from '../../kinds/row.ts';
import { withoutOwnTags } from '../../kinds/tags.ts';
import type { ResourceKey } from '../../words/keys.ts';
import { present } from '../../words/present.ts';
import type { BelongsTo, Sought, Wanted } from '../driver.ts';

/** A tag as any of AWS's services writes it. */
export type AwsTag = { readonly Key?: string | undefined; readonly Value?: string | undefined };

export const tagRecord = (tags: readonly AwsTag[] | undefined): Tags =>
  Object.fromEntries((tags ?? []).flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? '']])));

export const tagList = (tags: Tags): { Key: string; Value: string }[] =>
  Object.keys(tags)
    .sort()
    .map((Key) => ({ Key, Value: tags[Key] ?? '' }));

/** The same in portions of as many as a service takes at once. */
export const portions = <T>(items: readonly T[], most: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / most) }, (_, index) => items.slice(index * most, (index + 1) * most));

/** What an entry says of a thing by its tags: its owner, and those that aren't Slipway's own. */
export const carriedBy = (
  tags: Tags,
): { readonly uid?: string; readonly madeFor?: string; readonly adopter?: string; readonly tags: Tags } => ({
  ...present({ uid: tags[UID_TAG], madeFor: tags[OBJECT_TAG], adopter: tags[ADOPTER_TAG] }),
  tags: withoutOwnTags(tags),
});

/** Of what is known by another thing's tags: its owner alone. */
export const ownedBy = (uid: string | undefined): { readonly uid?: string } => (uid === undefined ? {} : { uid });

/** What is to be tagged, and on whose behalf: the owner's tags are there even if the topology left them out (I4). */
export const ownedTags = (wanted: Pick<Sought<ResourceKind>, 'owner' | 'key'>, tags: Tags): Tags => ({
  ...tags,
  [CLUSTER_TAG]: wanted.owner.clusterId,
  [UID_TAG]: wanted.owner.uid,
  [KEY_TAG]: wanted.key,
});

/** Of what stands for all that its object has in AWS: which object that is, and who adopted it. */
export const standingTags = (wanted: Pick<Sought<ResourceKind>, 'owner' | 'key' | 'object'>, tags: Tags): Tags => {
  const { namespace, name, uid } = wanted.object;
  return {
    ...ownedTags(wanted, tags),
    [OBJECT_TAG]: objectTagOf({ namespace, name }),
    ...(uid === wanted.owner.uid ? {} : { [ADOPTER_TAG]: uid }),
  };
};

/** Whose something is, by its tags. A kind whose resource is part of another names that one's key. */
export const belongsTo = (
  tags: Tags,
  wanted: Pick<Sought<ResourceKind>, 'owner' | 'key' | 'object'>,
  key: ResourceKey = wanted.key,
): BelongsTo => {
  const cluster = tags[CLUSTER_TAG];
  if (cluster === undefined) return { other: `somebody else: it has no tag ${CLUSTER_TAG}` };
  if (cluster !== wanted.owner.clusterId) return { other: `cluster ${cluster}` };
  const uid = tags[UID_TAG];
  if (uid !== wanted.owner.uid) return { other: `another object of this cluster (uid ${uid ?? 'unknown'})` };
  const itsKey = tags[KEY_TAG];
  if (itsKey !== key) return { other: `this cluster's ${itsKey ?? 'unknown resource'}` };
  const adopter = tags[ADOPTER_TAG];
  if (adopter !== undefined && adopter !== wanted.object.uid) {
    return { other: `the object with uid ${adopter}, which has adopted it` };
  }
  return 'ours';
};

/** For EC2 `*` and `?` stand for others, after a backslash for themselves: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html */
const literally = (value: string): string => value.replaceAll(/[\\*?]/g, '\\$&');

/** Finds just these values, whatever characters people gave them. */
export const filter = (Name: string, ...Values: string[]): Filter => ({ Name, Values: Values.map(literally) });

/** Finds what is like a pattern of our own: `*` stands for anything. Never for text that people wrote. */
export const filterLike = (Name: string, pattern: string): Filter => ({ Name, Values: [pattern] });

/** Filters for what carries the owner's tags and this key. */
export const ownerFilters = (wanted: Pick<Sought<ResourceKind>, 'owner' | 'key'>): Filter[] => [
  filter(`tag:${CLUSTER_TAG}`, wanted.owner.clusterId),
  filter(`tag:${KEY_TAG}`, wanted.key),
];

/**
 * The client token of a create: the same for every repetition of it, in any process (I2). Another incarnation of the
 * resource, or other content where `content` is given, is another request.
 */
export const clientToken = (
  wanted: Pick<Wanted<ResourceKind>, 'owner' | 'key' | 'incarnation'>,
  content = '',
): string =>
  createHash('sha256')
    .update(JSON.stringify([wanted.owner.uid, wanted.key, wanted.incarnation, content]))
    .digest('hex');

/** How many of EC2's things a page holds: a thousand may take longer than a call is given, and are throttled no less. */
export const EC2_PAGE = 500;

/** How a listing is asked for that grows with a cluster's or an account's machines: EC2 answers one without a page in one go. */
export const inPages = (client: EC2Client): { readonly client: EC2Client; readonly pageSize: number } => ({
  client,
  pageSize: EC2_PAGE,
});

/** Reads a listing to its end: a page that fails makes the whole listing fail (I12). */
export const readAll = async <Page, Item>(
  pages: AsyncIterable<Page>,
  itemsOf: (page: Page) => readonly Item[] | undefined,
): Promise<Item[]> => {
  const all: Item[] = [];
  for await (const page of pages) all.push(...(itemsOf(page) ?? []));
  return all;
};

/** A field that AWS always fills, whatever its SDK's types say. */
export const given = (value: string | undefined, what: string): string => {
  if (value === undefined || value === '') throw new Error(`AWS answered without ${what}.`);
  return value;
};

/** Items with the same identity once: listings that overlap. */
export const distinct = <Item>(items: readonly Item[], identity: (item: Item) => string | undefined): Item[] => [
  ...new Map(items.map((item) => [identity(item), item])).values(),
];
