/** What plays is in the sandbox, and nothing of it in what ships. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { DIFFERENCES, MACHINE_DIFFERENCES } from '../../sandbox/differences.ts';

const CHECKOUT = join(import.meta.dirname, '../..');

/** Rooms that run on real machines, or say what runs there. */
const SHIPPED = ['agent', 'machine'];
/** What is said in a play: its stage, its actors, and the variables by which its machines are told where they are. */
const OF_A_PLAY = /sandbox|\bstub|\bkwok|\bmoto\b|\bplay(s|ed|ing)?\b|loopback|\bfake|simulat|pretend|SLIPWAY_/i;

const withoutComments = (text: string): string =>
  text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '');

const saidIn = (file: string, text: string): readonly string[] =>
  withoutComments(text)
    .split('\n')
    .flatMap((line) => (OF_A_PLAY.test(line) ? [`${file}: ${line.trim()}`] : []));

describe('The rooms of machines', () => {
  test.each(SHIPPED)('of which %s/ is one hold nothing that only a play needs', (room) => {
    const files = globSync(`${room}/**/*.{ts,proto}`, { cwd: CHECKOUT });
    expect(files.length).toBeGreaterThan(10);
    expect(files.flatMap((file) => saidIn(file, readFileSync(join(CHECKOUT, file), 'utf8')))).toEqual([]);
  });

  test.each([
    ['a host by its name', 'const host = createSandboxHost();'],
    ['a variable of the sandbox', "const folder = process.env['SLIPWAY_BIN'];"],
    ['who plays pods', "const url = 'http://kwok:10247';"],
  ])('would be told %s', (_what, line) => {
    expect(saidIn('agent/a.ts', `// for the sandbox\n/** as kwok */\n${line}`)).toEqual([`agent/a.ts: ${line}`]);
  });
});

describe('The table of the sandbox’s differences', () => {
  test('names files and folders that there are', () => {
    const missing = DIFFERENCES.flatMap(({ where }) => where).filter((path) => !existsSync(join(CHECKOUT, path)));
    expect(missing).toEqual([]);
  });

  test('has no two rows of one subject, nor two that tell machines the same', () => {
    const subjects = DIFFERENCES.map(({ subject }) => subject);
    expect(new Set(subjects).size).toBe(subjects.length);
    const told = DIFFERENCES.flatMap(({ machine = {} }) => Object.keys(machine));
    expect([...told].sort()).toEqual(Object.keys(MACHINE_DIFFERENCES).sort());
  });
});
