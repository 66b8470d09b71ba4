/**
 * Failure: reading what was thrown.
 *
 * Owns: codes, messages and causes of unknown thrown values, known by their shape: an error of another realm, as those of a
 * library that runs workflows or tests, is no `Error` here. Neighbours: each room has errors of its own. Pure.
 */

/** No chain of causes is longer that isn't a circle. */
const MOST_CAUSES = 8;

const fieldOf = (thrown: unknown, name: string): unknown =>
  typeof thrown === 'object' && thrown !== null && name in thrown ? Reflect.get(thrown, name) : undefined;

const textIn = (thrown: unknown, name: string): string => {
  const value = fieldOf(thrown, name);
  return typeof value === 'string' ? value : '';
};

/** Whether a thrown value carries one of these system error codes, such as `ENOENT`. */
export const hasCode = (thrown: unknown, ...codes: readonly string[]): boolean =>
  codes.includes(textIn(thrown, 'code'));

/** What a thrown value itself says. */
export const messageOf = (thrown: unknown): string => {
  if (fieldOf(thrown, 'message') === undefined) return String(thrown);
  const inner = fieldOf(thrown, 'errors');
  return (
    textIn(thrown, 'message') ||
    // A connection tried at several addresses fails with a list of errors and no message of its own.
    (Array.isArray(inner) ? inner.map(messageOf).join(', ') : '') ||
    textIn(thrown, 'code') ||
    textIn(thrown, 'name') ||
    'Error'
  );
};

/** The messages of a thrown value and its causes, each once, from the outermost to the innermost. */
export const messagesOf = (thrown: unknown): readonly string[] => {
  const messages = new Set<string>();
  let current = thrown;
  for (let depth = 0; depth < MOST_CAUSES && current !== undefined && current !== null; depth += 1) {
    messages.add(messageOf(current));
    current = fieldOf(current, 'cause');
  }
  return [...messages];
};

/** All that a thrown value says, its causes included, in one line. */
export const wholeMessageOf = (thrown: unknown): string => messagesOf(thrown).join(': ');
