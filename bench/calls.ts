/**
 * Calls: what was asked of AWS, counted by name.
 *
 * Owns: counting and its table. Neighbours: the sandbox's proxy recorded the calls. Pure.
 */
import type { RecordedCall } from '../sandbox/aws/proxy/call.ts';
import type { Table } from './report.ts';

export type CallCount = {
  readonly all: number;
  readonly mutating: number;
  readonly byName: ReadonlyMap<string, number>;
};

export const countCalls = (calls: readonly RecordedCall[]): CallCount => {
  const byName = new Map<string, number>();
  for (const { service, operation } of calls) {
    const name = `${service} ${operation}`;
    byName.set(name, (byName.get(name) ?? 0) + 1);
  }
  return { all: calls.length, mutating: calls.filter(({ mutating }) => mutating).length, byName };
};

/** One row a name, one column a phase. */
export const callsTable = (title: string, phases: Readonly<Record<string, CallCount>>): Table => {
  const counts = Object.values(phases);
  const names = [...new Set(counts.flatMap(({ byName }) => [...byName.keys()]))].sort();
  return {
    title,
    columns: ['CALL', ...Object.keys(phases).map((phase) => phase.toUpperCase())],
    rows: [
      ...names.map((name) => [name, ...counts.map(({ byName }) => byName.get(name) ?? 0)]),
      ['all', ...counts.map(({ all }) => all)],
      ['of these mutating', ...counts.map(({ mutating }) => mutating)],
    ],
  };
};
