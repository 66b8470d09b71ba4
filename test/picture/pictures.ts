/**
 * Pictures: which operations the pages show as Temporal's UI does, a row each.
 *
 * Owns: their files, and how the operation is found in a sandbox. Neighbours: `create.ts` takes and reads them; unit tests hold each text to
 * the plan that policy makes today, and say when a picture is out of date.
 */

export type Picture = {
  /** Files within the repository: the picture, and the text that belongs to it. */
  readonly picture: string;
  readonly text: string;
  /** The operation's type, and which of those that are done. */
  readonly type: string;
  readonly which: 'newest' | 'oldest';
  /** A label that its timeline has. */
  readonly label: string;
  /** What leaves such an operation behind. */
  readonly from: string;
};

/** README opens with it. */
const create: Picture = {
  picture: 'docs/images/create.webp',
  text: 'docs/images/create.txt',
  type: 'CreateCluster',
  which: 'newest',
  label: 'ensure • finalizer',
  from: 'npm run demo makes one',
};

const UPGRADED = 'follow docs/upgrading-a-cluster.md to its commit';

/** The first turn, before which all is looked at and kept. */
const upgrade: Picture = {
  picture: 'docs/images/upgrade.webp',
  text: 'docs/images/upgrade.txt',
  type: 'UpgradeCluster',
  which: 'oldest',
  label: 'wait • upgrade insights',
  from: UPGRADED,
};

const commit: Picture = {
  picture: 'docs/images/commit.webp',
  text: 'docs/images/commit.txt',
  type: 'CommitUpgrade',
  which: 'newest',
  label: 'ensure • upgrade mark',
  from: UPGRADED,
};

export const PICTURES = { create, upgrade, commit } as const;
