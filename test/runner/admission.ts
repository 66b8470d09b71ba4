/**
 * Admission: when another test file may begin.
 *
 * Owns: that decision, as a pure function of how the computer does. Files wait far more than they compute, so as many run at
 * once as leave the processors something to do, on whatever computer and beside whatever else it does: another run of the
 * tests holds this one back, and an idle computer lets it go on. Neighbours: `machine.ts` measures, `gate.ts` asks.
 */

/** So many run at least, or nothing would ever end on a busy computer. */
const AT_LEAST = 2;

export type Machine = {
  /** Part of all processors' time, 0 to 1, that nobody used of late. */
  readonly idle: number;
  /** Bytes that programs could still have. */
  readonly available: number;
};

/** More than that would wait for each other: a file's own share of a processor is about a quarter. */
export const mostFiles = (processors: number): number => Math.max(AT_LEAST, 4 * processors);

export type Running = {
  /** Files that have begun and not ended. */
  readonly files: number;
  /** Milliseconds since the last one began. */
  readonly sinceLast: number;
};

const GIB = 2 ** 30;
/** A file that has just begun has not yet shown what it uses. */
const SHOWS_ITSELF_MS = 4_000;
const IDLE_ENOUGH = 0.25;
/** A sandbox with a whole cluster and nine nodes takes five. */
const ROOM_FOR_ONE = 6 * GIB;

export const mayBegin = (running: Running, machine: Machine): boolean => {
  if (running.files < AT_LEAST) return true;
  if (running.sinceLast < SHOWS_ITSELF_MS) return false;
  return machine.idle >= IDLE_ENOUGH && machine.available >= ROOM_FOR_ONE;
};
