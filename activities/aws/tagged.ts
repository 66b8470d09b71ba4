/**
 * Tagged: which of EC2's things carry some tags, by one listing of tags whatever they are.
 *
 * Owns: that listing, and that only what is there is described: where nothing is left it costs one call. Neighbours:
 * `inventory.ts` plans from it, `account.ts` proves with it that nothing is left. Invariant: I12 (read to its end).
 */
import { type EC2Client, paginateDescribeTags, type TagDescription } from '@aws-sdk/client-ec2';
import { filter, inPages, readAll } from './tags.ts';

type Type = NonNullable<TagDescription['ResourceType']>;

export type Tagged = {
  /** Everything that was listed, `<type> <id>` each, sorted. */
  readonly all: readonly string[];
  /** Ids of the things of a type that carry the tag, with this value if one is given. */
  readonly ids: (type: Type, key: string, value?: string) => readonly string[];
  /** What `describe` answers if anything of the type carries the tag; nothing otherwise. */
  readonly whenAny: <T>(type: Type, key: string, describe: () => Promise<readonly T[]>) => Promise<readonly T[]>;
};

/** Everything that carries one of the keys with one of the values. */
export const listTagged = async (
  ec2: EC2Client,
  by: { readonly keys: readonly string[]; readonly values: readonly string[] },
  abortSignal: AbortSignal,
): Promise<Tagged> => {
  const Filters = [filter('key', ...by.keys), filter('value', ...by.values)];
  const tags = await readAll(paginateDescribeTags(inPages(ec2), { Filters }, { abortSignal }), (page) => page.Tags);
  const ids: Tagged['ids'] = (type, key, value) =>
    tags
      .filter((tag) => tag.ResourceType === type && tag.Key === key && (value === undefined || tag.Value === value))
      .flatMap(({ ResourceId }) => ResourceId ?? []);
  const all = [
    ...new Set(tags.map(({ ResourceType = '?', ResourceId = '?' }) => `${ResourceType} ${ResourceId}`)),
  ].sort();
  return { all, ids, whenAny: async (type, key, describe) => (ids(type, key).length === 0 ? [] : describe()) };
};
