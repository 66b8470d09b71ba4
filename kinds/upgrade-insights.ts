/** A wait: nothing that would break an upgrade stands in its way. A person may skip it, and goes on regardless. */
import type { Value } from '../words/references.ts';
import type { Row } from './row.ts';

export type UpgradeInsightsProperties = {
  readonly endpoint: Value;
  /** The version that the cluster goes to, as the catalogue calls it. */
  readonly version: string;
  /** Whether etcd has to have somewhere to leave a snapshot before. */
  readonly snapshot: 'Required' | 'None';
};

export const upgradeInsights: Row<UpgradeInsightsProperties> = { planned: 'never' };
