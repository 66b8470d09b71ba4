#!/usr/bin/env node
/**
 * `slipway`, as people and kubectl start it: with what Node.js compiled at the last start.
 *
 * Owns: where that is kept: in this user's cache, and only if it is nobody else's, since what lies there is run. A cache that
 * can't be had costs time, never an answer. JavaScript, for this file is read before there is a cache, and to strip one
 * file's types takes as long as all else (ADR 1). Neighbours: `main.ts` is the program.
 */
import { mkdirSync, statSync } from 'node:fs';
import * as module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

const { SLIPWAY_CACHE: ours, XDG_CACHE_HOME: everybodys } = process.env;

try {
  const folder = join(ours || join(everybodys || join(homedir(), '.cache'), 'slipway'), 'compiled');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(folder);
  // Nobody else may have written there.
  if (uid === process.getuid?.() && (mode & 0o022) === 0) module.enableCompileCache(folder);
} catch {
  // A home that can't be written, or an old Node.js, which says itself what it lacks.
}

await import('./main.ts');
