/**
 * Figures: what a probe saw, counted, and as a table with a row for each thing that was done.
 *
 * Owns: what is noted and counted, and how it reads: `failed/sent`, and how many of the failed no retry cured. Neighbour: `probe.ts`
 * asks. Pure.
 */
/** `read` and `write` open a connection for each request; `h1` and `h2` keep theirs, one for each protocol. */
export type User = 'read' | 'write' | 'h2' | 'h1' | 'watch';

/** A request that failed; uncured where one more try, on a new connection, failed, too. */
export type Felt = {
  readonly user: User;
  readonly at: string;
  readonly what: string;
  /** Seconds, as the server asked for with its refusal. */
  readonly retryAfter?: string;
  readonly cured: boolean;
};

/** All that was seen by now; what comes later only adds to it. */
export type Seen = {
  /** Requests that were answered, or felt; a watch's beginnings. */
  readonly sent: Readonly<Record<User, number>>;
  readonly felt: readonly Felt[];
  /** Milliseconds from each end of a watch to its next beginning. */
  readonly gaps: readonly number[];
};

type Count = { readonly sent: number; readonly failed: number; readonly uncured: number };

export type Figures = Readonly<Record<User, Count>> & {
  /** How often a watch ended, and for how long at most it was away. */
  readonly breaks: number;
  readonly longestGapMs: number;
};

export const figuresOf = (now: Seen, since?: Seen): Figures => {
  const felt = now.felt.slice(since?.felt.length ?? 0);
  const gaps = now.gaps.slice(since?.gaps.length ?? 0);
  const count = (user: User): Count => {
    const failed = felt.filter((one) => one.user === user);
    return {
      sent: now.sent[user] - (since?.sent[user] ?? 0),
      failed: failed.length,
      uncured: failed.filter(({ cured }) => !cured).length,
    };
  };
  return {
    read: count('read'),
    write: count('write'),
    h2: count('h2'),
    h1: count('h1'),
    watch: count('watch'),
    breaks: gaps.length,
    longestGapMs: Math.max(0, ...gaps),
  };
};

const cell = ({ failed, sent, uncured }: Count): string =>
  uncured === 0 ? `${failed}/${sent}` : `${failed}/${sent} (${uncured} not cured by a retry)`;

const gap = (milliseconds: number): string =>
  milliseconds < 1_000 ? `${milliseconds} ms` : `${(milliseconds / 1_000).toFixed(1)} s`;

/** Markdown; a row for each run by its name. */
export const figuresTable = (runs: readonly (readonly [string, Figures])[]): readonly string[] => [
  '| run (failed / sent) | read, new | write, new | h2 kept | h1 kept | watch: breaks, longest gap |',
  '|---|---|---|---|---|---|',
  ...runs.map(([run, figures]) => {
    const { read, write, h2, h1, breaks, longestGapMs } = figures;
    const watch = breaks === 0 ? '0' : `${breaks}, ${gap(longestGapMs)}`;
    return `| ${run} | ${[read, write, h2, h1].map(cell).join(' | ')} | ${watch} |`;
  }),
];
