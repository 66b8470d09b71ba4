import { describe, expect, test } from '@jest/globals';
import {
  begunIn,
  begunText,
  type Order,
  orderIn,
  orderText,
  type Report,
  reportIn,
  reportText,
} from '../../words/orders.ts';

const ORDER: Order = { token: '3f9c01aa', verb: 'leave', instanceId: 'i-0abc', until: 1_764_480_000 };

describe('an order', () => {
  test('is read as it was written', () => {
    expect(orderText(ORDER)).toBe('3f9c01aa leave i-0abc 1764480000');
    expect(orderIn(orderText(ORDER))).toEqual(ORDER);
  });

  test('to take a snapshot says where to, and no other does', () => {
    const order: Order = { ...ORDER, verb: 'snapshot', bucket: 'backups' };
    expect(orderText(order)).toBe('3f9c01aa snapshot i-0abc 1764480000 backups');
    expect(orderIn(orderText(order))).toEqual(order);
    expect(orderIn('3f9c01aa snapshot i-0abc 1764480000')).toBeUndefined();
    expect(orderIn('3f9c01aa snapshot i-0abc 1764480000 ')).toBeUndefined();
    expect(orderIn('3f9c01aa leave i-0abc 1764480000 backups')).toBeUndefined();
  });

  test('of a restore says which snapshot, for which restore, and fits into a tag', () => {
    const from = {
      bucket: 'b'.repeat(63),
      id: '5e1f0c9a',
      key: 'gke-0a1b2c3d/etcd/20261130T194500123Z-1000004711.db',
      sha256: '9c'.repeat(32),
    };
    for (const verb of ['fetch', 'halt', 'restore'] as const) {
      const order: Order = { ...ORDER, token: '3f9c01aa3f9c', instanceId: 'i-0123456789abcdef0', verb, from };
      expect(orderText(order)).toMatch(/^[A-Za-z0-9 +\-=._:/@]{1,256}$/);
      expect(orderIn(orderText(order))).toEqual(order);
      expect(orderIn(orderText({ ...order, from: { ...from, sha256: 'short' } }))).toBeUndefined();
      expect(orderIn(`3f9c01aa ${verb} i-0abc 1764480000`)).toBeUndefined();
    }
  });

  test('that is begun is not reported, and what is reported is no longer begun', () => {
    expect(begunIn(begunText('3f9c01aa'))).toBe('3f9c01aa');
    expect(reportIn(begunText('3f9c01aa'))).toBeUndefined();
    expect(begunIn(reportText({ token: '3f9c01aa', result: 'done', says: 'begun' }))).toBeUndefined();
    expect(begunIn(undefined)).toBeUndefined();
  });

  test.each([
    ['there is none', undefined],
    ['it is empty', ''],
    ['it has a word too few', '3f9c01aa leave i-0abc'],
    ['it has a word too many', `${orderText(ORDER)} now`],
    ['its verb is of another release', orderText(ORDER).replace('leave', 'dance')],
    ['its time is none', '3f9c01aa leave i-0abc soon'],
  ])('is none where %s', (_, text) => {
    expect(orderIn(text)).toBeUndefined();
  });
});

describe('a report', () => {
  test.each<Report>([
    { token: '3f9c01aa', result: 'done' },
    { token: '3f9c01aa', result: 'done', says: '1.37.2 1.36' },
    { token: '3f9c01aa', result: 'failed', why: 'kube-apiserver did not end' },
  ])('is read as it was written: %o', (report) => {
    expect(reportIn(reportText(report))).toEqual(report);
  });

  test('is a tag that AWS takes, whatever failed', () => {
    const text = reportText({ token: 't', result: 'failed', why: `"naïve" <${'x'.repeat(400)}>` });
    expect(text).toMatch(/^[A-Za-z0-9 +\-=._:/@]{1,256}$/);
    expect(reportIn(text)).toMatchObject({ token: 't', result: 'failed' });
  });

  test.each([undefined, '', 'done', '3f9c01aa', '3f9c01aa perhaps'])('is none where the tag says %o', (text) => {
    expect(reportIn(text)).toBeUndefined();
  });
});
