/**
 * Images: which of the releases' machine images nobody could boot here, because their programs are not among the tools.
 *
 * Owns: what is said of an image whose programs are not there: EC2's refusal of it, so that whoever asks for such a version is told within
 * a minute, and waits for no machine. Neighbours: `tools/wanted.ts` knows what a release runs, `moto_semantics/images.py` refuses;
 * `machine/programs.ts` finds the programs of a machine; machines of the stub run none. Nodes of a sandbox run no Kubernetes of their own:
 * a pool's version is bound by its cluster's.
 */
import { knownVersions, RELEASES, type Release, revisionsOf } from '../../api/releases.ts';
import { lackingOf } from '../tools/wanted.ts';

/** What to do about it, with the versions that are whole. */
const cureOf = (version: string, whole: readonly string[]): string =>
  `ask for ${whole.join(' or ')}, begin a sandbox that has them (\`npm run sandbox -- up --release ${version}\`), or use one of stub machines (\`npm run sandbox -- up --stub\`), which runs no programs`;

/**
 * By the id of the image, why it is not published in this sandbox. `binaries` is the folder of all tools; whatever of a version is not in
 * all of its revisions there is not published.
 */
export const unpublishedImages = (
  binaries: string,
  catalogue: readonly Release[] = RELEASES,
): Readonly<Record<string, string>> => {
  const versions = knownVersions(catalogue).map((version) => {
    const revisions = revisionsOf(version, catalogue);
    const programs = [...new Set(revisions.flatMap((release) => lackingOf(release, binaries)))];
    return { version, imageIds: new Set(revisions.map(({ imageId }) => imageId)), programs };
  });
  const whole = versions.filter(({ programs }) => programs.length === 0).map(({ version }) => version);
  return Object.fromEntries(
    versions
      .filter(({ programs }) => programs.length > 0)
      .flatMap(({ version, imageIds, programs }) =>
        [...imageIds].map((id) => [id, `this sandbox has no ${programs.join(', no ')}: ${cureOf(version, whole)}`]),
      ),
  );
};
