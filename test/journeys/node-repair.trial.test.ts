/**
 * Nodes that fall silent: one hangs and is replaced, one comes back in time, half of a pool and a whole zone fail, a pool of one, and a pool
 * whose repair is turned off. What the page about operations says of each is run while it is so.
 *
 * In a sandbox with stub machines: a machine that hangs runs as far as EC2 can tell, and its control plane hears nothing of it.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { nodePoolIdOf } from '../../api/names.ts';
import { smallCluster } from '../../bench/manifests.ts';
import { allCommands } from '../docs/commands.ts';
import { type Documentation, documentationIn } from '../docs/session.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { type Inside, insideOf, machineOf, type Node, readyOf } from './inside.ts';
import { kill } from './kills.ts';
import { type Lifecycle, lifecycleOf } from './lifecycle.ts';

const PAGE = 'docs/operations.md';
const CLUSTER = 'cluster-0';
/** Two in one zone, one in another. */
const [FIVE, ONE, ELSEWHERE] = ['five', 'one', 'elsewhere'] as const;
const ANOTHER_ZONE = 'subnet-03babff7f9b5d4a7b';
const REPAIR_SECONDS = 20;
const DRAIN_SECONDS = 5;
const HANG = 'npm run sandbox -- fault hang <machine>';
const RESUME = 'npm run sandbox -- fault resume <machine>';
const HANG_ALL = 'npm run sandbox -- fault hang <machines>';
const RESUME_ALL = 'npm run sandbox -- fault resume <machines>';
const TURN_ON = `kubectl patch awsnodepool <pool> --type=merge -p '{"spec":{"management":{"autoRepair":true}}}'`;
const TURN_OFF = `kubectl patch awsnodepool <pool> --type=merge -p '{"spec":{"management":{"autoRepair":false}}}'`;

type Condition = { readonly type: string; readonly status: string; readonly reason: string; readonly message: string };
type Unhealthy = {
  readonly name?: string;
  readonly instanceID: string;
  readonly since: string;
  readonly message: string;
};
type Pool = {
  readonly status: {
    readonly state: string;
    readonly readyNodes?: number;
    readonly desiredNodes?: number;
    readonly unhealthyNodes?: readonly Unhealthy[];
    readonly operations?: readonly { readonly type: string; readonly state: string }[];
    readonly conditions: readonly Condition[];
  };
};

let sandbox: SandboxForTests;
let documentation: Documentation;
let lifecycle: Lifecycle;
let inside: Inside;
/** What the page's placeholders stand for at the moment. */
const reader = { pool: FIVE as string, machines: [] as readonly string[] };

const kubectl = (...args: readonly string[]): Promise<string> => succeed(args.join(' '), sandbox.kubectl(args));
const poolNow = async (name: string): Promise<Pool> =>
  JSON.parse(await kubectl('get', 'awsnodepool', name, '-o', 'json')) as Pool;
const until = (name: string, what: string, holds: (found: Pool) => boolean): Promise<Pool> =>
  waitFor(
    `${name}: ${what}`,
    async () => {
      const found = await poolNow(name);
      return holds(found) ? found : undefined;
    },
    UNHURRIED,
  );
const degraded = ({ status }: Pool): Condition | undefined => status.conditions.find(({ type }) => type === 'Degraded');
const unhealthyIn = ({ status }: Pool): readonly string[] =>
  (status.unhealthyNodes ?? []).map(({ instanceID }) => instanceID).sort();
const repairsOf = ({ status }: Pool): readonly string[] =>
  (status.operations ?? []).flatMap(({ type, state }) => (type === 'RepairNodePool' ? [state] : []));
const isWell =
  (count: number) =>
  (found: Pool): boolean =>
    found.status.state === 'Provisioned' &&
    found.status.readyNodes === count &&
    found.status.desiredNodes === count &&
    degraded(found) === undefined;

