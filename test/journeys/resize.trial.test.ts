/**
 * A node pool that is to keep fewer nodes: a budget stands in the way, is named, and is cured; the worker is killed meanwhile; exactly
 * the machines that were drained end.
 *
 * In a sandbox with stub machines: pods are written with their node, and one that was evicted is started again by nobody.
 */
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { smallCluster } from '../../bench/manifests.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { SPECTATOR } from '../support/spectator.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { type Inside, insideOf, machineOf } from './inside.ts';
import { afterCalls, killWhenever } from './kills.ts';
import { type Lifecycle, lifecycleOf } from './lifecycle.ts';

const POOL = 'cluster-0-pool-0';
const DRAIN_SECONDS = 8;

type Pool = {
  readonly status: {
    readonly state: string;
    readonly readyNodes?: number;
    readonly desiredNodes?: number;
    readonly lastErrors?: readonly { readonly step: string; readonly message: string; readonly commands?: string[] }[];
    readonly operations?: readonly { readonly type: string; readonly state: string }[];
    readonly conditions: readonly { readonly type: string; readonly status: string; readonly message: string }[];
  };
};
let sandbox: SandboxForTests;
let lifecycle: Lifecycle;
let inside: Inside;

const kubectl = (...args: readonly string[]): Promise<string> => succeed(args.join(' '), sandbox.kubectl(args));
const pool = async (): Promise<Pool> => JSON.parse(await kubectl('get', 'awsnodepool', POOL, '-o', 'json')) as Pool;
const until = (what: string, holds: (found: Pool) => boolean): Promise<Pool> =>
  waitFor(
    what,
    async () => {
      const found = await pool();
      return holds(found) ? found : undefined;
    },
    UNHURRIED,
  );
const keeps =
  (count: number) =>
  ({ status }: Pool) =>
    status.state === 'Provisioned' && status.desiredNodes === count && status.readyNodes === count;
/** Machines of the pool in the account, by id. */
const machines = async (): Promise<readonly string[]> =>
  (await lifecycle.account())
    .filter(({ kind, detail }) => kind === 'instance' && JSON.stringify(detail.tags).includes('nodepool'))
    .map(({ id }) => id)
    .sort();
const [CLUSTER, SMALL_POOL] = smallCluster('cluster-0');
const FIVE = {
  ...SMALL_POOL,
  spec: {
    ...SMALL_POOL?.spec,
    minNodeCount: 1,
    maxNodeCount: 6,
    nodeCount: 5,
    updateSettings: { drainSeconds: DRAIN_SECONDS },
  },
};

beforeAll(async () => {
  // No sweep comes in time: how many nodes there are is counted by what changes it.
  sandbox = await startSandbox({ SLIPWAY_SETTLE_SECONDS: '1', SLIPWAY_PACE: 'quick' }, { stub: true });
  lifecycle = lifecycleOf(sandbox, '-');
  const input = [CLUSTER, FIVE].map((one) => JSON.stringify(one)).join('\n---\n');
  await succeed('apply', sandbox.kubectl(['apply', '-f', '-'], { input }));
  await until('five nodes', keeps(5));
  inside = await insideOf(sandbox, 'cluster-0');
  const nodes = await inside.nodes();
  for (const [index, { metadata }] of nodes.entries()) {
    for (let count = 0; count <= index; count += 1) await inside.runPod(`web-${index}-${count}`, metadata.name);
  }
});
afterAll(() => sandbox?.end());

