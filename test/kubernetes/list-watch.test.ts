import { describe, expect, test } from '@jest/globals';
import { refused } from '../../kubernetes/errors.ts';
import { type Listed, listWatch, type WatchEvent } from '../../kubernetes/list-watch.ts';

type Seen = { readonly name: string; readonly uid: string; readonly generation: number };

const objectNamed = (name: string, overrides: Partial<Seen> = {}): Seen => ({
  name,
  uid: `uid-${name}`,
  generation: 1,
  ...overrides,
});

const tooOld = (): Error =>
  refused({ verb: 'watch', object: 'awsclusters', server: 'https://api', status: 410, body: undefined });

/** A scripted API server: each call of `list` or `watch` takes the next answer; the script's end stops the loop. */
const follow = async (script: {
  lists: (Listed<Seen> | Error)[];
  watches: ((onEvent: (event: WatchEvent<Seen>) => void, from: string) => void)[];
}): Promise<{ reports: string[]; watchedFrom: string[]; trouble: number }> => {
  const stop = new AbortController();
  const reports: string[] = [];
  const watchedFrom: string[] = [];
  let trouble = 0;
  await listWatch<Seen>({
    signal: stop.signal,
    relistMs: 60_000,
    backoff: () => 1,
    onTrouble: () => {
      trouble += 1;
    },
    report: (report) => reports.push(`${report.type} ${report.object.name}`),
    source: {
      list: async () => {
        const next = script.lists.shift();
        if (next instanceof Error) throw next;
        if (next) return next;
        stop.abort();
        return { items: [], resourceVersion: '0' };
      },
      watch: async (resourceVersion, onEvent) => {
        watchedFrom.push(resourceVersion);
        const next = script.watches.shift();
        if (next) next(onEvent, resourceVersion);
        else stop.abort();
      },
    },
  });
  return { reports, watchedFrom, trouble };
};

describe('list and watch', () => {
  test('reports every object of a list that comes in pages, then events, and resumes after the newest version', async () => {
    const { reports, watchedFrom } = await follow({
      lists: [
        { items: [objectNamed('a')], resourceVersion: '10', next: 'page-2' },
        { items: [objectNamed('b')], resourceVersion: '10' },
      ],
      watches: [
        (onEvent) => {
          onEvent({ type: 'changed', object: objectNamed('b', { generation: 2 }), resourceVersion: '11' });
          onEvent({ type: 'bookmark', resourceVersion: '15' });
        },
      ],
    });
    expect(reports).toEqual(['changed a', 'changed b', 'changed b']);
    expect(watchedFrom).toEqual(['10', '15']);
  });

  test('lists again when the version has expired, and reports what vanished meanwhile as deleted', async () => {
    const { reports } = await follow({
      lists: [
        { items: [objectNamed('a'), objectNamed('b')], resourceVersion: '10' },
        { items: [objectNamed('a')], resourceVersion: '99' },
      ],
      watches: [
        () => {
          throw tooOld();
        },
      ],
    });
    expect(reports).toEqual(['changed a', 'changed b', 'deleted b', 'changed a']);
  });

  test.each([
    ['a server error', new Error('HTTP 500')],
    ['a broken connection', new Error('ECONNRESET')],
  ])('goes on after %s while listing', async (_what, error) => {
    const { reports, trouble } = await follow({
      lists: [error, error, { items: [objectNamed('a')], resourceVersion: '10' }],
      watches: [],
    });
    expect(reports).toEqual(['changed a']);
    expect(trouble).toBe(2);
  });

  test('after an error while watching it lists again, and so finds what a resumed watch would never be told', async () => {
    const { reports, watchedFrom, trouble } = await follow({
      lists: [
        { items: [objectNamed('a')], resourceVersion: '10' },
        // Another API server, or an older state of the same: its versions are lower, and an object is gone.
        { items: [objectNamed('b')], resourceVersion: '3' },
      ],
      watches: [
        (onEvent) => {
          onEvent({ type: 'changed', object: objectNamed('a', { generation: 2 }), resourceVersion: '12' });
          throw new Error('ECONNRESET');
        },
      ],
    });
    expect(watchedFrom).toEqual(['10', '3']);
    expect(reports).toEqual(['changed a', 'changed a', 'deleted a', 'changed b']);
    expect(trouble).toBe(1);
  });

  test('a watch whose time is over is resumed without a new list', async () => {
    const { reports, watchedFrom, trouble } = await follow({
      lists: [{ items: [objectNamed('a')], resourceVersion: '10' }],
      watches: [
        (onEvent) => onEvent({ type: 'bookmark', resourceVersion: '20' }),
        (onEvent) => onEvent({ type: 'bookmark', resourceVersion: '30' }),
      ],
    });
    expect(watchedFrom).toEqual(['10', '20', '30']);
    expect(reports).toEqual(['changed a']);
    expect(trouble).toBe(0);
  });

  test('watches that end as soon as they begin are trouble, and are not tried again without a pause', async () => {
    const { trouble } = await follow({
      lists: [
        { items: [], resourceVersion: '10' },
        { items: [], resourceVersion: '10' },
      ],
      watches: [() => undefined, () => undefined],
    });
    expect(trouble).toBe(2);
  });

  test('a version that expires once is no trouble; one that expires again and again is', async () => {
    const expire = (): void => {
      throw tooOld();
    };
    const list = { items: [], resourceVersion: '10' };
    expect((await follow({ lists: [list, list], watches: [expire] })).trouble).toBe(0);
    expect((await follow({ lists: [list, list, list, list], watches: [expire, expire, expire] })).trouble).toBe(2);
  });
});
