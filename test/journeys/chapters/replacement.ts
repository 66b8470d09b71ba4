/**
 * Chapter: a machine of the control plane dies while nobody looks after the cluster, and comes back by itself (I11).
 */
import { describe, expect, test } from '@jest/globals';
import { succeed } from '../../support/sandbox.ts';
import { waitFor } from '../../support/wait.ts';
import { watchAvailability } from '../availability.ts';
import type { EtcdMember } from '../etcd.ts';
import { LONG, type Machine } from '../journey.ts';
import { healthyMembers, looksNow, type Tell, untilPartsAreReady, untilSettledAgain } from '../story.ts';

/** Longer than anybody waits for a listing without wondering. */
const SLOW_MS = 2_000;
const SLIPWAY = ['slipway-client', 'slipway-worker'];

/** What an instance holds that outlives it: its second network interface, and the volume beside its root volume. */
const heldBy = ({ enis, volumes }: Machine) => ({
  interface: enis.filter(({ index }) => index !== 0).map(({ id, ip }) => ({ id, ip })),
  volumes: volumes.filter(({ device }) => device !== '/dev/xvda').map(({ id }) => id),
});

const identity = ({ id, name }: EtcdMember): string => `${name} ${id}`;

export const replacement: Tell = (story) => {
  describe('a whole control-plane instance, killed while Slipway is stopped', () => {
    test(
      'is replaced with its address and its data, and the API answers all the while',
      async () => {
        const { journey } = story();
        const members = await healthyMembers(story());
        const ids = await journey.entityIds();
        const looks = await looksNow(story(), ids);
        const since = await journey.callsSoFar();
        const access = await journey.apiAccess();
        // The one whose loss is noticed most.
        const index = members.findIndex(({ leads }) => leads);
        const old = await journey.replica(index);
        expect(heldBy(old)).toMatchObject({ interface: [{ ip: expect.any(String) }], volumes: [expect.any(String)] });
        for (const part of SLIPWAY) await succeed(`stop ${part}`, journey.sandbox.sandbox('stop', part));

        const availability = watchAvailability(access, SLOW_MS);
        await waitFor('some answers', async () => (availability.requests() >= 10 ? true : undefined), LONG);
        await succeed('kill', journey.sandbox.sandbox('kill', old.id));
        const replaced = await waitFor(
          'another instance that holds the same',
          async () => {
            const now = await journey.replica(index);
            const holds = now.id !== old.id && now.state === 'running' && heldBy(now).volumes.length > 0;
            return holds && heldBy(now).interface.length > 0 ? now : undefined;
          },
          LONG,
        );
        expect(heldBy(replaced)).toEqual(heldBy(old));
        // The very same members: etcd found its data, and did not have to join again.
        const after = await healthyMembers(story());
        expect(after.map(identity)).toEqual(members.map(identity));
        const seen = await availability.end();
        expect(seen.noticed.length <= 1 ? [] : seen.noticed).toEqual([]);

        expect((await journey.mutationsSince(since)).filter((call) => call.endsWith('Slipway'))).toEqual([]);
        const word = await journey.user('get', 'secret', 'treasure', '-o', 'jsonpath={.data.word}');
        expect(Buffer.from(word, 'base64').toString()).toBe('swordfish');

        for (const part of SLIPWAY) await succeed(`start ${part}`, journey.sandbox.sandbox('start', part));
        await untilPartsAreReady(story());
        await untilSettledAgain(story(), ids, looks);
        expect((await journey.mutationsSince(since)).filter((call) => call.endsWith('Slipway'))).toEqual([]);
      },
      3 * LONG.timeoutMs,
    );
  });
};
