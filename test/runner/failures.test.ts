import { describe, expect, test } from '@jest/globals';
import { failureLines } from './failures.ts';

const passed = { fullName: 'adds', status: 'passed', failureMessages: [] };

describe('the failures of a run', () => {
  test('are told one line each, with the file, the test and what it said', () => {
    const failed = {
      fullName: 'sums carries',
      status: 'failed',
      failureMessages: [
        '\u001b[31mexpected\u001b[0m 1\n    received 2\n    at /c/test/a.test.ts:1:2\n    at new Promise (<anonymous>)\n',
      ],
    };
    const report = { testResults: [{ name: '/c/test/a.test.ts', message: '…', assertionResults: [passed, failed] }] };
    expect(failureLines(report, '/c')).toEqual([
      'failed: test/a.test.ts › sums carries: expected 1 received 2 at /c/test/a.test.ts:1:2',
    ]);
  });

  test('hold a file that could not be loaded', () => {
    const report = { testResults: [{ name: '/c/test/a.test.ts', message: 'SyntaxError', assertionResults: [] }] };
    expect(failureLines(report, '/c')).toEqual(['failed: test/a.test.ts: SyntaxError']);
  });

  test('are none where all passed', () => {
    const report = { testResults: [{ name: '/c/test/a.test.ts', message: '', assertionResults: [passed] }] };
    expect(failureLines(report, '/c')).toEqual([]);
  });

  test('are cut where they are long', () => {
    const failed = { fullName: 'x', status: 'failed', failureMessages: ['y'.repeat(2_000)] };
    const report = { testResults: [{ name: '/c/a.test.ts', message: '', assertionResults: [failed] }] };
    expect(failureLines(report, '/c')[0]).toMatch(/^failed: a\.test\.ts › x: y{599}…$/);
  });
});
