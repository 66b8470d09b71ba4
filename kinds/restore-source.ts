/** The snapshot that a restore begins with: looked at before anything is stopped for it. */
import type { Nothing, Row } from './row.ts';

export type RestoreSourceProperties = {
  readonly key: string;
  /** What runs, which must understand what the snapshot holds; without a leading v. */
  readonly etcd: string;
  readonly kubernetes: string;
};

export const restoreSource: Row<RestoreSourceProperties, undefined, Nothing> = {
  planned: 'never',
  neverSkipped: 'nobody would know whether there is a snapshot that is whole',
};
