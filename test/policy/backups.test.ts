/** A snapshot counts only where its manifest speaks of just this object, and S3 says the same. */
import { describe, expect, test } from '@jest/globals';
import { type Backup, backupsIn, type Listed } from '../../policy/backups.ts';
import { type Manifest, manifestKey } from '../../words/snapshots.ts';

const CLUSTER = 'gke-0a1b2c3d';
const KEY = `${CLUSTER}/etcd/20261130T194500123Z-4711.db`;
const OBJECT: Listed = { key: KEY, size: 100, etag: '"e"' };
const BESIDE: Listed = { key: manifestKey(KEY), size: 300, etag: '"m"' };
const MANIFEST: Manifest = {
  ...{ key: KEY, size: 100, sha256: 'ab'.repeat(32), etag: '"e"' },
  ...{ revision: '4711', etcd: '3.6.16', kubernetes: '1.36.3' },
};

const judged = (listed: readonly Listed[], manifest: Manifest | 'unreadable' = MANIFEST): readonly Backup[] =>
  backupsIn(CLUSTER, listed, () => manifest);

describe('a snapshot', () => {
  test('counts with its manifest, and says what it is', () => {
    expect(judged([BESIDE, OBJECT])).toEqual([
      {
        ...{ key: KEY, time: '2026-11-30T19:45:00.123Z', revision: '4711', size: 100 },
        ...{ sha256: 'ab'.repeat(32), etcd: '3.6.16', kubernetes: '1.36.3' },
      },
    ]);
  });

  test('says by which order it was asked for', () => {
    expect(judged([BESIDE, OBJECT], { ...MANIFEST, token: '3f9c' })).toMatchObject([{ token: '3f9c' }]);
  });

  test.each<[string, readonly Listed[], Manifest | 'unreadable', string]>([
    ['has no manifest', [OBJECT], MANIFEST, 'it has no manifest'],
    ['is gone, and its manifest is there', [BESIDE], MANIFEST, 'the snapshot is not'],
    ['has a manifest that nobody can read', [OBJECT, BESIDE], 'unreadable', 'says nothing'],
    [
      'has another size than was sent',
      [{ ...OBJECT, size: 99 }, BESIDE],
      MANIFEST,
      'it has 99 bytes, and 100 were sent',
    ],
    ['was written anew with the same size', [{ ...OBJECT, etag: '"f"' }, BESIDE], MANIFEST, 'other content'],
    ['has the manifest of another', [OBJECT, BESIDE], { ...MANIFEST, key: `${KEY}x` }, 'of another snapshot'],
  ])('that %s is named, and does not count', (_, listed, manifest, problem) => {
    const [backup, ...others] = judged(listed, manifest);
    expect(others).toEqual([]);
    expect(backup?.problem).toContain(problem);
    expect(backup?.sha256).toBeUndefined();
  });

  test('of others, and what is no snapshot, is not listed; the newest comes first', () => {
    const older = `${CLUSTER}/etcd/20261129T194500123Z-9999.db`;
    const listed = [
      OBJECT,
      { ...OBJECT, key: older },
      { ...OBJECT, key: KEY.replace(CLUSTER, 'gke-ffffffff') },
      { ...OBJECT, key: `${CLUSTER}/etcd/notes.txt` },
    ];
    expect(judged(listed).map(({ key }) => key)).toEqual([KEY, older]);
  });
});
