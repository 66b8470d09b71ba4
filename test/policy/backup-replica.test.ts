import { describe, expect, test } from '@jest/globals';
import { type Asking, type ReplicaVolume, replicaToAsk } from '../../policy/backup-replica.ts';
import { begunText, ORDER_TAG, orderText, REPORT_TAG, reportText } from '../../words/orders.ts';

const NOW = 1_764_480_000_000;
const ASKING: Asking = { token: 'mine', failed: [], unhealthy: [], now: NOW };

const volume = (index: number, more: Partial<ReplicaVolume> = {}): ReplicaVolume => ({
  ...{ index, volumeId: `vol-${index}`, holder: `i-${index}`, tags: {} },
  ...more,
});

const told = (verb: 'leave' | 'snapshot', { token = 'others', late = -60 } = {}) => ({
  [ORDER_TAG]: orderText({
    ...{ token, verb, instanceId: 'i-0', until: NOW / 1_000 - late },
    ...(verb === 'snapshot' ? { bucket: 'backups' } : {}),
  }),
});

const asked = (volumes: readonly ReplicaVolume[], asking: Partial<Asking> = {}) =>
  replicaToAsk(volumes, { ...ASKING, ...asking });

describe('for a snapshot is asked', () => {
  test('the first replica', () => {
    expect(asked([0, 1, 2].map((index) => volume(index)))).toEqual({
      ...{ kind: 'ask', index: 0, volumeId: 'vol-0', instanceId: 'i-0' },
    });
  });

  test.each<[string, ReplicaVolume, Partial<Asking>]>([
    ['has failed', volume(0), { failed: [{ index: 0, why: 'no right' }] }],
    ['does not serve', volume(0), { unhealthy: [0] }],
    ['has no machine', { index: 0, volumeId: 'vol-0', tags: {} }, {}],
    ['is told to leave', volume(0, { tags: told('leave') }), {}],
    ['is told by somebody else to take one', volume(0, { tags: told('snapshot') }), {}],
  ])('not the one that %s', (_, first, asking) => {
    expect(asked([first, volume(1)], asking)).toMatchObject({ kind: 'ask', index: 1 });
  });

  test.each([
    ['answered', { ...told('leave'), [REPORT_TAG]: reportText({ token: 'others', result: 'done' }) }],
    ['let pass', told('leave', { late: 1 })],
    ['begun, if it is a snapshot', { ...told('snapshot'), [REPORT_TAG]: begunText('others') }],
  ])('also one that has an order which it has %s', (_, tags) => {
    expect(asked([volume(0, { tags })])).toMatchObject({ kind: 'ask', index: 0 });
  });

  test('also one whose order was for the machine before: that one answers nothing more', () => {
    const said = reportText({ token: 'i-9', result: 'done', says: '1.37.2 1.36' });
    const tags = { ...told('leave'), [REPORT_TAG]: said };
    expect(asked([volume(0, { holder: 'i-9', tags })])).toMatchObject({ kind: 'ask', index: 0, instanceId: 'i-9' });
  });

  test('whoever was told already, where the question is put again', () => {
    const volumes = [volume(0), volume(1, { tags: told('snapshot', { token: 'mine' }) })];
    expect(asked(volumes)).toMatchObject({ kind: 'ask', index: 1 });
  });

  test('nobody yet, where all are told something', () => {
    expect(asked([volume(0, { tags: told('leave') })])).toEqual({
      kind: 'later',
      says: 'Waiting for an operation: replica 0 is told to leave.',
    });
  });

  test('nobody, with the reason of each', () => {
    const failed = [{ index: 0, why: 'etcd ended its snapshot' }];
    expect(asked([volume(0), volume(1)], { failed, unhealthy: [1] })).toEqual({
      kind: 'none',
      says: 'replica 0: etcd ended its snapshot. replica 1: it does not serve.',
    });
    expect(asked([])).toMatchObject({ kind: 'none', says: expect.stringContaining('no etcd volume') });
  });
});
