/**
 * `slipway operations list`: a line for each object of which something runs or is blocked. Pure.
 *
 * Owns: columns, and in which order lines come. Neighbours: `../blocked.ts` lists, `words/stuck.ts` knows what is urgent; every step that is
 * blocked is in `slipway operations describe`.
 */
import { worstOf } from '../../words/steps.ts';
import { byUrgency, stuckByListing } from '../../words/stuck.ts';
import { beginningOf } from '../../words/text.ts';
import type { Listed } from '../blocked.ts';
import { span, table } from './table.ts';

const KINDS = { AWSCluster: 'cluster', AWSNodePool: 'nodepool' } as const;

/** What is stuck first, the longest before others; all else as it came. */
export const urgentFirst = (listed: readonly Listed[]): readonly Listed[] =>
  listed.toSorted((a, b) => byUrgency(stuckByListing(a), stuckByListing(b)));

/** A line of a table has one line. */
const oneLine = (text: string): string => beginningOf(text.replaceAll(/\s*\n\s*/g, ' '), 100);

const rowOf = (listed: Listed, now: number): readonly string[] => {
  const { kind, namespace, name, operation = '', phase, startedAt, blocked } = listed;
  const { reason } = stuckByListing(listed) ?? {};
  const state = reason === 'Paused' || reason === 'Aborted' ? reason : blocked.length > 0 ? 'Blocked' : phase;
  const start = [namespace, KINDS[kind], name, operation, state];
  const worst = worstOf(blocked);
  if (worst === undefined) return [...start, span(now - Date.parse(startedAt)), '', '', ''];
  const others = blocked.length === 1 ? '' : ` (and ${blocked.length - 1} more)`;
  return [...start, span(now - worst.since), `${worst.step}${others}`, worst.verdict, oneLine(worst.message)];
};

/** The table, as of `now` in epoch milliseconds. */
export const operationTable = (listed: readonly Listed[], now: number): string =>
  table(
    ['NAMESPACE', 'KIND', 'NAME', 'OPERATION', 'STATE', 'SINCE', 'BLOCKED STEP', 'VERDICT', 'MESSAGE'],
    listed.map((one) => rowOf(one, now)),
  );
