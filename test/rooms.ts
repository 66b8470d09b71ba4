/**
 * Rooms: who may import whom.
 *
 * Owns: the table that `docs/architecture.md` draws, and reading imports out of a file's text, those with which a command line
 * loads what it needs later among them. Neighbours: `rooms.test.ts` holds every file to it; the linter finds cycles of files.
 * Pure.
 */
import { join } from 'node:path/posix';

type Row = {
  /** Rooms that it may import. */
  readonly imports: readonly string[];
  /** Rooms of which it sees types, and runs nothing. */
  readonly types?: readonly string[];
};

/** Data flows one way. Every room has a row, but for the tests, which see everything, and which nobody sees. */
export const ROOMS: Readonly<Record<string, Row>> = {
  words: { imports: [] },
  api: { imports: [] },
  kubernetes: { imports: ['words', 'api'] },
  machine: { imports: ['words', 'api'] },
  addons: { imports: ['words', 'api', 'machine'] },
  kinds: { imports: ['words', 'api', 'machine'] },
  topology: { imports: ['words', 'api', 'machine', 'addons', 'kinds'] },
  policy: { imports: ['words', 'api', 'machine', 'kinds', 'topology'] },
  activities: { imports: ['words', 'api', 'kubernetes', 'machine', 'addons', 'kinds', 'topology', 'policy'] },
  workflows: { imports: ['words'], types: ['api', 'kinds', 'topology', 'policy', 'activities'] },
  worker: { imports: ['words', 'api', 'machine', 'kinds', 'topology', 'policy', 'activities', 'workflows'] },
  client: { imports: ['words', 'api', 'kubernetes', 'workflows'] },
  agent: { imports: ['words', 'api', 'kubernetes', 'machine'] },
  sandbox: { imports: ['words', 'api', 'kubernetes', 'machine', 'client', 'agent'] },
  docs: { imports: ['words', 'api', 'worker', 'client', 'sandbox'] },
  bench: {
    imports: [
      ...['words', 'api', 'kubernetes', 'kinds', 'topology', 'policy'],
      ...['activities', 'workflows', 'worker', 'client', 'sandbox'],
    ],
  },
};

/** All but workflows, and the words that they run. */
const FREE_TO_DIFFER = Object.keys(ROOMS).filter((room) => room !== 'workflows' && room !== 'words');

/** Packages that aren't for every room, by how their names begin: vendors' types stop at the edge, workflows replay (I10). */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  '@aws-sdk/': ['activities', 'worker', 'agent', 'sandbox', 'bench'],
  '@kubernetes/client-node': ['kubernetes'],
  'node:': FREE_TO_DIFFER,
  zod: FREE_TO_DIFFER,
};

type Import = { readonly from: string; readonly typeOnly: boolean };

/** `import … from '…'`, `export … from '…'` and `import '…'`, each at the beginning of a line; `import('…')` anywhere. */
const importsIn = (text: string): readonly Import[] => [
  ...[...text.matchAll(/^(?:import|export) (type )?(?:[\w*{][^'";]*? from )?'([^']+)'/gm)].map(
    ([, type, from = '']) => ({
      from,
      typeOnly: type !== undefined,
    }),
  ),
  ...[...text.matchAll(/(typeof )?\bimport\('([^']+)'\)/g)].map(([, type, from = '']) => ({
    from,
    typeOnly: type !== undefined,
  })),
];

/** The room in which a path is. */
export const roomOf = (path: string): string => path.split('/', 1)[0] ?? path;

const isAllowed = (room: string, path: string, { from, typeOnly }: Import): boolean => {
  if (!from.startsWith('.')) {
    const [, rooms] = Object.entries(PACKAGES).find(([begins]) => from.startsWith(begins)) ?? [];
    return rooms === undefined || rooms.includes(room);
  }
  const other = roomOf(join(path, '..', from));
  const { imports, types = [] } = ROOMS[room] ?? { imports: [] };
  return other === room || imports.includes(other) || (typeOnly && types.includes(other));
};

/** The room itself, and every one that it cannot do without, by whatever way. */
export const roomsFor = (room: string): readonly string[] => {
  const found = new Set([room]);
  for (const one of found) {
    const { imports = [], types = [] } = ROOMS[one] ?? {};
    for (const other of [...imports, ...types]) found.add(other);
  }
  return [...found];
};

/** What the file at this path imports and may not, each in a sentence. */
export const forbiddenImports = (path: string, text: string): readonly string[] => {
  const room = roomOf(path);
  return importsIn(text)
    .filter((one) => !isAllowed(room, path, one))
    .map(({ from, typeOnly }) => `${path}: ${room} may not import ${typeOnly ? 'even types of ' : ''}${from}`);
};
