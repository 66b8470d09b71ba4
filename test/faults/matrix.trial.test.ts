/**
 * A part of the fault matrix that stands for the whole, as a person runs it: every fault, spread over create and delete.
 * `npm run bench -- faults` runs all of it.
 */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { FAULTS } from '../../bench/faults/faults.ts';
import type { Report } from '../../bench/report.ts';
import { run } from '../support/sandbox.ts';

const COMMAND = 'npm run bench -- faults --sample 15 -o json';
const MAIN = join(import.meta.dirname, '../../bench/main.ts');

let report: Report;

const rowsOf = (title: RegExp): readonly (readonly (string | number)[])[] =>
  report.tables.find((table) => title.test(table.title))?.rows ?? [];

beforeAll(async () => {
  const { code, stdout, stderr } = await run(process.execPath, [MAIN, ...COMMAND.split(' ').slice(4)]);
  // 1 is a budget that was missed, of which the report tells, and the tests below; or a failure, which leaves no report.
  if (stdout === '') throw new Error(`${COMMAND} ended with ${code} and without a report:\n${stderr}`);
  report = JSON.parse(stdout) as Report;
});

test('no call of a create or a delete that fails in any way leaves anything wrong', () => {
  expect(rowsOf(/went wrong/)).toEqual([]);
  expect(report.budgets).toMatchObject([
    { what: 'cases that went wrong', measured: 0, kept: true },
    { what: expect.stringContaining('the account differs'), measured: 0, kept: true },
  ]);
});

test('fifteen cases were lived, calls of a create and of a delete among them', () => {
  const rows = rowsOf(/Call x fault/);
  expect(rows.reduce((sum, row) => sum + Number(row.at(-1)), 0)).toBe(15);
  const calls = rows.map(([name]) => String(name));
  for (const workflow of ['CreateCluster', 'DeleteCluster']) {
    expect(calls).toEqual(expect.arrayContaining([expect.stringContaining(workflow)]));
  }
});

describe.each(Object.entries(FAULTS))('%s', (fault, what) => {
  test(`is among them: ${what}`, () => {
    const row = rowsOf(/^Faults$/).find(([name]) => name === fault);
    expect(Number(row?.[2])).toBeGreaterThan(0);
  });
});
