/**
 * Upgrade insights: what status says of the next upgrade before anybody asks for it.
 *
 * Owns: the condition `UpgradeInsights`, which is there only while something stands in the way of an upgrade to the next minor version,
 * or is endangered by it. It never makes a plan, and Ready does not speak of it. Neighbours: `insights.ts` judges what was seen,
 * `upgrade-target.ts` says which version is next, `activities/insights-sweep.ts` has clusters looked at. Pure. Invariant: I12 (what
 * nobody looked at stays as it was said, until another version is next).
 */
import type { AWSCluster } from '../api/cluster.ts';
import type { Release } from '../api/releases.ts';
import type { Revision } from '../api/status.ts';
import { planVersionCommand } from '../words/commands.ts';
import { ended, shortened } from '../words/text.ts';
import { type Claim, conditionOf, cut } from './conditions.ts';
import type { Insight } from './insight.ts';
import { nextUpgrade } from './upgrade-target.ts';
import type { StoredObject, Subject } from './views.ts';

export const UPGRADE_INSIGHTS = 'UpgradeInsights';

/** What a look found, as short as a condition is; plain JSON (I10). */
export type UpgradeSeen = {
  readonly version: string;
  readonly blocks: number;
  readonly warns: number;
  /** What it is, what blocks first, without a full stop. */
  readonly says: string;
};

/** Whether its spec asks for another version than it runs, so that an upgrade is to come of it. */
export const upgradeIsAsked = ({ spec, status }: Pick<AWSCluster, 'spec' | 'status'>): boolean =>
  status?.revision !== undefined && status.revision.version !== spec.controlPlane.version;

const LONGEST = 600;

export const upgradeSeen = (insights: readonly Insight[], { version }: Pick<Release, 'version'>): UpgradeSeen => {
  const blocks = insights.filter(({ severity }) => severity === 'blocks').length;
  const says = insights.map(({ name, object, message }) => `${name}: ${object} ${message}`).join('; ');
  return { version, blocks, warns: insights.length - blocks, says: shortened(says, LONGEST) };
};

const REASONS = { blocks: 'UpgradeBlocked', warns: 'UpgradeAtRisk' } as const;

const claimOf = ({ version, blocks, warns, says }: UpgradeSeen, object: StoredObject): Claim | undefined => {
  if (blocks + warns === 0) return undefined;
  const what = blocks === 0 ? 'would meet' : 'is blocked by';
  const cures = `For the cures: ${planVersionCommand(object.metadata, version)}`;
  const message = `An upgrade to ${version} ${what} ${says}`;
  return {
    status: 'True',
    reason: blocks === 0 ? REASONS.warns : REASONS.blocks,
    message: `${ended(cut(message, cures.length + 2))} ${cures}`,
  };
};

/** `pinned`: the revision that its status will have. */
export const upgradeInsights = (
  subject: Subject,
  object: StoredObject,
  pinned: Revision | undefined,
): Claim | undefined => {
  if (object.kind !== 'AWSCluster') return undefined;
  if (subject.kind === 'settled' && subject.upgrade !== undefined) return claimOf(subject.upgrade, object);
  const before = conditionOf(object, UPGRADE_INSIGHTS);
  const next = pinned === undefined ? undefined : nextUpgrade(pinned);
  return next !== undefined && before?.message.startsWith(`An upgrade to ${next.version} `) === true
    ? before
    : undefined;
};