describe('a pool of five nodes that is scaled to two', () => {
  test('waits while a budget lets no pod go, names node, pod and budget within a minute, and what to do', async () => {
    const pods = await inside.pods();
    await inside.setBudget('all-of-them', pods.length);
    const began = Date.now();
    await kubectl('scale', `awsnodepool/${POOL}`, '--replicas=2');
    const blocked = await until('the budget is named', ({ status }) => (status.lastErrors ?? []).length > 0);
    expect(Date.now() - began).toBeLessThan(60_000);
    const [error] = blocked.status.lastErrors ?? [];
    expect(error?.message).toMatch(
      /After 8 s not all pods have left node \S+: default\/web-0-0 \(.*budget all-of-them needs 15/,
    );
    expect(blocked.status.state).toBe('Resizing');
    expect((await inside.pods()).map(({ metadata }) => metadata.uid)).toEqual(pods.map(({ metadata }) => metadata.uid));
    expect(await machines()).toHaveLength(5);
  });

  test('goes on once the budget allows it, whenever its worker is killed, and ends the machines that were drained', async () => {
    const before = await inside.nodes();
    const pods = await inside.pods();
    const [error] = (await pool()).status.lastErrors ?? [];
    await inside.kubectl(['delete', 'poddisruptionbudgets', 'all-of-them', '-n', 'default']);
    const kills = await killWhenever(
      sandbox,
      (async () => {
        await sandbox.slipway(['operations', 'retry', 'nodepool', POOL, '--step', error?.step ?? '']);
        await until('two nodes', keeps(2));
      })(),
      afterCalls([1, 2, 3]),
    );
    expect(kills.length).toBeGreaterThan(0);
    // Those with the fewest pods: one, two and three.
    const left = await machines();
    expect(left).toEqual(before.slice(3).map(machineOf).sort());
    const stayed = await inside.pods();
    const onThree = before.slice(0, 3).map(({ metadata }) => metadata.name);
    expect(stayed.map(({ metadata }) => metadata.uid)).toEqual(
      pods.filter(({ spec }) => !onThree.includes(spec.nodeName)).map(({ metadata }) => metadata.uid),
    );
    expect((await inside.nodes()).filter(({ spec }) => spec.unschedulable === true)).toEqual([]);
  });

  test('is one entry among its operations', async () => {
    const { operations = [] } = (await pool()).status;
    expect(operations.filter(({ type }) => type === 'ResizeNodePool')).toMatchObject([{ state: 'succeeded' }]);
  });
});

describe('a pool whose machines are to be of another type', () => {
  test('has each of its machines replaced by another, a node more at most and none fewer, in one entry among its operations', async () => {
    const before = await machines();
    const pods = await inside.pods();
    await kubectl('patch', 'awsnodepool', POOL, '--type=merge', '-p', '{"spec":{"instanceType":"t3.large"}}');
    const counts = new Set<number>();
    await waitFor(
      'two other machines',
      async () => {
        const now = await machines();
        counts.add(now.length);
        const { state } = (await pool()).status;
        return state === 'Provisioned' && now.length === 2 && now.every((id) => !before.includes(id))
          ? true
          : undefined;
      },
      UNHURRIED,
    );
    const after = await machines();
    expect(after).toHaveLength(2);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...counts)).toBeLessThanOrEqual(3);
    // Whoever would start them again is not played here: those of the nodes that went are gone.
    const left = (await inside.pods()).map(({ metadata }) => metadata.uid);
    expect(left.filter((uid) => pods.some(({ metadata }) => metadata.uid === uid))).toEqual([]);
    expect((await inside.nodes()).filter(({ spec }) => spec.unschedulable === true)).toEqual([]);
    const { operations = [] } = (await pool()).status;
    expect(operations.filter(({ type }) => type === 'UpdateNodePool')).toMatchObject([{ state: 'succeeded' }]);
    await until('two nodes again', keeps(2));
  });
});

type Marks = {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly taints?: readonly { readonly key: string; readonly effect: string }[] };
};

describe('a pool whose nodes are to carry other labels and taints', () => {
  const marks = async (): Promise<readonly string[]> =>
    (await inside.list<Marks>('nodes')).map(({ metadata, spec }) => {
      const taints = (spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);
      return [metadata.labels['team'] ?? '-', ...taints].join(' ');
    });
  const untilMarked = (as: string): Promise<true> =>
    waitFor(
      `both nodes: ${as}`,
      async () => {
        const { state } = (await pool()).status;
        return state === 'Provisioned' && (await marks()).every((one) => one === as) ? true : undefined;
      },
      UNHURRIED,
    );
  const patch = (spec: object): Promise<string> =>
    kubectl('patch', 'awsnodepool', POOL, '--type=merge', '-p', JSON.stringify({ spec }));

  test('has its nodes given them, and loses them again, without another machine', async () => {
    const before = await machines();
    await patch({ labels: { team: 'platform' }, taints: [{ key: 'team', value: 'p', effect: 'NoSchedule' }] });
    await untilMarked('platform team:NoSchedule');
    // Somebody's own taint is no matter of ours.
    const [one] = await inside.nodes();
    await inside.kubectl(['taint', 'node', one?.metadata.name ?? '', 'theirs=1:PreferNoSchedule']);
    await patch({ labels: { team: null }, taints: [] });
    await waitFor(
      'nothing left of them',
      async () => {
        const [first, second] = (await marks()).toSorted();
        return first === '-' && second === '- theirs:PreferNoSchedule' ? true : undefined;
      },
      UNHURRIED,
    );
    await waitFor(
      'nothing more to be taken off later',
      async () => {
        const { status } = JSON.parse(await kubectl('get', 'awsnodepool', POOL, '-o', 'json')) as {
          status: { appliedLabelKeys?: string[]; appliedTaints?: string[] };
        };
        return status.appliedLabelKeys === undefined && status.appliedTaints === undefined ? true : undefined;
      },
      UNHURRIED,
    );
    expect(await machines()).toEqual(before);
  });
});

