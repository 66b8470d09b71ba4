/**
 * `npm test`, `npm run test:all`: runs the tests in groups, and counts them.
 *
 * Owns: the groups, their order, the counted line at the end with what failed above it, and the table of where the time went.
 * Neighbours: `runner/` lets files begin and hears what they waited for; `jest.config.js` says how a test file is run.
 *
 *   node test/run.ts [--times=<rows>] [--waits=<file>] [unit | integration | journey | trial]… [part of a path]…
 *
 * `unit` tests need nothing but Node.js; `integration` tests run real binaries (`*.integration.test.ts`), which are built
 * first where they are missing; `journey` tests run a whole sandbox each (`*.journey.test.ts`) and prove the main job; `trial`
 * tests (`*.trial.test.ts`) do to such a sandbox what faults, chance, people and other releases may do. Without a group: all but
 * trials; `all` is all. All groups but the first run as one, so that a long file never runs alone at the end of its group.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cacheFolder, ensureTools } from '../sandbox/tools/build.ts';
import { compiledFolder } from '../sandbox/tools/store.ts';
import { mostFiles } from './runner/admission.ts';
import { type FailureReport, failureLines } from './runner/failures.ts';
import { GATE, type Gate, openGate, type Told } from './runner/gate.ts';
import { timesTable } from './runner/table.ts';
import { SHARED_TEMPORAL, sharedNamespaces } from './support/shared-temporal.ts';
import type { TemporalServer } from './support/temporal-server.ts';
import { UPGRADED_TO } from './support/tools.ts';

const GROUPS = ['unit', 'integration', 'journey', 'trial'] as const;
type Group = (typeof GROUPS)[number];

/** What runs when no group is named. */
const USUAL: readonly Group[] = ['unit', 'integration', 'journey'];

const CHECKOUT = dirname(dirname(fileURLToPath(import.meta.url)));

type Counts = { readonly passed: number; readonly failed: number; readonly failures: readonly string[] };

/** The part of jest's report that counts. A file that cannot even be loaded is one failure. */
type Report = FailureReport & {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
};

const countsIn = (file: string): Counts => {
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    failures: failureLines(report, CHECKOUT),
  };
};

/** Unit tests compute and hardly wait: one for each processor. Of the others the gate lets in as many as the computer bears. */
const flagsOf = (groups: readonly Group[]): readonly string[] =>
  groups.includes('unit')
    ? [
        ...GROUPS.filter((group) => group !== 'unit').map(
          (group) => `--testPathIgnorePatterns=\\.${group}\\.test\\.ts$`,
        ),
        '--testPathIgnorePatterns=/node_modules/',
        `--maxWorkers=${Math.max(2, availableParallelism())}`,
      ]
    : [
        ...groups.map((group) => `--testMatch=<rootDir>/test/**/*.${group}.test.ts`),
        `--maxWorkers=${mostFiles(availableParallelism())}`,
      ];

const runJest = (args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> =>
  new Promise((resolve, reject) => {
    const jest = `${CHECKOUT}/node_modules/jest/bin/jest.js`;
    const child = spawn(
      process.execPath,
      ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest, ...args],
      {
        cwd: CHECKOUT,
        // For jest itself, its workers, and each command that a test types.
        env: { NODE_COMPILE_CACHE: compiledFolder(cacheFolder()), ...process.env, ...environment },
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    // Whoever ends the run ends its tests: they have sandboxes that end with them.
    const end = (): void => void child.kill('SIGTERM');
    process.once('exit', end);
    child.once('error', reject);
    child.once('close', (code) => {
      process.off('exit', end);
      resolve(code ?? 1);
    });
  });

/** What is to be told of where the time went: rows of the table, and a file for every single wait, as JSON. */
type Times = { readonly rows: number; readonly waits?: string };

const tell = ({ rows, waits }: Times, told: readonly Told[]): void => {
  if (rows > 0) process.stdout.write(`\n${timesTable(told, rows)}\n`);
  if (waits !== undefined) writeFileSync(waits, JSON.stringify(told, undefined, 1));
};

/** What files that don't only compute share. */
type Ground = {
  readonly gate: Gate;
  readonly temporal: TemporalServer | undefined;
  readonly clear: () => Promise<void>;
};

const layGround = async (groups: readonly Group[]): Promise<Ground> => {
  await ensureTools(groups.includes('trial') ? UPGRADED_TO : []);
  const gate = await openGate();
  try {
    // Loaded where it is needed: it takes as long as all else.
    const temporal = groups.includes('integration')
      ? await (await import('./support/temporal-server.ts')).startTemporalServer(sharedNamespaces())
      : undefined;
    return {
      gate,
      temporal,
      clear: async () => {
        gate.close();
        await temporal?.stop();
      },
    };
  } catch (error) {
    gate.close();
    throw error;
  }
};

const environmentOf = ({ gate, temporal }: Ground): NodeJS.ProcessEnv => ({
  [GATE]: gate.path,
  ...(temporal === undefined ? {} : { [SHARED_TEMPORAL]: temporal.address }),
});

/** Runs what belongs to these groups, all of it at once as far as the computer bears it. */
const runTogether = async (groups: readonly Group[], filters: readonly string[], times: Times): Promise<Counts> => {
  const ground = groups.includes('unit') ? undefined : await layGround(groups);
  const folder = mkdtempSync(join(tmpdir(), 'slipway-tests-'));
  const began = performance.now();
  try {
    const report = join(folder, 'report.json');
    process.stdout.write(`\n${groups.join(' and ')} tests\n`);
    const flags = [...flagsOf(groups), '--passWithNoTests', '--json', '--outputFile', report];
    const environment = ground === undefined ? {} : environmentOf(ground);
    const code = await runJest(filters.length > 0 ? [...flags, '--', ...filters] : flags, environment);
    const counts = countsIn(report);
    if (ground !== undefined) tell(times, ground.gate.told());
    process.stdout.write(`\n${groups.join(' and ')} tests: ${((performance.now() - began) / 1_000).toFixed(0)} s\n`);
    // Jest itself failed, although no test did: that must not pass.
    return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } finally {
    await ground?.clear();
    rmSync(folder, { recursive: true, force: true });
  }
};

const main = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { times: { type: 'string' }, waits: { type: 'string' } },
  });
  const named = positionals.includes('all') ? GROUPS : GROUPS.filter((group) => positionals.includes(group));
  const filters = positionals.filter((word) => word !== 'all' && !GROUPS.some((group) => group === word));
  const chosen = named.length > 0 ? named : USUAL;
  const times = { rows: Number(values.times ?? 0), ...(values.waits === undefined ? {} : { waits: values.waits }) };
  const total = { passed: 0, failed: 0, failures: [] as string[] };
  for (const groups of [chosen.filter((group) => group === 'unit'), chosen.filter((group) => group !== 'unit')]) {
    if (groups.length === 0) continue;
    const { passed, failed, failures } = await runTogether(groups, filters, times).catch((error: unknown): Counts => {
      const failure = `failed: the ${groups.join(' and ')} tests could not be run: ${String(error)}`;
      return { passed: 0, failed: 1, failures: [failure] };
    });
    total.passed += passed;
    total.failed += failed;
    total.failures.push(...failures);
  }
  if (total.passed + total.failed === 0) process.stderr.write('No test ran: is the path right?\n');
  if (total.failures.length > 0) process.stdout.write(`\n${total.failures.join('\n')}\n`);
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed\n`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
};

// So that what is to end with this process does, whichever way it is told to.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

process.exitCode = await main(process.argv.slice(2));
