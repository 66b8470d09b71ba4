/** `slipway operations list`: one row for each operation, and for each step that is blocked. Pure. */
import { beginningOf } from '../../words/text.ts';
import type { Listed } from '../blocked.ts';
import { span, table } from './table.ts';

const KINDS = { AWSCluster: 'cluster', AWSNodePool: 'nodepool' } as const;

/** A line of a table has one line. */
const oneLine = (text: string): string => beginningOf(text.replaceAll(/\s*\n\s*/g, ' '), 100);

const rowsOf = (listed: Listed, now: number): string[][] => {
  const { kind, namespace, name, operation = '', phase, startedAt, blocked } = listed;
  const state =
    blocked.length > 0 && phase !== 'Paused' ? 'Blocked' : `${phase.slice(0, 1).toUpperCase()}${phase.slice(1)}`;
  const start = [namespace, KINDS[kind], name, operation, state];
  if (blocked.length === 0) return [[...start, span(now - Date.parse(startedAt)), '', '', '']];
  return blocked.map(({ step, verdict, since, message }) => [
    ...start,
    span(now - since),
    step,
    verdict,
    oneLine(message),
  ]);
};

/** The table, as of `now` in epoch milliseconds. */
export const operationTable = (listed: readonly Listed[], now: number): string =>
  table(
    ['NAMESPACE', 'KIND', 'NAME', 'OPERATION', 'STATE', 'SINCE', 'BLOCKED STEP', 'VERDICT', 'MESSAGE'],
    listed.flatMap((one) => rowsOf(one, now)),
  );
