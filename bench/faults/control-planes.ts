/**
 * Control planes: what is done to the control plane of a cluster that stands, which is asked for the next minor version.
 *
 * Owns: what a person does, in order, what is waited for in between, and which operations are to come of it. All but `commit` leave the
 * control plane of the version that it had, so that case after case is lived with one cluster; from a commit there is no way back, and
 * each of its cases has a cluster of its own. Neighbours: `control-plane-hands.ts` does and waits, `standing-control-plane.ts` lives them,
 * `upgrades.ts` judges; `situations.ts` has those of a node pool.
 */
import type { OperationType } from '../../words/operations.ts';
import type { ControlPlaneHands } from './control-plane-hands.ts';
import { CONTROL_PLANE_VERSIONS } from './versions.ts';

export type ControlPlaneSituation = {
  readonly about: string;
  /** Whether a snapshot of etcd is kept before the first machine goes: what has one takes longer. */
  readonly snapshot: 'Required' | 'None';
  /** Of what the control plane is in the end. */
  readonly ends: string;
  /** Those that run, each at least once. */
  readonly operations: readonly OperationType[];
  /** Only these calls meet faults, where others are made by another situation, too. */
  readonly meets?: RegExp;
  readonly live: (hands: ControlPlaneHands) => Promise<void>;
};

const { older: OLD, newer: NEW } = CONTROL_PLANE_VERSIONS;

export const CONTROL_PLANES = {
  'control-plane-upgrade': {
    about: 'three machines give way to those of the next minor, which serve as the minor before, and come back',
    snapshot: 'Required',
    ends: OLD,
    operations: ['UpgradeCluster', 'UpdateCluster'],
    live: async (hands) => {
      await hands.ask(NEW);
      await hands.untilSoaking();
      await hands.ask(OLD);
      await hands.untilAtRest(OLD);
    },
  },
  'control-plane-abort': {
    about: 'the same, aborted in the middle of the second turn, and the version put back',
    snapshot: 'None',
    ends: OLD,
    operations: ['UpgradeCluster', 'UpdateCluster'],
    live: async (hands) => {
      await hands.ask(NEW);
      await hands.untilHalfway(NEW);
      await hands.abort();
      await hands.ask(OLD);
      await hands.untilAtRest(OLD);
    },
  },
  commit: {
    about: 'the same, which is let begin to serve as its own minor while it soaks',
    snapshot: 'None',
    ends: NEW,
    operations: ['UpgradeCluster', 'CommitUpgrade', 'UpdateCluster'],
    meets: /^(?:CommitUpgrade|UpdateCluster) · /,
    live: async (hands) => {
      await hands.ask(NEW);
      await hands.untilSoaking();
      await hands.resume();
      await hands.untilAtRest(NEW);
    },
  },
} as const satisfies Readonly<Record<string, ControlPlaneSituation>>;

export type ControlPlaneSituationName = keyof typeof CONTROL_PLANES;

export const CONTROL_PLANE_NAMES = Object.keys(CONTROL_PLANES) as readonly ControlPlaneSituationName[];

export const controlPlaneOf = (name: ControlPlaneSituationName): ControlPlaneSituation => CONTROL_PLANES[name];
