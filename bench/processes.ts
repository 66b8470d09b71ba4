/**
 * Processes: what the parts of a sandbox cost, as the kernel counts it.
 *
 * Owns: reading /proc, and which processes belong to a part: its own and all that it started. Neighbours: the sandbox's
 * status names the parts. Processes that ended took what they had used with them, but for what their parent inherited.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { SandboxStatus } from '../sandbox/commands/status.ts';

export type Cost = { readonly cpuSeconds: number; readonly mebibytes: number };

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const PAGE_BYTES = Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }));

type Process = { readonly pid: number; readonly parent: number; readonly ticks: number; readonly pages: number };

/** Undefined where it has ended meanwhile. */
const readProcess = (pid: number): Process | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may contain anything.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const at = (index: number): number => fields[index] ?? 0;
    // See proc(5): ppid 4; utime, stime, cutime, cstime 14 to 17; rss 24, counted from 1 with pid and name in front.
    return { pid, parent: at(1), ticks: at(11) + at(12) + at(13) + at(14), pages: at(21) };
  } catch {
    return undefined;
  }
};

const allProcesses = (): readonly Process[] =>
  readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (readProcess(Number(name)) ?? []) : []));

const withDescendants = (all: readonly Process[], pid: number): readonly Process[] => {
  const own = all.filter((one) => one.pid === pid);
  const children = all.filter((one) => one.parent === pid);
  return [...own, ...children.flatMap((child) => withDescendants(all, child.pid))];
};

/** Costs so far by part; a part that doesn't run is left out. */
export const costsOf = (parts: SandboxStatus['parts']): ReadonlyMap<string, Cost> => {
  const all = allProcesses();
  return new Map(
    parts.flatMap(({ name, pid }): [string, Cost][] => {
      if (pid === null) return [];
      const family = withDescendants(all, pid);
      const sum = (of: (one: Process) => number): number => family.reduce((total, one) => total + of(one), 0);
      const cpuSeconds = sum(({ ticks }) => ticks) / TICKS_PER_SECOND;
      return [[name, { cpuSeconds, mebibytes: (sum(({ pages }) => pages) * PAGE_BYTES) / 2 ** 20 }]];
    }),
  );
};
