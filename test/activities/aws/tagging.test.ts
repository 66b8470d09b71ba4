/** Several things tagged with one call, of which AWS refuses all because of one, which it does not name. */
import { describe, expect, test } from '@jest/globals';
import { subnetTagsDriver } from '../../../activities/aws/subnet-tags.ts';
import { tagInEc2 } from '../../../activities/aws/tagging.ts';
import { verdictOf } from '../../../activities/verdicts.ts';
import { kubernetesClusterTag } from '../../../api/names.ts';
import { SUBNET_TAGS } from '../../../words/keys.ts';
import { CLUSTER, CLUSTER_ID, ownerOf } from './account.ts';
import { answering, refusal } from './answering.ts';

type Counted = Readonly<Record<string, number>>;

/** Each thing with so many tags, and one more of AWS itself. */
const accountWith = (counts: Counted) =>
  answering({
    CreateTags: () => refusal('TagLimitExceeded', 'The maximum number of Tags for a resource has been reached.'),
    DescribeTags: ({ Filters }) => {
      const [{ Values }] = Filters as [{ Values: readonly string[] }];
      const keys = (count: number) => [...Array.from({ length: count }, (_, index) => `tag-${index}`), 'aws:created'];
      return {
        Tags: Values.flatMap((ResourceId) => keys(counts[ResourceId] ?? 0).map((Key) => ({ ResourceId, Key }))),
      };
    },
  }).clients;

const refused = async (tagging: Promise<unknown>) => {
  try {
    await tagging;
    return undefined;
  } catch (error) {
    return verdictOf(error);
  }
};

describe('of several that are tagged with one call, the one that has too many tags', () => {
  test('is named, with how many it has: subnets for load balancers', async () => {
    const { signal } = new AbortController();
    const wanted = {
      kind: 'subnet-tags',
      key: SUBNET_TAGS,
      object: CLUSTER,
      owner: ownerOf(CLUSTER),
      signal,
      since: 0,
      incarnation: 0,
      properties: { subnetIds: ['subnet-1', 'subnet-2'], tags: { [kubernetesClusterTag(CLUSTER_ID)]: 'shared' } },
    } as const;
    const judged = await refused(subnetTagsDriver(accountWith({ 'subnet-1': 3, 'subnet-2': 50 })).create(wanted));
    expect(judged?.verdict).toBe('blocked');
    expect(judged?.message).toMatch(
      /TagLimitExceeded: .*as many tags as AWS lets them have: subnet-2 \(50\)\. Take one off each\./,
    );
  });

  test('is named among the machines of a group, however many those are', async () => {
    const ids = Array.from({ length: 450 }, (_, index) => `i-${index}`);
    const { ec2 } = accountWith({ 'i-3': 50, 'i-440': 50 });
    const judged = await refused(tagInEc2(ec2, ids, { set: { team: 'platform' }, remove: [] }));
    expect(judged?.message).toContain('lets them have: i-3 (50), i-440 (50). Take one off each.');
  });

  test('is not guessed where none has: what AWS said is told as it is', async () => {
    const judged = await refused(tagInEc2(accountWith({}).ec2, ['i-1'], { set: { team: 'platform' }, remove: [] }));
    expect(judged?.message).toContain('TagLimitExceeded');
    expect(judged?.message).not.toContain('Take one off');
  });
});
