/** What is read of the metrics of a server. */
import { expect, test } from '@jest/globals';
import { samplesOf } from '../../kubernetes/prometheus.ts';

const TEXT = [
  '# HELP requests Requests.',
  '# TYPE requests gauge',
  'requests{group="apps",resource="deploy\\"ments",note="a\\\\b\\nc"} 1',
  'requests{group="",version="v1"} 2.5e+01 1785571200000',
  'requests 7',
  'requests_total{group="apps"} 9',
  'other_requests 8',
  '',
].join('\n');

test('samples have their labels, whatever they hold, and no other metric’s are among them', () => {
  expect(samplesOf(TEXT, 'requests')).toEqual([
    { labels: { group: 'apps', resource: 'deploy"ments', note: 'a\\b\nc' }, value: 1 },
    { labels: { group: '', version: 'v1' }, value: 25 },
    { labels: {}, value: 7 },
  ]);
  expect(samplesOf(TEXT, 'nothing')).toEqual([]);
});
