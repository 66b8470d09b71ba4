/**
 * Chapter: somebody who follows README, the quick start and the page about Temporal, command by command, as they are written.
 *
 * What ends things comes at the end of the story: the last chapters run it. Neighbours: `../../docs/session.ts` runs commands;
 * `../../docs/operations.journey.test.ts` follows the page about operations.
 */
import { describe, expect, test } from '@jest/globals';
import { UNHURRIED, waitFor } from '../../support/wait.ts';
import { type Story, type Tell, untilNodesAreReady, untilPartsAreReady } from '../story.ts';

const README = 'README.md';
const QUICK_START = 'docs/quick-start.md';
const READING = 'docs/reading-a-create-in-temporal.md';

const TO_MANAGEMENT = 'kubectl config use-context gke_aws_management_gke-404767c1';
export const DELETE = 'kubectl delete -f sandbox/demo/cluster-0.yaml';
const DOWN = 'npm run sandbox -- down';
const DEMO_DOWN = 'npm run demo -- --down';
const RESET = 'npm run sandbox -- reset';

const untilGone = ({ journey }: Story, id: string): Promise<true> =>
  waitFor(
    `${id} to be gone`,
    async () => ((await journey.instances()).some((machine) => machine.id === id) ? undefined : true),
    UNHURRIED,
  );

export const documentation: Tell = (story) => {
  const follow = (...args: Parameters<Story['documentation']['section']>) => story().documentation.section(...args);

  describe('somebody who follows README', () => {
    test('runs the demo, on a sandbox that is up already', () =>
      follow(README, 'two-commands', { later: [DEMO_DOWN] }));
    test('tries the sandbox’s commands', async () => {
      await follow(README, 'the-sandbox', { later: [DOWN, RESET] });
      await untilPartsAreReady(story());
    });
    test('tries the command line', () => follow(README, 'the-command-line'));
  });

  describe('somebody who follows the quick start', () => {
    test('starts the sandbox, and knows where everything is', () => follow(QUICK_START, '1-start-the-sandbox'));
    test('applies a cluster', () => follow(QUICK_START, '2-apply-a-cluster'));
    test('watches it', () => follow(QUICK_START, '3-watch-it'));
    test('uses it, and goes back to the management API', async () => {
      // An earlier chapter made one of the same name.
      await story().journey.user('delete', 'deployment', 'web', '--wait', '--ignore-not-found');
      try {
        await follow(QUICK_START, '4-use-it');
      } finally {
        await story().documentation.run(TO_MANAGEMENT);
      }
    });
    test('breaks something, which comes back', async () => {
      const { journey } = story();
      const node = (await journey.instances()).find(({ tags }) =>
        tags['aws:autoscaling:groupName']?.includes('-nodepool-'),
      );
      if (node === undefined) throw new Error('No node pool has a machine');
      const kill = 'npm run sandbox -- kill <machine>';
      await follow(QUICK_START, '5-break-something', { how: { [kill]: { with: { '<machine>': node.id } } } });
      await untilGone(story(), node.id);
      await untilPartsAreReady(story());
      await untilNodesAreReady(story());
      await journey.untilProvisioned();
    });
  });

  describe('somebody who reads how to read a create', () => {
    test('finds it', () => follow(READING, 'find-it'));
    test('asks a workflow what it is doing', () => follow(READING, 'read-the-entity'));
  });
};

/** The very end: nothing can be asked of the sandbox after it. */
export const ending: Tell = (story) => {
  test('real AWS would have taken every call of this story, and IAM allowed it', () => story().journey.sandbox.judge());

  describe('somebody who has followed the pages to their end', () => {
    test('takes the sandbox down, and deletes its state', async () => {
      await story().documentation.section(QUICK_START, '7-delete-it', { later: [TO_MANAGEMENT, DELETE] });
      await story().documentation.run(DEMO_DOWN);
      await story().documentation.run(RESET);
      expect(() => story().journey.sandbox.status()).toThrow('there is no sandbox');
    });

    test('has run every command of them', () => {
      expect(story().documentation.notRun(README, QUICK_START, READING)).toEqual([]);
    });
  });
};
