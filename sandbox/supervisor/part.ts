/**
 * Part: what the supervisor needs to know about a program in order to run it.
 *
 * Owns: the shape. Neighbours: `parts.ts` says which parts a sandbox has, `supervise.ts` runs one.
 */
import type { Probe } from './probe.ts';

export type Part = {
  readonly name: string;
  /** Parts that must be ready before this one is started for the first time; it ends before they do. */
  readonly needs: readonly string[];
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly log: string;
  readonly probe: Probe;
  /** Done after each start once the probe succeeds; the part is ready when it is through. Idempotent. */
  readonly prepare?: () => Promise<void>;
  /** What lives in memory is lost with the process: such a part is never started again by itself. */
  readonly keeps: 'on disk' | 'in memory';
  /** Between being asked to end and being made to. */
  readonly graceMilliseconds: number;
  /** Files that `reset <part>` deletes; none where a reset of this part alone makes no sense. */
  readonly data: readonly string[];
};

/**
 * The parts in waves: everything in a wave needs only parts of later waves. So waves are the order of ending, and a part
 * that others need outlives them.
 */
export const endingWaves = (parts: readonly Pick<Part, 'name' | 'needs'>[]): readonly (readonly string[])[] => {
  const waves: string[][] = [];
  let left = parts;
  while (left.length > 0) {
    const needed = new Set(left.flatMap((part) => part.needs));
    const wave = left.filter((part) => !needed.has(part.name));
    if (wave.length === 0) {
      throw new Error(`parts need each other in a circle: ${left.map((part) => part.name).join(', ')}`);
    }
    waves.push(wave.map((part) => part.name));
    left = left.filter((part) => needed.has(part.name));
  }
  return waves;
};
