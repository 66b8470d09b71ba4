/**
 * Text: a message that is as long as there is room for it.
 *
 * Owns: how a text that is too long is cut. Neighbours: whoever knows how much room there is. Pure.
 */

/** The text, or as much of it as fits. */
export const shortened = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 2)} …`;
