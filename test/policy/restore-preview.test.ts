/** What a restore takes away, counted from when objects were created and written. */
import { describe, expect, test } from '@jest/globals';
import { countedSince, isOfWorth, lostOf, nothingSince, type WrittenObject } from '../../policy/restore-preview.ts';

const SINCE = Date.parse('2026-11-30T19:45:00.900Z');
const BEFORE = '2026-11-30T19:44:59Z';
const SAME_SECOND = '2026-11-30T19:45:00Z';
const AFTER = '2026-11-30T19:46:00Z';

const written = (name: string, created?: string, ...times: readonly string[]): WrittenObject => ({
  ...{ namespace: 'default', name, written: times },
  ...(created === undefined ? {} : { created }),
});
const count = (...objects: readonly WrittenObject[]) => countedSince(nothingSince('pods'), objects, SINCE);

describe('what was written since a snapshot', () => {
  test('is what was created since, and is not told twice', () => {
    expect(count(written('a', AFTER, AFTER))).toMatchObject({
      created: { count: 1, names: ['default/a'] },
      changed: { count: 0 },
    });
  });

  test('is what was there, and has a writer since', () => {
    expect(count(written('a', BEFORE, BEFORE, AFTER), written('b', BEFORE, BEFORE))).toMatchObject({
      created: { count: 0 },
      changed: { count: 1, names: ['default/a'] },
    });
  });

  test('counts the second of the snapshot itself: nobody knows which came first', () => {
    expect(count(written('a', SAME_SECOND), written('b', BEFORE, SAME_SECOND))).toMatchObject({
      created: { count: 1 },
      changed: { count: 1 },
    });
  });

  test('counts all of all pages, and names a few', () => {
    const page = (from: number) => Array.from({ length: 500 }, (_, index) => written(`p${from + index}`, AFTER));
    const { created } = [page(0), page(500)].reduce((so, one) => countedSince(so, one, SINCE), nothingSince('pods'));
    expect(created).toEqual({ count: 1_000, names: ['default/p0', 'default/p1', 'default/p2'] });
  });

  test('has no namespace where the object has none, and nothing of what is never stored', () => {
    expect(count({ name: 'node-1', created: AFTER, written: [] }).created.names).toEqual(['node-1']);
    expect(count(written('a'))).toEqual(nothingSince('pods'));
  });

  test('leaves out resources of which nothing is lost, and those of no worth', () => {
    const lost = { ...count(written('a', AFTER)), resource: 'secrets' };
    expect(
      lostOf([lost, nothingSince('nodes'), { ...lost, resource: 'configmaps' }]).map(({ resource }) => resource),
    ).toEqual(['configmaps', 'secrets']);
    expect(['events', 'events.events.k8s.io', 'leases.coordination.k8s.io', 'pods'].filter(isOfWorth)).toEqual([
      'pods',
    ]);
  });
});
