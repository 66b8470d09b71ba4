/**
 * Shell words: a command line, up to the cursor, taken apart as bash and zsh do.
 *
 * Owns: quotes and backslashes. Nothing is expanded: what a variable or a command would yield is not known here, and nothing
 * that somebody typed is run because Tab was pressed. Pure. Neighbours: `completion.ts` knows what the words mean.
 */

export type Quote = '' | "'" | '"';

export type Line = {
  /** Words that are complete, the program first. */
  readonly before: readonly string[];
  /** The word that the cursor is in, empty after a space. */
  readonly current: string;
  /** The quote that is still open there. */
  readonly quote: Quote;
};

/** What a backslash takes with it inside of double quotes. */
const ESCAPED_IN_DOUBLE = /["\\$`]/;

type Reading = { words: string[]; word: string | undefined; quote: Quote };

const add = (state: Reading, text: string): void => void (state.word = (state.word ?? '') + text);

/** Where no quote is open, one may be opened, and a space ends a word. */
const readPlain = (state: Reading, character: string): void => {
  if (character === "'" || character === '"') {
    state.quote = character;
    add(state, '');
  } else if (/\s/.test(character)) {
    if (state.word !== undefined) state.words.push(state.word);
    state.word = undefined;
  } else add(state, character);
};

const isEscape = ({ quote }: Reading, character: string, next: string): boolean =>
  character === '\\' && quote !== "'" && (quote === '' || ESCAPED_IN_DOUBLE.test(next));

/** Reads one character, or two where the first is a backslash; answers how many. */
const step = (state: Reading, character: string, next: string): number => {
  if (isEscape(state, character, next)) {
    add(state, next);
    return 2;
  }
  if (character === state.quote) state.quote = '';
  else if (state.quote === '') readPlain(state, character);
  else add(state, character);
  return 1;
};

export const readLine = (line: string): Line => {
  const state: Reading = { words: [], word: undefined, quote: '' };
  for (let at = 0; at < line.length; ) at += step(state, line.charAt(at), line.charAt(at + 1));
  return { before: state.words, current: state.word ?? '', quote: state.quote };
};

/** A word as bash must find it typed, where such a quote is open: readline closes the quote. */
export const asTyped = (word: string, quote: Quote): string => {
  switch (quote) {
    case '':
      return word.replaceAll(/[^\w@%+=:,./-]/g, String.raw`\$&`);
    case '"':
      return word.replaceAll(/["\\$`]/g, String.raw`\$&`);
    case "'":
      return word.replaceAll("'", String.raw`'\''`);
  }
};