const poolIds = new Map<string, string>();
/** Nodes of a pool, by name. */
const nodesOf = (pool: string): Promise<readonly Node[]> =>
  inside.nodes('-l', `slipway.dev/node-pool=${poolIds.get(pool) ?? ''}`);
/** Machines of the pool in the account, by id. */
const machinesOf = async (pool: string): Promise<readonly string[]> =>
  (await lifecycle.account())
    .filter(({ kind, detail }) => kind === 'instance' && JSON.stringify(detail.tags).includes(poolIds.get(pool) ?? '?'))
    .map(({ id }) => id)
    .sort();

/** By the page's own commands. */
const hang = async (pool: string, machines: readonly string[]): Promise<void> => {
  Object.assign(reader, { pool, machines });
  await documentation.run(machines.length === 1 ? HANG : HANG_ALL);
};
const resume = async (): Promise<void> => {
  await documentation.run(reader.machines.length === 1 ? RESUME : RESUME_ALL);
};

/** Told of these, that nothing is done, and why, for longer than a repair would have waited. */
const untilLeftAlone = (pool: string, machines: readonly string[], why: RegExp): Promise<Pool> =>
  until(pool, `${why} for long`, (found) => {
    const { unhealthyNodes = [] } = found.status;
    const since = Math.max(...unhealthyNodes.map((one) => Date.parse(one.since)));
    const isSaid = degraded(found)?.reason === 'NotRepaired' && why.test(degraded(found)?.message ?? '');
    const isAll = unhealthyIn(found).join() === [...machines].sort().join();
    return isSaid && isAll && Date.now() > since + (REPAIR_SECONDS + 10) * 1_000;
  });

const poolOf = (name: string, count: number, changes: object = {}) => {
  const [, pool] = smallCluster(CLUSTER);
  const nodes = { minNodeCount: count, maxNodeCount: count, updateSettings: { drainSeconds: DRAIN_SECONDS } };
  return { ...pool, metadata: { name, namespace: 'default' }, spec: { ...pool?.spec, ...nodes, ...changes } };
};

beforeAll(async () => {
  sandbox = await startSandbox(
    {
      ...{ SLIPWAY_SETTLE_SECONDS: '1', SLIPWAY_SWEEP_SECONDS: '4', SLIPWAY_PACE: 'quick' },
      SLIPWAY_NODE_REPAIR_SECONDS: String(REPAIR_SECONDS),
    },
    { stub: true },
  );
  lifecycle = lifecycleOf(sandbox, '-');
  documentation = await documentationIn(sandbox, {
    '<pool>': () => reader.pool,
    '<machine>': () => reader.machines[0] ?? '',
    '<machines>': () => reader.machines.join(' '),
  });
  await documentation.section('docs/quick-start.md', '1-start-the-sandbox');
  const [cluster] = smallCluster(CLUSTER);
  const pools = [poolOf(FIVE, 5), poolOf(ONE, 1), poolOf(ELSEWHERE, 1, { subnetID: ANOTHER_ZONE })];
  const input = [cluster, ...pools].map((one) => JSON.stringify(one)).join('\n---\n');
  await succeed('apply', sandbox.kubectl(['apply', '-f', '-'], { input }));
  for (const [name, count] of [
    [FIVE, 5],
    [ONE, 1],
    [ELSEWHERE, 1],
  ] as const) {
    await until(name, 'its nodes', isWell(count));
    const uid = await kubectl('get', 'awsnodepool', name, '-o', 'jsonpath={.metadata.uid}');
    poolIds.set(name, nodePoolIdOf(uid));
  }
  inside = await insideOf(sandbox, CLUSTER);
});
afterAll(async () => {
  documentation?.end();
  await sandbox?.end();
});

