import { describe, expect, test } from '@jest/globals';
import type { Circus } from '@jest/types';
import { ownLimit } from './limits.ts';

const OURS = 1_000;
const asError = new Error('where it stands');
const added = (name: 'add_test' | 'add_hook', timeout: number | undefined): Circus.Event =>
  ({ name, timeout, asyncError: asError }) as Circus.Event;

describe('a time limit of a test file’s own', () => {
  test.each<[string, Circus.Event, number, number | undefined]>([
    ['is that of a test', added('add_test', 5), OURS, 5],
    ['is that of a hook', added('add_hook', 5), OURS, 5],
    ['is that of all its tests', { name: 'run_start' }, 5, 5],
    ['is none where nothing is said of a test', added('add_test', undefined), OURS, undefined],
    ['is none where nothing is said of a hook', added('add_hook', undefined), OURS, undefined],
    ['is none where everybody’s holds', { name: 'run_start' }, OURS, undefined],
    ['is none of what else happens', { name: 'run_finish' }, 5, undefined],
  ])('%s', (_, event, current, expected) => expect(ownLimit(event, current, OURS)).toBe(expected));
});
