/**
 * A node pool of twenty is upgraded three at a time: as somebody sees it who watches; aborted half way, it returns; Temporal's data are
 * thrown away half way, and it goes on. Another one stops at a canary that never gets Ready, and returns once its spec is put back.
 *
 * In a sandbox with stub machines, whose clusters run any version. The page about operations is followed where it says what to do.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { entityWorkflowId } from '../../api/names.ts';
import { smallCluster } from '../../bench/manifests.ts';
import { REGION } from '../../sandbox/layout.ts';
import { type Documentation, documentationIn } from '../docs/session.ts';
import { readJson } from '../support/http.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { afterCalls, killWhenever } from './kills.ts';
import { type Lifecycle, lifecycleOf } from './lifecycle.ts';
import { temporalOf } from './temporal.ts';

const OLD = '1.36.3-gke.1';
const NEW = '1.37.2-gke.1';
const MINUTE_MS = 60_000;
const TWENTY = 'cluster-0-twenty';
const FOUR = 'cluster-0-four';

type Pool = {
  readonly metadata: { readonly uid: string; readonly generation: number };
  readonly status: {
    readonly state: string;
    readonly observedGeneration: number;
    readonly nodePoolID: string;
    readonly clusterID: string;
    readonly readyNodes?: number;
    readonly revision: { readonly version: string };
    readonly rollout?: { readonly turn: number; readonly of: number };
    readonly lastErrors?: readonly unknown[];
    readonly operations?: readonly { readonly type: string; readonly state: string; readonly version: string }[];
    readonly conditions: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
  };
};
type Node = {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly providerID: string; readonly unschedulable?: boolean };
  readonly status: {
    readonly nodeInfo: { readonly kubeletVersion: string };
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
  };
};
type Instance = { readonly id: string; readonly state: string; readonly asg: string | null };

let sandbox: SandboxForTests;
let lifecycle: Lifecycle;
let documentation: Documentation;
let inside: string;
/** Which pool the page's `<pool>` is, and the version that is asked for. */
let followed = { pool: TWENTY, version: NEW };

const poolNamed = async (name: string): Promise<Pool> => {
  const found = await sandbox.objects().find<Pool>('awsnodepools', name);
  if (found === undefined) throw new Error(`There is no ${name}.`);
  return found;
};
const until = (what: string, name: string, holds: (found: Pool) => boolean): Promise<Pool> =>
  waitFor(
    what,
    async () => {
      const found = await poolNamed(name);
      return holds(found) ? found : undefined;
    },
    UNHURRIED,
  );
const conditionOf = ({ status }: Pool, type: string) => status.conditions.find((one) => one.type === type);
const isDone = ({ metadata, status }: Pool): boolean =>
  status.state === 'Provisioned' && status.observedGeneration === metadata.generation;
const isAborted = (found: Pool): boolean => conditionOf(found, 'Stalled')?.reason === 'Aborted';
const inTurn = (turn: number) => (found: Pool) => isUpgrading(found) && (found.status.rollout?.turn ?? 0) >= turn;
const isUpgrading = ({ status }: Pool): boolean => status.state === 'Upgrading';

/** kubectl with the user cluster. */
const nodesOf = async ({ status }: Pool): Promise<readonly Node[]> => {
  const args = ['get', 'nodes', '-l', `slipway.dev/node-pool=${status.nodePoolID}`, '-o', 'json'];
  return (JSON.parse(await succeed('nodes', sandbox.kubectl(args, { kubeconfig: inside }))) as { items: Node[] }).items;
};
const machineOf = ({ spec }: Node): string => spec.providerID.slice(spec.providerID.lastIndexOf('/') + 1);
const serves = ({ spec, status }: Node): boolean =>
  spec.unschedulable !== true && status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True');

const machinesOf = async ({ status }: Pool): Promise<readonly string[]> => {
  const all = (await readJson(`${sandbox.status().aws.endpoint}/_sim/instances`)) as readonly Instance[];
  return all
    .filter(({ asg, state }) => asg?.endsWith(status.nodePoolID) === true && ['pending', 'running'].includes(state))
    .map(({ id }) => id)
    .sort();
};

/** What AWS has of the pool's group; who asks is a person. */
const groupOf = async ({ status }: Pool) => {
  const credentials = { accessKeyId: 'by-hand', secretAccessKey: 'by-hand' };
  const client = new AutoScalingClient({ region: REGION, endpoint: sandbox.status().aws.endpoint, credentials });
  const names = [`${status.clusterID}-nodepool-${status.nodePoolID}`];
  const found = await client.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: names }));
  client.destroy();
  const { MaxSize: most, DesiredCapacity: desired, Tags = [] } = found.AutoScalingGroups?.[0] ?? {};
  return { most, desired, tags: Tags.map(({ Key }) => Key) };
};

