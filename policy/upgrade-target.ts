/**
 * Upgrade target: which version a cluster may be asked for next.
 *
 * Owns: what becomes of a version that somebody names, and which one an upgrade would most likely be to. Neighbours:
 * `api/version-change.ts` has the rules between two versions, `api/releases.ts` is the catalogue; `insights.ts` says what else stands in
 * the way. Pure.
 */
import { minorsBetween } from '../api/minor.ts';
import { knownVersions, RELEASES, type Release, releaseOf, unknownVersion } from '../api/releases.ts';
import { type Running, versionChangeProblem } from '../api/version-change.ts';

export type UpgradeTarget =
  | { readonly kind: 'allowed'; readonly release: Release }
  | { readonly kind: 'refused'; readonly reason: string; readonly cure: string };

/** The newest version of the next minor of Kubernetes, where there is one that may be asked for. */
export const nextUpgrade = (running: Running, catalogue: readonly Release[] = RELEASES): Release | undefined =>
  knownVersions(catalogue)
    .flatMap((version) => releaseOf(version, catalogue) ?? [])
    .find(
      (asked) =>
        minorsBetween(running.kubernetes, asked.kubernetes) > 0 &&
        versionChangeProblem({ running, asked }, catalogue) === undefined,
    );

/** `running`: what the cluster is made of; `version`: what is asked for. */
export const upgradeTarget = (
  running: Running,
  version: string,
  catalogue: readonly Release[] = RELEASES,
): UpgradeTarget => {
  const release = releaseOf(version, catalogue);
  if (release === undefined) return { kind: 'refused', ...unknownVersion(version, catalogue) };
  if (version === running.version) {
    const next = nextUpgrade(running, catalogue);
    const cure = next === undefined ? 'nothing newer is to be had yet' : `ask for ${next.version}, which is next`;
    return { kind: 'refused', reason: `version ${version} is what runs`, cure };
  }
  const problem = versionChangeProblem({ running, asked: release }, catalogue);
  return problem === undefined ? { kind: 'allowed', release } : { kind: 'refused', ...problem };
};
