/**
 * The credential cache: one file a cluster, by the object's uid, that only its owner can read.
 *
 * Owns: the files. A cache that can't be read or written costs time, never an answer. Neighbours: `credentials.ts` issues.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ObjectRef } from '../../api/object.ts';
import type { Credential } from './credentials.ts';
import { writeWhole } from './whole-file.ts';

/** A certificate that is about to expire is replaced before kubectl is left with it. */
const MARGIN_MS = 5 * 60_000;

type Named = Pick<ObjectRef, 'uid'>;

/** uids come from the API server; nothing of theirs may lead out of the folder. */
const fileOf = (folder: string, { uid }: Named): string => join(folder, `${uid.replaceAll(/[^\w-]/g, '_')}.json`);

const parsed = (text: string): Partial<Credential> | undefined => {
  try {
    return JSON.parse(text) as Partial<Credential>;
  } catch {
    // Half a file, or somebody else's: a new credential takes its place.
    return undefined;
  }
};

const textOf = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Not there, or not ours to read: then one is issued, as without a cache.
    return undefined;
  }
};

/** The cached credential, unless there is none, it is damaged, or it is about to expire. */
export const cachedCredential = (folder: string, object: Named, now: number): Credential | undefined => {
  const credential = parsed(textOf(fileOf(folder, object)) ?? '');
  if (!credential?.certificate || !credential.key || !credential.expiresAt) return undefined;
  return Date.parse(credential.expiresAt) - now > MARGIN_MS ? (credential as Credential) : undefined;
};

/** Keeps a credential: atomically, since kubectl may call us several times at once. Throws when it can't. */
export const keepCredential = (folder: string, object: Named, credential: Credential): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeWhole(fileOf(folder, object), JSON.stringify(credential));
};
