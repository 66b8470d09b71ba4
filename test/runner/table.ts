/**
 * Table: where the time of a run went, a row for each file, the longest first.
 *
 * Owns: the columns. Neighbours: `shares.ts` makes the numbers, `../run.ts` prints it.
 */

import type { Told } from './gate.ts';
import { sharesOf } from './shares.ts';

const COLUMNS = ['starting', 'ending', 'deleting', 'commands', 'timers', 'polling', 'itself'] as const;

const seconds = (milliseconds: number): string => (milliseconds / 1_000).toFixed(0);

/** Seconds, in columns; `most` rows. */
export const timesTable = (told: readonly Told[], most: number): string => {
  const rows = told
    .map(({ file, from, to, waits }) => ({ file, took: to - from, shares: sharesOf(waits, from, to) }))
    .sort((one, other) => other.took - one.took);
  const cells = [
    ['file', 'took', ...COLUMNS],
    ...rows
      .slice(0, most)
      .map(({ file, took, shares }) => [
        file.replace(/^test\//, '').replace(/\.test\.ts$/, ''),
        seconds(took),
        ...COLUMNS.map((column) => seconds(shares[column])),
      ]),
  ];
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    )
    .join('\n');
};
