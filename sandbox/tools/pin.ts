/**
 * `npm run pins`: writes down which SHA-256 the makers' files have, for maintainers after a version has changed.
 *
 * Owns: `pins.json`. A file is pinned after it was taken whole and is what its site says; a pin that stands is never
 * changed: one version of a tool has one content. Pins of versions that are gone go, too. Neighbours: `checksums.ts` says
 * what a pin does.
 *
 *   node sandbox/tools/pin.ts [--of-a-mirror] [file]
 */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hasCode } from '../../words/failure.ts';
import { reportFailure, SandboxFailure } from '../failure.ts';
import { runTasks } from '../progress.ts';
import { ARCHITECTURES, TOOLS } from './catalogue.ts';
import { type Expected, type Pins, pinsFrom, planFor } from './checksums.ts';
import { fetchFile } from './download.ts';
import { FOLDER, versionOf } from './recipes.ts';
import { type Answer, askAll, openSites, type Sites, siteSettings } from './sites.ts';

const CURE = 'see what its site says about this version; nothing was pinned';

/** What is pinned of a file; throws where that is not certain. */
const pinOf = async (sites: Sites, { file, sha256 }: Expected, folder: string, note: (text: string) => void) => {
  const path = join(folder, encodeURIComponent(file.url));
  const fetched = await fetchFile(sites, file.url, path, ({ received }) => note(`${(received / 1e6).toFixed(1)} MB`));
  rmSync(path, { force: true });
  if (fetched.kind !== 'whole') throw new SandboxFailure('build', `${file.url} cannot be pinned: ${fetched.why}`, CURE);
  if (fetched.sha256 === sha256) return sha256;
  const found = `it has the SHA-256 ${fetched.sha256}, and should have ${sha256}`;
  throw new SandboxFailure('build', `${file.url} cannot be pinned: ${found}`, CURE);
};

/** What each file should be: as its site says, and as it is pinned already. */
const expectedFiles = (answers: ReadonlyMap<string, Answer>, pins: Pins): readonly Expected[] =>
  releaseFiles().map((file): Expected => {
    const plan = planFor([file], answers, pins);
    const [expected] = plan.kind === 'take' ? plan.files : [];
    if (expected?.proofs.includes('site')) return expected;
    const why = plan.kind === 'build' ? plan.because : `there is no checksum in ${file.checksum.url}`;
    throw new SandboxFailure('build', `${file.url} cannot be pinned: ${why}`, CURE);
  });

const releaseFiles = () =>
  TOOLS.flatMap((tool) =>
    Object.values(ARCHITECTURES).flatMap((architecture) => tool.releases?.(versionOf(tool), architecture) ?? []),
  );

const readPins = (path: string): Pins => {
  try {
    return pinsFrom(readFileSync(path, 'utf8'));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return {};
    throw error;
  }
};

const main = async (path: string, allowsMirror: boolean): Promise<void> => {
  const settings = siteSettings(process.env);
  if (settings.mirror !== undefined && !allowsMirror) {
    throw new SandboxFailure(
      'refused',
      `a pin says what the maker's own site gives, and SLIPWAY_DOWNLOAD_MIRROR is ${settings.mirror}`,
      'unset SLIPWAY_DOWNLOAD_MIRROR, or say --of-a-mirror if that mirror is as good as the sites',
    );
  }
  const sites = openSites(settings);
  const folder = mkdtempSync(join(tmpdir(), 'slipway-pins-'));
  try {
    const answers = await askAll(
      sites,
      releaseFiles().map(({ checksum }) => checksum.url),
    );
    const expected = expectedFiles(answers, readPins(path));
    const pins: Record<string, string> = {};
    await runTasks(
      expected.map((one) => ({
        title: one.file.url,
        run: async (note) => {
          pins[one.file.url] = await pinOf(sites, one, folder, note);
        },
      })),
    );
    const sorted = Object.fromEntries(Object.entries(pins).toSorted(([a], [b]) => a.localeCompare(b)));
    writeFileSync(`${path}.new`, `${JSON.stringify(sorted, null, 2)}\n`);
    renameSync(`${path}.new`, path);
    process.stdout.write(`${expected.length} files are pinned in ${path}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await sites.close();
  }
};

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { 'of-a-mirror': { type: 'boolean' } },
  });
  await main(positionals[0] ?? `${FOLDER}/pins.json`, values['of-a-mirror'] === true);
} catch (error) {
  reportFailure(error);
}
