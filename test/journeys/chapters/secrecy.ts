/**
 * Chapter: none of the run's keys and tokens can be read anywhere (I8), neither as it is nor encoded.
 */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { searchFor } from '../needles.ts';
import { historiesNow, plant, publicPlacesNow, usableKeys } from '../secrets.ts';
import type { Tell } from '../story.ts';

const { privateKey: planted } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** Before the end, while there are entities in whose histories something can be planted. */
export const planting: Tell = (story) => {
  test('a key that is planted in a history, in a log and in an event is among what was gathered', async () => {
    await plant(story().journey, story().temporal, planted);
  });
};

export const secrecy: Tell = (story) => {
  describe('after all this', () => {
    test('every kind of place was searched: the planted key is found in a history, a log and an event', () => {
      const found = story().places.flatMap(searchFor([{ name: 'planted', text: planted }]));
      const places = [
        ...new Set(found.map(({ where }) => where.replace(/^history of.*/, 'history').replace(/^.*\//, ''))),
      ];
      expect(places.sort()).toEqual(expect.arrayContaining(['events', 'history', 'hub.log']));
    });

    test('no key and no token of the run is in any history, log, event, status or metric', async () => {
      const { journey, temporal, secrets, places } = story();
      places.push(...(await historiesNow(temporal)), ...(await publicPlacesNow(journey)));
      const distinct = [...new Map(secrets.map((secret) => [secret.text, secret])).values()];
      // Three replicas, nine nodes, and all that came after them, of two clusters.
      expect(usableKeys(distinct)).toBeGreaterThan(150);
      expect(places.filter(({ where }) => where.startsWith('history of')).length).toBeGreaterThan(30);
      const search = searchFor(distinct);
      expect(places.flatMap(search)).toEqual([]);
    });
  });
};
