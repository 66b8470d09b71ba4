import { describe, expect, test } from '@jest/globals';
import { EMPTY_DISK_TAG } from '../../api/names.ts';
import { decideEtcdStart } from '../../machine/empty-disk.ts';

const volume = (hasData: boolean, tag?: string) => ({
  id: 'vol-1',
  hasData,
  tags: tag === undefined ? {} : { [EMPTY_DISK_TAG]: tag },
});

describe('The empty-disk rule', () => {
  test.each(['bootstrap', 'join', 'wait', 'nonsense', undefined])('a disk with data is used, tag %s', (tag) => {
    expect(decideEtcdStart(volume(true, tag))).toEqual({ kind: 'resume' });
  });

  test('an empty disk bootstraps or joins only where its tag says so', () => {
    expect(decideEtcdStart(volume(false, 'bootstrap'))).toEqual({ kind: 'bootstrap' });
    expect(decideEtcdStart(volume(false, 'join'))).toEqual({ kind: 'join' });
  });

  test.each([
    ['wait', /its etcd data is gone.*set.* to join/],
    [undefined, /has no tag slipway\.dev\/empty-disk/],
    ['Bootstrap', /says Bootstrap, which this agent does not know/],
    ['', /does not know/],
  ])('an empty disk with tag %s waits and says why', (tag, reason) => {
    expect(decideEtcdStart(volume(false, tag))).toEqual({ kind: 'wait', reason: expect.stringMatching(reason) });
  });
});
