/** The tag by which an object says that it owns what another one made: where it is written, and what it means to whoever finds it. */
import { describe, expect, test } from '@jest/globals';
import { adoptionDriver } from '../../../activities/aws/adoption.ts';
import { belongsTo, carriedBy, standingTags } from '../../../activities/aws/tags.ts';
import { verdictOf } from '../../../activities/verdicts.ts';
import { CLUSTER_TAG, KEY_TAG, UID_TAG } from '../../../api/names.ts';
import { CONTROL_PLANE_GROUP } from '../../../words/keys.ts';
import { CLUSTER, ownerOf } from './account.ts';
import { answering } from './answering.ts';

type Tags = Readonly<Record<string, string>>;

const ADOPTED_BY = 'slipway.dev/adopted-by';
const IDS = ['lt-0', 'sg-0'];
const OWNER = ownerOf(CLUSTER);
const ADOPTER = { ...CLUSTER, uid: 'u-new' };
const OWNED: Tags = { [CLUSTER_TAG]: OWNER.clusterId, [UID_TAG]: OWNER.uid };

/** Things by id with their tags, and how many looks a written tag takes to be seen. */
const account = (tags: Readonly<Record<string, Tags>>, lag = 0) => {
  const seen = new Map(Object.entries(tags).map(([id, own]) => [id, { ...own }]));
  const written: { at: number; id: string; key: string; value: string }[] = [];
  let looks = 0;
  const { clients, asked } = answering({
    DescribeTags: () => {
      looks += 1;
      for (const { at, id, key, value } of written)
        if (looks > at + lag) Object.assign(seen.get(id) ?? {}, { [key]: value });
      return {
        Tags: [...seen].flatMap(([ResourceId, own]) =>
          Object.entries(own).map(([Key, Value]) => ({ ResourceId, Key, Value })),
        ),
      };
    },
    CreateTags: ({ Resources, Tags: given }) => {
      for (const id of Resources as readonly string[]) {
        for (const { Key: key, Value: value } of given as { Key: string; Value: string }[]) {
          written.push({ at: looks, id, key, value });
        }
      }
      return {};
    },
  });
  const changed = () => asked.filter(({ operation }) => !operation.startsWith('Describe')).map(({ input }) => input);
  return { clients, changed };
};

const adopt = ({ clients }: ReturnType<typeof account>): Promise<string> =>
  adoptionDriver(clients)
    .create({
      ...{ kind: 'adoption', key: 'adoption', object: ADOPTER, owner: OWNER, since: 0, incarnation: 0 },
      signal: new AbortController().signal,
      properties: { ids: IDS, adopter: ADOPTER.uid },
    })
    .then(
      ({ change }) => change ?? 'created',
      (error: unknown) => {
        const { verdict, message } = verdictOf(error);
        return `${verdict}: ${message}`;
      },
    );

describe('the tag of ownership', () => {
  test('is written on all of it by one call, and by none where it is there', async () => {
    const one = account({ 'lt-0': OWNED, 'sg-0': OWNED });
    expect(await adopt(one)).toBe('created');
    expect(one.changed()).toEqual([{ Resources: IDS, Tags: [{ Key: ADOPTED_BY, Value: 'u-new' }] }]);
    expect(await adopt(one)).toBe('unchanged');
    expect(one.changed()).toHaveLength(1);
  });

  test('is written where it is missing only, or names another: who was interrupted goes on', async () => {
    const one = account({
      'lt-0': { ...OWNED, [ADOPTED_BY]: 'u-new' },
      'sg-0': { ...OWNED, [ADOPTED_BY]: 'u-before' },
    });
    expect(await adopt(one)).toBe('created');
    expect(one.changed()).toEqual([expect.objectContaining({ Resources: ['sg-0'] })]);
  });

  test('is waited for until EC2 shows it: whatever comes after begins by it', async () => {
    const one = account({ 'lt-0': OWNED, 'sg-0': OWNED }, 2);
    expect(await adopt(one)).toMatch(/^retry: Waiting to see tag slipway.dev\/adopted-by on lt-0, sg-0/);
  });

  test.each<[string, Tags]>([
    ['is gone', {}],
    ['carries another uid by now', { ...OWNED, [UID_TAG]: 'u-other' }],
    ['carries another id by now', { ...OWNED, [CLUSTER_TAG]: 'gke-00000000' }],
  ])('is written on nothing where one of them %s', async (_, tags) => {
    const one = account({ 'lt-0': OWNED, 'sg-0': tags });
    expect(await adopt(one)).toMatch(/^superseded: sg-0, which adoption was to tag, is gone or is no more of gke-/);
    expect(one.changed()).toEqual([]);
  });
});

describe('what carries it', () => {
  const tags: Tags = { ...OWNED, [KEY_TAG]: CONTROL_PLANE_GROUP };
  const wanted = (object: typeof CLUSTER) => ({ object, owner: OWNER, key: CONTROL_PLANE_GROUP });

  test('is of whom it names, and no more of whom its uid names', () => {
    const adopted = { ...tags, [ADOPTED_BY]: ADOPTER.uid };
    expect(belongsTo(adopted, wanted(ADOPTER))).toBe('ours');
    expect(belongsTo(adopted, wanted(CLUSTER))).toEqual({ other: 'the object with uid u-new, which has adopted it' });
    expect(belongsTo(tags, wanted(CLUSTER))).toBe('ours');
  });

  test('is made with it, and with the object that it is made for', () => {
    expect(standingTags(wanted(CLUSTER), {})).toEqual({ ...tags, 'slipway.dev/object': 'default/cluster-0' });
    expect(standingTags(wanted(ADOPTER), {})).toMatchObject({ [UID_TAG]: CLUSTER.uid, [ADOPTED_BY]: 'u-new' });
    expect(carriedBy(standingTags(wanted(ADOPTER), {}))).toEqual({
      ...{ uid: CLUSTER.uid, madeFor: 'default/cluster-0', adopter: 'u-new' },
      tags: {},
    });
  });
});
