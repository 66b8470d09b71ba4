/**
 * I5, I11: a replica of the control plane loses its disk, by real processes, with Slipway up and with Slipway down. It is always
 * the one whose etcd member leads. What was written before is there after. The account is as strict as AWS. The chapters build
 * on each other and run in this order. Lost machines are another story, `machine-loss.journey.test.ts`.
 */
import { describe, expect, test } from '@jest/globals';
import { expectHardlyNoticed, tellOfLosses } from './losses.ts';
import { heldBy, identity } from './replicas.ts';
import { SLIPWAYS_PARTS, untilPartsAreReady } from './story.ts';

const { replicas, command, watched } = tellOfLosses();

describe('a replica that loses its etcd volume', () => {
  /** The member of the replica is another one afterwards, the others are the same, and all vote. */
  const expectRejoined = async (before: readonly string[], index: number, lost: string): Promise<void> => {
    const { healthy, volumes, settled, expectTreasure, repairsDone } = replicas();
    expect(new Set(await repairsDone())).toEqual(new Set(['COMPLETED']));
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
    const seen = await watched('volume lost', async (lose) => {
      await lose(() => command('fault', 'lose-volume', lost));
      await until('a repair to begin', async () => ((await repairs()).length > 0 ? true : undefined));
      await expectRejoined(before, index, lost);
    });
    expectHardlyNoticed(seen);
    expect(await repairs()).toEqual(['COMPLETED']);
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
    const seen = await watched('volume lost while Slipway is down', async (lose) => {
      for (const part of SLIPWAYS_PARTS) await command('stop', part);
      await lose(() => command('fault', 'lose-volume', lost));
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
      for (const part of SLIPWAYS_PARTS.toReversed()) await command('start', part);
      await untilPartsAreReady({ journey });
      await until('the second repair', async () => ((await repairs()).length > 1 ? true : undefined));
      await expectRejoined(before, index, lost);
    });
    expectHardlyNoticed(seen);
    expect(await journey.user('get', 'configmap', 'written-by-two', '-o', 'jsonpath={.data.word}')).toBe('still');
    expect(await repairs()).toEqual(['COMPLETED', 'COMPLETED']);
  });
});
