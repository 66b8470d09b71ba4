/**
 * Adoption: the tag by which an object says that it owns what another one made.
 *
 * Owns: writing it on security groups and launch templates, and seeing it there before the step is done: everything else of the plan
 * comes after. Neighbours: `policy/adoption.ts` proves first that it may; `tags.ts` reads the tag wherever something is found.
 * Invariants: I2 (who finds it written writes nothing), I4 (only on what carries the owner's tags at this moment).
 */
import { CreateTagsCommand, type EC2Client, paginateDescribeTags } from '@aws-sdk/client-ec2';
import { ADOPTER_TAG, CLUSTER_TAG, UID_TAG } from '../../api/names.ts';
import type { Tags } from '../../kinds/row.ts';
import type { Made, ResourceDriver, Wanted } from '../driver.ts';
import { notYet, supersededError } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { filter, inPages, readAll } from './tags.ts';

const AGAIN_MS = 1_000;

type Adoption = Wanted<'adoption'>;

/** Slipway's tags of each, by id. */
const tagsOf = async (ec2: EC2Client, { properties, signal }: Adoption): Promise<ReadonlyMap<string, Tags>> => {
  const Filters = [filter('resource-id', ...properties.ids), filter('key', ADOPTER_TAG, CLUSTER_TAG, UID_TAG)];
  const all = await readAll(
    paginateDescribeTags(inPages(ec2), { Filters }, { abortSignal: signal }),
    (page) => page.Tags,
  );
  const tags = new Map<string, Tags>();
  for (const { ResourceId = '', Key = '', Value = '' } of all) {
    tags.set(ResourceId, { ...tags.get(ResourceId), [Key]: Value });
  }
  return tags;
};

export const adoptionDriver = ({ ec2 }: Pick<AwsClients, 'ec2'>): ResourceDriver<'adoption'> => {
  const create = async (wanted: Adoption): Promise<Made> => {
    const { owner, key, properties } = wanted;
    const { ids, adopter } = properties;
    const tags = await tagsOf(ec2, wanted);
    const others = ids.filter(
      (id) => tags.get(id)?.[UID_TAG] !== owner.uid || tags.get(id)?.[CLUSTER_TAG] !== owner.clusterId,
    );
    if (others.length > 0) {
      throw supersededError(
        `${others.join(', ')}, which ${key} was to tag, is gone or is no more of ${owner.clusterId}.`,
      );
    }
    const isUntold = (all: ReadonlyMap<string, Tags>) => (id: string) => all.get(id)?.[ADOPTER_TAG] !== adopter;
    const Resources = ids.filter(isUntold(tags));
    if (Resources.length === 0) return { outputs: {}, change: 'unchanged' };
    // AWS tags all of them or none.
    await ec2.send(new CreateTagsCommand({ Resources, Tags: [{ Key: ADOPTER_TAG, Value: adopter }] }));
    const unseen = ids.filter(isUntold(await tagsOf(ec2, wanted)));
    if (unseen.length === 0) return { outputs: {} };
    throw notYet(`Waiting to see tag ${ADOPTER_TAG} on ${unseen.join(', ')}: it has just been written.`, AGAIN_MS);
  };

  return {
    kind: 'adoption',
    // Whether it is there is looked at by `create`, each time.
    candidates: () => Promise.resolve([]),
    create,
    update: () => Promise.resolve({ outputs: {} }),
    /** The tags go with what carries them. */
    remove: () => Promise.resolve(),
  };
};