describe('a node that falls silent', () => {
  test('and comes back in time is told of, with when its machine would be replaced, and left alone', async () => {
    const before = await machinesOf(FIVE);
    const [silent] = await nodesOf(FIVE);
    if (silent === undefined) throw new Error('there are five');
    await hang(FIVE, [machineOf(silent)]);
    const told = await until(FIVE, 'it is told', (found) => unhealthyIn(found).includes(machineOf(silent)));
    expect(told.status.unhealthyNodes).toMatchObject([
      {
        name: silent.metadata.name,
        message: expect.stringMatching(/is not Ready: Kubelet stopped posting.* is replaced at \S+ unless it is Ready/),
      },
    ]);
    expect(degraded(told)).toMatchObject({ reason: 'NodeUnhealthy' });
    expect(told.status).toMatchObject({ state: 'Provisioned', readyNodes: 4 });
    await resume();
    await until(FIVE, 'it is forgotten', isWell(5));
    expect(await machinesOf(FIVE)).toEqual(before);
    expect(repairsOf(await poolNow(FIVE))).toEqual([]);
  });

  test('for longer is drained as far as can be, ended by name and replaced, whenever the worker is killed', async () => {
    const before = await machinesOf(FIVE);
    const [, silent] = await nodesOf(FIVE);
    if (silent === undefined) throw new Error('there are five');
    const victim = machineOf(silent);
    await inside.runPod('free-0', silent.metadata.name, 'free');
    await inside.runPod('guarded-0', silent.metadata.name, 'guarded');
    await inside.setBudget('guard', 1, 'guarded');
    const states: string[] = [];
    const see = ({ status }: Pool): void => {
      if (states.at(-1) !== status.state) states.push(status.state);
    };
    see(await poolNow(FIVE));

    await hang(FIVE, [victim]);
    const nodeNow = async (): Promise<Node | undefined> =>
      (await nodesOf(FIVE)).find(({ metadata }) => metadata.uid === silent.metadata.uid);
    /** In the order in which they come; each is met once, and the worker killed then. */
    const moments: readonly (readonly [string, () => Promise<boolean>])[] = [
      ['the node is closed', async () => (await nodeNow())?.spec.unschedulable === true],
      [
        'a pod was told to go',
        async () =>
          (await inside.pods()).every(
            ({ metadata }) => metadata.name !== 'free-0' || metadata.deletionTimestamp !== undefined,
          ),
      ],
      ['the machine was ended', async () => !(await machinesOf(FIVE)).includes(victim)],
    ];
    const kills: string[] = [];
    for (const [moment, holds] of moments) {
      await waitFor(moment, async () => {
        see(await poolNow(FIVE));
        return (await holds()) ? true : undefined;
      });
      await kill(sandbox, 'slipway-worker');
      kills.push(moment);
    }
    expect(kills).toHaveLength(3);
    const well = await until(FIVE, 'another is Ready', (found) => {
      see(found);
      return isWell(5)(found) && found.status.unhealthyNodes === undefined;
    });

    const after = await machinesOf(FIVE);
    expect(after).toHaveLength(5);
    expect(before.filter((id) => !after.includes(id))).toEqual([victim]);
    expect(repairsOf(well)).toEqual(['succeeded']);
    expect(states).toEqual(['Provisioned', 'Repairing', 'Provisioned']);
    expect((await nodesOf(FIVE)).filter((node) => readyOf(node) !== 'True' || node.spec.unschedulable)).toEqual([]);
    expect((await inside.pods()).map(({ metadata }) => metadata.name)).toEqual([]);
  });

  test('is told of in events, each once, which `kubectl describe` shows', async () => {
    const described = await kubectl('describe', 'awsnodepool', FIVE);
    const events = described.slice(described.indexOf('Events:')).split('\n');
    const said = (reason: string): readonly string[] => events.filter((line) => line.includes(` ${reason} `));
    expect(said('RepairingNode')).toEqual([
      expect.stringMatching(/Warning.*Node \S+ \(i-\w+\) does not serve: another/),
    ]);
    expect(said('PodsLeft')).toEqual([
      expect.stringMatching(/2 pods did not leave node \S+.*default\/free-0, default\/guarded-0/),
    ]);
    expect(said('RepairedNode')).toEqual([expect.stringMatching(/Another node is Ready in place of \S+/)]);
    await documentation.section(PAGE, 'a-node-is-not-ready');
  });
});

