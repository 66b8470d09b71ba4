/**
 * I2: SIGKILL of worker or client at any moment of create or delete: it finishes, and nothing exists twice.
 *
 * A small cluster lives once undisturbed, and then again and again with kills; what exists in the end is compared. Which
 * moments beside the spread ones are hit is chance: the seed is printed, and SLIPWAY_TEST_SEED repeats a run.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CreateSecurityGroupCommand, EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CLUSTER_TAG, clusterIdOf, KEY_TAG, kubernetesClusterTag, UID_TAG } from '../../api/names.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import {
  afterCalls,
  afterLostAnswers,
  faultsLeft,
  kill,
  killWhenever,
  lastCall,
  mutationsSince,
  orderFaults,
  randomFrom,
} from './kills.ts';
import { doubles, expectGone, type Lifecycle, lifecycleOf, made, type Traces } from './lifecycle.ts';

const MANIFEST = join(import.meta.dirname, '../fixtures/small-cluster.yaml');

const seed = Number(process.env['SLIPWAY_TEST_SEED'] ?? Date.now() % 1_000_000);
const random = randomFrom(seed);
const figures: string[] = [`seed ${seed}`];

let sandbox: SandboxForTests;
let lifecycle: Lifecycle;
let before: Traces;
/** Of the undisturbed life. */
let expected: { readonly roles: readonly string[]; readonly secrets: readonly string[] };
let creating = 0;
let deleting = 0;

const secretRoles = (names: readonly string[]): string[] =>
  names.map((name) => name.replace(/gke-[0-9a-f]{8}/, 'gke-…').replace(/nodepool-[0-9a-f]{8}/, 'nodepool-…')).sort();

/** Looks for doubles all the time, until `life` is over: one that is removed later was one all the same. */
const withoutDoubles = async <T>(life: Promise<T>): Promise<T> => {
  let over = false;
  const seen = new Set<string>();
  const ended = life.finally(() => {
    over = true;
  });
  const watch = async (): Promise<void> => {
    while (!over) {
      for (const one of doubles(await lifecycle.account())) seen.add(one);
      await delay(500);
    }
  };
  const [result] = await Promise.all([ended, watch()]);
  expect([...seen]).toEqual([]);
  return result;
};

const create = async (): Promise<void> => {
  await lifecycle.apply();
  await lifecycle.untilProvisioned();
};

const remove = async (): Promise<void> => {
  expect(await lifecycle.remove()).toMatchObject({ code: 0, stderr: '' });
};

const expectAsUndisturbed = async (): Promise<void> => {
  const now = await lifecycle.traces();
  expect(made(now.account, before.account)).toEqual(expected.roles);
  expect(secretRoles(now.secrets)).toEqual(expected.secrets);
  expect(now.memberships).toHaveLength(1);
};

/** Two moments spread over so many calls, and one that chance chooses: the fault matrix kills after each of them. */
const moments = (calls: number): number[] => [
  ...[1, 3].map((n) => Math.max(1, Math.round((calls * n) / 4))),
  1 + Math.floor(random() * (calls - 1)),
];

