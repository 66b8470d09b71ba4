/**
 * Chapter: the create as a person sees it in Temporal's UI, in a browser, and whether README's picture still shows it.
 *
 * Needs chromium; where there is none, the tests are skipped and say so. Neighbours: `../../picture/` knows the UI.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ROOT } from '../../docs/markdown.ts';
import { findBrowser, NO_BROWSER } from '../../picture/browser.ts';
import { type Run, seeDetails, seeSteps, textOf } from '../../picture/create.ts';
import { PICTURES } from '../../picture/pictures.ts';
import type { Story, Tell } from '../story.ts';

const createOf = async ({ journey, temporal }: Story): Promise<Run> => {
  const [create] = await temporal.list("WorkflowType = 'CreateCluster'");
  if (create === undefined) throw new Error('Temporal knows of no create');
  return { ui: journey.sandbox.status().temporal.ui, ...create.execution };
};

const browser = findBrowser() !== undefined;
const look = browser ? test : test.skip;

export const picture: Tell = (story) => {
  describe(browser ? 'in Temporal’s UI' : `in Temporal’s UI (skipped: ${NO_BROWSER})`, () => {
    look('the timeline has every step by its name, as README’s picture shows it', async () => {
      const { labels, picture: taken } = await seeSteps(await createOf(story()), PICTURES.create.label);
      // Where this differs, `npm run demo && npm run picture` takes another picture.
      expect(textOf(labels)).toBe(readFileSync(join(ROOT, PICTURES.create.text), 'utf8'));
      expect(taken.subarray(8, 12).toString()).toBe('WEBP');
      expect(taken.length).toBeGreaterThan(50_000);
    });

    look('the workflow’s page says what it is for and how it went', async () => {
      const seen = await seeDetails(await createOf(story()), 'steps done');
      expect(seen).toContain('CreateCluster default/cluster-0, version 1.16.9-gke.12');
      expect(seen).toContain('CreateCluster of AWSCluster default/cluster-0');
      expect(seen).toMatch(/Succeeded: (\d+) of \1 steps done/);
      expect(seen).toMatch(/Version 1\.16\.9-gke\.12 \(Kubernetes 1\.36\.3\), cluster gke-[0-9a-f]{8} in eu-west-1/);
    });
  });
};
