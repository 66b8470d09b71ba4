/**
 * Describing an upgrade: where a control plane is on its way to another version, and each of its replicas.
 *
 * Owns: how `status.upgrade` reads. Pure. Neighbours: `describe.ts` puts it into the tree; `policy/upgrade-view.ts` says what it is.
 */
import { type StoredCluster } from '../management.ts';
import { type Branch, branch, leaf, type Paint } from './tree.ts';

type Upgrade = NonNullable<NonNullable<StoredCluster['status']>['upgrade']>;

const goneBackFrom = ({ from, committed }: Upgrade): string =>
  committed ? `there is no way back to ${from ?? '?'}` : `it may go back to ${from ?? '?'}`;

const whereItIs = (upgrade: Upgrade): string => {
  const { phase, from, to, soakUntil } = upgrade;
  switch (phase) {
    case 'Soaking':
      return `soaks until ${soakUntil ?? '?'}, and ${goneBackFrom(upgrade)} until then`;
    case 'Returning':
      return `goes back to ${from ?? '?'}`;
    case 'Committing':
      return `begins to serve as ${to ?? '?'}, and ${goneBackFrom(upgrade)}`;
    default:
      return `machines give way to others, and ${goneBackFrom(upgrade)}`;
  }
};

/** Nothing where no other version is on its way. */
export const upgradeBranches = ({ status }: Pick<StoredCluster, 'status'>, paint: Paint): readonly Branch[] => {
  const upgrade = status?.upgrade;
  if (upgrade === undefined) return [];
  const { from, to, replicas = [] } = upgrade;
  const each = replicas.map(({ index, version = 'has no machine', emulation }) =>
    leaf(`replica ${index}: ${version}${emulation === undefined ? '' : `, serves as Kubernetes ${emulation}`}`),
  );
  return [branch(`${paint.yellow('upgrade')} ${from ?? '?'} -> ${to ?? '?'}: ${whereItIs(upgrade)}`, ...each)];
};
