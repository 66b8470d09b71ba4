/**
 * I5, I11: a replica of the control plane is lost in every way, by real processes: shut down, killed, hung, robbed of its
 * interface and of its disk, with Slipway up and with Slipway down; then two of three. The leader of etcd is always among the
 * victims. What was written before is there after. The account is as strict as AWS: load balancers learn of all this by their
 * checks alone. The chapters build on each other and run in this order.
 */
import { EC2Client, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { waitFor } from '../support/wait.ts';
import { expectFailuresOnlyUntilNoticed, failuresOf, STRICT, seenWhile } from './availability.ts';
import { LONG, MINUTES, SPECTATOR } from './journey.ts';
import { heldBy, identity, type Replicas, replicasIn } from './replicas.ts';
import { untilPartsAreReady } from './story.ts';

/** A machine that does not serve is replaced after this; the computer may be busy, so that no healthy one is. */
const REPAIR_SECONDS = 20;
/** A sweep finds a lost volume. Target health it looks at hourly, so that a machine that hangs is looked at by hand. */
const SWEEP_SECONDS = 10;
/** Longer than anybody waits for a listing without wondering. */
const SLOW_MS = 2_000;
/** Requests over which something may be said of what users noticed. */
const ENOUGH = 20;
const SLIPWAY = [
  'slipway-client',
  'slipway-worker',
  'slipway-admission',
  'temporal',
  'hub',
  'management-apiserver',
  'management-etcd',
];

jest.setTimeout(LONG.timeoutMs);

let sandbox: SandboxForTests;
let told: Replicas | undefined;
const figures: string[] = [];

const replicas = (): Replicas => {
  if (told === undefined) throw new Error('The cluster of this story was not made');
  return told;
};
const command = (...args: readonly string[]): Promise<string> => succeed(args.join(' '), sandbox.sandbox(...args));

/** Does something while the API is asked over and over, and answers what its users noticed, and when the replica was gone. */
const watched = async (what: string, act: (gone: () => void) => Promise<void>) => {
  const began = performance.now();
  const seen = await seenWhile(await replicas().journey.apiAccess(), SLOW_MS, async (watch) => {
    let goneAt = Date.now();
    await act(() => {
      goneAt = Date.now();
    });
    // A machine may be replaced within two seconds: too soon to say that nobody noticed.
    await waitFor(
      'the API has been asked often enough',
      () => Promise.resolve(watch.requests() >= ENOUGH ? true : undefined),
      { timeoutMs: MINUTES },
    );
    return goneAt;
  });
  const failed = failuresOf(seen).map((one) => ((Date.parse(one.began) - seen.goneAt) / 1_000).toFixed(1));
  figures.push(
    `${what}: ${((performance.now() - began) / 1_000).toFixed(0)} s, ${seen.requests} requests, ${failed.length} failed` +
      `${failed.length === 0 ? '' : ` (begun at ${failed.join(', ')} s)`}, slowest ${seen.slowestMilliseconds} ms`,
  );
  return seen;
};

/** Until the load balancer has noticed, and etcd has another leader, requests may fail: not after. */
const expectHardlyNoticed = (seen: Awaited<ReturnType<typeof watched>>): void => {
  expectFailuresOnlyUntilNoticed(seen, seen.goneAt);
  expect(seen.requests).toBeGreaterThanOrEqual(ENOUGH);
};

/** As a person ends a machine by hand. */
const terminate = async (id: string): Promise<void> => {
  const { endpoint, region } = sandbox.status().aws;
  const ec2 = new EC2Client({ endpoint, region, credentials: SPECTATOR });
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  ec2.destroy();
};

beforeAll(async () => {
  sandbox = await startSandbox({
    ...STRICT,
    SLIPWAY_REPAIR_SECONDS: String(REPAIR_SECONDS),
    SLIPWAY_SWEEP_SECONDS: String(SWEEP_SECONDS),
  });
  told = await replicasIn(sandbox);
}, 15 * MINUTES);

afterAll(async () => {
  console.info(figures.join('\n'));
  await sandbox?.end();
}, 2 * MINUTES);

describe('the machine whose etcd member leads', () => {
  test('is terminated: it leaves the load balancer, then etcd, and nobody notices', async () => {
    const { healthy, leader, journey, replacedBy, repairs, agentLog } = replicas();
    const members = await healthy();
    const index = await leader();
    const old = await journey.replica(index);
    const since = await journey.callsSoFar();
    const seen = await watched('terminated', async () => {
      await terminate(old.id);
      expect(heldBy(await replacedBy(index, old.id))).toEqual(heldBy(old));
      expect((await healthy()).map(identity)).toEqual(members.map(identity));
    });
    expect(failuresOf(seen)).toEqual([]);
    expect(seen.requests).toBeGreaterThanOrEqual(ENOUGH);
    for (const name of ['kube-controller-manager', 'kube-apiserver', 'etcd']) {
      expect(agentLog(old.id)).toContain(`${name} stopped`);
    }
    expect(await replicas().changesSince(since)).toEqual([]);
    expect(await repairs()).toEqual([]);
    await replicas().expectTreasure();
  });

  test('is killed: AWS replaces it, its members stay who they are, and Slipway has nothing to do', async () => {
    const { healthy, leader, journey, replacedBy, repairs } = replicas();
    const members = await healthy();
    const index = await leader();
    const old = await journey.replica(index);
    const since = await journey.callsSoFar();
    const seen = await watched('killed', async (gone) => {
      await command('kill', old.id);
      gone();
      expect(heldBy(await replacedBy(index, old.id))).toEqual(heldBy(old));
      expect((await healthy()).map(identity)).toEqual(members.map(identity));
    });
    expectHardlyNoticed(seen);
    expect(await replicas().changesSince(since)).toEqual([]);
    expect(await repairs()).toEqual([]);
    await replicas().expectTreasure();
  });

  test('hangs: it is named in the status, and its machine, which EC2 takes for well, is replaced once', async () => {
    const { healthy, leader, journey, replacedBy, status, condition, until, look, repairs } = replicas();
    const members = await healthy();
    const index = await leader();
    const old = await journey.replica(index);
    const since = await journey.callsSoFar();
    const seen = await watched('hung', async (gone) => {
      await command('fault', 'hang', old.id);
      gone();
      const reported = await until('the status to name it', async () => {
        await look();
        return (await status()).unhealthyReplicas?.find(({ instanceID }) => instanceID === old.id);
      });
      expect(reported).toMatchObject({ index, message: expect.stringContaining('does not serve') });
      expect(await condition('Degraded')).toMatchObject({ status: 'True' });
      expect(await condition('Ready')).toMatchObject({ status: 'True' });
      // From here on nobody pokes: the entity looks by itself as long as something is wrong.
      expect(heldBy(await replacedBy(index, old.id))).toEqual(heldBy(old));
      expect((await healthy()).map(identity)).toEqual(members.map(identity));
    });
    expectHardlyNoticed(seen);
    await replicas().settled();
    expect(await repairs()).toEqual(['COMPLETED']);
    expect(await replicas().changesSince(since)).toEqual(['TerminateInstanceInAutoScalingGroup']);
    await replicas().expectTreasure();
  });

  test('has its network interface taken away while Slipway is down, and takes it again by itself', async () => {
    const { healthy, leader, journey, until, agentLog } = replicas();
    const members = await healthy();
    const index = await leader();
    const machine = await journey.replica(index);
    const [taken] = heldBy(machine).interfaces;
    await command('stop', 'slipway-worker');
    await command('fault', 'detach-interface', taken?.id ?? '');
    await until('the agent to say so', async () =>
      agentLog(machine.id).includes(`${taken?.id} is attached again`) ? true : undefined,
    );
    expect(heldBy(await journey.replica(index))).toEqual(heldBy(machine));
    expect((await healthy()).map(identity)).toEqual(members.map(identity));
    await command('start', 'slipway-worker');
    await untilPartsAreReady({ journey });
    await replicas().expectTreasure();
  });
});

describe('a replica that loses its etcd volume', () => {
  /** The member of the replica is another one afterwards, the others are the same, and all vote. */
  const expectRejoined = async (before: readonly string[], index: number, lost: string): Promise<void> => {
    const { healthy, volumes, settled, expectTreasure, until, repairs } = replicas();
    await until('the repair to be done', async () =>
      (await repairs()).every((state) => state === 'COMPLETED') ? true : undefined,
    );
    await settled();
    const after = (await healthy()).map(identity);
    expect(after).toHaveLength(3);
    const changed = after.filter((one) => !before.includes(one));
    expect(changed).toEqual([expect.stringMatching(new RegExp(`-controlplane-${index} `))]);
    const disks = await volumes(index);
    expect(disks).toHaveLength(1);
    expect(disks[0]?.id).not.toBe(lost);
    // An empty disk would be another loss, and is for a repair to judge.
    expect(disks[0]?.detail.tags).toMatchObject({ 'slipway.dev/empty-disk': 'wait' });
    await expectTreasure();
  };

  test('gets an empty one, leaves etcd and joins again as a learner, and votes', async () => {
    const { healthy, leader, journey, until, status, repairs } = replicas();
    const before = (await healthy()).map(identity);
    const index = await leader();
    const old = await journey.replica(index);
    const [lost = ''] = heldBy(old).volumes;
    const seen = await watched('volume lost', async (gone) => {
      await command('fault', 'lose-volume', lost);
      gone();
      await until('a repair to begin', async () => ((await repairs()).length > 1 ? true : undefined));
      await expectRejoined(before, index, lost);
    });
    expectHardlyNoticed(seen);
    expect(await repairs()).toEqual(['COMPLETED', 'COMPLETED']);
    expect((await status()).incarnations).toEqual({ [`etcd-volume/${index}`]: 1 });
    expect((await journey.replica(index)).id).not.toBe(old.id);
  });

  test('waits and says so while Slipway is down, quorum holds, and it is repaired when Slipway is back', async () => {
    const { healthy, leader, journey, healthyBut, agentLog, until, repairs } = replicas();
    const before = (await healthy()).map(identity);
    const index = await leader();
    const old = await journey.replica(index);
    const [lost = ''] = heldBy(old).volumes;
    const name = before[index]?.split(' ')[0] ?? '';
    const seen = await watched('volume lost while Slipway is down', async (gone) => {
      for (const part of SLIPWAY) await command('stop', part);
      await command('fault', 'lose-volume', lost);
      gone();
      const waits = `volume ${lost} does not exist; only a repair can make a new one`;
      await until('its agent to say so', async () =>
        agentLog(old.id).includes('The data of this replica is lost') ? true : undefined,
      );
      // The machine that AWS puts in its place waits: nothing is overwritten, however often it boots.
      await command('kill', old.id);
      await until('the next machine to say what it waits for', async () => {
        const now = await journey.replica(index);
        return now.id !== old.id && agentLog(now.id).includes(waits) ? true : undefined;
      });
      await healthyBut(name);
      await journey.user('create', 'configmap', 'written-by-two', '--from-literal=word=still');
      for (const part of SLIPWAY.toReversed()) await command('start', part);
      await untilPartsAreReady({ journey });
      await until('the third repair', async () => ((await repairs()).length > 2 ? true : undefined));
      await expectRejoined(before, index, lost);
    });
    expectHardlyNoticed(seen);
    expect(await journey.user('get', 'configmap', 'written-by-two', '-o', 'jsonpath={.data.word}')).toBe('still');
    expect(await repairs()).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED']);
  });
});

describe('two of three replicas', () => {
  test('are lost: it is reported, nothing is overwritten, and all is well by itself when they are back', async () => {
    const { healthy, leader, journey, until, look, status, condition, repairs, settled } = replicas();
    const members = await healthy();
    const first = await leader();
    const second = (first + 1) % 3;
    const machines = [await journey.replica(first), await journey.replica(second)];
    const since = await journey.callsSoFar();
    for (const { id } of machines) await command('fault', 'hang', id);
    const reported = await until('the loss of quorum to be reported, and both machines', async () => {
      await look();
      const { unhealthyReplicas: named = [] } = await status();
      const ready = await condition('Ready');
      return ready?.reason === 'QuorumLost' && machines.every(({ id }) => named.some((one) => one.instanceID === id))
        ? ready
        : undefined;
    });
    // The third does not serve either: it asks etcd, which cannot answer.
    expect(reported.message).toMatch(/nothing is replaced or overwritten/);
    const { lastErrors = [], unhealthyReplicas = [] } = await status();
    expect(lastErrors.flatMap(({ commands = [] }) => commands)).toEqual(
      expect.arrayContaining(
        machines.map(({ id }) => `aws ec2 terminate-instances --region eu-west-1 --instance-ids ${id}`),
      ),
    );
    // Even after a single machine would have been replaced.
    const began = Math.min(...unhealthyReplicas.map((one) => Date.parse(one.since)));
    await until('the time after which one would be replaced', async () => {
      await look();
      return Date.now() > began + 1.5 * REPAIR_SECONDS * 1_000 ? true : undefined;
    });
    expect(await replicas().changesSince(since)).toEqual([]);

    for (const { id } of machines) await command('fault', 'resume', id);
    await settled();
    expect((await healthy()).map(identity)).toEqual(members.map(identity));
    expect([(await journey.replica(first)).id, (await journey.replica(second)).id]).toEqual(
      machines.map(({ id }) => id),
    );
    expect(await repairs()).toHaveLength(3);
    expect(await replicas().changesSince(since)).toEqual([]);
    await replicas().expectTreasure();
  });
});
