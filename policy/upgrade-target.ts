/**
 * Upgrade target: which version a cluster may be asked for next.
 *
 * Owns: the rules, each refusal with its cure. Minors come one by one, since neither Kubernetes nor etcd supports another way
 * (https://kubernetes.io/releases/version-skew-policy/); both at once would leave nobody a way back; and what is newer never goes back
 * to something older. Neighbours: `api/releases.ts` is the catalogue; `insights.ts` says what else stands in the way. Pure.
 */
import { knownVersions, RELEASES, type Release, releaseOf, unknownVersion } from '../api/releases.ts';
import { minorOf } from '../api/skew.ts';

export type UpgradeTarget =
  | { readonly kind: 'allowed'; readonly release: Release }
  | { readonly kind: 'refused'; readonly reason: string; readonly cure: string };

/** How many minors one is ahead of the other; another major is as good as any number. */
const minorsBetween = (from: string, to: string): number => {
  const [older, newer] = [minorOf(from), minorOf(to)];
  return (newer.major - older.major) * 1_000 + newer.minor - older.minor;
};

const isOlder = (version: string, than: string): boolean => version.localeCompare(than, 'en', { numeric: true }) < 0;

type Runs = Pick<Release, 'version' | 'kubernetes' | 'etcd'>;

/** Why not, as a sentence without its end; undefined where nothing is against it. */
const problemOf = (runs: Runs, to: Release): string | undefined => {
  const minors = minorsBetween(runs.kubernetes, to.kubernetes);
  const etcdMinors = minorsBetween(runs.etcd, to.etcd);
  if (to.version === runs.version) return `version ${to.version} is what it runs`;
  if (isOlder(to.kubernetes, runs.kubernetes)) {
    return `Kubernetes ${to.kubernetes} is older than ${runs.kubernetes}, which runs: what was stored since can't be read by it`;
  }
  if (isOlder(to.etcd, runs.etcd))
    return `etcd ${to.etcd} is older than ${runs.etcd}, which runs, and does not read its data`;
  if (minors > 1)
    return `Kubernetes ${to.kubernetes} is more than one minor version ahead of ${runs.kubernetes}, which runs`;
  if (etcdMinors > 1) return `etcd ${to.etcd} is more than one minor version ahead of ${runs.etcd}, which runs`;
  if (minors > 0 && etcdMinors > 0)
    return `it moves the minor versions of Kubernetes and etcd at once, which leaves no way back`;
  return undefined;
};

/** Versions that may be asked for next, newest first. */
export const upgradeTargets = (runs: Runs, catalogue: readonly Release[] = RELEASES): readonly Release[] =>
  knownVersions(catalogue)
    .flatMap((version) => releaseOf(version, catalogue) ?? [])
    .filter((one) => problemOf(runs, one) === undefined && isOlder(runs.kubernetes, one.kubernetes));

/** `runs`: what the cluster is made of; `version`: what is asked for. */
export const upgradeTarget = (runs: Runs, version: string, catalogue: readonly Release[] = RELEASES): UpgradeTarget => {
  const release = releaseOf(version, catalogue);
  if (release === undefined) return { kind: 'refused', ...unknownVersion(version, catalogue) };
  const reason = problemOf(runs, release);
  if (reason === undefined) return { kind: 'allowed', release };
  const next = upgradeTargets(runs, catalogue).map((one) => one.version);
  const cure =
    next.length === 0
      ? 'stay with what runs: this release of Slipway has nothing newer for it'
      : `ask for ${next.join(' or ')} next`;
  return { kind: 'refused', reason, cure };
};
