import { describe, expect, test } from '@jest/globals';
import {
  type Manifest,
  manifestIn,
  manifestKey,
  manifestText,
  newestKept,
  snapshotKey,
  snapshotNamed,
  snapshotsSince,
} from '../../words/snapshots.ts';

const KEY = 'gke-0a1b2c3d/etcd/20261130T194500123Z-4711.db';

const MANIFEST: Manifest = {
  key: KEY,
  size: 3_145_760,
  sha256: 'ab'.repeat(32),
  etag: '"0123456789abcdef-2"',
  revision: '4711',
  etcd: '3.6.16',
  kubernetes: '1.36.3',
};

describe('the key of a snapshot', () => {
  test('says whose it is, when it was taken and at which revision, in an order that is that of time', () => {
    const at = Date.parse('2026-11-30T19:45:00.123Z');
    expect(snapshotKey('gke-0a1b2c3d', new Date(at), '4711')).toBe(KEY);
    expect(snapshotKey('gke-0a1b2c3d', new Date(at + 1), '9') > KEY).toBe(true);
    expect(snapshotNamed(KEY)).toEqual({
      key: KEY,
      clusterId: 'gke-0a1b2c3d',
      time: '2026-11-30T19:45:00.123Z',
      revision: '4711',
      isManifest: false,
    });
  });

  test('is that of its manifest but for the ending', () => {
    expect(snapshotNamed(manifestKey(KEY))).toMatchObject({ key: KEY, isManifest: true });
  });

  test.each([
    '',
    'gke-0a1b2c3d/etcd/',
    'gke-0a1b2c3d/etcd/notes.txt',
    'mine/etcd/20261130T194500123Z-1.db',
    `${KEY}.part`,
  ])('is not %o', (key) => {
    expect(snapshotNamed(key)).toBeUndefined();
  });
});

describe('the newest of some keys', () => {
  const older = KEY.replace('1945', '1944');

  test('is the last of those that have a snapshot and its manifest', () => {
    const at = Date.parse('2026-11-30T19:45:00.123Z');
    expect(newestKept([KEY, manifestKey(KEY), older, manifestKey(older)])).toBe(at);
    expect(newestKept([KEY, older, manifestKey(older)])).toBe(at - 60_000);
    expect(newestKept([manifestKey(KEY)])).toBeUndefined();
    expect(newestKept([])).toBeUndefined();
  });

  test('is looked for after a moment, whose own keys come after it', () => {
    const { prefix, after } = snapshotsSince('gke-0a1b2c3d', new Date('2026-11-30T19:45:00.123Z'));
    expect([KEY.startsWith(prefix), after < KEY, after > older]).toEqual([true, true, true]);
  });
});

describe('a manifest', () => {
  test.each<[string, Manifest]>([
    ['by an agent that knows no orders by it', MANIFEST],
    ['by schedule', { ...MANIFEST, scheduled: true }],
    ['with the order by which it was asked for', { ...MANIFEST, token: '3f9c01aa77b2-1' }],
  ])('is read as it was written: %s', (_, manifest) => {
    expect(manifestIn(manifestText(manifest))).toEqual(manifest);
  });

  test.each([
    ['it is cut', manifestText(MANIFEST).slice(0, -20)],
    ['it is empty', ''],
    ['it is of another release', manifestText(MANIFEST).replace('"v": 1', '"v": 2')],
    ['its size is none', manifestText({ ...MANIFEST, size: -1 })],
    ['its sum is none', manifestText({ ...MANIFEST, sha256: 'abc' })],
    ['its order is none', manifestText({ ...MANIFEST, token: '' })],
    ['it lacks what it is of', manifestText({ ...MANIFEST, key: '' })],
  ])('is none where %s', (_, text) => {
    expect(manifestIn(text)).toBeUndefined();
  });
});
