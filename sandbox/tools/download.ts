/**
 * Download: takes a tool's files from the maker's site into a folder, or says why not.
 *
 * Owns: that nothing stays in the folder whose checksum is not the expected one, and that a slow site is given up. Neighbours:
 * `checksums.ts` says what is expected, `sites.ts` how a site is reached, `obtain.ts` what happens instead.
 */
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync } from 'node:fs';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar';
import { hasCode, messageOf } from '../../words/failure.ts';
import type { ReleaseFile } from './catalogue.ts';
import { type Expected, mismatchWithPin } from './checksums.ts';
import type { DownloadedFile } from './origin.ts';
import { hostOf, type Patience, reasonOf, type Sites } from './sites.ts';

/** What became of one file. */
export type Fetched =
  | { readonly kind: 'whole'; readonly sha256: string }
  /** Once more may help. */
  | { readonly kind: 'broken off'; readonly why: string }
  | { readonly kind: 'given up'; readonly why: string };

export type Taken =
  | { readonly kind: 'taken'; readonly files: readonly DownloadedFile[] }
  | { readonly kind: 'not taken'; readonly because: string };

/** How much of a file is here; the total is unknown until the site has said it. */
export type Progress = { readonly received: number; readonly total?: number };

const ATTEMPTS = 2;

const isFileSystems = (error: unknown): boolean => hasCode(error, 'ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EIO');

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** Ends a download whose file grows too slowly; whoever is silent is slow. */
const watchPace = ({ paceMilliseconds, paceBytes }: Patience, received: () => number) => {
  const controller = new AbortController();
  let before = 0;
  const timer = setInterval(() => {
    const now = received();
    if (now - before < paceBytes) controller.abort();
    before = now;
  }, paceMilliseconds);
  return { signal: controller.signal, end: () => clearInterval(timer) };
};

/** Writes what an address gives to a path, and says its checksum. */
export const fetchFile = async (
  sites: Sites,
  url: string,
  path: string,
  note: (progress: Progress) => void,
): Promise<Fetched> => {
  const host = hostOf(sites, url);
  const hash = createHash('sha256');
  let received = 0;
  const pace = watchPace(sites.patience, () => received);
  try {
    const response = await sites.open(url, pace.signal);
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      return { kind: 'given up', why: `${host} answers ${response.status} to a question for ${sites.placeOf(url)}` };
    }
    const length = Number(response.headers.get('content-length') ?? Number.NaN);
    const measure = async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        received += chunk.byteLength;
        note({ received, ...(Number.isNaN(length) ? {} : { total: length }) });
        yield chunk;
      }
    };
    await pipeline(Readable.fromWeb(response.body), measure, createWriteStream(path), { signal: pace.signal });
    return { kind: 'whole', sha256: hash.digest('hex') };
  } catch (error) {
    const so = `after ${megabytes(received)} MB of ${sites.placeOf(url)}`;
    if (pace.signal.aborted) {
      const { paceBytes, paceMilliseconds } = sites.patience;
      const slow = `fewer than ${megabytes(paceBytes)} MB in ${paceMilliseconds / 1000} s`;
      return { kind: 'given up', why: `${host} is too slow (${slow}) ${so}` };
    }
    // Of a full disk a build would die, too, after a quarter of an hour.
    if (isFileSystems(error)) throw error;
    return { kind: 'broken off', why: `${host} broke off (${reasonOf(error)}) ${so}` };
  } finally {
    pace.end();
  }
};

const fetchPatiently = async (
  sites: Sites,
  url: string,
  path: string,
  note: (progress: Progress) => void,
): Promise<Fetched> => {
  for (let attempt = 1; ; attempt += 1) {
    const fetched = await fetchFile(sites, url, path, note);
    if (fetched.kind !== 'broken off' || attempt === ATTEMPTS) return fetched;
  }
};

/** Puts the binaries out of a file that is right into the folder, or says why that can't be done. */
const unpack = async (
  { binaries, folderInArchive }: ReleaseFile,
  path: string,
  target: string,
): Promise<string | undefined> => {
  if (folderInArchive === undefined) {
    await rename(path, `${target}/${binaries[0]}`);
  } else {
    const wanted = binaries.map((binary) => `${folderInArchive}/${binary}`);
    const strip = folderInArchive.split('/').length;
    try {
      await extract({ file: path, cwd: target, strip, strict: true }, wanted);
    } catch (error) {
      if (isFileSystems(error)) throw error;
      return `can't be unpacked (${messageOf(error)})`;
    }
    const missing = binaries.find((binary) => !existsSync(`${target}/${binary}`));
    if (missing !== undefined) return `has no ${folderInArchive}/${missing}`;
    await rm(path);
  }
  for (const binary of binaries) await chmod(`${target}/${binary}`, 0o755);
  return undefined;
};

/** Files come beside what is unpacked, and go with their folder. */
const comingIn = (target: string): string => `${target}/.coming`;

const takeOne = async (
  sites: Sites,
  { file, sha256, proofs }: Expected,
  target: string,
  note: (progress: Progress) => void,
): Promise<DownloadedFile | string> => {
  const path = `${comingIn(target)}/${file.binaries[0]}`;
  const place = sites.placeOf(file.url);
  const fetched = await fetchPatiently(sites, file.url, path, note);
  if (fetched.kind !== 'whole') return fetched.why;
  if (fetched.sha256 !== sha256) {
    await rm(path);
    if (proofs.includes('pin')) throw mismatchWithPin(file, sha256, fetched.sha256);
    return `${place} came with the SHA-256 ${fetched.sha256} where its site says ${sha256}: it was deleted, and not run`;
  }
  const trouble = await unpack(file, path, target);
  if (trouble !== undefined) return `${place} ${trouble}`;
  return { url: file.url, sha256, proofs, ...(place === file.url ? {} : { mirror: place }) };
};

const told = (all: readonly Progress[]): string => {
  const received = all.reduce((sum, one) => sum + one.received, 0);
  const total = all.reduce((sum, one) => sum + (one.total ?? Number.NaN), 0);
  return `${megabytes(received)}${Number.isNaN(total) ? '' : ` of ${megabytes(total)}`} MB downloaded`;
};

/** Takes all files of a tool at the same time. A file that is not what a pin says is thrown, and nothing of it kept. */
export const takeTool = async (
  sites: Sites,
  files: readonly Expected[],
  target: string,
  note: (text: string) => void,
): Promise<Taken> => {
  await mkdir(comingIn(target), { recursive: true });
  const progress: Progress[] = files.map(() => ({ received: 0 }));
  const noteOf = (index: number) => (one: Progress) => {
    progress[index] = one;
    note(told(progress));
  };
  // All are awaited, also after one has failed: nobody may write into a folder that is being deleted.
  const results = await Promise.allSettled(
    files.map((expected, index) => takeOne(sites, expected, target, noteOf(index))),
  );
  await rm(comingIn(target), { recursive: true, force: true });
  const taken: DownloadedFile[] = [];
  let because: string | undefined;
  for (const result of results) {
    if (result.status === 'rejected') throw result.reason;
    if (typeof result.value === 'string') because ??= result.value;
    else taken.push(result.value);
  }
  return because === undefined ? { kind: 'taken', files: taken } : { kind: 'not taken', because };
};
