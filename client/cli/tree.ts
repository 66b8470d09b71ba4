/** Trees of lines, drawn with box characters. Pure. */

export type Branch = { readonly line: string; readonly children: readonly Branch[] };

/** What comes from elsewhere may have lines of its own, which would break the tree. */
const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ');

export const leaf = (line: string): Branch => ({ line: oneLine(line), children: [] });

export const branch = (line: string, ...children: readonly Branch[]): Branch => ({ line: oneLine(line), children });

/** The lines of a tree, the root first. */
export const draw = (root: Branch): string[] => [
  root.line,
  ...root.children.flatMap((child, index) => {
    const last = index === root.children.length - 1;
    const [first = '', ...rest] = draw(child);
    return [`${last ? '└─' : '├─'} ${first}`, ...rest.map((line) => `${last ? '   ' : '│  '}${line}`)];
  }),
];

/** Colours, or their absence, chosen by the caller. */
export type Paint = {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
};
