/**
 * Upgrade view: what an object's status tells of an upgrade of its control plane.
 *
 * Owns: the phase by which people know where it is, and how far each replica is. Neighbours: `decide-upgrade.ts` has what is the case,
 * `status.ts` writes it. Pure.
 */

import type { UpgradeStatus } from '../api/cluster.ts';
import { compareMinors, type Minor } from '../api/minor.ts';
import { present } from '../words/present.ts';
import { releaseOfReplica, type UpgradeDecision } from './decide-upgrade.ts';
import { minorOfRelease, type ReplicaState } from './upgrade-state.ts';
import type { StoredObject, Subject } from './views.ts';

type Way = Extract<UpgradeDecision, { kind: 'turns' }>;

const phaseOf = (upgrade: UpgradeDecision): UpgradeStatus['phase'] | undefined => {
  switch (upgrade.kind) {
    case 'turns':
      return upgrade.returns ? 'Returning' : 'Replacing';
    case 'soak':
      return 'Soaking';
    case 'commit':
      return upgrade.hasBegun ? 'Committing' : 'Soaking';
    // Where nobody may go on, it is where it was.
    case 'refused':
    case 'done':
    case 'none':
      return undefined;
  }
};

/** What its agent said; else what its disk and its machine come to. */
const emulationOf = (
  { serves, emulates, committed, runs }: ReplicaState,
  { from, to }: Pick<Way, 'from' | 'to'>,
): Minor | undefined => {
  if (serves !== undefined) return serves;
  if (runs === undefined) return undefined;
  const own = minorOfRelease(releaseOfReplica(runs, runs === to.version ? to : from));
  const told = committed ?? emulates;
  return told !== undefined && compareMinors(told, own) < 0 ? told : own;
};

/** `isCommitting`: the operation that begins now commits. */
export const upgradeView = (upgrade: UpgradeDecision, isCommitting = false): UpgradeStatus | undefined => {
  const phase = isCommitting ? 'Committing' : phaseOf(upgrade);
  if (phase === undefined || upgrade.kind === 'none' || upgrade.kind === 'refused') return undefined;
  const { from, to, states } = upgrade;
  const soak = 'since' in upgrade ? { soakingSince: upgrade.since, soakUntil: upgrade.until } : {};
  return {
    from: from.version,
    to: to.version,
    phase,
    replicas: states.map((state) => ({
      index: state.index,
      ...present({ version: state.runs, emulation: emulationOf(state, upgrade) }),
    })),
    ...soak,
    committed: phase === 'Committing',
  };
};

/** After this write: what nobody says anything new of stays as it was, and what is over goes. */
export const upgradeStatus = (
  subject: Subject,
  { kind, status }: StoredObject,
): { readonly upgrade?: UpgradeStatus } => {
  if (kind !== 'AWSCluster') return {};
  const before = status?.upgrade;
  const now = (): UpgradeStatus | undefined => {
    switch (subject.kind) {
      case 'settled':
        return subject.upgrading;
      case 'operation':
        return subject.operation.upgrading ?? (subject.operation.type === 'RepairCluster' ? before : undefined);
      default:
        return before;
    }
  };
  const upgrade = now();
  return upgrade === undefined ? {} : { upgrade };
};