const timed = async <T>(what: string, life: () => Promise<T>): Promise<T> => {
  const began = performance.now();
  const result = await life();
  figures.push(`${what}: ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  return result;
};

beforeAll(async () => {
  sandbox = await startSandbox({ SLIPWAY_SETTLE_SECONDS: '10' }, { stub: true });
  lifecycle = lifecycleOf(sandbox, MANIFEST);
  before = await lifecycle.traces();
  const start = await lastCall(sandbox);
  await timed('undisturbed create', create);
  const { account, secrets } = await lifecycle.traces();
  expected = { roles: made(account, before.account), secrets: secretRoles(secrets) };
  creating = (await mutationsSince(sandbox, start)).length;
  const middle = await lastCall(sandbox);
  await timed('undisturbed delete', remove);
  deleting = (await mutationsSince(sandbox, middle)).length;
  figures.push(`${expected.roles.length} resources by ${creating} changing calls, gone by ${deleting}`);
  await expectGone(lifecycle, before);
});

afterAll(async () => {
  console.info(figures.join('\n'));
  await sandbox?.end();
});

describe('a worker that is killed', () => {
  test('after any of the calls that make a cluster makes each thing once', async () => {
    const at = moments(creating);
    const kills = await timed('create with the worker killed', () =>
      withoutDoubles(killWhenever(sandbox, create(), afterCalls(at))),
    );
    figures.push(`  kills after call ${kills.join(', ')}`);
    expect(kills.length).toBeGreaterThanOrEqual(2);
    await expectAsUndisturbed();
  });

  test('after any of the calls that take a cluster away leaves nothing', async () => {
    const at = moments(deleting).slice(0, 2);
    const kills = await timed('delete with the worker killed', () => killWhenever(sandbox, remove(), afterCalls(at)));
    figures.push(`  kills after call ${kills.join(', ')}`);
    expect(kills.length).toBeGreaterThanOrEqual(1);
    await expectGone(lifecycle, before);
  });
});

describe('a worker that is killed before it hears the answer', () => {
  test('makes each thing once, also where the call of the dead one arrives after that of the living', async () => {
    // Held so long that the next worker has done the same by then.
    await orderFaults(
      sandbox,
      ['CreateSecurityGroup', 'CreateVolume', 'CreateNetworkInterface', 'CreateLoadBalancer'].map((operation) => ({
        operation,
        kind: 'delay' as const,
        ms: 25_000,
      })),
    );
    const life = create();
    const killed = (async () => {
      await waitFor('the calls are held', async () => ((await faultsLeft(sandbox)) <= 1 ? true : undefined), {
        intervalMs: 20,
      });
      await kill(sandbox, 'slipway-worker');
      await orderFaults(
        sandbox,
        ['CreateTargetGroup', 'CreateLaunchTemplate', 'CreateAutoScalingGroup'].map((operation) => ({
          operation,
          kind: 'lost-answer' as const,
        })),
      );
      return killWhenever(sandbox, life, afterLostAnswers());
    })();
    const kills = await timed('create with calls held and answers lost', () =>
      withoutDoubles(Promise.all([killed, life]).then(([all]) => all)),
    );
    figures.push(`  kills after call ${kills.join(', ')}`);
    await expectAsUndisturbed();
  });

  test('leaves nothing where it takes away, and what arrives last goes, too', async () => {
    await orderFaults(
      sandbox,
      ['DeleteAutoScalingGroup', 'DeleteLoadBalancer', 'DeleteVolume'].map((operation) => ({
        operation,
        kind: 'lost-answer' as const,
      })),
    );
    const uid = await succeed('get', sandbox.kubectl(['get', 'awscluster', 'small', '-o', 'jsonpath={.metadata.uid}']));
    const life = remove();
    const [kills] = await timed('delete with answers lost, and something made at the very end', () =>
      Promise.all([killWhenever(sandbox, life, afterLostAnswers()), makeLate(uid), life]),
    );
    figures.push(`  kills after call ${kills.join(', ')}`);
    expect(kills.length).toBeGreaterThanOrEqual(2);
    await expectGone(lifecycle, before);
  });
});

/** A create of a worker that died long ago, which arrives when everything is gone but the object. */
const makeLate = async (uid: string): Promise<void> => {
  const { aws } = sandbox.status();
  await waitFor(
    'nothing but the object is left',
    async () => ((await lifecycle.account()).length === before.account.length ? true : undefined),
    { intervalMs: 100 },
  );
  const id = clusterIdOf(uid);
  const tags = {
    [CLUSTER_TAG]: id,
    [UID_TAG]: uid,
    [KEY_TAG]: 'security-group/controlplane',
    [kubernetesClusterTag(id)]: 'owned',
  };
  const ec2 = new EC2Client({
    region: aws.region,
    endpoint: aws.endpoint,
    credentials: { accessKeyId: 'LATE', secretAccessKey: 'late' },
  });
  await ec2.send(
    new CreateSecurityGroupCommand({
      GroupName: `${id}-controlplane`,
      Description: 'late',
      VpcId: before.account.find(({ kind }) => kind === 'vpc')?.id,
      TagSpecifications: [
        { ResourceType: 'security-group', Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) },
      ],
    }),
  );
  ec2.destroy();
  expect(await lifecycle.names('awsclusters')).toHaveLength(1);
};

describe('a client that is killed', () => {
  test('when something is applied, or deleted, tells of it when it is back, whatever becomes of the worker', async () => {
    const killed = async (change: () => Promise<unknown>): Promise<void> => {
      // Dead when the change is made, and dead again right after it came back.
      const client = kill(sandbox, 'slipway-client').then(() => kill(sandbox, 'slipway-client'));
      const seconds = random() * 15;
      const worker = delay(seconds * 1_000).then(() => kill(sandbox, 'slipway-worker'));
      figures.push(`  worker killed after ${seconds.toFixed(1)} s`);
      await Promise.all([change(), client, worker]);
    };
    await timed('create with the client killed', () => withoutDoubles(killed(create)));
    await expectAsUndisturbed();
    await timed('delete with the client killed', () => killed(remove));
    await expectGone(lifecycle, before);
  });
});

describe('all that was killed', () => {
  test('leaves no workflow behind that still runs', async () => {
    await waitFor(
      'all workflows have ended',
      async () => ((await sandbox.workflows().list('ExecutionStatus="Running"')).length === 0 ? true : undefined),
      UNHURRIED,
    );
  });
});
