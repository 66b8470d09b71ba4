/**
 * What machines of each revision are told, as files: `node test/topology/told.ts` writes those that are missing.
 *
 * Owns: the files in `told/`, one a revision, of the seed's cluster and pool. One that was published is never written again: a newer
 * Slipway tells a revision's machines what it told them before (I6).
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RELEASES, type Release } from '../../api/releases.ts';
import type { Resource } from '../../kinds/resource.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { nodePoolTopology } from '../../topology/nodepool.ts';
import { seedCluster, seedPool } from './objects.ts';

const fileOf = ({ version, revision }: Release): string =>
  join(import.meta.dirname, `told/${version}.${revision}.json`);

const templates = (resources: readonly Resource[]): readonly unknown[] =>
  resources.flatMap(({ key, kind, properties }) => {
    if (kind !== 'launch-template') return [];
    const { tags: _tags, ...told } = properties as { readonly tags: unknown };
    return [{ key, ...told }];
  });

/** All that goes into the fingerprints of the seed's templates, references as they stand. */
export const toldBy = (release: Release): readonly unknown[] => [
  ...templates(clusterTopology(seedCluster(), release)),
  ...templates(nodePoolTopology(seedPool(), seedCluster(), release)),
];

/** Undefined where nobody has written it. */
export const toldBefore = (release: Release): unknown => {
  const file = fileOf(release);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const release of RELEASES) {
    if (toldBefore(release) !== undefined) continue;
    writeFileSync(fileOf(release), `${JSON.stringify(toldBy(release), undefined, 2)}\n`);
    console.info(`${fileOf(release)} written.`);
  }
}
