/**
 * Store: the cache's layout.
 *
 * Owns: `store/<tool>-<fingerprint>/`, which holds what one way of getting a tool made, put there whole by a rename, never
 * changed; `sets/<fingerprint>/`, which links what one checkout needs together, so that checkouts of different versions share
 * a cache, and has `versions/<version>/` for who asks for one; and `bin` and `venv`, which lead to the set made last. Neighbours: `obtain.ts` says what is put there.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from '../../words/failure.ts';
import { cached, programsOf } from '../layout.ts';
import { isLock, type Lock, tryLock } from '../lock.ts';
import { type ToolRecord, writeRecord } from './origin.ts';

/** As `client/cli/slipway.js` has it, which can import nothing: a test compares them. */
export const cacheFolder = ({ SLIPWAY_CACHE: ours, XDG_CACHE_HOME: everybodys } = process.env): string =>
  resolve(ours || join(everybodys || join(homedir(), '.cache'), 'slipway'));

/** Where Node.js keeps what it compiled. It is run as it is found: nobody else may write there. */
export const compiledFolder = (cache: string): string => {
  const { compiled } = cached(cache);
  mkdirSync(compiled, { recursive: true, mode: 0o700 });
  return compiled;
};

/** A place in the store, and where the binaries are in it. */
export type Place = { readonly folder: string; readonly binaries: Readonly<Record<string, string>> };

/** How the binaries of a tool are found in a set: a tool that is there in several versions has its name in one of them only. */
export type Found = 'by name' | 'by version' | 'by both';

/** A tool that belongs to a set. */
export type Member = { readonly place: Place; readonly version: string; readonly found: Found };

export const placeIn = (cache: string, name: string, fingerprint: string): string =>
  `${cache}/store/${name}-${fingerprint}`;

/** Makes a place whole or not at all: made elsewhere, then renamed. Whoever makes nothing says undefined. */
export const fill = async (
  cache: string,
  place: Place,
  make: (target: string) => Promise<Omit<ToolRecord, 'seconds' | 'binaries'> | undefined>,
): Promise<boolean> => {
  const draft = `${cache}/tmp/${process.pid}-${place.folder.slice(place.folder.lastIndexOf('/') + 1)}`;
  const began = performance.now();
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  try {
    const made = await make(draft);
    if (made === undefined) return false;
    const seconds = Math.round((performance.now() - began) / 100) / 10;
    writeRecord(draft, { ...made, binaries: Object.keys(place.binaries), seconds });
    mkdirSync(dirname(place.folder), { recursive: true });
    // What is there is not what is wanted any more, such as a download that a later pin contradicts.
    rmSync(place.folder, { recursive: true, force: true });
    renameSync(draft, place.folder);
    return true;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
};

/** Points a link elsewhere in one step. */
const pointTo = (link: string, target: string): void => {
  const draft = `${link}.${process.pid}`;
  rmSync(draft, { force: true });
  symlinkSync(target, draft);
  renameSync(draft, link);
};

/** A set's links, each where it is in the set with what it leads to. */
const linksOf = (members: readonly Member[]): readonly (readonly [string, string])[] =>
  members.flatMap(({ place, version, found }) =>
    Object.entries(place.binaries).flatMap(([name, path]) => {
      const target = `${place.folder}/${path}`;
      const versioned = programsOf('.', version.replace(/^v/, ''));
      return [
        ...(found === 'by version' ? [] : [[`./${name}`, target] as const]),
        ...(found === 'by name' ? [] : [[`${versioned}/${name}`, target] as const]),
      ];
    }),
  );

/** Links the binaries of all members into one folder, whose name says exactly which they are. */
export const linkSet = (cache: string, members: readonly Member[], venv: string): string => {
  const links = linksOf(members);
  const fingerprint = createHash('sha256').update(JSON.stringify(links)).digest('hex');
  const set = `${cache}/sets/${fingerprint.slice(0, 16)}`;
  if (!existsSync(set)) {
    // Not among the drafts, which whoever holds the lock deletes: this needs no lock.
    const draft = `${set}.${process.pid}`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { recursive: true });
    for (const [name, target] of links) {
      mkdirSync(dirname(`${draft}/${name}`), { recursive: true });
      symlinkSync(target, `${draft}/${name}`);
    }
    mkdirSync(dirname(set), { recursive: true });
    try {
      renameSync(draft, set);
    } catch (error) {
      // Somebody else was first with the same links.
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
      rmSync(draft, { recursive: true, force: true });
    }
  }
  pointTo(`${cache}/bin`, set);
  pointTo(`${cache}/venv`, venv);
  return set;
};

/** Waits for whoever else fills the same cache: what they make need not be made twice. */
export const lockCache = async (cache: string): Promise<Lock> => {
  let told = false;
  for (;;) {
    const answer = tryLock(`${cache}/lock`, 'getting tools');
    if (isLock(answer)) return answer;
    if (!told) process.stderr.write(`Waiting for process ${answer.pid}, which gets tools into ${cache}\n`);
    told = true;
    await delay(500);
  }
};

/** Deletes what killed processes left behind; only for whoever holds the lock. */
export const clearDrafts = (cache: string): void => {
  for (const entry of readdirSync(`${cache}/tmp`)) rmSync(`${cache}/tmp/${entry}`, { recursive: true, force: true });
};
