/**
 * Situations: what is done to the node pool of a cluster that stands, each from beginning to where it began.
 *
 * Owns: what a person does, in order, what is waited for in between, and which operations are to come of it. Each leaves the pool with
 * as many nodes as it had, so that case after case is lived with one cluster. Neighbours: `hands.ts` does and waits, `standing.ts` lives
 * them, `changes.ts` judges.
 */
import type { OperationType } from '../../words/operations.ts';
import type { Hands } from './hands.ts';

export type Situation = {
  readonly about: string;
  /** As many as the pool has before and after. */
  readonly nodes: number;
  /** Those that run, each at least once. */
  readonly operations: readonly OperationType[];
  readonly live: (hands: Hands) => Promise<void>;
};

/** A budget that lets no pod go stops the turn once its first machine's node is closed. */
const stopHalfway = async (hands: Hands): Promise<void> => {
  await hands.begin('none may go');
  await hands.set({ labels: { turn: hands.token } });
  await hands.untilClosed();
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
    about: 'another label: two machines give way to others in turns',
    nodes: 2,
    operations: ['UpdateNodePool'],
    live: async (hands) => {
      await hands.begin('one may go');
      await hands.set({ labels: { turn: hands.token } });
      await hands.untilKept(2, (node) => node.labels['turn'] === hands.token);
    },
  },
  abort: {
    about: 'another label, aborted in the middle of a turn, and the spec put back',
    nodes: 2,
    operations: ['UpdateNodePool'],
    live: async (hands) => {
      const before = await hands.labels();
      await stopHalfway(hands);
      await hands.abort();
      await hands.loosen();
      await hands.set({ labels: before });
      await hands.untilKept(2, (node) => node.labels['turn'] === before['turn']);
    },
  },
  'way-back': {
    about: 'another label, and in the middle of a turn the one before',
    nodes: 2,
    operations: ['UpdateNodePool'],
    live: async (hands) => {
      const before = await hands.labels();
      await stopHalfway(hands);
      await hands.set({ labels: before });
      await hands.untilOpen();
      await hands.loosen();
      await hands.untilKept(2, (node) => node.labels['turn'] === before['turn']);
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

export type SituationName = keyof typeof SITUATIONS;

export const SITUATION_NAMES = Object.keys(SITUATIONS) as readonly SituationName[];

/** A create and a delete, beside what is done in between. */
export const LIFE = 'create-and-delete';

export type Part = typeof LIFE | SituationName;

export const PARTS: readonly Part[] = [LIFE, ...SITUATION_NAMES];
