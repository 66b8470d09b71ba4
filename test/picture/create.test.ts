import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { planEnsure } from '../../policy/ensure.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { summaryOf } from '../../workflows/summaries.ts';
import { ROOT } from '../docs/markdown.ts';
import { EMPTY } from '../policy/account.ts';
import { release, seedCluster } from '../topology/objects.ts';
import { labelOf, textOf } from './create.ts';
import { PICTURES } from './pictures.ts';

describe('the picture of a create in README', () => {
  test('shows the steps that a create has today; if not, `npm run demo && npm run picture` takes another', () => {
    const { plan } = planEnsure(clusterTopology(seedCluster(), release()), EMPTY, {
      fresh: true,
      provisioned: false,
      live: false,
    });
    const labels = plan.steps
      .filter(({ resource }) => resource.kind !== 'milestone')
      .map((step) => labelOf(`${step.verb} • ${summaryOf(step)}`));
    expect(readFileSync(join(ROOT, PICTURES.create.text), 'utf8')).toBe(textOf([...new Set(labels)].sort()));
  });

  test('is small enough to be looked at over a slow line', () => {
    expect(statSync(join(ROOT, PICTURES.create.picture)).size).toBeLessThan(300 * 1024);
  });

  test('has its labels compared without ids and numbers of attempts', () => {
    expect(labelOf('5 • wait • control plane ready')).toBe('wait • control plane ready');
    expect(labelOf('ensure • secret gke-0a1b2c3d-root-ca')).toBe('ensure • secret gke-dfccaa67-root-ca');
  });
});
