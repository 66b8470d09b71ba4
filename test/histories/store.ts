/**
 * Recorded histories: what workflows of each release did, as files that this release must be able to replay (I10).
 *
 * Owns: where they are and how they are written: Temporal's JSON, compressed, one file a workflow run, in a folder for each
 * release. Neighbours: `record.ts` makes them, `test/workflows/replay.test.ts` replays all of them. They are never edited.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';

const FOLDER = import.meta.dirname;
const ENDING = '.json.gz';

export type Recorded = {
  /** `<workflow type>.<scenario>`, and a number where there are several. */
  readonly name: string;
  readonly release: string;
  readonly history: History;
};

/** The release that this checkout is, or is on the way to. */
export const currentRelease = (): string => {
  const manifest = JSON.parse(readFileSync(join(FOLDER, '../../package.json'), 'utf8')) as { readonly version: string };
  return manifest.version;
};

const isRelease = (name: string): boolean => /^\d+\.\d+\.\d+/.test(name);

export const releases = (): readonly string[] =>
  readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && isRelease(entry.name))
    .map(({ name }) => name)
    .sort();

const filesOf = (release: string): readonly string[] =>
  readdirSync(join(FOLDER, release))
    .filter((name) => name.endsWith(ENDING))
    .sort();

const compressedOf = (release: string, file: string): Buffer => readFileSync(join(FOLDER, release, file));
const jsonOf = (compressed: Buffer): unknown => JSON.parse(gunzipSync(compressed).toString('utf8'));

/** Payloads travel in base64; what is in them is what counts. */
const decoded = (key: string, value: unknown): unknown =>
  key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : value;

export type Text = { readonly name: string; readonly compressed: number; readonly text: string };

/** All that a release's histories hold, as it can be read and searched. */
export const textsOf = (release: string): readonly Text[] =>
  filesOf(release).map((file) => {
    const compressed = compressedOf(release, file);
    // Escapes within escapes would hide what is looked for.
    const text = JSON.stringify(jsonOf(compressed), decoded).replaceAll('\\', '');
    return { name: file, compressed: compressed.length, text };
  });

export const recordedOf = (release: string): readonly Recorded[] =>
  filesOf(release).map((file) => ({
    name: file.slice(0, -ENDING.length),
    release,
    history: historyFromJSON(jsonOf(compressedOf(release, file))),
  }));

/** Without the computer that it was recorded on, which no replay asks for: who worked, and from which folder. */
const anonymous = (json: string): string =>
  JSON.stringify(JSON.parse(json), (key, value: unknown) => {
    if (key === 'stackTrace') return '';
    // A worker, or its own task queue.
    return typeof value === 'string' && /^\d+@[\w.-]+$/.test(value) ? 'recorded' : value;
  });

type Written = readonly { readonly name: string; readonly history: History }[];

/** Takes the place of everything that was recorded for the release before. */
export const writeAll = (release: string, histories: Written): void => {
  rmSync(join(FOLDER, release), { recursive: true, force: true });
  writeSome(release, histories);
};

/** Takes the place of those of the same names; all others stay. */
export const writeSome = (release: string, histories: Written): void => {
  const folder = join(FOLDER, release);
  mkdirSync(folder, { recursive: true });
  for (const { name, history } of histories) {
    writeFileSync(join(folder, `${name}${ENDING}`), gzipSync(anonymous(historyToJSON(history)), { level: 9 }));
  }
};
