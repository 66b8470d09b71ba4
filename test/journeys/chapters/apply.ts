/**
 * Chapter: the seed's manifest is applied, and what a person sees until everything is provisioned.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { waitFor } from '../../support/wait.ts';
import { MANIFEST } from '../journey.ts';
import { APPLIED, EVENTS, MANIFEST_SHA256, normalised, normalisedRows, PROVISIONING } from '../seed.ts';
import { eventually, operationOf, rows, type Tell } from '../story.ts';

export const apply: Tell = (story) => {
  describe('kubectl apply of the seed’s manifest', () => {
    test('takes it byte for byte, and answers in the seed’s words', async () => {
      expect(createHash('sha256').update(readFileSync(MANIFEST)).digest('hex')).toBe(MANIFEST_SHA256);
      expect(rows(await story().journey.kubectl('apply', '-f', MANIFEST))).toEqual(rows(APPLIED));
    });

    test('shows its progress in the seed’s columns', async () => {
      const seen = await waitFor(
        'an endpoint while everything is being provisioned',
        async () => {
          const shown = await story().journey.kubectl('get', 'AWSClusters,AWSNodePools');
          const states = shown.match(/\bProvisioning\b/g) ?? [];
          return shown.includes('.elb.') && states.length === 4 ? shown : undefined;
        },
        { intervalMs: 200 },
      );
      expect(normalised(seen)).toEqual(normalised(PROVISIONING));
    });

    test('tells in Temporal what runs at the moment', async () => {
      const operation = await operationOf(story(), 'awscluster');
      // Between the end of one step and the begin of the next nothing runs, for a moment.
      await eventually('the step that runs', async () => {
        const details = await story().temporal.metadata(operation);
        expect(details).toContain('### CreateCluster of AWSCluster default/cluster-0');
        expect(details).toMatch(/Running: \d+ of \d+ steps done/);
        expect(details).toMatch(/#### Running\n\s*- `(ensure|wait) \S+` since/);
      });
    });

    test('ends with everything provisioned', () => story().journey.untilProvisioned());

    test('leaves the seed’s events, each once', () =>
      eventually('the seed’s events', async () => {
        expect(normalisedRows(await story().journey.kubectl('get', 'events'))).toEqual(normalisedRows(EVENTS));
      }));
  });
};
