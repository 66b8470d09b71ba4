/** Sentences that hold what others said: who said it may have put a full stop, and then there is one, too. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from '@jest/globals';
import { ended } from '../words/text.ts';

const CHECKOUT = join(import.meta.dirname, '..');
/** Rooms whose words people read. */
const SPEAKING = ['activities', 'agent', 'client', 'kinds', 'kubernetes', 'policy', 'topology', 'worker', 'workflows'];

/** A full stop behind the text of an error, a reason or a cure, whoever wrote that; constants are our own. */
const SECOND_STOP = /\$\{(?!ended\()[^{}]*(?:message|reason|said|why|error|cure|explanation)[^{}]*\}\.(?: |`)/;

const sources = (room: string): readonly string[] =>
  readdirSync(join(CHECKOUT, room), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(CHECKOUT, room, file));

test.each([
  ['It is away', 'It is away.'],
  ['It is away.', 'It is away.'],
  ['Is it up?', 'Is it up?'],
  ['cut …', 'cut …'],
])('"%s" is the sentence "%s"', (text, sentence) => {
  expect(ended(text)).toBe(sentence);
});

test('no sentence puts a full stop behind what an error, a reason or a cure says: that may have one', () => {
  const found = SPEAKING.flatMap(sources).flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => SECOND_STOP.test(line))
      .map((line) => `${relative(CHECKOUT, file)}: ${line.trim()}`),
  );
  expect(found).toEqual([]);
});
