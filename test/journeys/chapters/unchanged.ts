/**
 * Chapter: what is as it should be stays untouched in AWS, whatever happens to Slipway's own parts (I6).
 */
import { describe, expect, test } from '@jest/globals';
import { succeed } from '../../support/sandbox.ts';
import { MANIFEST } from '../journey.ts';
import { gatherSecrets, looksNow, rows, type Tell, untilPartsAreReady, untilSettledAgain } from '../story.ts';

export const unchanged: Tell = (story) => {
  describe('nothing is changed in AWS', () => {
    test('when the manifest is applied again, and every entity looks once more', async () => {
      const [since, ids] = [await story().journey.callsSoFar(), await story().journey.entityIds()];
      const looks = await looksNow(story(), ids);
      const answers = rows(await story().journey.kubectl('apply', '-f', MANIFEST)).map((line) =>
        line.split(' ').at(-1),
      );
      expect(answers).toEqual(Array(4).fill('unchanged'));
      for (const id of ids) await story().temporal.poke(id);
      await untilSettledAgain(story(), ids, looks);
      expect(await story().journey.mutationsSince(since)).toEqual([]);
    });

    test('when every part but AWS itself is killed and comes back', async () => {
      const [since, ids] = [await story().journey.callsSoFar(), await story().journey.entityIds()];
      const looks = await looksNow(story(), ids);
      const parts = story()
        .journey.sandbox.status()
        .parts.filter(({ name }) => name !== 'aws' && !name.startsWith('i-'));
      expect(parts.length).toBeGreaterThanOrEqual(8);
      for (const { name } of parts) await succeed(`kill ${name}`, story().journey.sandbox.sandbox('kill', name));
      await untilPartsAreReady(story());
      const now = new Map(
        story()
          .journey.sandbox.status()
          .parts.map(({ name, pid }) => [name, pid]),
      );
      for (const { name, pid } of parts) expect({ name, pid: now.get(name) }).not.toEqual({ name, pid });
      // What a watcher that starts tells is no news to them: somebody must ask.
      for (const id of ids) await story().temporal.poke(id);
      await untilSettledAgain(story(), ids, looks);
      expect(await story().journey.mutationsSince(since)).toEqual([]);
      await story().journey.untilProvisioned();
    });

    test('when all of Temporal’s data is thrown away', async () => {
      await gatherSecrets(story());
      const [since, ids] = [await story().journey.callsSoFar(), await story().journey.entityIds()];
      await succeed('reset temporal', story().journey.sandbox.sandbox('reset', 'temporal'));
      await untilPartsAreReady(story());
      await untilSettledAgain(story(), ids, new Map());
      expect(await story().journey.mutationsSince(since)).toEqual([]);
      await story().journey.untilProvisioned();
      // Only entities: there was nothing to do for any operation. A sweep comes when it comes.
      const listed = (await story().temporal.list()).filter(({ type }) => type.name !== 'DriftSweep');
      expect(listed.map(({ type }) => type.name).sort()).toEqual(['AwsCluster', ...Array(3).fill('AwsNodePool')]);
      const id = (await story().journey.cluster()).status?.clusterID;
      expect(await story().temporal.list(`SlipwayCluster = '${id}'`)).toHaveLength(4);
    });
  });
};
