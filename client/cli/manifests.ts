/**
 * Manifests: the objects of a file, as kubectl takes it: YAML or JSON, several documents, `-` for standard input.
 *
 * Owns: reading it, and what is said of one that can't be read. Neighbours: `plan-file.ts` says what applying them would do.
 */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { parseAllDocuments } from 'yaml';
import { API_VERSION } from '../../api/names.ts';
import { type ObjectKind, PLURALS } from '../../api/object.ts';
import { wholeMessageOf } from '../../words/failure.ts';
import { ended } from '../../words/text.ts';
import { UserError } from '../user-error.ts';

/** An object of ours, its spec as it was written. */
export type Manifest = {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly namespace?: string;
  readonly spec: Readonly<Record<string, unknown>>;
};

/** `others`: what else the file has, which Slipway says nothing of. */
export type Manifests = { readonly manifests: readonly Manifest[]; readonly others: readonly string[] };

type Json = Readonly<Record<string, unknown>>;
const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const isKind = (kind: unknown): kind is ObjectKind => typeof kind === 'string' && Object.hasOwn(PLURALS, kind);

const contentOf = async (path: string): Promise<string> => {
  try {
    return path === '-' ? await text(process.stdin) : await readFile(path, 'utf8');
  } catch (error) {
    throw new UserError(
      `${path} can't be read: ${ended(wholeMessageOf(error))} Name a file that is there, or - for standard input.`,
    );
  }
};

/** What stands in a file, a `List` as its items. */
const objectsIn = (path: string, content: string): readonly { readonly where: string; readonly object: unknown }[] => {
  const documents = parseAllDocuments(content);
  // What `yaml` answers for a file without any document.
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document, index) => {
    const where = documents.length === 1 ? path : `${path}, document ${index + 1}`;
    const [problem] = document.errors;
    if (problem !== undefined) throw new UserError(`${where} is no YAML: ${ended(problem.message)} Correct it there.`);
    const object: unknown = document.toJS();
    // Only comments, or nothing between two lines of dashes.
    if (object === null) return [];
    const items = isMap(object) && object['kind'] === 'List' ? object['items'] : undefined;
    return Array.isArray(items)
      ? items.map((item, at) => ({ where: `${where}, item ${at + 1}`, object: item as unknown }))
      : [{ where, object }];
  });
};

/** What it is called, as far as it says. */
const identityOf = (object: Json): { readonly name?: string; readonly namespace?: string } => {
  const metadata = isMap(object['metadata']) ? object['metadata'] : {};
  const { name, namespace } = metadata as Readonly<Record<'name' | 'namespace', unknown>>;
  return {
    ...(typeof name === 'string' && name !== '' ? { name } : {}),
    ...(typeof namespace === 'string' ? { namespace } : {}),
  };
};

/** An object of ours; of others, what they are called. */
const readOne = (where: string, object: unknown): Manifest | string => {
  if (!isMap(object) || typeof object['kind'] !== 'string') {
    throw new UserError(
      `${where} is no Kubernetes object: it has no kind. Give it apiVersion, kind, metadata and spec.`,
    );
  }
  const { kind, apiVersion, spec } = object as Readonly<Record<'kind' | 'apiVersion' | 'spec', unknown>>;
  const { name, ...inNamespace } = identityOf(object);
  if (!isKind(kind)) return name === undefined ? String(kind) : `${String(kind)} ${name}`;
  if (apiVersion !== API_VERSION) {
    throw new UserError(
      `${where}: ${kind} has apiVersion ${String(apiVersion)}, and Slipway serves ${API_VERSION}: write that.`,
    );
  }
  if (name === undefined) {
    throw new UserError(`${where}: this ${kind} has no name, so nobody knows which one it is: set metadata.name.`);
  }
  if (!isMap(spec)) throw new UserError(`${where}: ${kind} ${name} has no spec: say what it should be.`);
  return { kind, name, spec, ...inNamespace };
};

/** Throws a `UserError` where the file can't be read, or holds nothing of Slipway's. */
export const readManifests = async (path: string): Promise<Manifests> => {
  const read = objectsIn(path, await contentOf(path)).map(({ where, object }) => readOne(where, object));
  const manifests = read.filter((one) => typeof one !== 'string');
  const others = read.filter((one) => typeof one === 'string');
  if (manifests.length === 0) {
    const what = others.length === 0 ? 'no object' : `only ${others.join(', ')}`;
    throw new UserError(`${path} holds ${what}: name a file with an AWSCluster or an AWSNodePool.`);
  }
  return { manifests, others };
};
