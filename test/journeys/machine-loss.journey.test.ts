/**
 * I5, I11: a machine of the control plane is lost in every way, by real processes: shut down, killed, hung, robbed of its
 * interface while Slipway is down; then two of three. The leader of etcd is always among the victims. What was written before is
 * there after. The account is as strict as AWS: load balancers learn of all this by their checks alone. The chapters build on
 * each other and run in this order. Lost disks are another story, `volume-loss.journey.test.ts`.
 */
import { EC2Client, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { describe, expect, test } from '@jest/globals';
import { SPECTATOR } from '../support/spectator.ts';
import { whileHangingMachinesAreCutOffSoon } from './availability.ts';
import { expectHardlyNoticed, expectUnnoticed, type Lose, REPAIR_SECONDS, tellOfLosses } from './losses.ts';
import { conditionIn, heldBy, identity } from './replicas.ts';
import { untilPartsAreReady } from './story.ts';

const { sandbox, replicas, command, watched } = tellOfLosses();

/** As a person ends a machine by hand. */
const terminate = async (id: string): Promise<void> => {
  const { endpoint, region } = sandbox().status().aws;
  const ec2 = new EC2Client({ endpoint, region, credentials: SPECTATOR });
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  ec2.destroy();
};

describe('the machine whose etcd member leads', () => {
  test('is terminated: it leaves the load balancer, then etcd, and fails no request', async () => {
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
    expectUnnoticed(seen);
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
    const seen = await watched('killed', async (lose) => {
      await lose(() => command('kill', old.id));
      expect(heldBy(await replacedBy(index, old.id))).toEqual(heldBy(old));
      expect((await healthy()).map(identity)).toEqual(members.map(identity));
    });
    expectHardlyNoticed(seen);
    expect(await replicas().changesSince(since)).toEqual([]);
    expect(await repairs()).toEqual([]);
    await replicas().expectTreasure();
  });

  test('hangs: it is named in the status, and its machine, which EC2 takes for well, is replaced once', async () => {
    const { healthy, leader, journey, replacedBy, status, until, look, repairsDone } = replicas();
    const members = await healthy();
    const index = await leader();
    const old = await journey.replica(index);
    const since = await journey.callsSoFar();
    const machines = () => Promise.all(members.map(async (_, replica) => (await journey.replica(replica)).id));
    const before = await machines();
    let next = '';
    const hung = async (lose: Lose): Promise<void> => {
      await lose(() => command('fault', 'hang', old.id));
      // Others fail a check, too, while etcd elects on a busy computer.
      const reported = await until('the status to name it, and it alone', async () => {
        await look();
        const seen = await status();
        const named = (seen.unhealthyReplicas ?? []).map(({ instanceID }) => instanceID);
        return named.length === 1 && named[0] === old.id ? seen : undefined;
      });
      expect(reported.unhealthyReplicas).toEqual([
        expect.objectContaining({ index, message: expect.stringContaining('does not serve') }),
      ]);
      expect(conditionIn(reported, 'Degraded')).toMatchObject({ status: 'True' });
      expect(conditionIn(reported, 'Ready')).toMatchObject({ status: 'True' });
      // From here on nobody pokes: the entity looks by itself as long as something is wrong.
      const replacement = await replacedBy(index, old.id);
      expect(heldBy(replacement)).toEqual(heldBy(old));
      next = replacement.id;
      expect((await healthy()).map(identity)).toEqual(members.map(identity));
    };
    const seen = await watched('hung', (lose) => whileHangingMachinesAreCutOffSoon(sandbox(), () => hung(lose)));
    expectHardlyNoticed(seen);
    await replicas().settled();
    expect(await repairsDone()).toEqual(['COMPLETED']);
    // On a busy computer Temporal may hand the step out twice, which asks to end the same machine twice. None but that one went.
    expect(new Set(await replicas().changesSince(since))).toEqual(new Set(['TerminateInstanceInAutoScalingGroup']));
    expect(await machines()).toEqual(before.with(index, next));
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

describe('two of three replicas', () => {
  test('are lost: it is reported, nothing is overwritten, and all is well by itself when they are back', async () => {
    const { healthy, leader, journey, until, look, status, repairsDone, settled } = replicas();
    const members = await healthy();
    const first = await leader();
    const second = (first + 1) % 3;
    const machines = [await journey.replica(first), await journey.replica(second)];
    const since = await journey.callsSoFar();
    for (const { id } of machines) await command('fault', 'hang', id);
    const reported = await until('the loss of quorum to be reported, and both machines', async () => {
      await look();
      const seen = await status();
      const named = (seen.unhealthyReplicas ?? []).map(({ instanceID }) => instanceID);
      const lost = conditionIn(seen, 'Ready')?.reason === 'QuorumLost';
      return lost && machines.every(({ id }) => named.includes(id)) ? seen : undefined;
    });
    // The third does not serve either: it asks etcd, which cannot answer.
    expect(conditionIn(reported, 'Ready')?.message).toMatch(/nothing is replaced or overwritten/);
    const { lastErrors = [], unhealthyReplicas = [] } = reported;
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

    await Promise.all(machines.map(({ id }) => command('fault', 'resume', id)));
    await settled();
    expect((await healthy()).map(identity)).toEqual(members.map(identity));
    expect([(await journey.replica(first)).id, (await journey.replica(second)).id]).toEqual(
      machines.map(({ id }) => id),
    );
    expect(await repairsDone()).toHaveLength(1);
    expect(await replicas().changesSince(since)).toEqual([]);
    await replicas().expectTreasure();
  });
});
