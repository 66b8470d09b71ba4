/**
 * Table: what all generated pages write alike.
 *
 * Owns: a cell of a Markdown table. Neighbours: each page says which rows it has.
 */

/** What would end the cell, or begin a tag, is written otherwise. */
export const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
