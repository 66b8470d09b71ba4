/**
 * Version words: what another version of a control plane comes to, for people who have not asked for it yet.
 *
 * Owns: one clause, the same in admission's warnings and in `slipway clusters plan -f`: how machines are replaced, as what they serve
 * meanwhile, and until when there is a way back. Pure, and from two specs and a status: no look at AWS. Neighbours: `changes.ts` has every
 * other field; `api/version-change.ts` refuses what can't be gone to; `policy/decide-upgrade.ts` does it.
 */
import { CONTROL_PLANE_MACHINES, valueAt } from '../api/changes.ts';
import { minorOf, minorOfVersion, minorsBetween } from '../api/minor.ts';
import { RELEASES, type Release, releaseOf } from '../api/releases.ts';
import { versionChangeProblem } from '../api/version-change.ts';

export type VersionChangeWords = {
  /** How many machines go. */
  readonly replaces: number;
  /** What is done, as a clause. */
  readonly does: string;
  /** Until when there is a way back, as a clause; absent where this is the way back, for which no update policy waits. */
  readonly until?: string;
};

type Runs = Pick<Release, 'version' | 'kubernetes' | 'etcd'>;

const textAt = (status: unknown, path: string): string | undefined => {
  const value = valueAt(status, path);
  return typeof value === 'string' ? value : undefined;
};

/** What it runs: what is pinned, or what an upgrade is committed to by now. A status may be of any release. */
const runsBy = (status: unknown, catalogue: readonly Release[]): Runs | undefined => {
  const to = textAt(status, 'upgrade.to');
  if (to !== undefined && valueAt(status, 'upgrade.committed') === true) return releaseOf(to, catalogue);
  const [version, kubernetes, etcd] = ['version', 'kubernetes', 'etcd'].map((name) =>
    textAt(status, `revision.${name}`),
  );
  if (version === undefined || kubernetes === undefined || etcd === undefined) return undefined;
  const isReadable = [kubernetes, etcd].every((one) => minorOfVersion(one) !== undefined);
  return isReadable ? { version, kubernetes, etcd } : undefined;
};

const machines = (count: number): string =>
  count === CONTROL_PLANE_MACHINES
    ? `the ${count} machines of the control plane`
    : `${count} of the ${CONTROL_PLANE_MACHINES} machines of the control plane`;

/** The same of whatever replaces machines of a control plane. */
export const controlPlaneTurns = (count: number): string =>
  `replaces ${machines(count)} in turns, 1 at a time while the others serve`;

/** How many replicas are of another version than the one that is gone back to. */
const toGoBack = (status: unknown, version: string): number => {
  const replicas = valueAt(status, 'upgrade.replicas');
  if (!Array.isArray(replicas)) return CONTROL_PLANE_MACHINES;
  return replicas.filter((replica) => textAt(replica, 'version') !== version).length;
};

const returning = (status: unknown, version: string): VersionChangeWords | undefined => {
  const to = textAt(status, 'upgrade.to');
  if (to === undefined || to === version) return undefined;
  const replaces = toGoBack(status, version);
  const turns = replaces === 0 ? 'no machine has been replaced' : controlPlaneTurns(replaces);
  return { replaces, does: `takes the upgrade to ${to} back: ${turns}` };
};

/** Until when, and to what. */
const wayBack = (from: Runs, to: Runs, soakSeconds: unknown): string => {
  if (minorsBetween(from.etcd, to.etcd) !== 0) {
    return `goes back to ${from.version} until the last of them begins to have etcd ${minorOf(to.etcd)}, and not after`;
  }
  const [old, young] = [minorOf(from.kubernetes), minorOf(to.kubernetes)];
  if (old === young) return `goes back to ${from.version} at any time, by as many turns`;
  if (soakSeconds === 0) {
    return `serves as Kubernetes ${young} from the first of them on, from which there is no way back, since spec.controlPlane.upgrade.soakSeconds is 0`;
  }
  return `serves as Kubernetes ${old} for ${String(soakSeconds)} s more, and goes back to ${from.version} until then; afterwards as ${young}, with no way back`;
};

/** Undefined where status doesn't say what runs, and where what is asked for is refused, which others say. */
export const versionWords = (
  spec: unknown,
  status: unknown,
  catalogue: readonly Release[] = RELEASES,
): VersionChangeWords | undefined => {
  const from = runsBy(status, catalogue);
  const version = textAt(spec, 'controlPlane.version');
  if (from === undefined || version === undefined) return undefined;
  if (version === from.version) return returning(status, version);
  const asked = releaseOf(version, catalogue);
  if (asked === undefined || versionChangeProblem({ running: from, asked }, catalogue) !== undefined) return undefined;
  const until = wayBack(from, asked, valueAt(spec, 'controlPlane.upgrade.soakSeconds'));
  const replaces = CONTROL_PLANE_MACHINES;
  return { replaces, does: controlPlaneTurns(replaces), until };
};
