/**
 * Text: a message that is as long as there is room for it, and ends as a sentence.
 *
 * Owns: how a text that is too long is cut: never inside a character, since half of one has no encoding. Neighbours: whoever knows
 * how much room there is. Pure.
 */

/** The first half of a character that takes two of JavaScript's units. */
const ENDS_IN_HALF = /[\ud800-\udbff]$/;

/** As much of a text's beginning as fits, in JavaScript's units. */
export const beginningOf = (text: string, most: number): string =>
  text.length <= most ? text : text.slice(0, most).replace(ENDS_IN_HALF, '');

/** The text, or as much of it as fits. */
export const shortened = (text: string, most: number): string =>
  text.length <= most ? text : `${beginningOf(text, most - 2)} …`;

/** The text as a sentence: with one full stop, whether or not who said it put one. */
export const ended = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`);

/** UTF-8's length of a character, in bytes. */
const bytesOf = (character: string): number => {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x1_0000 ? 3 : 4;
};

/** As much of a text's beginning as fits, for whoever counts bytes of UTF-8. */
export const beginningInBytes = (text: string, most: number): string => {
  let [bytes, units] = [0, 0];
  for (const character of text) {
    bytes += bytesOf(character);
    if (bytes > most) return text.slice(0, units);
    units += character.length;
  }
  return text;
};
