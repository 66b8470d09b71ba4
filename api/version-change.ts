/**
 * Version change: from which version of a control plane one may go to which other one.
 *
 * Owns: the rules, and what to ask for first where there is a way. Neighbours: `releases.ts` is the catalogue; `skew.ts` has the rule
 * between a cluster and its node pools; admission judges with it what is asked for, `policy/` says it of what was asked for all the same.
 *
 * Invariants. Minors go one by one, Kubernetes' and etcd's: each reads what the one before it stored, and no other. The two never
 * move in one change: the way back of the one is not that of the other, and what fails is to have one cause. A minor never goes back,
 * for what the newer one stored is lost on the older one without a word, but to the version that an upgrade came from and hasn't
 * left for good. Patches go either way. https://kubernetes.io/releases/version-skew-policy/ , https://etcd.io/docs/v3.6/upgrades/
 */
import { minorOf, minorsBetween } from './minor.ts';
import { RELEASES, type Release, substituteOf } from './releases.ts';

/** What counts of a version: the catalogue's, or one that is pinned. */
export type Running = Pick<Release, 'version' | 'kubernetes' | 'etcd'>;

export type VersionChange = {
  /** What the control plane runs, or, while an upgrade is under way, what it is on its way to. */
  readonly running: Running;
  readonly asked: Running;
  /** What an upgrade that is not committed yet came from: asking for it takes the upgrade back. */
  readonly wayBack?: Running;
};

/** As sentences without their ends. */
export type VersionProblem = { readonly reason: string; readonly cure: string };

type Steps = { readonly kubernetes: number; readonly etcd: number };

const stepsBetween = (from: Running, to: Running): Steps => ({
  kubernetes: minorsBetween(from.kubernetes, to.kubernetes),
  etcd: minorsBetween(from.etcd, to.etcd),
});

const LOST = 'what it has stored since is lost on the older one without a word';

/** Why one can't go from here to there in one change, as a clause; undefined where one can. */
const wrongWith = (from: Running, to: Running): string | undefined => {
  const { kubernetes, etcd } = stepsBetween(from, to);
  const [old, young] = [minorOf(from.kubernetes), minorOf(to.kubernetes)];
  const [oldEtcd, youngEtcd] = [minorOf(from.etcd), minorOf(to.etcd)];
  if (kubernetes < 0) return `its Kubernetes ${young} is older than ${old}, and ${LOST}`;
  if (etcd < 0)
    return `its etcd ${youngEtcd} is older than ${oldEtcd}, and does not start on what the newer one stored`;
  if (kubernetes > 1) return `Kubernetes goes one minor version at a time, and ${young} is not the one after ${old}`;
  if (etcd > 1) return `etcd goes one minor version at a time, and ${youngEtcd} is not the one after ${oldEtcd}`;
  if (kubernetes === 1 && etcd === 1) {
    return `it brings Kubernetes ${young} instead of ${old} and etcd ${youngEtcd} instead of ${oldEtcd}, and these never move together`;
  }
  return undefined;
};

/** Nobody is sent to a version whose own Kubernetes runs no more. */
const offered = (catalogue: readonly Release[]): readonly Release[] =>
  catalogue.filter((release) => substituteOf(release) === undefined);

type Way = readonly Running[];

/** Each way with one version more that no way has been at. */
const further = (ways: readonly Way[], seen: ReadonlySet<string>, catalogue: readonly Release[]): readonly Way[] => {
  const ends = new Map<string, Way>();
  for (const way of ways) {
    const here = way.at(-1);
    const next = offered(catalogue).filter(({ version }) => !seen.has(version) && !ends.has(version));
    for (const release of next) {
      if (here !== undefined && wrongWith(here, release) === undefined) ends.set(release.version, [...way, release]);
    }
  }
  return [...ends.values()];
};

/** The versions to ask for one after the other, the last of which is the one asked for; of the shortest ways the first of the catalogue. */
const wayTo = ({ running, asked }: VersionChange, catalogue: readonly Release[]): Way | undefined => {
  const seen = new Set([running.version]);
  for (let ways: readonly Way[] = [[running]]; ways.length > 0; ways = further(ways, seen, catalogue)) {
    const there = ways.find((way) => wrongWith(way.at(-1) ?? running, asked) === undefined);
    if (there !== undefined) return [...there.slice(1), asked];
    for (const way of ways) seen.add(way.at(-1)?.version ?? '');
  }
  return undefined;
};

const isOlder = (running: Running, asked: Running): boolean => {
  const { kubernetes, etcd } = stepsBetween(running, asked);
  return kubernetes < 0 || etcd < 0;
};

const cureOf = (change: VersionChange, catalogue: readonly Release[]): string => {
  const { running, asked, wayBack } = change;
  const leave = `leave it at ${running.version}`;
  if (isOlder(running, asked)) {
    return wayBack === undefined ? leave : `${leave}, or go back to ${wayBack.version}, which it came from`;
  }
  const [first, ...others] = wayTo(change, catalogue)?.map(({ version }) => version) ?? [];
  if (first !== undefined) return `ask for ${first} first, then for ${others.join(', then for ')}`;
  return `${leave} until a release of Slipway knows a version between the two`;
};

/** While an upgrade may still be taken back nothing may come that the version it came from does not allow. */
const wrongBeforeCommit = ({ running, asked, wayBack }: VersionChange): VersionProblem | undefined => {
  if (wayBack === undefined || wrongWith(wayBack, asked) === undefined) return undefined;
  return {
    reason: `${asked.version} can't follow ${running.version} yet: the upgrade from ${wayBack.version} is not committed`,
    cure: `leave it at ${running.version} until it is committed, or go back to ${wayBack.version}`,
  };
};

/** What is wrong with asking a control plane for another version, and what cures it; undefined where it may be asked for. */
export const versionChangeProblem = (
  change: VersionChange,
  catalogue: readonly Release[] = RELEASES,
): VersionProblem | undefined => {
  const { running, asked, wayBack } = change;
  if (asked.version === running.version || asked.version === wayBack?.version) return undefined;
  const wrong = wrongWith(running, asked);
  if (wrong === undefined) return wrongBeforeCommit(change);
  return { reason: `${asked.version} can't follow ${running.version}: ${wrong}`, cure: cureOf(change, catalogue) };
};
