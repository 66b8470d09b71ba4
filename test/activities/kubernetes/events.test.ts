/** Names and times of events. */
import { describe, expect, test } from '@jest/globals';
import { eventName, eventObject } from '../../../activities/kubernetes/events.ts';

const object = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: 'u' } as const;
const at = Date.UTC(2026, 10, 23, 12, 0, 0, 250);

describe('an event', () => {
  test('is named by its object, time and sequence, so that recording it twice names it the same', () => {
    expect(eventName(object, { at, sequence: 3 })).toBe(`cluster-0.${(BigInt(at) * 1_000_000n + 3n).toString(16)}`);
    expect(eventName(object, { at, sequence: 3 })).toMatch(/^cluster-0\.[0-9a-f]{16}$/);
    expect(eventName(object, { at, sequence: 4 })).not.toBe(eventName(object, { at, sequence: 3 }));
  });

  test('belongs to the very object and happened when it happened', () => {
    const event = eventObject(object, { reason: 'R', message: 'm', type: 'Normal', at, sequence: 0 });
    expect(event['involvedObject']).toMatchObject({ uid: 'u', apiVersion: 'multicloud.cluster.gke.io/v1' });
    expect(event['firstTimestamp']).toBe('2026-11-23T12:00:00Z');
    expect(event['lastTimestamp']).toBe('2026-11-23T12:00:00Z');
  });
});
