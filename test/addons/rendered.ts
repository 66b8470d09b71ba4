/**
 * What each revision's add-ons are rendered to, as files: `node test/addons/rendered.ts` writes those that are missing.
 *
 * Owns: the files in `rendered/`, one a revision, of the seed's cluster. One that was published is never written again: a newer
 * Slipway applies a revision's add-ons as it applied them before (I6).
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rendered } from '../../addons/rendered.ts';
import { RELEASES, type Release } from '../../api/releases.ts';
import { addonResources } from '../../topology/addons.ts';
import { seedCluster } from '../topology/objects.ts';

const fileOf = ({ version, revision }: Release): string =>
  join(import.meta.dirname, `rendered/${version}.${revision}.json`);

/** The objects of the seed's add-ons, by add-on. */
export const renderedBy = (release: Release): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    addonResources(seedCluster(), release).map(({ properties }) => [properties.addon, rendered(properties)]),
  );

/** Undefined where nobody has written it. */
export const renderedBefore = (release: Release): unknown => {
  const file = fileOf(release);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const release of RELEASES) {
    if (renderedBefore(release) !== undefined) continue;
    mkdirSync(dirname(fileOf(release)), { recursive: true });
    writeFileSync(fileOf(release), `${JSON.stringify(renderedBy(release), undefined, 2)}\n`);
    console.info(`${fileOf(release)} written.`);
  }
}
