import { describe, expect, test } from '@jest/globals';
import {
  Expired,
  listWatch,
  type Observed,
  type Page,
  type Report,
  type WatchEvent,
} from '../../client/watcher/list-watch.ts';

const objectNamed = (name: string, overrides: Partial<Observed> = {}): Observed => ({
  kind: 'AWSCluster',
  namespace: 'default',
  name,
  uid: `uid-${name}`,
  generation: 1,
  deleting: false,
  annotations: {},
  ...overrides,
});

/** A scripted API server: each call of `list` or `watch` takes the next answer; the script's end stops the loop. */
const follow = async (script: {
  lists: (Page | Error)[];
  watches: ((onEvent: (event: WatchEvent) => void, from: string) => void)[];
}): Promise<{ reports: string[]; watchedFrom: string[]; trouble: number }> => {
  const stop = new AbortController();
  const reports: string[] = [];
  const watchedFrom: string[] = [];
  let trouble = 0;
  await listWatch({
    signal: stop.signal,
    relistMs: 60_000,
    backoff: () => 1,
    onTrouble: () => {
      trouble += 1;
    },
    report: (report: Report) => reports.push(`${report.type} ${report.object.name}`),
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
          throw new Expired('too old');
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

  test('goes on after an error while watching, from the version it had reached', async () => {
    const { watchedFrom, trouble } = await follow({
      lists: [{ items: [], resourceVersion: '10' }],
      watches: [
        (onEvent) => {
          onEvent({ type: 'changed', object: objectNamed('a'), resourceVersion: '12' });
          throw new Error('ECONNRESET');
        },
      ],
    });
    expect(watchedFrom).toEqual(['10', '12']);
    expect(trouble).toBe(1);
  });
});
