/**
 * `npm test`: runs the tests in groups, and counts them.
 *
 * Owns: the groups, their order and the counted line at the end. Neighbours: `jest.config.js` says how a test file is run.
 *
 *   node test/run.ts [unit | integration | journey]… [part of a path]…
 *
 * `unit` tests need nothing but Node.js; `integration` tests run real binaries (`*.integration.test.ts`), which are built
 * first where they are missing; `journey` tests run a whole sandbox each (`*.journey.test.ts`). As many files run at once as there are cores, two at least: they wait a lot.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureTools } from '../sandbox/tools/build.ts';

const GROUPS = ['unit', 'integration', 'journey'] as const;
type Group = (typeof GROUPS)[number];

const CHECKOUT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Which files of the tests belong to a group. */
const GROUP_FLAGS: Readonly<Record<Group, readonly string[]>> = {
  unit: ['--testPathIgnorePatterns', '\\.integration\\.test\\.ts$', '\\.journey\\.test\\.ts$', '/node_modules/'],
  integration: ['--testMatch', '<rootDir>/test/**/*.integration.test.ts'],
  journey: ['--testMatch', '<rootDir>/test/**/*.journey.test.ts'],
};

/** Files at once. */
const WORKERS = ['--maxWorkers', String(Math.max(2, availableParallelism()))];

type Counts = { readonly passed: number; readonly failed: number };

/** The part of jest's report that counts. A file that cannot even be loaded is one failure. */
type Report = {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
};

const countsIn = (file: string): Counts => {
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  return { passed: report.numPassedTests, failed: report.numFailedTests + report.numRuntimeErrorTestSuites };
};

const runJest = (args: readonly string[]): Promise<number> =>
  new Promise((resolve, reject) => {
    const jest = `${CHECKOUT}/node_modules/jest/bin/jest.js`;
    const child = spawn(
      process.execPath,
      ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest, ...args],
      {
        cwd: CHECKOUT,
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });

const runGroup = async (group: Group, filters: readonly string[]): Promise<Counts> => {
  if (group !== 'unit') await ensureTools();
  const folder = mkdtempSync(join(tmpdir(), 'slipway-tests-'));
  try {
    const report = join(folder, 'report.json');
    process.stdout.write(`\n${group} tests\n`);
    const flags = [...GROUP_FLAGS[group], ...WORKERS, '--passWithNoTests', '--json', '--outputFile', report];
    const code = await runJest(filters.length > 0 ? [...flags, '--', ...filters] : flags);
    const counts = countsIn(report);
    // Jest itself failed, although no test did: that must not pass.
    return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const isGroup = (word: string): word is Group => GROUPS.some((group) => group === word);

const main = async (words: readonly string[]): Promise<number> => {
  const named = GROUPS.filter((group) => words.includes(group));
  const filters = words.filter((word) => !isGroup(word));
  const total = { passed: 0, failed: 0 };
  for (const group of named.length > 0 ? named : GROUPS) {
    const { passed, failed } = await runGroup(group, filters).catch((error: unknown) => {
      process.stderr.write(`The ${group} tests could not be run: ${String(error)}\n`);
      return { passed: 0, failed: 1 };
    });
    total.passed += passed;
    total.failed += failed;
  }
  if (total.passed + total.failed === 0) process.stderr.write('No test ran: is the path right?\n');
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed\n`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
};

process.exitCode = await main(process.argv.slice(2));
