/**
 * Hands: what a person, an agent and a sweep do to the node pool of a case, and what is waited for.
 *
 * Owns: each deed and each wait, with its limit. Neighbours: `situations.ts` says which in what order, `inside.ts` is the cluster.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { OWN_PREFIX } from '../../api/names.ts';
import { nameOf } from '../../kubernetes/resources.ts';
import { driftFound, specChanged } from '../../workflows/messages.ts';
import type { Cloud } from '../cloud.ts';
import type { Stored } from '../manifests.ts';
import type { Inside, SeenNode } from './inside.ts';
import { change } from './objects.ts';
import { viewOf } from './second-look.ts';
import type { World } from './world.ts';

export type Hands = Pick<Inside, 'begin' | 'loosen'> & {
  /** Unique to this case. */
  readonly token: string;
  /** Changes the pool's spec. */
  readonly set: (spec: object) => Promise<void>;
  /** The pool's, as it is now. */
  readonly spec: () => Promise<Stored['spec']>;
  /** By an annotation, as GitOps does; waits until the pool rests. */
  readonly abort: () => Promise<void>;
  /** A node hangs, and two sweeps see it. Answers its name. */
  readonly hang: () => Promise<string>;
  /** The pool is provisioned, and its nodes are so many, all open, Ready, and as they should be. */
  readonly untilKept: (count: number, isSo?: (node: SeenNode) => boolean) => Promise<void>;
  /** Slipway has closed a node. */
  readonly untilClosed: () => Promise<void>;
  /** No node that was there at first is closed any more. */
  readonly untilOpen: () => Promise<void>;
};

export type Ground = {
  readonly cloud: Cloud;
  readonly world: World;
  readonly temporal: Client;
  readonly inside: Inside;
  readonly pool: Stored;
  /** The pool's entity. */
  readonly entityId: string;
  readonly limitMs: number;
};

const LOOK_MS = 200;
const SWEEP_MS = 10_000;

const always = (): boolean => true;

const isAtRest = ({ status, metadata }: Stored): boolean =>
  status?.state === 'Provisioned' &&
  status.observedGeneration === metadata.generation &&
  status.rollout === undefined &&
  status.lastOperation?.state !== 'running';

/** What is looked at, and waited for. */
const watching = ({ cloud, world, temporal, inside, pool, entityId, limitMs }: Ground) => {
  const shown = `AWSNodePool ${pool.metadata.name}`;
  const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
    const deadline = Date.now() + limitMs;
    while (!(await isSo())) {
      if (Date.now() > deadline) throw new Error(`${what}: not within ${limitMs / 1_000} s`);
      await delay(LOOK_MS);
    }
  };
  const seen = async (): Promise<Stored> => (await cloud.objects.get(nameOf(pool))) as Stored;
  /** What a sweep would say of the nodes. */
  const count = async (desired: number): Promise<void> => {
    const ready = (await inside.nodes()).filter(({ isReady }) => isReady).length;
    // Whoever looks for itself at that moment takes no report: the next sweep tells it again.
    await until('the count of nodes is in the status', async () => {
      const { status } = await seen();
      if (status?.readyNodes === ready && status.desiredNodes === desired) return true;
      const report = { lookedAt: Date.now() + 1_000, differences: [], nodes: { ready, desired } };
      await temporal.workflow.getHandle(entityId).signal(driftFound, report);
      await delay(LOOK_MS);
      return false;
    });
  };
  const untilKept: Hands['untilKept'] = async (wanted, isSo = always) => {
    const isKept = async (): Promise<boolean> => {
      const nodes = await inside.nodes();
      return nodes.length === wanted && nodes.every((node) => node.isReady && !node.isClosed && isSo(node));
    };
    await until(`${wanted} nodes as they should be`, isKept);
    await world.until('the pool is provisioned', limitMs, (objects) => {
      const object = objects.get(shown);
      return object !== undefined && isAtRest(object);
    });
    await until(`${wanted} nodes as they should be, still`, isKept);
    await count(wanted);
  };
  return { until, seen, count, untilKept };
};

export const handsOf = (ground: Ground, token: string, first: readonly SeenNode[]): Hands => {
  const { cloud, temporal, inside, pool, entityId } = ground;
  const { until, seen, count, untilKept } = watching(ground);
  const entity = temporal.workflow.getHandle(entityId);
  return {
    token,
    begin: inside.begin,
    loosen: inside.loosen,
    set: async (spec) => void (await change(cloud, pool, { spec })),
    spec: async () => (await seen()).spec,
    abort: async () => {
      await change(cloud, pool, { metadata: { annotations: { [`${OWN_PREFIX}abort`]: token } } });
      await until('the turn is aborted', async () => (await viewOf(entity))?.held !== undefined);
    },
    hang: async () => {
      const [node] = await inside.nodes();
      if (node === undefined) throw new Error('the pool has no node that could hang');
      await inside.hang(node.name);
      await count(first.length);
      // A look that could not read the nodes names none: the next sweep has it looked again.
      let sweptAt = 0;
      await until('the node that hangs is named', async () => {
        if (((await seen()).status?.unhealthyNodes ?? []).length > 0) return true;
        if (Date.now() - sweptAt > SWEEP_MS) {
          sweptAt = Date.now();
          await entity.signal(specChanged);
        }
        return false;
      });
      await entity.signal(specChanged);
      return node.name;
    },
    untilKept,
    untilClosed: () => until('a node is closed', async () => (await inside.nodes()).some(({ isMarked }) => isMarked)),
    untilOpen: () =>
      until('the node that was closed is open again', async () =>
        (await inside.nodes()).every(({ name, isClosed }) => !isClosed || !first.some((one) => one.name === name)),
      ),
  };
};
