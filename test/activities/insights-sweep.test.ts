/** Which clusters the sweeps of an hour ask about their next upgrade. */
import { describe, expect, test } from '@jest/globals';
import { createInsightsSweep } from '../../activities/insights-sweep.ts';
import type { AWSCluster } from '../../api/cluster.ts';
import { clusterIdOf } from '../../api/names.ts';
import type { Seen } from '../../policy/insights.ts';
import { revisionOf } from '../../policy/revision.ts';
import { nextUpgrade } from '../../policy/upgrade-target.ts';
import { release, seedCluster } from '../topology/objects.ts';

const HOUR = 3_600_000;
const OLD: Seen = {
  inside: {
    apis: [],
    nodes: [{ name: 'n', kubelet: '1.30.0' }],
    budgets: [],
    webhooks: { failClosed: [], namespaces: {} },
    etcd: { bytes: 1 },
  },
  authorities: [],
};
const SILENT: Seen = { inside: { unread: 'no route' }, authorities: [] };
const NEXT = nextUpgrade(release());
if (NEXT === undefined) throw new Error('the catalogue has nothing newer');

const clusterOf = (uid: string, status: object = {}): AWSCluster =>
  seedCluster({
    metadata: { uid },
    status: { state: 'Provisioned', endpoint: 'nlb', revision: revisionOf(release()), ...status },
  });

const sweepOf = (answers: Readonly<Record<string, Seen>> = {}, settings: object = {}) => {
  const asked: string[] = [];
  const clock = { now: 0 };
  const sweep = createInsightsSweep(
    async ({ metadata }) => {
      asked.push(metadata.uid);
      return answers[metadata.uid] ?? OLD;
    },
    { now: () => clock.now, ...settings },
  );
  const run = (...clusters: readonly AWSCluster[]) => sweep(clusters, new AbortController().signal);
  return { asked, clock, run };
};

const [A, B] = ['3125db34-0000-4000-8000-000000000001', '3125db35-0000-4000-8000-000000000002'];

describe('the sweeps of an hour', () => {
  test('ask each cluster once, whatever it says, and the next hour again', async () => {
    const { asked, clock, run } = sweepOf();
    const answers = await run(clusterOf(A), clusterOf(B));
    expect([...answers.keys()]).toEqual([A, B].map(clusterIdOf));
    expect(answers.get(clusterIdOf(A))).toMatchObject({ version: NEXT.version, blocks: 1, warns: 0 });
    clock.now = HOUR - 1;
    expect(await run(clusterOf(A), clusterOf(B))).toEqual(new Map());
    clock.now = HOUR;
    await run(clusterOf(A));
    expect(asked).toEqual([A, B, A]);
  });

  test('ask again soon a cluster that did not answer, and say nothing of it', async () => {
    const { asked, run } = sweepOf({ [A]: SILENT });
    for (const _ of [1, 2]) expect(await run(clusterOf(A))).toEqual(new Map());
    expect(asked).toEqual([A, A]);
  });

  test('ask none for which nothing newer is to be had, nor one without an API', async () => {
    const { asked, run } = sweepOf();
    const { endpoint: _, ...status } = clusterOf(A).status ?? {};
    await run(clusterOf(A, { revision: { ...revisionOf(release()), kubernetes: '1.99.0' } }), {
      ...clusterOf(B),
      status,
    });
    expect(asked).toEqual([]);
  });

  test('leave those for whom no time is left to the next', async () => {
    let asked = 0;
    const sweep = createInsightsSweep(
      () => {
        asked += 1;
        return new Promise((resolve) => AbortSignal.timeout(30).addEventListener('abort', () => resolve(OLD)));
      },
      { allMs: 10 },
    );
    const many = Array.from({ length: 8 }, (_, index) => clusterOf(`3125db3${index}-0000-4000-8000-000000000000`));
    const answers = await sweep(many, new AbortController().signal);
    expect([asked, answers.size]).toEqual([5, 5]);
  });

  test('say that there is no bucket of clusters that are asked for another version, at once, and of no others', async () => {
    const { run } = sweepOf({}, { snapshots: {} });
    const saysOf = async (one: AWSCluster) => (await run(one)).get(clusterIdOf(A))?.says;
    const one = clusterOf(A);
    expect(await saysOf(one)).not.toContain('SLIPWAY_BUCKET');
    const controlPlane = { ...one.spec.controlPlane, version: NEXT.version };
    expect(await saysOf({ ...one, spec: { ...one.spec, controlPlane } })).toContain('SLIPWAY_BUCKET');
  });
});
