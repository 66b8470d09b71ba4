import { describe, expect, test } from '@jest/globals';
import type { Observed, Report } from '../../client/watcher/observed.ts';
import { waitingPools } from '../../client/watcher/waiting-pools.ts';

const object = (kind: Observed['kind'], name: string, uid: string, more: Partial<Observed> = {}): Observed => ({
  kind,
  namespace: 'default',
  name,
  uid,
  generation: 1,
  deleting: false,
  annotations: {},
  finalized: false,
  pins: {},
  writers: [],
  ...more,
});
const cluster = (uid: string): Observed => object('AWSCluster', 'cluster-0', uid);
const pool = (name: string, more: Partial<Observed> = {}): Observed =>
  object('AWSNodePool', name, `uid-of-${name}`, { clusterName: 'cluster-0', ...more });
const changed = (one: Observed): Report => ({ type: 'changed', object: one });
const deleted = (one: Observed): Report => ({ type: 'deleted', object: one });

describe('node pools that wait for their cluster', () => {
  test('are told when it appears, once', () => {
    const waiting = waitingPools();
    for (const one of [pool('a'), pool('b'), pool('c', { clusterName: 'other' }), pool('d', { namespace: 'else' })]) {
      expect(waiting.afterReport(changed(one))).toEqual([]);
    }
    expect(waiting.afterReport(changed(cluster('1')))).toEqual([pool('a'), pool('b')]);
    expect(waiting.afterReport(changed(cluster('1')))).toEqual([]);
  });

  test('are told again when another cluster takes the name, also if the end of the first was not seen', () => {
    const waiting = waitingPools();
    waiting.afterReport(changed(pool('a')));
    waiting.afterReport(changed(cluster('1')));
    expect(waiting.afterReport(changed(cluster('2')))).toEqual([pool('a')]);
    // Late news of the first are no news of the second.
    waiting.afterReport(deleted(cluster('1')));
    expect(waiting.afterReport(changed(cluster('2')))).toEqual([]);
    waiting.afterReport(deleted(cluster('2')));
    expect(waiting.afterReport(changed(cluster('2')))).toEqual([pool('a')]);
  });

  test('are forgotten when they are gone', () => {
    const waiting = waitingPools();
    waiting.afterReport(changed(pool('a')));
    waiting.afterReport(deleted(pool('a')));
    expect(waiting.afterReport(changed(cluster('1')))).toEqual([]);
  });
});
