import { describe, expect, test } from '@jest/globals';
import { tagDifferences, taggingOf } from '../../kinds/tags.ts';

const OWN = { Name: 'gke-1-controlplane', 'slipway.dev/uid': 'uid', 'kubernetes.io/cluster/gke-1': 'owned' };

describe('tags of the spec', () => {
  const wanted = { tags: { ...OWN, team: 'platform', stage: 'live' }, formerTags: ['cost-center'] };

  test('that are there are no difference, and neither are those of others', () => {
    expect(tagDifferences(wanted, { team: 'platform', stage: 'live', 'their-tool': 'x' })).toEqual([]);
  });

  test('that are missing, are others, or should have gone are one difference together', () => {
    expect(tagDifferences(wanted, { stage: 'test', 'cost-center': '7' })).toEqual([
      {
        what: 'tags',
        says: 'its tags differ: stage is "test", not "live", team is missing, cost-center is still there',
      },
    ]);
  });

  test('may be called as what every object inherits', () => {
    const named = { tags: { team: 'platform' }, formerTags: ['constructor', 'valueOf'] };
    expect(taggingOf(named).remove).toEqual(['constructor', 'valueOf']);
    expect(tagDifferences(named, { team: 'platform' })).toEqual([]);
    const says = 'its tags differ: constructor is missing';
    expect(tagDifferences({ tags: { constructor: 'x' } as never }, {})).toEqual([{ what: 'tags', says }]);
  });

  test('that nobody looked at are no difference', () => {
    expect(tagDifferences(wanted, undefined)).toEqual([]);
  });

  test('are all set, and former ones taken off; Slipway’s own are neither', () => {
    expect(taggingOf({ ...wanted, formerTags: ['cost-center', 'slipway.dev/uid', 'team'] })).toEqual({
      set: { stage: 'live', team: 'platform' },
      remove: ['cost-center'],
    });
  });
});
