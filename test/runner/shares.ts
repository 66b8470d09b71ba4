/**
 * Shares: what the time of a test file went to, out of what it noted.
 *
 * Owns: giving each moment to one kind of wait, where several overlap: whoever polls by kubectl waits for kubectl. A pure
 * function; `../support/waits.ts` says what the kinds are.
 */
import type { Wait, WaitKind } from '../support/waits.ts';

/** From the innermost to the outermost: at each moment the first of these that is under way counts. */
const INNERMOST_FIRST: readonly WaitKind[] = ['starting', 'ending', 'deleting', 'commands', 'timers', 'polling'];

/** Milliseconds of each kind; `itself` is what is left: the test's own code, and calls that it makes by itself. */
export type Shares = Readonly<Record<WaitKind | 'itself', number>>;

type Edge = { readonly at: number; readonly kind: WaitKind; readonly step: 1 | -1 };

export const sharesOf = (waits: readonly Wait[], from: number, to: number): Shares => {
  const shares = { starting: 0, ending: 0, deleting: 0, commands: 0, timers: 0, polling: 0, itself: 0 };
  const underWay = new Map<WaitKind, number>();
  const within = (at: number): number => Math.min(Math.max(at, from), to);
  const edges = waits
    .flatMap(({ kind, from: begin, to: end }): Edge[] => [
      { at: within(begin), kind, step: 1 },
      { at: within(end), kind, step: -1 },
    ])
    .sort((one, other) => one.at - other.at);
  let at = from;
  const passUntil = (next: number): void => {
    const kind = INNERMOST_FIRST.find((one) => (underWay.get(one) ?? 0) > 0) ?? 'itself';
    shares[kind] += next - at;
    at = next;
  };
  for (const edge of edges) {
    passUntil(edge.at);
    underWay.set(edge.kind, (underWay.get(edge.kind) ?? 0) + edge.step);
  }
  passUntil(to);
  return shares;
};
