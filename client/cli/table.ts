/**
 * Tables in kubectl's manner: columns aligned by spaces, no borders.
 *
 * A character takes one column. That holds for names, by the rules of Kubernetes and AWS; what may be in any script, such as
 * a message, goes into the last column, which is not padded. To know better takes longer to load than all else of a list.
 */

const GAP = 3;

/** Renders rows under a header; the last column is not padded. */
export const table = (header: readonly string[], rows: readonly (readonly string[])[]): string => {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd((widths[column] ?? 0) + GAP)))
        .join('')
        .trimEnd(),
    )
    .join('\n');
};

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A span in kubectl's manner: 45s, 5m, 3h12m, 4d. */
export const span = (milliseconds: number): string => {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  if (seconds < 2 * MINUTE) return `${seconds}s`;
  if (seconds < 10 * MINUTE) {
    const rest = seconds % MINUTE;
    return `${Math.floor(seconds / MINUTE)}m${rest === 0 ? '' : `${rest}s`}`;
  }
  if (seconds < 3 * HOUR) return `${Math.floor(seconds / MINUTE)}m`;
  if (seconds < 2 * DAY) {
    const minutes = Math.floor((seconds % HOUR) / MINUTE);
    return `${Math.floor(seconds / HOUR)}h${minutes === 0 ? '' : `${minutes}m`}`;
  }
  return `${Math.floor(seconds / DAY)}d`;
};
