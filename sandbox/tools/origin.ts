/**
 * Origin: which way a tool came, for whoever wants to know what runs on their computer.
 *
 * Owns: `origin.json` in each folder of the store, written when the folder is made, and how it is said in a line.
 * Neighbours: `store.ts` puts it there, `status` and `slipway version` show it.
 */
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasCode } from '../../words/failure.ts';
import type { Proof } from './checksums.ts';

export type DownloadedFile = {
  /** Where the maker has it. */
  readonly url: string;
  /** Where it was taken from instead. */
  readonly mirror?: string;
  readonly sha256: string;
  /** Who says that it must have this checksum. */
  readonly proofs: readonly Proof[];
};

export type Origin =
  | { readonly kind: 'downloaded'; readonly files: readonly DownloadedFile[] }
  | {
      readonly kind: 'built';
      /** The version of Go that built it. */
      readonly go: string;
      readonly packages: readonly string[];
      /** Why the maker's binary was not taken; undefined where there is none, or none was wanted. */
      readonly because?: string;
    }
  | {
      readonly kind: 'packages';
      /** The version of Python whose packages these are. */
      readonly python: string;
      readonly packages: readonly string[];
      readonly because?: string;
    };

export type ToolRecord = {
  readonly tool: string;
  readonly version: string;
  readonly binaries: readonly string[];
  readonly origin: Origin;
  /** How long it took to make, in seconds. */
  readonly seconds: number;
};

const FILE = 'origin.json';

export const writeRecord = (folder: string, record: ToolRecord): void =>
  writeFileSync(`${folder}/${FILE}`, `${JSON.stringify(record, null, 2)}\n`);

export const readRecord = (folder: string): ToolRecord | undefined => {
  try {
    return JSON.parse(readFileSync(`${folder}/${FILE}`, 'utf8')) as ToolRecord;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
};

/** The folder of the store that a path is in. */
const storeFolder = (path: string): string => {
  const parent = dirname(path);
  return parent.endsWith('/store') || parent === path ? path : storeFolder(parent);
};

const linksIn = (folder: string) => {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isSymbolicLink());
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
};

/** The tools whose binaries a folder links to, by name; none where the cache was deleted under a sandbox that runs. */
export const toolsIn = (bin: string): readonly ToolRecord[] => {
  const links = linksIn(bin);
  const folders = new Set(links.map(({ parentPath, name }) => storeFolder(readlinkSync(`${parentPath}/${name}`))));
  return [...folders]
    .map(readRecord)
    .filter((record) => record !== undefined)
    .toSorted((a, b) => a.tool.localeCompare(b.tool));
};

const PROOFS: Readonly<Record<Proof, string>> = { site: 'as the site says', pin: 'as pinned' };

/** How a tool came, in a line. */
export const saidOf = ({ origin, seconds }: ToolRecord): string => {
  const instead = origin.kind !== 'downloaded' && origin.because !== undefined ? `, since ${origin.because}` : '';
  switch (origin.kind) {
    case 'downloaded': {
      const hosts = new Set(origin.files.map(({ url, mirror }) => new URL(mirror ?? url).host));
      const proofs = (['site', 'pin'] as const).filter((proof) =>
        origin.files.every((one) => one.proofs.includes(proof)),
      );
      const mirrored = origin.files.some(({ mirror }) => mirror !== undefined) ? ' (a mirror)' : '';
      return `downloaded from ${[...hosts].join(', ')}${mirrored}, SHA-256 ${proofs.map((proof) => PROOFS[proof]).join(' and ')}`;
    }
    case 'built':
      return `built with ${origin.go} in ${seconds.toFixed(0)} s${instead}`;
    case 'packages':
      return `${origin.packages.join(', ')} from Python's package index${instead}`;
  }
};
