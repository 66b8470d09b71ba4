import { expect, test } from '@jest/globals';
import { availableIn, ticksIn, watchMachine } from './machine.ts';

const STAT = 'cpu  100 5 50 800 40 0 5 0 0 0\ncpu0 50 2 25 400 20 0 2 0 0 0\n';
const MEMORY = 'MemTotal:       24000000 kB\nMemFree:         1000000 kB\nMemAvailable:   12000000 kB\n';

test('time that processors spent waiting for a disk is theirs to give', () => {
  expect(ticksIn(STAT)).toEqual({ idle: 840, all: 1_000 });
});

test('what programs could have is more than what is free', () => {
  expect(availableIn(MEMORY)).toBe(12_000_000 * 1_024);
});

test('how idle the processors are is a mean of the last looks, not of all time', () => {
  const idle = [800, 800, 800, 800, 900, 1_000, 1_100];
  const busy = [0, 100, 200, 300, 300, 300, 300];
  let look = 0;
  const machine = watchMachine((path) => {
    if (path !== '/proc/stat') return MEMORY;
    const now = Math.min(look, idle.length - 1);
    look += 1;
    return `cpu  ${busy[now]} 0 0 ${idle[now]} 0 0 0 0\n`;
  });
  expect(idle.slice(1).map(() => machine().idle)).toEqual([0, 0, 0, 1 / 3, 2 / 3, 1]);
});

test('a machine that was not looked at for any time counts as busy', () => {
  expect(watchMachine((path) => (path === '/proc/stat' ? STAT : MEMORY))().idle).toBe(0);
});
