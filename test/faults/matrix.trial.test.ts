/**
 * Parts of the fault matrix that stand for the whole, as a person runs them: every fault, spread over create and delete, and some of
 * what is done to a node pool that stands. `npm run bench -- faults` runs all of it.
 */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { FAULTS } from '../../bench/faults/faults.ts';
import type { Report } from '../../bench/report.ts';
import { run } from '../support/sandbox.ts';

const PARTS = [
  {
    command: 'npm run bench -- faults --situations create-and-delete --sample 15 -o json',
    cases: 15,
    workflows: ['CreateCluster', 'DeleteCluster'],
    faults: Object.entries(FAULTS),
  },
  {
    command: 'npm run bench -- faults --situations resize abort --sample 8 -o json',
    cases: 8,
    workflows: ['resize: ', 'abort: '],
    faults: Object.entries(FAULTS).filter(([fault]) => fault === 'killed' || fault === 'lost'),
  },
] as const;
const MAIN = join(import.meta.dirname, '../../bench/main.ts');

describe.each(PARTS)('$command', ({ command, cases, workflows, faults }) => {
  let report: Report;

  const rowsOf = (title: RegExp): readonly (readonly (string | number)[])[] =>
    report.tables.find((table) => title.test(table.title))?.rows ?? [];

  beforeAll(async () => {
    const { code, stdout, stderr } = await run(process.execPath, [MAIN, ...command.split(' ').slice(4)]);
    // 1 is a budget that was missed, of which the report tells, and the tests below; or a failure, which leaves no report.
    if (stdout === '') throw new Error(`${command} ended with ${code} and without a report:\n${stderr}`);
    report = JSON.parse(stdout) as Report;
  });

  test('no call that fails in any way leaves anything wrong', () => {
    expect(rowsOf(/went wrong/)).toEqual([]);
    expect(report.budgets).toMatchObject([
      { what: 'cases that went wrong', measured: 0, kept: true },
      { what: expect.stringContaining('the account differs'), measured: 0, kept: true },
    ]);
  });

  test('as many cases were lived as it says, calls of all that it names among them', () => {
    const rows = rowsOf(/Call x fault/);
    expect(rows.reduce((sum, row) => sum + Number(row.at(-1)), 0)).toBe(cases);
    const calls = rows.map(([name]) => String(name));
    for (const workflow of workflows) {
      expect(calls).toEqual(expect.arrayContaining([expect.stringContaining(workflow)]));
    }
  });

  test.each(faults)('%s is among them: %s', (fault) => {
    const row = rowsOf(/^Faults$/).find(([name]) => name === fault);
    expect(Number(row?.[2])).toBeGreaterThan(0);
  });
});
