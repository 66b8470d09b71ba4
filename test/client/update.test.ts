import { describe, expect, test } from '@jest/globals';
import { REVISION_ANNOTATION } from '../../api/names.ts';
import { type Release, releaseOf } from '../../api/releases.ts';
import { updateOf, updateText } from '../../client/cli/update.ts';
import { askedRevision } from '../../policy/addon-revision.ts';
import { release, seedCluster, VERSION } from '../topology/objects.ts';
import { storedCluster } from './objects.ts';

const newest = releaseOf(VERSION) as Release;
const catalogue: readonly Release[] = [3, 2, 1].map((revision) => ({ ...newest, revision }));

const running = (number: number | undefined, metadata: object = {}) => {
  const stored = storedCluster();
  const { number: _number, ...revision } = { number, version: VERSION };
  return {
    ...stored,
    metadata: { ...stored.metadata, ...metadata },
    status: { ...stored.status, revision: { ...revision, ...(number === undefined ? {} : { number }) } },
  };
};

describe('an update of a cluster to a revision', () => {
  test('asks for the newest unless a number is given', () => {
    expect(updateOf(running(1), undefined, catalogue)).toMatchObject({ runs: 1, asked: 3, version: VERSION });
    expect(updateOf(running(1), 2, catalogue)).toMatchObject({ asked: 2 });
  });

  test('takes a status without a number for the first revision', () => {
    expect(updateOf(running(undefined), undefined, catalogue)).toMatchObject({ runs: 1, asked: 3 });
  });

  test('asks for nothing where it runs already, and says so', () => {
    expect(updateText(updateOf(running(3), undefined, catalogue))).toContain('runs revision 3');
    // What a newer Slipway brought runs on, though this release doesn't know it.
    expect(updateOf(running(7), undefined, catalogue)).toMatchObject({ runs: 7, asked: 7 });
  });

  test.each([
    ['unknown', 9, /no revision 9 of .*, but 1, 2, 3; .*runs 2/],
    ['older than what runs', 1, /runs revision 2 .* 1 is older: revisions are never taken back/],
  ])('is refused where the number is %s, with what can be had', (_, number, message) => {
    expect(() => updateOf(running(2), number, catalogue)).toThrow(message);
  });

  test('is refused for a cluster that goes, or that has not begun', () => {
    expect(() => updateOf(running(1, { deletionTimestamp: '2026-01-01T00:00:00Z' }), 2, catalogue)).toThrow(
      /being deleted/,
    );
    const { status: _status, ...fresh } = running(1);
    expect(() => updateOf(fresh, 2, catalogue)).toThrow(/runs no revision yet/);
  });
});

describe('the annotation that it sets', () => {
  const asking = (value: string, number = 2) =>
    seedCluster({
      metadata: { annotations: { [REVISION_ANNOTATION]: value } },
      status: {
        revision: { version: VERSION, number, kubernetes: '1', etcd: '1', cloudController: '1', imageID: 'a' },
      },
    });

  test('asks for a newer revision only', () => {
    expect(askedRevision(asking('3'), catalogue)).toMatchObject({ kind: 'newer', release: { revision: 3 } });
    expect(askedRevision(asking('2'), catalogue)).toEqual({ kind: 'none' });
    expect(askedRevision(asking(''), catalogue)).toEqual({ kind: 'none' });
    expect(askedRevision(seedCluster(), catalogue)).toEqual({ kind: 'none' });
    expect(release().revision).toBe(newest.revision);
  });

  test.each([
    ['9', 'UnknownRevision', 'knows 1, 2, 3'],
    ['newest', 'UnknownRevision', 'Revision newest'],
    ['1', 'OlderRevision', 'never taken back'],
  ])('of value %s is refused as %s, with the command that takes it off', (value, reason, says) => {
    const refused = askedRevision(asking(value), catalogue);
    expect(refused).toMatchObject({ kind: 'refused', reason, message: expect.stringContaining(says) });
    expect(refused).toMatchObject({
      message: expect.stringContaining('kubectl annotate awscluster cluster-0 -n default slipway.dev/revision-'),
    });
  });
});
