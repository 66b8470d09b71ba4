/**
 * Checksums: which SHA-256 a file must have, and whether it is taken at all.
 *
 * Owns: the decision, from what the sites answered and what `pins.json` holds; no effects. Nothing is taken that can be
 * checked against nothing. A pin that contradicts the site ends everything, since one of the two is not what it was when a
 * maintainer looked. Neighbours: `sites.ts` asks, `download.ts` computes, `pin.ts` writes the pins.
 */
import { z } from 'zod';
import { SandboxFailure } from '../failure.ts';
import type { ReleaseFile } from './catalogue.ts';
import type { Answer } from './sites.ts';

/** The maker's address of a file -> its SHA-256, as a maintainer found it. */
export type Pins = Readonly<Record<string, string>>;

export type Proof = 'site' | 'pin';

export type Expected = { readonly file: ReleaseFile; readonly sha256: string; readonly proofs: readonly Proof[] };

/** What is done about a tool: all of its files are taken, or it is built. */
export type Plan =
  | { readonly kind: 'take'; readonly files: readonly Expected[] }
  | { readonly kind: 'build'; readonly because: string };

const SHA256 = /^[0-9a-f]{64}$/i;

export const pinsFrom = (text: string): Pins => z.record(z.url(), z.string().regex(SHA256)).parse(JSON.parse(text));

const nameOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

/** A checksum by itself, or the line of a list that names the file. */
const inText = (text: string, name: string): string | undefined => {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+\*?/));
  const [sum] = lines.find(([, named]) => named === name) ?? [];
  const alone = lines.length <= 2 && lines[0]?.length === 1 ? lines[0][0] : undefined;
  const found = sum ?? alone;
  return found !== undefined && SHA256.test(found) ? found.toLowerCase() : undefined;
};

const RELEASE = z.object({ assets: z.array(z.object({ name: z.string(), digest: z.string().nullish() })) });

/** GitHub's description of a release; it computes a digest when a file is put there. */
const inRelease = (text: string, name: string): string | undefined => {
  try {
    const asset = RELEASE.parse(JSON.parse(text)).assets.find((one) => one.name === name);
    const [, digest] = /^sha256:([0-9a-f]{64})$/i.exec(asset?.digest ?? '') ?? [];
    return digest?.toLowerCase();
  } catch {
    // A page that says something else, such as a sign-in of a proxy, is no description.
    return undefined;
  }
};

/** The checksum of a file in what its source answered. */
export const publishedFor = (file: ReleaseFile, text: string): string | undefined =>
  file.checksum.kind === 'github' ? inRelease(text, nameOf(file.url)) : inText(text, nameOf(file.url));

const CURE =
  'find out which of the two is right before you trust either; until then SLIPWAY_DOWNLOADS=off builds everything from source';

const contradiction = (file: ReleaseFile, pin: string, published: string): SandboxFailure =>
  new SandboxFailure(
    'build',
    `${file.url} is not what it was: the site says its SHA-256 is ${published}, and this checkout says ${pin} (sandbox/tools/pins.json). Nothing was downloaded`,
    CURE,
  );

export const mismatchWithPin = (file: ReleaseFile, pin: string, found: string): SandboxFailure =>
  new SandboxFailure(
    'build',
    `${file.url} came with the SHA-256 ${found}, and this checkout says ${pin} (sandbox/tools/pins.json). What came was deleted, and not run`,
    CURE,
  );

/** Who does not tell the checksum does not give the file either, unless somebody else gives it. */
const isOfOneSite = ({ checksum, url }: ReleaseFile): boolean => new URL(checksum.url).host === new URL(url).host;

const expectedOf = (file: ReleaseFile, answer: Answer | undefined, pin: string | undefined): Expected | string => {
  const published = answer?.kind === 'text' ? publishedFor(file, answer.text) : undefined;
  if (pin !== undefined) {
    if (published !== undefined) {
      if (published !== pin) throw contradiction(file, pin, published);
      return { file, sha256: pin, proofs: ['site', 'pin'] };
    }
    return answer?.kind === 'silent' && isOfOneSite(file) ? answer.why : { file, sha256: pin, proofs: ['pin'] };
  }
  if (published !== undefined) return { file, sha256: published, proofs: ['site'] };
  return answer === undefined || answer.kind === 'text'
    ? `there is no checksum for ${nameOf(file.url)} in ${file.checksum.url}`
    : answer.why;
};

/** Whether a tool's files are taken, and what each must be; throws where a pin contradicts the site. */
export const planFor = (files: readonly ReleaseFile[], answers: ReadonlyMap<string, Answer>, pins: Pins): Plan => {
  const expected = files.map((file) => expectedOf(file, answers.get(file.checksum.url), pins[file.url]?.toLowerCase()));
  const because = expected.find((one) => typeof one === 'string');
  if (because !== undefined) return { kind: 'build', because };
  return { kind: 'take', files: expected.filter((one) => typeof one !== 'string') };
};
