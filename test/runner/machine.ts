/**
 * Machine: how much of this computer is free.
 *
 * Owns: reading that from the kernel, as a mean of the last seconds. Neighbours: `admission.ts` says what follows from it.
 */
import { readFileSync } from 'node:fs';
import type { Machine } from './admission.ts';

/** Kernel ticks of all processors since it started. */
export type Ticks = { readonly idle: number; readonly all: number };

const LOOKS = 4;

/** The first line of `/proc/stat`: user nice system idle iowait irq softirq steal (proc_stat(5)). */
export const ticksIn = (stat: string): Ticks => {
  const numbers = (/^cpu +([\d ]+)/m.exec(stat)?.[1] ?? '').trim().split(' ').slice(0, 8).map(Number);
  const [, , , idle = 0, waiting = 0] = numbers;
  return { idle: idle + waiting, all: numbers.reduce((sum, one) => sum + one, 0) };
};

export const availableIn = (memory: string): number =>
  Number(/^MemAvailable: +(\d+) kB/m.exec(memory)?.[1] ?? 0) * 1024;

/** Answers how the machine did over the last looks; to be asked once a second. */
export const watchMachine = (
  read = (path: string): string => readFileSync(path, 'utf8'),
  // In a container there may be less than on the computer.
  withinLimits = (): number => process.availableMemory(),
): (() => Machine) => {
  const looks: Ticks[] = [ticksIn(read('/proc/stat'))];
  return () => {
    const now = ticksIn(read('/proc/stat'));
    looks.push(now);
    if (looks.length > LOOKS) looks.shift();
    const [then = now] = looks;
    const passed = now.all - then.all;
    return {
      idle: passed === 0 ? 0 : (now.idle - then.idle) / passed,
      available: Math.min(availableIn(read('/proc/meminfo')), withinLimits()),
    };
  };
};
