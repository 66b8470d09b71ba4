/** The seed's manifest, byte for byte as its readers copied it, and what the tests make of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

export const ROOT = join(import.meta.dirname, '../..');
export const SEED_FILE = join(ROOT, 'test/fixtures/cluster-0.yaml');

export type Manifest = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  spec: Record<string, unknown>;
};

/** The cluster and its three pools, new at each call. */
export const seedManifests = (): readonly Manifest[] =>
  parseAllDocuments(readFileSync(SEED_FILE, 'utf8')).map((document) => document.toJS() as Manifest);

export const seedManifest = (name: string): Manifest => {
  const found = seedManifests().find((manifest) => manifest.metadata.name === name);
  if (found === undefined) throw new Error(`the seed's manifest has no object named ${name}`);
  return found;
};

/** A copy of a plain value with one path replaced; `undefined` removes it. */
export const withPath = <T>(value: T, path: string, replacement: unknown): T => {
  const copy = structuredClone(value);
  const keys = path.split('.');
  const last = keys.pop();
  let target = copy as Record<string, unknown>;
  for (const key of keys) {
    target[key] ??= {};
    target = target[key] as Record<string, unknown>;
  }
  if (last === undefined) throw new Error('an empty path');
  if (replacement === undefined) delete target[last];
  else target[last] = replacement;
  return copy;
};
