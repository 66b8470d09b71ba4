import { describe, expect, test } from '@jest/globals';
import { lineThrough, valueAt } from '../../bench/fit.ts';
import { type Computer, isKept, jsonOf, type Report, textOf } from '../../bench/report.ts';

const COMPUTER: Computer = { processor: 'a processor', cores: 2, memoryGiB: 8, node: 'v24.0.0', load: 0.5 };
const REPORT: Report = {
  bench: 'example',
  budgets: [{ what: 'calls', measured: 61, unit: 'calls', most: 60 }],
  tables: [{ title: 'A table', columns: ['NAME', 'COUNT'], rows: [['calls', 61]] }],
  notes: ['A note.'],
};

describe('a report', () => {
  test('keeps a budget up to its bound, and never with a measurement that failed', () => {
    const budget = { what: 'x', unit: '', measured: 60 };
    expect(isKept({ ...budget, most: 60 })).toBe(true);
    expect(isKept({ ...budget, most: 59 })).toBe(false);
    expect(isKept({ ...budget, least: 61 })).toBe(false);
    expect(isKept({ ...budget, measured: Number.NaN, most: 60 })).toBe(false);
  });

  test('says as text on what it was measured, and what was missed', () => {
    const text = textOf(REPORT, COMPUTER);
    expect(text).toContain('2 cores');
    expect(text).toContain('MISSED');
    expect(text).toContain('- A note.');
  });

  test('says the same as JSON', () => {
    expect(JSON.parse(jsonOf(REPORT, COMPUTER))).toMatchObject({
      bench: 'example',
      computer: { cores: 2 },
      budgets: [{ measured: 61, kept: false }],
    });
  });

  test('extrapolates along a line', () => {
    const line = lineThrough([
      { x: 25, y: 150 },
      { x: 50, y: 200 },
      { x: 75, y: 250 },
    ]);
    expect(valueAt(line, 1_000)).toBeCloseTo(2_100);
  });
});
