/** One look at a cluster's groups for all removals that wait for one, as long as it began after they did. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { createDepartures, type Departures } from '../../../activities/aws/departures.ts';

let now: number;
let looks: string[];
let trouble: Error | undefined;
let departures: Departures;

const lookSince = (since: number, clusterId = 'gke-1') =>
  departures({
    owner: { account: '1', region: 'r', clusterId, uid: 'uid' },
    since,
    signal: new AbortController().signal,
  });

beforeEach(() => {
  now = 10_000;
  looks = [];
  trouble = undefined;
  departures = createDepartures(
    (clusterId) => {
      looks.push(clusterId);
      return trouble === undefined ? Promise.resolve({ groups: [], instances: [] }) : Promise.reject(trouble);
    },
    () => now,
  );
});

describe('a look at what is going', () => {
  test('serves all that had begun before it, also while it is under way', async () => {
    const both = await Promise.all([lookSince(9_000), lookSince(10_000)]);
    expect(both[0]).toBe(both[1]);
    now = 10_899;
    expect(await lookSince(9_500)).toBe(both[0]);
    expect(looks).toEqual(['gke-1']);
  });

  test('serves nobody who began after it: what that one removes may not have been there yet', async () => {
    const earlier = await lookSince(9_000);
    now = 10_100;
    expect(await lookSince(10_050)).not.toBe(earlier);
    expect(looks).toHaveLength(2);
  });

  test('is made anew for who looks again', async () => {
    await lookSince(9_000);
    now = 10_900;
    await lookSince(9_000);
    expect(looks).toHaveLength(2);
  });

  test('is of one cluster', async () => {
    await Promise.all([lookSince(9_000), lookSince(9_000, 'gke-2')]);
    expect(looks).toEqual(['gke-1', 'gke-2']);
  });

  test('that failed is no answer', async () => {
    trouble = new Error('throttled');
    await expect(lookSince(9_000)).rejects.toThrow('throttled');
    trouble = undefined;
    expect(await lookSince(9_000)).toEqual({ groups: [], instances: [] });
  });
});
