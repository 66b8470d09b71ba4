/**
 * A control plane that is to have machines of another instance type: said beforehand, three turns, both others serve whenever one goes, and
 * the worker is killed meanwhile. Then a type that AWS has no room for, which stops at the first machine, and is taken back.
 *
 * One of its first machines gets its disk only when the API of the others has long answered: it has to serve like them before any turn.
 *
 * In a sandbox with stub machines: what a replica's clients feel of a turn is what `orders.trial.test.ts` asks of real ones.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeInstancesCommand, EC2Client, type Instance } from '@aws-sdk/client-ec2';
import {
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { smallCluster } from '../../bench/manifests.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { SPECTATOR } from '../support/spectator.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { afterCalls, killWhenever } from './kills.ts';

const NAME = 'cluster-0';

type Cluster = {
  readonly metadata: { readonly generation: number };
  readonly status: {
    readonly state: string;
    readonly clusterID?: string;
    readonly observedGeneration?: number;
    readonly rollout?: { readonly turn: number; readonly of: number };
    readonly operations?: readonly { readonly type: string; readonly state: string }[];
    readonly conditions: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
  };
};

let sandbox: SandboxForTests;
let ec2: EC2Client;
let elbv2: ElasticLoadBalancingV2Client;
let folder: string;

const kubectl = (...args: readonly string[]): Promise<string> => succeed(args.join(' '), sandbox.kubectl(args));
const cluster = async (): Promise<Cluster> =>
  JSON.parse(await kubectl('get', 'awscluster', NAME, '-o', 'json')) as Cluster;
const until = (what: string, holds: (found: Cluster) => boolean): Promise<Cluster> =>
  waitFor(
    what,
    async () => {
      const found = await cluster();
      return holds(found) ? found : undefined;
    },
    UNHURRIED,
  );
const isDone = ({ metadata, status }: Cluster): boolean =>
  status.state === 'Provisioned' && status.observedGeneration === metadata.generation;
const condition = ({ status }: Cluster, type: string) => status.conditions.find((one) => one.type === type);

/** Machines of the control plane that live, by the name of their group. */
const machines = async (): Promise<readonly Instance[]> => {
  const { Reservations = [] } = await ec2.send(
    new DescribeInstancesCommand({
      Filters: [
        { Name: 'tag:slipway.dev/key', Values: ['auto-scaling-group/controlplane-*'] },
        { Name: 'instance-state-name', Values: ['pending', 'running'] },
      ],
    }),
  );
  const key = ({ Tags = [] }: Instance): string => Tags.find(({ Key }) => Key === 'slipway.dev/key')?.Value ?? '';
  return Reservations.flatMap(({ Instances = [] }) => Instances).toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
};
const typesOf = async (): Promise<readonly string[]> =>
  (await machines()).map(({ InstanceType }) => InstanceType ?? '');

/** How many targets of the control plane are not healthy. */
const down = async (): Promise<number> => {
  const { TargetGroups: [group] = [] } = await elbv2.send(new DescribeTargetGroupsCommand({}));
  const { TargetHealthDescriptions = [] } = await elbv2.send(
    new DescribeTargetHealthCommand({ TargetGroupArn: group?.TargetGroupArn }),
  );
  return TargetHealthDescriptions.filter(({ TargetHealth }) => TargetHealth?.State !== 'healthy').length;
};