/** Nothing is left of turns: all of the pool's nodes serve, of one version, in a group as it was before. */
const expectAtRest = async (found: Pool, version: string, count: number): Promise<void> => {
  const nodes = await nodesOf(found);
  expect(nodes.filter(serves)).toHaveLength(count);
  expect(nodes).toHaveLength(count);
  expect([...new Set(nodes.map(({ status }) => status.nodeInfo.kubeletVersion))]).toEqual([
    `v${version.split('-')[0]}`,
  ]);
  const group = await groupOf(found);
  expect(group).toMatchObject({ most: count, desired: count });
  expect(group.tags).not.toContain('slipway.dev/surge');
  expect(await machinesOf(found)).toEqual(nodes.map(machineOf).sort());
};

/** Machines of the worker's own ending since then, each as often as that was asked for and done. */
const endedSince = async (since: number): Promise<number> =>
  (await sandbox.callsSince(since, { mutating: true })).calls.filter(
    ({ operation, error }) => operation === 'TerminateInstanceInAutoScalingGroup' && error === undefined,
  ).length;
const lastCall = async (): Promise<number> => (await sandbox.callsSince(0)).next;

/** What `kubectl get -w` says of a pool, line by line, until it is told to end. */
const watching = (name: string) => {
  const { kubectl, kubeconfig } = sandbox.status();
  const shown = '{.status.state} {.status.observedGeneration} {.status.rollout.turn}/{.status.rollout.of}{"\\n"}';
  const args = ['--kubeconfig', kubeconfig, 'get', 'awsnodepool', name, '-w', '-o', `jsonpath=${shown}`];
  const child: ChildProcess = spawn(kubectl, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const column = (index: number): readonly string[] => {
    const values = text
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ')[index] ?? '');
    return values.filter((value, at) => value !== values[at - 1]);
  };
  return {
    end: () => {
      child.kill('SIGTERM');
      return { states: column(0), generations: column(1).map(Number), turns: column(2) };
    },
  };
};

/** The fewest nodes that served while something went on, and the most machines. */
const counting = async (name: string, going: Promise<unknown>) => {
  let over = false;
  const ended = going.finally(() => {
    over = true;
  });
  const found = await poolNamed(name);
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  const look = async (): Promise<void> => {
    while (!over) {
      const [nodes, machines] = await Promise.all([nodesOf(found), machinesOf(found)]);
      least = Math.min(least, nodes.filter(serves).length);
      most = Math.max(most, machines.length);
      await delay(300);
    }
  };
  await Promise.all([ended, look()]);
  return { least, most };
};

const ask = (version: string, pool = TWENTY): Promise<string> => {
  followed = { pool, version };
  return documentation.run(`kubectl patch awsnodepool <pool> --type merge -p '{"spec":{"version":"<version>"}}'`);
};
/** Between two of its turns an upgrade is looked at for a moment, and takes no word but by annotation. */
const say = (command: string): Promise<string> => waitFor(command, () => documentation.run(command), UNHURRIED);

const [CLUSTER, POOL] = smallCluster('cluster-0');
const poolOf = (name: string, count: number, maxSurge: number) => ({
  ...POOL,
  metadata: { ...POOL?.metadata, name },
  spec: {
    ...POOL?.spec,
    ...{ clusterName: 'cluster-0', version: OLD, minNodeCount: 1, maxNodeCount: count, nodeCount: count },
    updateSettings: { drainSeconds: 30, surgeSettings: { maxSurge } },
  },
});

beforeAll(async () => {
  sandbox = await startSandbox(
    { SLIPWAY_SETTLE_SECONDS: '1', SLIPWAY_SWEEP_SECONDS: '15', SLIPWAY_PACE: 'quick', SLIPWAY_OVERDUE_SECONDS: '20' },
    { stub: true },
  );
  lifecycle = lifecycleOf(sandbox, '-');
  documentation = await documentationIn(sandbox, {
    '<name>': () => 'cluster-0',
    '<pool>': () => followed.pool,
    '<version>': () => followed.version,
  });
  await documentation.section('docs/quick-start.md', '1-start-the-sandbox');
  inside = join(sandbox.home, 'user.kubeconfig');
  const spec = CLUSTER?.spec as { readonly controlPlane: object } | undefined;
  const cluster = { ...CLUSTER, spec: { ...spec, controlPlane: { ...spec?.controlPlane, version: NEW } } };
  const objects = [cluster, poolOf(TWENTY, 20, 3), poolOf(FOUR, 4, 1)];
  const input = objects.map((one) => JSON.stringify(one)).join('\n---\n');
  await succeed('apply', sandbox.kubectl(['apply', '-f', '-'], { input }));
  await lifecycle.untilProvisioned();
  const credentials = ['clusters', 'get-credentials', 'cluster-0'];
  await succeed('get-credentials', sandbox.slipway(credentials, { KUBECONFIG: inside }));
});
afterAll(async () => {
  documentation?.end();
  await sandbox?.end();
});

describe('a pool of twenty that is upgraded three at a time', () => {
  test('shows who watches one edge each way, its progress, and a history of one entry; no node is missing meanwhile', async () => {
    const watch = watching(TWENTY);
    const began = Date.now();
    const since = await lastCall();
    await ask(NEW);
    const { generation } = (await poolNamed(TWENTY)).metadata;
    const counts = await counting(
      TWENTY,
      until('it is upgraded', TWENTY, (found) => isDone(found) && found.status.revision.version === NEW),
    );
    const seconds = (Date.now() - began) / 1_000;
    const { states, generations, turns } = watch.end();
    console.info(
      `Twenty nodes upgraded in ${seconds.toFixed(0)} s, ${await endedSince(since)} machines, turns ${turns.join(' ')}`,
    );
    expect(states).toEqual(['Provisioned', 'Upgrading', 'Provisioned']);
    expect(generations).toEqual([generation - 1, generation]);
    // What is written between two others may be written with the next.
    const numbers = turns.filter((turn) => turn !== '/').map((turn) => Number(turn.split('/')[0]));
    expect([turns.at(0), turns.at(-1)]).toEqual(['/', '/']);
    expect(new Set(turns.filter((turn) => turn !== '/').map((turn) => turn.split('/')[1]))).toEqual(new Set(['9']));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(numbers.length).toBeGreaterThan(4);
    expect(counts.least).toBeGreaterThanOrEqual(20);
    expect(counts.most).toBeLessThanOrEqual(23);
    expect(await endedSince(since)).toBe(20);
    const found = await poolNamed(TWENTY);
    await expectAtRest(found, NEW, 20);
    expect(found.status.operations?.filter(({ type }) => type === 'UpgradeNodePool')).toMatchObject([
      { state: 'succeeded', version: NEW },
    ]);
  });

  test('has a history that can be read in Temporal, a workflow a turn, and by the command line', async () => {
    const { metadata } = await poolNamed(TWENTY);
    const entity = entityWorkflowId({ kind: 'AWSNodePool', namespace: 'default', name: TWENTY, uid: metadata.uid });
    const temporal = temporalOf(sandbox);
    const listed = await temporal.list(`WorkflowId = '${entity}/operation' AND WorkflowType = 'UpgradeNodePool'`);
    const summaries = await Promise.all(
      listed.map(async ({ execution }) => {
        const shown = JSON.parse(await temporal.history(`${entity}/operation`, execution.runId)) as {
          readonly events: readonly { readonly userMetadata?: { readonly summary?: { readonly data?: string } } }[];
        };
        const data = shown.events[0]?.userMetadata?.summary?.data ?? '';
        return JSON.parse(Buffer.from(data, 'base64').toString('utf8')) as string;
      }),
    );
    expect(summaries.sort()).toEqual(
      Array.from(
        { length: 9 },
        (_, index) => `UpgradeNodePool default/${TWENTY}, version ${NEW}, turn ${index + 1} of 9`,
      ),
    );
    expect(await documentation.run('slipway clusters describe <name>')).toMatch(/UpgradeNodePool/);
  });

  test('and aborted half way returns: as many nodes serve as before, of the version before, and nothing is left of it', async () => {
    const before = await machinesOf(await poolNamed(TWENTY));
    const watch = watching(TWENTY);
    const since = await lastCall();
    await ask(OLD);
    await until('half of its turns', TWENTY, inTurn(4));
    await say('slipway operations abort nodepool <pool>');
    const counts = await counting(
      TWENTY,
      until('it has returned', TWENTY, (found) => found.status.state === 'Provisioned' && isAborted(found)),
    );
    const { states } = watch.end();
    const found = await poolNamed(TWENTY);
    console.info(`Aborted half way: ${await endedSince(since)} machines ended there and back`);
    expect(states).toEqual(['Provisioned', 'Upgrading', 'Provisioned']);
    expect(counts.least).toBeGreaterThanOrEqual(20);
    await expectAtRest(found, NEW, 20);
    expect(found.status.revision.version).toBe(NEW);
    // Those that no turn had come to are the same ones.
    const stayed = (await machinesOf(found)).filter((id) => before.includes(id));
    expect(stayed.length).toBeGreaterThanOrEqual(20 - 3 * 5);
    expect(conditionOf(found, 'Stalled')?.message).toContain('UpgradeNodePool was aborted (all is as it was before)');
    expect(conditionOf(found, 'Stalled')?.message).toContain(`npx slipway operations resume nodepool ${TWENTY}`);
  });

  test('goes on once it is resumed, and by itself where all of Temporal’s data are thrown away half way; no machine is replaced twice', async () => {
    const before = await machinesOf(await poolNamed(TWENTY));
    const since = await lastCall();
    await documentation.run('slipway operations resume nodepool <pool>');
    await until('half of its turns', TWENTY, inTurn(4));
    await succeed('reset temporal', sandbox.sandbox('reset', 'temporal'));
    const counts = await counting(
      TWENTY,
      until('it is upgraded', TWENTY, (found) => isDone(found) && found.status.revision.version === OLD),
    );
    const found = await poolNamed(TWENTY);
    expect(counts.least).toBeGreaterThanOrEqual(20);
    await expectAtRest(found, OLD, 20);
    expect((await machinesOf(found)).filter((id) => before.includes(id))).toEqual([]);
    expect(await endedSince(since)).toBe(20);
  });
});

describe('a pool whose first new node never gets Ready', () => {
  test('stops there, with one machine more and all others untouched, and says why within a minute', async () => {
    const found = await poolNamed(FOUR);
    const before = await machinesOf(found);
    await succeed(
      'fault',
      sandbox.sandbox('fault', 'absent-nodes', '--cluster', found.status.clusterID, '--pool', found.status.nodePoolID),
    );
    const began = Date.now();
    await ask(NEW, FOUR);
    const told = await waitFor(
      'the reason is told',
      async () => {
        const said = await documentation.run('kubectl describe awsnodepool <pool>');
        return /0 of 1 ready/.test(said) && /wait nodes\/\S+\/new/.test(said) ? said : undefined;
      },
      UNHURRIED,
    );
    const seconds = (Date.now() - began) / 1_000;
    console.info(`A canary that never gets Ready is told after ${seconds.toFixed(0)} s`);
    expect(Date.now() - began).toBeLessThan(MINUTE_MS);
    expect(told).toContain('Waiting for the nodes that take the place of others: 0 of 1 ready');
    await until('it is overdue', FOUR, ({ status }) => (status.lastErrors ?? []).length > 0);
    expect(Date.now() - began).toBeLessThan(MINUTE_MS);
    const machines = await machinesOf(found);
    expect(machines).toHaveLength(5);
    expect(before.filter((id) => !machines.includes(id))).toEqual([]);
    expect((await nodesOf(found)).filter(serves).map(machineOf).sort()).toEqual(before);
  });

  test('returns by itself once its spec is put back, though new nodes would still not join', async () => {
    const found = await poolNamed(FOUR);
    const before = (await nodesOf(found)).map(machineOf).sort();
    await ask(OLD, FOUR);
    await until('it has returned', FOUR, isDone);
    expect(await machinesOf(found)).toEqual(before);
    await expectAtRest(found, OLD, 4);
  });

  test('is upgraded once nodes join, whenever its worker is killed, and each machine is replaced once', async () => {
    await succeed('clear', sandbox.sandbox('fault', 'clear'));
    const found = await poolNamed(FOUR);
    const before = await machinesOf(found);
    const since = await lastCall();
    const kills = await killWhenever(
      sandbox,
      (async () => {
        await ask(NEW, FOUR);
        await until('it is upgraded', FOUR, (now) => isDone(now) && now.status.revision.version === NEW);
      })(),
      afterCalls([1, 2, 3, 4, 5, 6, 7, 8]),
    );
    console.info(`Killed after: ${kills.join(', ')}`);
    expect(kills.length).toBeGreaterThan(3);
    await expectAtRest(await poolNamed(FOUR), NEW, 4);
    expect((await machinesOf(found)).filter((id) => before.includes(id))).toEqual([]);
    expect(
      new Set((await sandbox.callsSince(since, { mutating: true })).calls.map(({ operation }) => operation)),
    ).toContain('TerminateInstanceInAutoScalingGroup');
  });
});
