/**
 * Images: which of the releases' machine images nobody could boot here, because their programs are not among the tools.
 *
 * Owns: what a replica of a release runs, and what is said of an image whose programs are not there: EC2's refusal of it, so that whoever
 * asks for such a version is told within a minute, and waits for no machine. Neighbours: `moto_semantics/images.py` refuses; `machine/programs.ts`
 * finds the programs of a machine; machines of the stub run none. Nodes of a sandbox run no Kubernetes of their own: a pool's version is
 * bound by its cluster's.
 */
import { accessSync, constants } from 'node:fs';
import { knownVersions, RELEASES, type Release } from '../../api/releases.ts';
import { hasCode } from '../../words/failure.ts';
import { programsOf } from '../layout.ts';

/** What of a release the sandbox has to have, and in which version. */
const programsIn = ({ kubernetes, etcd, cloudController }: Release): readonly (readonly [string, string])[] => [
  ['kube-apiserver', kubernetes],
  ['etcd', etcd],
  ['aws-cloud-controller-manager', cloudController],
];

const isThere = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT', 'EACCES', 'ENOTDIR')) return false;
    throw thrown;
  }
};

/**
 * By the id of the image, why it is not published in this sandbox. `binaries` is the folder of all tools; whatever of a version is not in
 * all of its revisions there is not published.
 */
export const unpublishedImages = (
  binaries: string,
  catalogue: readonly Release[] = RELEASES,
): Readonly<Record<string, string>> => {
  const lacking = (release: Release): readonly string[] =>
    programsIn(release).flatMap(([name, version]) =>
      isThere(`${programsOf(binaries, version)}/${name}`) ? [] : [`${name} ${version}`],
    );
  const missing = new Map(catalogue.map((release) => [release.imageId, lacking(release)]));
  const whole = knownVersions(catalogue.filter(({ imageId }) => missing.get(imageId)?.length === 0));
  return Object.fromEntries(
    [...missing].flatMap(([imageId, programs]) =>
      programs.length === 0
        ? []
        : [
            [
              imageId,
              `this sandbox has no ${programs.join(', no ')}: ask for ${whole.join(' or ')}, or use a sandbox of stub machines (\`npm run sandbox -- up --stub\`), which runs no programs`,
            ],
          ],
    ),
  );
};
