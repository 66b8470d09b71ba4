/**
 * Probe: how the supervisor sees that a part does its work.
 *
 * Owns: one look, and looking until it succeeds. Neighbours: `parts.ts` says which part is probed how.
 */
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from '../../words/failure.ts';
import type { HostPort } from '../layout.ts';

export type Probe =
  | { readonly kind: 'listens'; readonly address: HostPort }
  | { readonly kind: 'answers'; readonly url: string; readonly authority?: string }
  /** For programs that serve nobody: a line which they write once they work. */
  | { readonly kind: 'says'; readonly log: string; readonly text: string };

const TIMEOUT_MILLISECONDS = 2_000;

const listens = (address: HostPort): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ ...address, timeout: TIMEOUT_MILLISECONDS });
    const answer = (listening: boolean) => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', () => answer(true));
    socket.once('timeout', () => answer(false));
    socket.once('error', () => answer(false));
  });

const answers = (url: string, authority: string | undefined): Promise<boolean> =>
  new Promise((resolve) => {
    const options = { timeout: TIMEOUT_MILLISECONDS, ...(authority ? { ca: readFileSync(authority) } : {}) };
    const request = url.startsWith('https:') ? httpsRequest(url, options) : httpRequest(url, options);
    request.once('response', (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
    request.once('close', () => resolve(false));
    request.end();
  });

/** Where a log ends now: what a process writes later comes after it. */
export const endOf = (log: string): number => {
  try {
    return statSync(log).size;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 0;
    throw error;
  }
};

const says = (log: string, text: string, from: number): boolean => {
  const size = endOf(log) - from;
  if (size <= 0) return false;
  const file = openSync(log, 'r');
  try {
    const written = Buffer.alloc(size);
    readSync(file, written, 0, size, from);
    return written.includes(text);
  } finally {
    closeSync(file);
  }
};

const look = async (probe: Probe, logFrom: number): Promise<boolean> => {
  switch (probe.kind) {
    case 'listens':
      return listens(probe.address);
    case 'answers':
      return answers(probe.url, probe.authority);
    case 'says':
      return says(probe.log, probe.text, logFrom);
  }
};

/** Looks until the probe succeeds; rejects only when it is called off. */
export const untilSuccess = async (probe: Probe, logFrom: number, signal: AbortSignal): Promise<void> => {
  while (!(await look(probe, logFrom))) {
    await delay(50, undefined, { signal });
  }
  signal.throwIfAborted();
};
