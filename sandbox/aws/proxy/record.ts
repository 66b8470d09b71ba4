/**
 * Record: every AWS call that was made, in memory and as JSON lines, so that tests and people can ask what Slipway did.
 *
 * Invariants: I8 (see `call.ts`: names and codes only).
 */
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { RecordedCall } from './call.ts';

/** Enough for a day of a sandbox; the file has the rest. */
const KEPT_IN_MEMORY = 200_000;

export type CallRecord = {
  readonly add: (call: Omit<RecordedCall, 'seq'>) => void;
  /** The calls after number `since`; `next` is the number to ask with the next time. */
  readonly since: (since: number) => { readonly next: number; readonly calls: readonly RecordedCall[] };
  readonly close: () => Promise<void>;
};

export const openRecord = (file: string): CallRecord => {
  mkdirSync(dirname(file), { recursive: true });
  const lines = createWriteStream(file, { flags: 'a' });
  lines.on('error', (error) => console.error(`aws: calls can't be written to ${file}: ${error.message}`));
  let kept: RecordedCall[] = [];
  let last = 0;
  return {
    add: (call) => {
      last += 1;
      const numbered = { seq: last, ...call };
      kept.push(numbered);
      if (kept.length > KEPT_IN_MEMORY * 1.1) kept = kept.slice(-KEPT_IN_MEMORY);
      lines.write(`${JSON.stringify(numbered)}\n`);
    },
    since: (since) => {
      const first = kept[0]?.seq ?? last + 1;
      return { next: last, calls: kept.slice(Math.max(0, since + 1 - first)) };
    },
    close: () => new Promise((resolve) => lines.end(() => resolve())),
  };
};