const [CLUSTER, POOL] = smallCluster(NAME);
const clusterOf = (instanceType: string) => ({
  ...CLUSTER,
  spec: { ...CLUSTER?.spec, controlPlane: { ...(CLUSTER?.spec['controlPlane'] as object), instanceType } },
});
const patch = (instanceType: string): Promise<string> =>
  kubectl(
    'patch',
    'awscluster',
    NAME,
    '--type=merge',
    '-p',
    JSON.stringify({ spec: { controlPlane: { instanceType } } }),
  );

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-control-plane-'));
  sandbox = await startSandbox(
    { SLIPWAY_SETTLE_SECONDS: '1', SLIPWAY_PACE: 'quick', SLIPWAY_ORDER_SECONDS: '1' },
    { stub: true },
  );
  const late = ['--service', 'ec2', '--operation', 'AttachVolume', '--ms', '30000', '--count', '1'];
  await succeed('fault', sandbox.sandbox('fault', 'delay', ...late));
  const { endpoint, region } = sandbox.status().aws;
  ec2 = new EC2Client({ endpoint, region, credentials: SPECTATOR });
  elbv2 = new ElasticLoadBalancingV2Client({ endpoint, region, credentials: SPECTATOR });
  const input = [clusterOf('t3.medium'), POOL].map((one) => JSON.stringify(one)).join('\n---\n');
  await succeed('apply', sandbox.kubectl(['apply', '-f', '-'], { input }));
  await until('it is provisioned', isDone);
});
afterAll(async () => {
  ec2?.destroy();
  elbv2?.destroy();
  await sandbox?.end();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

describe('a control plane whose machines are to be of another type', () => {
  test('says beforehand that it replaces three machines, and changes nothing by that', async () => {
    const file = join(folder, 'cluster.json');
    await writeFile(file, JSON.stringify(clusterOf('t3.large')));
    const before = await machines();
    expect(await succeed('plan', sandbox.slipway(['clusters', 'plan', '-f', file]))).toContain(
      'spec.controlPlane.instanceType: replaces the 3 machines of the control plane in turns, 1 at a time while the others serve',
    );
    expect((await machines()).map(({ InstanceId }) => InstanceId)).toEqual(before.map(({ InstanceId }) => InstanceId));
  });

  test('has each of them replaced once, one after the other, though its worker is killed again and again', async () => {
    const before = (await machines()).map(({ InstanceId }) => InstanceId ?? '');
    const seen = new Set<string>();
    const turns = new Set<number>();
    const downs = new Set<number>();
    const kills = await killWhenever(
      sandbox,
      (async () => {
        await patch('t3.large');
        await waitFor(
          'three others, and all is done',
          async () => {
            for (const { InstanceId = '' } of await machines()) seen.add(InstanceId);
            downs.add(await down());
            const now = await cluster();
            if (now.status.rollout !== undefined) turns.add(now.status.rollout.turn);
            return isDone(now) && (await typesOf()).every((type) => type === 't3.large') ? true : undefined;
          },
          UNHURRIED,
        );
      })(),
      afterCalls([1, 4, 7, 9]),
    );
    expect(kills.length).toBeGreaterThan(0);
    const after = (await machines()).map(({ InstanceId }) => InstanceId ?? '');
    expect(after).toHaveLength(3);
    expect(after.filter((id) => before.includes(id))).toEqual([]);
    // No machine came and went in between, and never did two replicas fail at once.
    expect(seen.size).toBe(6);
    expect(Math.max(...downs)).toBe(1);
    expect([...turns]).toEqual([1, 2, 3]);
    const { status } = await cluster();
    expect(status).not.toHaveProperty('rollout');
    expect(status.operations?.filter(({ type }) => type === 'UpdateCluster')).toMatchObject([{ state: 'succeeded' }]);
  });
});

describe('a type of which AWS has no machine', () => {
  test('stops at the first machine and says why within a minute; the change is taken back, and only that one is replaced', async () => {
    const before = (await machines()).map(({ InstanceId }) => InstanceId ?? '');
    const group = `${(await cluster()).status.clusterID}-controlplane-0`;
    await succeed('fault', sandbox.sandbox('fault', 'launch', group, '--count', '1000'));
    await patch('t3.xlarge');
    const waits = await until('the reason is told', (found) =>
      found.status.conditions.some(({ message }) => message.includes('InsufficientInstanceCapacity')),
    );
    expect(waits.status.state).toBe('Updating');
    expect(condition(waits, 'Ready')).toMatchObject({ status: 'True' });
    await succeed('clear', sandbox.sandbox('fault', 'clear'));
    await patch('t3.large');
    await until('it is as it was', isDone);
    await waitFor('three machines', async () => ((await machines()).length === 3 ? true : undefined), UNHURRIED);
    const after = (await machines()).map(({ InstanceId }) => InstanceId ?? '');
    expect(after.filter((id) => before.includes(id))).toHaveLength(2);
    expect(await typesOf()).toEqual(['t3.large', 't3.large', 't3.large']);
  });
});
