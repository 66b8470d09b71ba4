/** How tools that follow kstatus read every state that an object can be in: as whoever waits for it would say it. */
import { describe, expect, test } from '@jest/globals';
import { OPERATIONS, type OperationType } from '../../words/operations.ts';
import { kstatusOf } from '../support/kstatus.ts';
import { seedCluster } from '../topology/objects.ts';
import { after, CLUSTER_STATES, KINDS, operating, over, POOL_STATES, provisioned, STATES } from './states.ts';

describe.each(KINDS)('%s', (kind) => {
  test.each(STATES)('that %s is read as it is', (_, { kstatus }, object) => {
    expect(kstatusOf(object(kind))).toBe(kstatus);
  });
});

describe('a cluster', () => {
  test.each(CLUSTER_STATES)('%s is read as it is', (_, { kstatus }, object) => {
    expect(kstatusOf(object('AWSCluster'))).toBe(kstatus);
  });
});

describe('a node pool', () => {
  test.each(POOL_STATES)('%s is read as it is', (_, { kstatus }, object) => {
    expect(kstatusOf(object('AWSNodePool'))).toBe(kstatus);
  });
});

test('an object whose operation did not succeed is never Current', () => {
  for (const [type, { of, purpose }] of Object.entries(OPERATIONS)) {
    if (purpose === 'delete') continue;
    for (const state of ['running', 'superseded', 'aborted', 'failed'] as const) {
      const object = after(provisioned(of), operating(type as OperationType, { ...over, state }));
      expect([type, state, kstatusOf(object)]).not.toEqual([type, state, 'Current']);
    }
  }
});

test('an object that nobody has looked at would pass for Current without the status that the API server gives it', () => {
  expect(kstatusOf(seedCluster())).toBe('Current');
});
