/**
 * Chapter: the first node pool gets a node more and gives it back, as the seed tells it and as the quick start has it.
 *
 * In the seed the cluster autoscaler took a node away once the minimum allowed it; here `nodeCount` says how many there are to be.
 */
import { describe, expect, test } from '@jest/globals';
import { UNHURRIED, waitFor } from '../../support/wait.ts';
import { normalised, normalisedRows, PATCHED, RESIZE, RESIZING, TEN_NODES } from '../seed.ts';
import { rows, type Story, type Tell } from '../story.ts';

const POOL = 'cluster-0-pool-0';
const KEEPS_THREE = `kubectl patch AWSNodePool ${POOL} --type=json -p='[{"op": "add", "path": "/spec/nodeCount", "value": 3}]'`;
/** What the webhook says of it beforehand, which the original had none of. */
const WARNED = 'Warning: spec.nodeCount: drains 1 machine, which then ends';
const scaledTo = (count: number): string => `kubectl scale awsnodepool ${POOL} --replicas=${count}`;

const [MORE, FEWER] = RESIZE;

const stateNow = async ({ journey }: Story): Promise<string | undefined> =>
  (await journey.made()).find(({ metadata }) => metadata.name === POOL)?.status?.state;

const untilResizing = (story: Story): Promise<true> =>
  waitFor(`${POOL} is being resized`, async () => ((await stateNow(story)) === 'Resizing' ? true : undefined), {
    intervalMs: 100,
  });

const nodesNow = ({ journey }: Story): Promise<string> => journey.user('get', 'nodes');

/** `kubectl get nodes` once there are so many, all of them Ready, and the pool is at rest. */
const untilNodes = (story: Story, count: number): Promise<string> =>
  waitFor(
    `${count} nodes, all Ready`,
    async () => {
      const shown = await nodesNow(story);
      const states = rows(shown)
        .slice(1)
        .map((node) => node.split(/\s+/)[1]);
      const isDone = states.length === count && states.every((state) => state === 'Ready');
      return isDone && (await stateNow(story)) === 'Provisioned' ? shown : undefined;
    },
    UNHURRIED,
  );

const machinesNow = async ({ journey }: Story): Promise<readonly string[]> =>
  (await journey.instances()).map(({ id }) => id).toSorted();

/** What each of its nodes is to Kubernetes: one that was made anew would have another uid. */
const uidsNow = async ({ journey }: Story): Promise<readonly string[]> =>
  rows(await journey.user('get', 'nodes', '-o', 'jsonpath={range .items[*]}{.metadata.uid}{"\\n"}{end}')).toSorted();

export const resize: Tell = (story) => {
  /** Types a command of the quick start. */
  const type = (command: string): Promise<string> => story().documentation.run(command);
  let nodes: readonly string[] = [];
  let machines: readonly string[] = [];

  describe('a node pool whose minimum is raised', () => {
    test('says that it is resized, in the seed’s words', async () => {
      nodes = await uidsNow(story());
      machines = await machinesNow(story());
      expect(normalised(await type(MORE))).toEqual(normalised(PATCHED));
      await untilResizing(story());
      expect(normalised(await type('kubectl get AWSNodepool'))).toEqual(normalised(RESIZING));
    });

    test('gets another node, and the cluster has the seed’s ten', async () => {
      expect(normalisedRows(await untilNodes(story(), 10))).toEqual(normalisedRows(TEN_NODES));
      expect(await uidsNow(story())).toEqual(expect.arrayContaining([...nodes]));
    });
  });

  describe('a node pool whose minimum is lowered', () => {
    test('keeps its nodes until it is told how many there are to be; then one of them is drained and ends', async () => {
      expect(normalised(await type(FEWER))).toEqual(normalised(PATCHED));
      await untilNodes(story(), 10);
      expect(normalised(await type(KEEPS_THREE))).toEqual(normalised(`${WARNED}${PATCHED}`));
      await untilResizing(story());
      expect(normalised(await type('kubectl get AWSNodepool'))).toEqual(normalised(RESIZING));
      const left = normalisedRows(await untilNodes(story(), 9));
      const [header, inFirst, ...others] = normalisedRows(TEN_NODES);
      expect(inFirst).toContain('-1-');
      expect(left).toEqual([header, ...others]);
    });
  });

  describe('kubectl scale', () => {
    test('adds a node and takes one away, and every other machine stays', async () => {
      const before = await uidsNow(story());
      expect(await type(scaledTo(4))).toBe(`awsnodepool.multicloud.cluster.gke.io/${POOL} scaled\n`);
      expect(normalisedRows(await untilNodes(story(), 10))).toEqual(normalisedRows(TEN_NODES));
      expect(await uidsNow(story())).toEqual(expect.arrayContaining([...before]));
      const ten = await machinesNow(story());
      expect(await type(scaledTo(3))).toBe(`awsnodepool.multicloud.cluster.gke.io/${POOL} scaled\n`);
      await untilNodes(story(), 9);
      const nine = await waitFor(
        'a machine has ended',
        async () => {
          const now = await machinesNow(story());
          return now.length === machines.length ? now : undefined;
        },
        UNHURRIED,
      );
      expect(ten).toEqual(expect.arrayContaining([...nine]));
    });
  });
};
