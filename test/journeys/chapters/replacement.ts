/**
 * Chapter: a machine of the control plane dies while nobody looks after the cluster, and comes back by itself (I11).
 */
import { describe, expect, test } from '@jest/globals';
import { succeed } from '../../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../../support/wait.ts';
import { expectNoticedOnlyAtFirst, seenWhile, strictly } from '../availability.ts';
import type { Journey, Machine } from '../journey.ts';
import { heldBy, identity } from '../replicas.ts';
import {
  healthyMembers,
  looksNow,
  SLIPWAYS_PARTS,
  type Story,
  type Tell,
  untilNodesAreReady,
  untilPartsAreReady,
  untilSettledAgain,
} from '../story.ts';

/** Longer than anybody waits for a listing without wondering. */
const SLOW_MS = 2_000;
/** Answers that are waited for before anything is disturbed, and how many times the usual one of these is slow, too. */
const BEFORE = 10;
const SLOWER = 15;
/** Who waits that long wonders on any computer. */
const SLOWEST_MS = 6_000;

const bySlipway = async (journey: Journey, since: number): Promise<readonly string[]> =>
  (await journey.mutationsSince(since)).filter((call) => call.endsWith('Slipway'));

/** The one that stands in its place, once that holds what the dead one held. */
const anotherThan = ({ journey }: Story, old: Machine, index: number): Promise<Machine> =>
  waitFor(
    'another instance that holds a volume and an interface',
    async () => {
      const now = await journey.replica(index);
      const { volumes, interfaces } = heldBy(now);
      return now.id !== old.id && now.state === 'running' && volumes.length > 0 && interfaces.length > 0
        ? now
        : undefined;
    },
    UNHURRIED,
  );

export const replacement: Tell = (story) => {
  describe('a whole control-plane instance, killed while neither Slipway nor Temporal nor the management API runs', () => {
    let since = 0;
    let ids: readonly string[] = [];
    let looks: ReadonlyMap<string, number> = new Map();

    test('is replaced with its address and its data, and the API answers all the while', async () => {
      const { journey } = story();
      const members = await healthyMembers(story());
      ids = await journey.entityIds();
      looks = await looksNow(story(), ids);
      since = await journey.callsSoFar();
      const access = await journey.apiAccess();
      // The one whose loss is noticed most.
      const index = members.findIndex(({ leads }) => leads);
      const old = await journey.replica(index);
      expect(heldBy(old)).toMatchObject({ interfaces: [{ ip: expect.any(String) }], volumes: [expect.any(String)] });
      for (const part of SLIPWAYS_PARTS) await succeed(`stop ${part}`, journey.sandbox.sandbox('stop', part));

      let slowMs = SLOW_MS;
      const seen = await strictly(journey.sandbox, () =>
        seenWhile(access, SLOW_MS, async (watch) => {
          await waitFor('some answers', async () => (watch.requests() >= BEFORE ? true : undefined), UNHURRIED);
          // How fast this computer is at this moment.
          slowMs = Math.min(SLOWEST_MS, Math.max(SLOW_MS, SLOWER * watch.usual()));
          const from = Date.now();
          await succeed('kill', journey.sandbox.sandbox('kill', old.id));
          const loss = { from, at: Date.now() };
          const replaced = await anotherThan(story(), old, index);
          expect(heldBy(replaced)).toEqual(heldBy(old));
          // The very same members: etcd found its data, and did not have to join again.
          expect((await healthyMembers(story())).map(identity)).toEqual(members.map(identity));
          return loss;
        }),
      );
      expectNoticedOnlyAtFirst(seen);
      const slow = seen.noticed.filter(({ what, milliseconds }) => what === 'slow' && milliseconds > slowMs);
      expect(slow.length <= 1 ? [] : slow).toEqual([]);
      expect(seen.requests).toBeGreaterThanOrEqual(BEFORE + 5);
      const word = await journey.user('get', 'secret', 'treasure', '-o', 'jsonpath={.data.word}');
      expect(Buffer.from(word, 'base64').toString()).toBe('swordfish');
      // One whose connection ended with the replica may have missed a Lease on a busy computer: it comes back by itself.
      await untilNodesAreReady(story());
    });

    test('is no reason for Slipway to change anything when it is back', async () => {
      const { journey } = story();
      for (const part of SLIPWAYS_PARTS.toReversed())
        await succeed(`start ${part}`, journey.sandbox.sandbox('start', part));
      await untilPartsAreReady(story());
      // What a watcher that starts tells is no news to them: somebody must ask.
      for (const id of ids) await story().temporal.poke(id);
      await untilSettledAgain(story(), ids, looks);
      expect(await bySlipway(journey, since)).toEqual([]);
      await journey.untilProvisioned();
    });
  });
};
