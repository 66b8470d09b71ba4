/**
 * JSON: reading what somebody else sent, and writing what anybody can read.
 *
 * Owns: that an answer may be anything, and that a text of ours is JSON and YAML at once. Neighbours: the clients of Kubernetes and
 * the hub say what it means when an answer isn't JSON: it didn't come from the API that was asked.
 */

/** The value, or undefined where the text is no JSON. */
export const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/**
 * What JSON has as it is and YAML takes for a control character, or for a break of lines (https://yaml.org/spec/1.2.2/#51-character-set).
 * Any may be in what a service of AWS said.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

const wellFormed = (_key: string, value: unknown): unknown =>
  typeof value === 'string' ? value.toWellFormed() : value;

/**
 * A value as JSON that is YAML, too: an API server reads what is applied to it as YAML, and refuses all of it for one character
 * that YAML has not. Half a character, which no encoding has, becomes the sign for what was lost.
 */
export const plainJson = (value: unknown): string => JSON.stringify(value, wellFormed).replaceAll(UNPRINTABLE, escaped);
