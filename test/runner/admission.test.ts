import { describe, expect, test } from '@jest/globals';
import { type Machine, mayBegin, mostFiles, type Running } from './admission.ts';

const GIB = 2 ** 30;
const calm: Machine = { idle: 0.6, available: 12 * GIB };
const some = (more: Partial<Running> = {}): Running => ({ files: 3, sinceLast: 10_000, ...more });

describe('another test file', () => {
  test('begins while the processors have time and there is memory', () => {
    expect(mayBegin(some(), calm)).toBe(true);
  });

  test.each<[string, Running, Machine]>([
    ['the processors are busy, whoever it is that keeps them so', some(), { ...calm, idle: 0.1 }],
    ['there is no room for one more sandbox', some(), { ...calm, available: 5 * GIB }],
    ['the last one has not yet shown what it uses', some({ sinceLast: 500 }), calm],
  ])('waits when %s', (_when, running, machine) => {
    expect(mayBegin(running, machine)).toBe(false);
  });

  test.each([0, 1])('begins beside %i others on the busiest computer, so that the run comes to its end', (files) => {
    expect(mayBegin({ files, sinceLast: 0 }, { idle: 0, available: 0 })).toBe(true);
  });
});

test('more files at once than four for each processor are never tried, and two always', () => {
  expect([mostFiles(0), mostFiles(2), mostFiles(8)]).toEqual([2, 8, 32]);
});
