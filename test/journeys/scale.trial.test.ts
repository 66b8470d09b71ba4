/**
 * How many nodes a pool has: people scale it, operations and sweeps count.
 *
 * In a sandbox with stub machines, whose nodes join as real ones do: what runs on them is not asked here.
 */
import {
  AutoScalingClient,
  type AutoScalingGroup,
  DescribeAutoScalingGroupsCommand,
  SetDesiredCapacityCommand,
} from '@aws-sdk/client-auto-scaling';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { AWSNodePool } from '../../api/nodepool.ts';
import { smallCluster } from '../../bench/manifests.ts';
import { REGION } from '../../sandbox/layout.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { sweepNow } from './sweeps.ts';

const POOL = 'cluster-0-pool-0';

let sandbox: SandboxForTests;
let autoScaling: AutoScalingClient;
beforeAll(async () => {
  sandbox = await startSandbox({}, { stub: true });
  autoScaling = new AutoScalingClient({
    region: REGION,
    endpoint: sandbox.status().aws.endpoint,
    credentials: { accessKeyId: 'by-hand', secretAccessKey: 'by-hand' },
  });
  const [cluster, pool] = smallCluster('cluster-0');
  const sized = { ...pool, spec: { ...pool?.spec, minNodeCount: 1, maxNodeCount: 5 } };
  const input = [cluster, sized].map((one) => stringify(one)).join('---\n');
  await succeed('apply', sandbox.kubectl(['apply', '-f', '-'], { input }));
  await untilPool('it is provisioned', ({ state }) => state === 'Provisioned');
});
afterAll(async () => {
  autoScaling?.destroy();
  await sandbox?.end();
});

type Status = NonNullable<AWSNodePool['status']>;

const untilPool = (what: string, is: (status: Status) => boolean): Promise<Status> =>
  waitFor(
    what,
    async () => {
      const pool = await sandbox.objects().find<AWSNodePool>('awsnodepools', POOL);
      const settled = pool?.status?.observedGeneration === pool?.metadata.generation;
      return pool?.status !== undefined && settled && is(pool.status) ? pool.status : undefined;
    },
    UNHURRIED,
  );
const untilCounts = (ready: number, desired: number): Promise<Status> =>
  untilPool(
    `${ready} of ${desired} nodes are counted, at rest`,
    ({ state, readyNodes, desiredNodes }) =>
      state === 'Provisioned' && readyNodes === ready && desiredNodes === desired,
  );
const conditionOf = ({ conditions }: Status, type: string): string | undefined =>
  conditions?.find((condition) => condition.type === type)?.message;

const patch = (spec: object) =>
  sandbox.kubectl(['patch', 'awsnodepool', POOL, '--type=merge', '-p', JSON.stringify({ spec })]);
const scale = (replicas: number) => sandbox.kubectl(['scale', `awsnodepool/${POOL}`, `--replicas=${replicas}`]);

const poolGroup = async (): Promise<AutoScalingGroup> => {
  const { AutoScalingGroups: groups = [] } = await autoScaling.send(new DescribeAutoScalingGroupsCommand({}));
  const found = groups.find(({ AutoScalingGroupName = '' }) => AutoScalingGroupName.includes('-nodepool-'));
  if (found === undefined) throw new Error('The pool has no auto scaling group.');
  return found;
};
const desiredOfGroup = async (): Promise<number | undefined> => (await poolGroup()).DesiredCapacity;

describe('a pool', () => {
  test('has its nodes counted by the operation that makes it', async () => {
    await untilCounts(1, 1);
  });

  test('grows with its minimum', async () => {
    await succeed('patch', patch({ minNodeCount: 2 }));
    await untilCounts(2, 2);
  });

  test('is scaled up by kubectl, which can wait until the nodes are Ready, and counted with -o wide', async () => {
    await succeed('scale', sandbox.kubectl(['scale', `awsnodepool/${POOL}`, '--replicas=4', '--timeout=10m']));
    await untilCounts(4, 4);
    expect(await desiredOfGroup()).toBe(4);
    const table = await succeed('get', sandbox.kubectl(['get', 'awsnodepool', POOL, '-o', 'wide']));
    expect(table).toMatch(/READY-NODES +DESIRED-NODES/);
    expect(table).toMatch(/ Provisioned .* 4 +4 /);
    expect(await succeed('describe', sandbox.slipway(['clusters', 'describe', 'cluster-0']))).toContain(
      '4 of 4 nodes ready (2-5)',
    );
  });

  test('is scaled down by kubectl: a node is drained, and its machine ends', async () => {
    await succeed('scale', scale(3));
    await untilCounts(3, 3);
    expect(await desiredOfGroup()).toBe(3);
    await succeed('scale', scale(4));
    await untilCounts(4, 4);
  });

  test('is scaled within its limits only', async () => {
    expect(await scale(6)).toMatchObject({ code: 1, stderr: expect.stringContaining('nor greater than maxNodeCount') });
  });
});

describe('a pool at rest', () => {
  test('says that nobody knows how many nodes are Ready while its cluster lists none, and counts them again', async () => {
    await untilCounts(4, 4);
    const refused = ['/api/v1/nodes', '--status', '503', '--message', 'no leader'];
    await succeed('refuse', sandbox.sandbox('fault', 'refusal', ...refused));
    await sweepNow(sandbox);
    const unknown = await untilPool('it says so', (status) => conditionOf(status, 'NodesUnknown') !== undefined);
    expect(conditionOf(unknown, 'NodesUnknown')).toContain('no leader');
    expect(unknown).toMatchObject({ state: 'Provisioned', desiredNodes: 4 });
    expect(unknown.readyNodes).toBeUndefined();
    await succeed('clear', sandbox.sandbox('fault', 'clear'));
    await sweepNow(sandbox);
    const counted = await untilCounts(4, 4);
    expect(conditionOf(counted, 'NodesUnknown')).toBeUndefined();
  });

  test('has the size that somebody gives its group, where the spec counts no nodes, and the nodes that come of it', async () => {
    await succeed('patch', patch({ nodeCount: null }));
    await untilCounts(4, 4);
    const name = (await poolGroup()).AutoScalingGroupName;
    await autoScaling.send(new SetDesiredCapacityCommand({ AutoScalingGroupName: name, DesiredCapacity: 5 }));
    const status = await waitFor(
      'a sweep counts five',
      async () => {
        await sweepNow(sandbox);
        const pool = await sandbox.objects().find<AWSNodePool>('awsnodepools', POOL);
        return pool?.status?.readyNodes === 5 ? pool.status : undefined;
      },
      UNHURRIED,
    );
    expect(status).toMatchObject({ state: 'Provisioned', readyNodes: 5, desiredNodes: 5 });
    expect(conditionOf(status, 'Drifted')).toBeUndefined();
  });
});
