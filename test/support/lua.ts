/**
 * Lua: runs a Lua function on an object, with whichever interpreter there is.
 *
 * Owns: finding the interpreter, and handing over a plain value as a Lua table. Neighbours: tests of what `deploy/` has in Lua.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programNamed } from './programs.ts';

/** Argo CD's own is `glua`'s. */
const INTERPRETERS = ['glua', 'lua5.1', 'luajit', 'lua', 'lua5.4', 'lua5.3'];

/** The path of an interpreter; undefined where this computer has none. */
export const luaInterpreter = (): string | undefined => programNamed(INTERPRETERS);

const quoted = (text: string): string => `"${text.replaceAll(/[^ !#-[\]-~]/g, byteEscapes)}"`;

/** Lua's strings are bytes. */
const byteEscapes = (text: string): string =>
  [...Buffer.from(text, 'utf8')].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('');

/** JSON as a Lua expression; numbers and truths are written alike. */
const literal = (value: unknown): string => {
  if (value === null || value === undefined) return 'nil';
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `{ ${value.map(literal).join(', ')} }`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, one]) => `[${quoted(key)}] = ${literal(one)}`);
  return `{ ${entries.join(', ')} }`;
};

type Health = { readonly status: string; readonly message: string };

/** What the body of a function of `obj` returns, for each of the objects: its fields `status` and `message`. */
export const runLua = (interpreter: string, body: string, objects: readonly unknown[]): readonly Health[] => {
  const script = [
    // What Argo CD gives a check, and no more.
    'local write = io.write',
    'string, io, os, math, package, require = nil, nil, nil, nil, nil, nil',
    `local function check(obj)\n${body}\nend`,
    ...objects.map((object) => `do local h = check(${literal(object)}) write(h.status, "\\t", h.message, "\\n") end`),
  ].join('\n');
  const folder = mkdtempSync(join(tmpdir(), 'slipway-lua-'));
  const file = join(folder, 'check.lua');
  writeFileSync(file, script);
  try {
    return answersIn(execFileSync(interpreter, [file], { encoding: 'utf8' }));
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const answersIn = (text: string): readonly Health[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [status = '', message = ''] = line.split('\t');
      return { status, message };
    });
