/**
 * Situations: what is done to the node pool of a cluster that stands, each from beginning to where it began.
 *
 * Owns: what a person does, in order, what is waited for in between, and which operations are to come of it. Each leaves the pool with
 * as many nodes as it had, so that case after case is lived with one cluster. Neighbours: `hands.ts` does and waits, `standing.ts` lives
 * them, `changes.ts` judges.
 */
import { releaseOf } from '../../api/releases.ts';
import type { OperationType } from '../../words/operations.ts';
import { CONTROL_PLANE_NAMES, type ControlPlaneSituationName } from './control-planes.ts';
import type { Hands } from './hands.ts';
import type { SeenNode } from './inside.ts';
import { POOL_VERSIONS } from './versions.ts';

export type Situation = {
  readonly about: string;
  /** As many as the pool has before and after. */
  readonly nodes: number;
  /** Those that run, each at least once. */
  readonly operations: readonly OperationType[];
  readonly live: (hands: Hands) => Promise<void>;
};

const runs =
  (version: string) =>
  ({ kubelet }: SeenNode): boolean =>
    kubelet === releaseOf(version)?.kubernetes;

/** Another one than now: it takes other machines. */
const otherMaximum = async (hands: Hands): Promise<number> =>
  (await hands.spec())['maxPodsPerNode'] === MAXIMA[0] ? MAXIMA[1] : MAXIMA[0];

const MAXIMA = [100, 90] as const;

const takesPods =
  (most: unknown) =>
  (node: SeenNode): boolean =>
    node.maxPods === most;

/** A budget that lets no pod go stops the turn once its first machine's node is closed. Answers what to put back. */
const stopHalfway = async (hands: Hands): Promise<{ readonly maxPodsPerNode: unknown }> => {
  const { maxPodsPerNode } = await hands.spec();
  await hands.begin('none may go');
  await hands.set({ maxPodsPerNode: await otherMaximum(hands) });
  await hands.untilClosed();
  return { maxPodsPerNode };
};

export const SITUATIONS = {
  resize: {
    about: 'two nodes become one, which is drained, and two again',
    nodes: 2,
    operations: ['ResizeNodePool'],
    live: async (hands) => {
      await hands.begin('one may go');
      await hands.set({ nodeCount: 1 });
      await hands.untilKept(1);
      await hands.set({ nodeCount: 2 });
      await hands.untilKept(2);
    },
  },
  update: {
    about: 'another maximum of pods: two machines give way to others in turns',
    nodes: 2,
    operations: ['UpdateNodePool'],
    live: async (hands) => {
      const maxPodsPerNode = await otherMaximum(hands);
      await hands.begin('one may go');
      await hands.set({ maxPodsPerNode });
      await hands.untilKept(2, takesPods(maxPodsPerNode));
    },
  },
  upgrade: {
    about: 'another version, and in the next case the one before: two machines give way to others in turns',
    nodes: 2,
    operations: ['UpgradeNodePool'],
    live: async (hands) => {
      const { version: before } = await hands.spec();
      const { older, newer } = POOL_VERSIONS;
      const version = before === newer ? older : newer;
      await hands.begin('one may go');
      await hands.set({ version });
      await hands.untilKept(2, runs(version));
    },
  },
  labels: {
    about: 'another label, which the nodes that run get',
    nodes: 2,
    operations: ['UpdateNodePool'],
    live: async (hands) => {
      await hands.begin('one may go');
      await hands.set({ labels: { turn: hands.token } });
      await hands.untilKept(2, (node) => node.labels['turn'] === hands.token);
    },
  },
  abort: {
    about: 'another maximum of pods, aborted in the middle of a turn, and the spec put back',
    nodes: 2,
    operations: ['UpdateNodePool'],
    live: async (hands) => {
      const before = await stopHalfway(hands);
      await hands.abort();
      await hands.loosen();
      await hands.set(before);
      await hands.untilKept(2, takesPods(before.maxPodsPerNode));
    },
  },
  'way-back': {
    about: 'another maximum of pods, and in the middle of a turn the one before',
    nodes: 2,
    operations: ['UpdateNodePool'],
    live: async (hands) => {
      const before = await stopHalfway(hands);
      await hands.set(before);
      await hands.untilOpen();
      await hands.loosen();
      await hands.untilKept(2, takesPods(before.maxPodsPerNode));
    },
  },
  repair: {
    about: 'one node of three hangs, and another machine takes its place',
    nodes: 3,
    operations: ['RepairNodePool'],
    live: async (hands) => {
      await hands.begin('one may go');
      const hung = await hands.hang();
      await hands.untilKept(3, (node) => node.name !== hung);
    },
  },
} as const satisfies Readonly<Record<string, Situation>>;

export type PoolSituationName = keyof typeof SITUATIONS;

export const SITUATION_NAMES = Object.keys(SITUATIONS) as readonly PoolSituationName[];

/** Of a cluster that stands: what is done to its node pool, or to its control plane. */
export type SituationName = PoolSituationName | ControlPlaneSituationName;

/** A create and a delete, beside what is done in between. */
export const LIFE = 'create-and-delete';

export type Part = typeof LIFE | SituationName;

export const PARTS: readonly Part[] = [LIFE, ...SITUATION_NAMES, ...CONTROL_PLANE_NAMES];
