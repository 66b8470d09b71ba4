/**
 * Recipes: for each tool, the ways to get it on this computer, and where each way would put it.
 *
 * Owns: putting the catalogue, the versions in this checkout and the Go and Python of this computer together; fingerprints of
 * downloads. Neighbours: `go.ts` and `python.ts` do the work, `obtain.ts` chooses the way.
 */
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  ARCHITECTURES,
  type Architecture,
  GO_TOOLS,
  type GoTool,
  KUBECTL,
  PYTHON_TOOL,
  type PythonTool,
  type ReleaseFile,
  type Tool,
} from './catalogue.ts';
import { buildGo, goFingerprint, goToolVersion, goVersion } from './go.ts';
import type { Origin } from './origin.ts';
import {
  buildPython,
  findPython,
  type Python,
  pinnedPackages,
  pythonFingerprint,
  pythonToolVersion,
} from './python.ts';
import { type Found, type Place, placeIn } from './store.ts';

export const FOLDER = dirname(fileURLToPath(import.meta.url));

export type Recipe = {
  readonly tool: string;
  readonly title: string;
  readonly version: string;
  readonly found: Found;
  /** The maker's files; undefined where there are none for this computer. */
  readonly release?: { readonly place: Place; readonly files: readonly ReleaseFile[] };
  readonly build: {
    readonly place: Place;
    /** What fills the cores waits for its turn; who takes longest is first. Undefined: it only waits for the network. */
    readonly weight?: number;
    readonly make: (target: string, note: (text: string) => void) => Promise<void>;
    readonly origin: Origin;
  };
};

export const versionOf = (tool: Tool): string =>
  tool.kind === 'go'
    ? goToolVersion(tool, `${FOLDER}/${tool.folder}`)
    : pythonToolVersion(tool, `${FOLDER}/${tool.folder}`);

const architectureOf = (node: string): Architecture | undefined =>
  node === 'x64' || node === 'arm64' ? ARCHITECTURES[node] : undefined;

const releaseOf = (tool: Tool, version: string, cache: string): Recipe['release'] => {
  const architecture = architectureOf(process.arch);
  const files = architecture === undefined ? undefined : tool.releases?.(version, architecture);
  if (files === undefined) return undefined;
  const fingerprint = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16);
  const binaries = Object.fromEntries(files.flatMap(({ binaries: names }) => names.map((name) => [name, name])));
  return { place: { folder: placeIn(cache, tool.name, fingerprint), binaries }, files };
};

const withRelease = (tool: Tool, version: string, cache: string): Pick<Recipe, 'release'> => {
  const release = releaseOf(tool, version, cache);
  return release === undefined ? {} : { release };
};

const goRecipe = (tool: GoTool, go: string, cache: string): Recipe => {
  const folder = `${FOLDER}/${tool.folder}`;
  const version = versionOf(tool);
  const names = Object.keys(tool.binaries);
  return {
    tool: tool.name,
    title: tool.beside === undefined ? names.join(', ') : `${names.join(', ')} ${version}`,
    version,
    found: tool.beside === undefined ? 'by both' : 'by version',
    ...withRelease(tool, version, cache),
    build: {
      place: {
        folder: placeIn(cache, tool.name, goFingerprint(tool, folder, go)),
        binaries: Object.fromEntries(names.map((name) => [name, name])),
      },
      weight: tool.weight,
      make: (target, note) => buildGo(tool, folder, target, note),
      origin: { kind: 'built', go, packages: Object.values(tool.binaries).map((path) => `${path}@${version}`) },
    },
  };
};

const pythonRecipe = (tool: PythonTool, python: Python, cache: string): Recipe => {
  const folder = `${FOLDER}/${tool.folder}`;
  const version = versionOf(tool);
  return {
    tool: tool.name,
    title: tool.title,
    version,
    found: 'by name',
    ...withRelease(tool, version, cache),
    build: {
      place: {
        folder: placeIn(cache, tool.name, pythonFingerprint(folder, python)),
        binaries: Object.fromEntries(tool.binaries.map((name) => [name, `bin/${name}`])),
      },
      make: (target, note) => buildPython(python, folder, target, note),
      origin: { kind: 'packages', python: python.version, packages: pinnedPackages(tool, folder) },
    },
  };
};

/** All recipes, heaviest first, and the folder of the Python that has moto. `asked` are tools beside those that everybody needs. */
export const recipesFor = async (
  cache: string,
  asked: readonly GoTool[] = [],
): Promise<{ recipes: readonly Recipe[]; venv: string }> => {
  const [go, python] = await Promise.all([goVersion(`${FOLDER}/etcd`), findPython()]);
  const moto = pythonRecipe(PYTHON_TOOL, python, cache);
  const needed = [...GO_TOOLS.filter(({ beside }) => beside !== 'when asked for'), ...asked];
  const goRecipes = needed.toSorted((a, b) => b.weight - a.weight).map((tool) => goRecipe(tool, go, cache));
  return { recipes: [...goRecipes, moto, pythonRecipe(KUBECTL, python, cache)], venv: moto.build.place.folder };
};
