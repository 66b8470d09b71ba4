/**
 * Chapter: everything is deleted, made again at once under the same name, and deleted for good (I7).
 */
import { existsSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { UNHURRIED, waitFor } from '../../support/wait.ts';
import { MANIFEST } from '../journey.ts';
import { eventually, gatherSecrets, rows, type Story, type Tell } from '../story.ts';
import { DELETE } from './documentation.ts';

/** Whatever a cluster leaves in the account, at the hub, in the management API and on this computer. */
const leftovers = async ({ journey }: Story) => ({
  objects: await journey.made(),
  secrets: await journey.kubectl('get', 'secrets', '-A', '-o', 'name'),
  memberships: await journey.memberships(),
  instances: journey.sandbox.status().parts.filter(({ name }) => name.startsWith('i-')),
});

const NOTHING = { objects: [], secrets: '', memberships: [], instances: [] };

export const deletion: Tell = (story) => {
  describe('kubectl delete of the same file', () => {
    test('removes everything, and an apply at once makes another cluster of the same name', async () => {
      const { journey } = story();
      const first = await journey.cluster();
      await gatherSecrets(story());
      expect(rows(await journey.deleteAll())).toHaveLength(4);
      expect(rows(await journey.kubectl('apply', '-f', MANIFEST)).map((line) => line.split(' ').at(-1))).toEqual(
        Array(4).fill('created'),
      );
      await journey.untilProvisioned();
      const second = await journey.cluster();
      expect(second.metadata.uid).not.toBe(first.metadata.uid);
      expect(second.status?.clusterID).not.toBe(first.status?.clusterID);
      expect(JSON.stringify(await journey.inventory())).not.toContain(first.status?.clusterID);
      await journey.getCredentials();
      await eventually('nine nodes, all ready', async () => {
        const nodes = await journey.user('get', 'nodes', '--no-headers');
        expect(rows(nodes).map((node) => node.split(/\s+/)[1])).toEqual(Array(9).fill('Ready'));
      });
    });

    test('leaves the account as it was, no membership, no object and no Secret', async () => {
      const { journey, documentation, inventoryBefore } = story();
      await gatherSecrets(story());
      // As the quick start has it.
      expect(rows(await documentation.run(DELETE))).toHaveLength(4);
      expect(await journey.inventory()).toEqual(inventoryBefore);
      // Machines that were told to end may take a moment after the account calls them terminated.
      await waitFor(
        'every machine to have ended',
        async () => ((await leftovers(story())).instances.length === 0 ? true : undefined),
        UNHURRIED,
      );
      expect(await leftovers(story())).toEqual(NOTHING);
      expect(existsSync(journey.userKubeconfig)).toBe(true);
    });
  });
};
