/**
 * promtool: evaluates rules for Prometheus on series, with the program that its users have.
 *
 * Owns: finding the program, and asking it which alerts fire. Neighbours: tests of what `deploy/monitoring` has.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programNamed } from './programs.ts';

/** The path of the program; undefined where this computer has none. */
export const promtool = (): string | undefined => programNamed(['promtool']);

/** Name of an alert and its labels, but for the name: what `ALERTS` has. */
export type Firing = { readonly alertname: string } & Readonly<Record<string, string>>;

const labelled = (labels: Readonly<Record<string, string>>): string =>
  `ALERTS{${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')}}`;

/** Samples of a scraped page, each as a series that keeps its value. */
const seriesOf = (page: string, minutes: number) =>
  page
    .split('\n')
    .filter((line) => line.startsWith('slipway_'))
    .map((line) => {
      const at = line.lastIndexOf(' ');
      return { series: line.slice(0, at), values: `${line.slice(at + 1)}+0x${minutes}` };
    });

const check = (program: string, test: unknown): void => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-promtool-'));
  const file = join(folder, 'test.yaml');
  // What is JSON is YAML.
  writeFileSync(file, JSON.stringify(test));
  try {
    execFileSync(program, ['test', 'rules', file], { encoding: 'utf8', stdio: 'pipe' });
  } finally {
    rmSync(folder, { recursive: true });
  }
};

type Expected = {
  /** As it was scraped. */
  readonly page: string;
  /** For how long nothing of it changed. */
  readonly minutes: number;
  /** Looks at one alert, and not at others. */
  readonly only?: string;
  readonly firing: readonly Firing[];
};

/** Throws unless exactly these alerts fire in the end. */
export const expectFiring = (program: string, rules: string, { page, minutes, only, firing }: Expected): void =>
  check(program, {
    rule_files: [rules],
    // Days need no minutes.
    evaluation_interval: minutes > 120 ? '15m' : '1m',
    tests: [
      {
        interval: '1m',
        input_series: seriesOf(page, minutes),
        promql_expr_test: [
          {
            expr: labelled({ alertstate: 'firing', ...(only === undefined ? {} : { alertname: only }) }),
            eval_time: `${minutes}m`,
            exp_samples: firing.map((labels) => ({ labels: labelled({ alertstate: 'firing', ...labels }), value: 1 })),
          },
        ],
      },
    ],
  });
