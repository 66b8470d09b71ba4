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

  test.each<[string, number, number | undefined, readonly Release[], RegExp]>([
    [
      'it runs the newest',
      3,
      undefined,
      catalogue,
      /runs revision 3 of .*, and this release of Slipway knows none newer\./,
    ],
    ['it runs what is asked for', 2, 2, catalogue, /runs revision 2 of .*, as was asked for, and 3 is the newest\./],
    ['a newer Slipway brought what runs', 7, undefined, catalogue, /runs revision 7 of .*knows none newer\./],
    [
      'this release knows its version no more',
      2,
      undefined,
      [],
      /runs revision 2 of .*, of which this release .* none any more\./,
    ],
  ])('asks for nothing where %s, and says so', (_, runs, wanted, releases, says) => {
    const update = updateOf(running(runs), wanted, releases);
    expect(update).toMatchObject({ runs, asked: runs });
    expect(updateText(update)).toMatch(says);
    expect(updateText(update)).toMatch(/Nothing was changed\.$/);
  });

  test.each([
    ['unknown', 9, /runs revision 2 of .* no revision 9 of it, but 1, 2, 3\. Ask for one of these, .*that has 9\.$/],
    [
      'older than what runs',
      1,
      /runs revision 2 .* 1 is older: revisions are never taken back\. Ask for a newer one: .* knows 3\.$/,
    ],
  ])('is refused where the number is %s, with what can be had', (_, number, message) => {
    expect(() => updateOf(running(2), number, catalogue)).toThrow(message);
  });

  test('is refused where this release knows its version no more, with what to do', () => {
    expect(() => updateOf(running(2), 3, [])).toThrow(
      /knows no revision of it any more: install one that has revision 3\./,
    );
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