describe('a pool of which half fails', () => {
  test('is left alone, and says why', async () => {
    const before = await machinesOf(FIVE);
    const silent = before.slice(0, 3);
    await hang(FIVE, silent);
    const told = await untilLeftAlone(FIVE, silent, /^Nothing is replaced: 3 of 5 nodes are unhealthy, more than 40 %/);
    expect(told.status).toMatchObject({ state: 'Provisioned', readyNodes: 2, desiredNodes: 5 });
    await documentation.section(PAGE, 'too-many-nodes-are-unhealthy', { later: [HANG_ALL, RESUME_ALL] });
    expect(await machinesOf(FIVE)).toEqual(before);
  });
});

describe('a zone that fails', () => {
  test('has none of its nodes replaced, not even that of a pool of one, and each pool in it says why', async () => {
    const [five, one] = [await machinesOf(FIVE), await machinesOf(ONE)];
    await hang(FIVE, [...five, ...one]);
    const why = /^Nothing is replaced: no node in zone \S+ is Ready, of whatever node pool/;
    await untilLeftAlone(FIVE, five, why);
    await untilLeftAlone(ONE, one, why);
    await documentation.section(PAGE, 'a-zone-fails');
    expect([await machinesOf(FIVE), await machinesOf(ONE)]).toEqual([five, one]);

    await resume();
    await until(FIVE, 'its nodes are back', isWell(5));
    await until(ONE, 'its node is back', isWell(1));
    expect([await machinesOf(FIVE), await machinesOf(ONE)]).toEqual([five, one]);
    expect([repairsOf(await poolNow(FIVE)), repairsOf(await poolNow(ONE))]).toEqual([['succeeded'], []]);
  });
});

describe('a pool of one node', () => {
  test('has it replaced while others of its cluster are Ready; and one whose repair is turned off has not, until it is on', async () => {
    const [five, alone] = [await machinesOf(FIVE), await machinesOf(ELSEWHERE)];
    const silent = five.slice(0, 1);
    Object.assign(reader, { pool: FIVE, machines: silent });
    await documentation.run(TURN_OFF);
    await until(FIVE, 'that is seen', isWell(5));
    await hang(ELSEWHERE, alone);
    await hang(FIVE, silent);
    const why = /^Nothing is replaced: spec\.management\.autoRepair is false/;
    const told = await untilLeftAlone(FIVE, silent, why);
    expect(told.status).toMatchObject({ readyNodes: 4 });
    expect(await machinesOf(FIVE)).toEqual(five);

    const replaced = await until(ELSEWHERE, 'another node', (found) => repairsOf(found).includes('succeeded'));
    expect(repairsOf(replaced)).toEqual(['succeeded']);
    expect((await machinesOf(ELSEWHERE)).filter((id) => alone.includes(id))).toEqual([]);

    await documentation.run(TURN_ON);
    await until(FIVE, 'it is replaced', (found) => isWell(5)(found) && repairsOf(found).length === 2);
    expect(five.filter((id) => !silent.includes(id))).toEqual(
      (await machinesOf(FIVE)).filter((id) => five.includes(id)),
    );
  });
});

test('each command of the sections about nodes was run in its situation', () => {
  const sections = ['a-node-is-not-ready', 'too-many-nodes-are-unhealthy', 'a-zone-fails', 'repair-is-turned-off'];
  const commands = allCommands().filter(({ page, section }) => page === PAGE && sections.includes(section));
  const left = documentation.notRun(PAGE);
  expect(commands.filter(({ line }) => left.some((one) => one.startsWith(`${PAGE}:${line}:`)))).toEqual([]);
});
