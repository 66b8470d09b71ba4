/**
 * A node pool whose update policy is Manual: what a change would do is said beforehand, what needs no other machine is done at once, and
 * machines are replaced once somebody says so. In a sandbox with stub machines.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { smallCluster } from '../../bench/manifests.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { type Lifecycle, lifecycleOf } from './lifecycle.ts';

const POOL = 'cluster-0-pool-0';

type Pool = {
  readonly status: {
    readonly state: string;
    readonly readyNodes?: number;
    readonly desiredNodes?: number;
    readonly rollout?: { readonly released?: string };
    readonly operations?: readonly { readonly type: string }[];
    readonly conditions: readonly { readonly type: string; readonly reason: string; readonly message: string }[];
  };
};

let sandbox: SandboxForTests;
let lifecycle: Lifecycle;
let folder: string;

const kubectl = (...args: readonly string[]): Promise<string> => succeed(args.join(' '), sandbox.kubectl(args));
const until = (what: string, holds: (found: Pool) => boolean): Promise<Pool> =>
  waitFor(
    what,
    async () => {
      const found = JSON.parse(await kubectl('get', 'awsnodepool', POOL, '-o', 'json')) as Pool;
      return holds(found) ? found : undefined;
    },
    UNHURRIED,
  );
const keeps =
  (count: number) =>
  ({ status }: Pool) =>
    status.state === 'Provisioned' && status.desiredNodes === count && status.readyNodes === count;
const pending = ({ status }: Pool) => status.conditions.find(({ type }) => type === 'ChangesPending');

/** Machines of the pool in the account, by id. */
const machines = async (): Promise<readonly string[]> =>
  (await lifecycle.account())
    .filter(({ kind, detail }) => kind === 'instance' && JSON.stringify(detail.tags).includes('nodepool'))
    .map(({ id }) => id)
    .sort();

const [CLUSTER, SMALL_POOL] = smallCluster('cluster-0');
const poolWith = (spec: object) => ({
  ...SMALL_POOL,
  spec: { ...SMALL_POOL?.spec, minNodeCount: 1, maxNodeCount: 6, updatePolicy: { mode: 'Manual' }, ...spec },
});
const CHANGED = poolWith({ nodeCount: 3, maxPodsPerNode: 40, labels: { tier: 'web' } });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-held-back-'));
  sandbox = await startSandbox({ SLIPWAY_SETTLE_SECONDS: '1', SLIPWAY_PACE: 'quick' }, { stub: true });
  lifecycle = lifecycleOf(sandbox, '-');
  const input = [CLUSTER, poolWith({ nodeCount: 2 })].map((one) => JSON.stringify(one)).join('\n---\n');
  await succeed('apply', sandbox.kubectl(['apply', '-f', '-'], { input }));
  await until('two nodes', keeps(2));
});
afterAll(async () => {
  await sandbox?.end();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

test('a change waits for a word, and is told of before, meanwhile and after', async () => {
  const file = join(folder, 'pool.json');
  await writeFile(file, JSON.stringify(CHANGED));
  const before = await machines();

  const plan = await succeed('plan', sandbox.slipway(['clusters', 'plan', '-f', file]));
  expect(plan).toContain('spec.maxPodsPerNode: replaces 2 machines in turns, 1 at a time, new ones first');
  expect(plan).toContain('spec.labels: in place');
  expect(plan).toContain('note: turns begin once somebody says resume');
  const { stderr } = await sandbox.kubectl(['apply', '--dry-run=server', '-f', file]);
  expect(stderr).toContain(
    'Warning: spec.maxPodsPerNode: replaces 2 machines in turns, 1 at a time, new ones first, once somebody says resume',
  );

  await kubectl('apply', '-f', file);
  const waiting = await until(
    'machines to wait, and one more to be there',
    (found) => pending(found)?.reason === 'WaitsForWord' && keeps(3)(found),
  );
  expect(pending(waiting)?.message).toContain('2 machines wait to be replaced until somebody lets it begin');
  expect((await machines()).filter((id) => before.includes(id))).toEqual(before);

  const described = await succeed('describe', sandbox.slipway(['clusters', 'describe', 'cluster-0']));
  expect(described).toContain('2 machines wait to be replaced');
  await succeed('resume', sandbox.slipway(['operations', 'resume', 'nodepool', POOL]));
  const over = await until('others to be in their places', (found) => pending(found) === undefined && keeps(3)(found));
  expect((await machines()).filter((id) => before.includes(id))).toEqual([]);
  expect(over.status.rollout).toBeUndefined();

  expect(await succeed('plan', sandbox.slipway(['clusters', 'plan', '-f', file]))).toContain('nothing changes');
});