describe('a pool whose machines are to have another security group', () => {
  const OTHER = 'sg-0372ceaae4fc17084';
  const groupsOf = async (ids: readonly string[]): Promise<readonly (readonly (string | undefined)[])[]> => {
    const { endpoint, region } = sandbox.status().aws;
    const ec2 = new EC2Client({ endpoint, region, credentials: SPECTATOR });
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [...ids] }));
    ec2.destroy();
    const all = Reservations.flatMap(({ Instances = [] }) => Instances);
    return all.map(({ SecurityGroups = [] }) => SecurityGroups.map(({ GroupId }) => GroupId));
  };

  test('has it given to those that run, and taken from them again, without another machine', async () => {
    const before = await machines();
    for (const [securityGroupIDs, holds] of [
      [[OTHER], (groups: readonly unknown[]) => groups.includes(OTHER) && groups.length === 2],
      [[], (groups: readonly unknown[]) => !groups.includes(OTHER) && groups.length === 1],
    ] as const) {
      await kubectl('patch', 'awsnodepool', POOL, '--type=merge', '-p', JSON.stringify({ spec: { securityGroupIDs } }));
      await waitFor(
        `each machine has ${securityGroupIDs.length} of its own`,
        async () => ((await groupsOf(before)).every(holds) ? true : undefined),
        UNHURRIED,
      );
    }
    await until('nothing left to do', keeps(2));
    expect(await machines()).toEqual(before);
  });
});

describe('a cluster that falls silent while one of three nodes goes', () => {
  test('holds the end of that for a minute: the machine has gone, and nobody has counted, which is said', async () => {
    await kubectl('scale', `awsnodepool/${POOL}`, '--replicas=3');
    await until('three nodes', keeps(3));
    const nodes = await inside.nodes();
    for (const [index, { metadata }] of nodes.entries()) await inside.runPod(`kept-${index}`, metadata.name);
    await inside.setBudget('each-of-them', nodes.length);
    await kubectl('scale', `awsnodepool/${POOL}`, '--replicas=2');
    const { status } = await until('the budget is named', (found) => (found.status.lastErrors ?? []).length > 0);
    await succeed('silence', sandbox.sandbox('fault', 'silence'));
    const step = status.lastErrors?.[0]?.step ?? '';
    const began = Date.now();
    await succeed('skip', sandbox.slipway(['operations', 'skip', 'nodepool', POOL, '--step', step]));
    const ended = await until('it is over', (found) => found.status.state === 'Provisioned');
    expect(Date.now() - began).toBeLessThan(180_000);
    expect(ended.status).toMatchObject({ desiredNodes: 2 });
    expect(ended.status).not.toHaveProperty('readyNodes');
    expect(ended.status.conditions).toContainEqual(
      expect.objectContaining({
        type: 'NodesUnknown',
        status: 'True',
        message: expect.stringMatching(/^How many nodes are Ready is not known: https:/),
      }),
    );
    expect(await machines()).toHaveLength(2);
    await succeed('fault clear', sandbox.sandbox('fault', 'clear'));
    // Whoever waited all the while is answered first, and who comes then may be refused for a moment.
    await waitFor('the cluster answers again', async () => (await inside.nodes()).length, UNHURRIED);
    await inside.kubectl(['delete', 'poddisruptionbudgets', 'each-of-them', '-n', 'default', '--wait=false']);
    for (const { metadata } of await inside.pods()) {
      await inside.kubectl(['delete', 'pod', metadata.name, '-n', 'default', '--wait=false']);
    }
  });
});

describe('a turn that is aborted while a budget holds the node that is to go', () => {
  test('takes back the machine that it added, and its pool counts as many nodes as before, though no sweep came', async () => {
    const [
      {
        metadata: { name: held },
      } = { metadata: { name: '' } },
    ] = await inside.nodes();
    await inside.runPod('held-0', held);
    await inside.setBudget('that-one', 1);
    await kubectl('patch', 'awsnodepool', POOL, '--type=merge', '-p', '{"spec":{"instanceType":"t3.medium"}}');
    const blocked = await until('the budget is named', ({ status }) => (status.lastErrors ?? []).length > 0);
    // The other node was replaced before, and this one's place is taken already.
    expect(blocked.status).toMatchObject({ readyNodes: 3, desiredNodes: 3 });
    await succeed('abort', sandbox.slipway(['operations', 'abort', 'nodepool', POOL]));
    const { status } = await until('it is aborted', (found) =>
      (found.status.operations ?? []).some(({ state }) => state === 'aborted'),
    );
    expect(status).toMatchObject({ readyNodes: 2, desiredNodes: 2 });
    // It has been ended, and shuts down for a moment more.
    await waitFor('two machines', async () => ((await machines()).length === 2 ? true : undefined), UNHURRIED);
    expect((await inside.nodes()).filter(({ spec }) => spec.unschedulable === true)).toEqual([]);
  });
});
