/**
 * Report: what a bench answers, and how it is printed.
 *
 * Owns: the shape of every bench's answer, on what computer it was measured, and its text. Neighbours: one file a bench
 * measures; `main.ts` prints. A budget that is missed makes the bench fail, so that a script can guard it.
 */
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { table } from '../client/cli/table.ts';

/** A figure with the most (or least) that it may be. */
export type Budget = {
  readonly what: string;
  readonly measured: number;
  readonly unit: string;
  readonly most?: number;
  readonly least?: number;
};

export type Table = {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
};

export type Report = {
  readonly bench: string;
  readonly budgets: readonly Budget[];
  readonly tables: readonly Table[];
  /** What a reader must know to read the figures: one sentence each. */
  readonly notes: readonly string[];
};

/** The computer, and how busy it was: a time says little without. */
export type Computer = {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  /** Processes that wanted a core over the last minute. */
  readonly load: number;
};

export const thisComputer = (): Computer => ({
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  load: Number((loadavg()[0] ?? 0).toFixed(2)),
});

export const isKept = ({ measured, most, least }: Budget): boolean =>
  Number.isFinite(measured) && (most === undefined || measured <= most) && (least === undefined || measured >= least);

/** Three digits are all that a measurement on a shared computer carries. */
const figure = (value: string | number): string =>
  typeof value === 'string' || Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));

const limit = ({ most, least }: Budget): string =>
  [
    ...(most === undefined ? [] : [`at most ${figure(most)}`]),
    ...(least === undefined ? [] : [`at least ${figure(least)}`]),
  ].join(', ');

const titled = ({ title, columns, rows }: Table): string =>
  `${title}\n\n${table(
    columns,
    rows.map((row) => row.map(figure)),
  )}`;

const budgetTable = (budgets: readonly Budget[]): Table => ({
  title: 'Budget',
  columns: ['WHAT', 'MEASURED', 'BUDGET', ''],
  rows: budgets.map((one) => [
    one.what,
    `${figure(one.measured)} ${one.unit}`.trim(),
    limit(one),
    isKept(one) ? 'kept' : 'MISSED',
  ]),
});

export const textOf = ({ bench, budgets, tables, notes }: Report, computer: Computer): string =>
  [
    `${bench}: ${computer.cores} cores (${computer.processor}), ${computer.memoryGiB} GiB, Node.js ${computer.node}, load ${computer.load}`,
    ...tables.map(titled),
    ...(budgets.length === 0 ? [] : [titled(budgetTable(budgets))]),
    ...(notes.length === 0 ? [] : [notes.map((note) => `- ${note}`).join('\n')]),
  ].join('\n\n');

export const jsonOf = (report: Report, computer: Computer): string =>
  JSON.stringify(
    { ...report, budgets: report.budgets.map((one) => ({ ...one, kept: isKept(one) })), computer },
    null,
    2,
  );
