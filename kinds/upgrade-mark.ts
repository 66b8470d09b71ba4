/** What an upgrade says on the etcd volumes of all replicas: as which minor newer binaries serve, or that there is no way back any more. */
import type { Minor } from '../api/minor.ts';
import type { UpgradeMark } from '../words/emulation.ts';
import type { Value } from '../words/references.ts';
import type { Nothing, Row } from './row.ts';

export type UpgradeMarkProperties = {
  readonly mark: UpgradeMark;
  readonly minor: Minor;
  /** Those of all replicas, or of one whose machine is replaced next. */
  readonly volumeIds: readonly Value[];
};

export const upgradeMark: Row<UpgradeMarkProperties, undefined, Nothing> = {
  planned: 'never',
  neverSkipped: 'machines that boot would not know as which minor of Kubernetes they may serve',
};
