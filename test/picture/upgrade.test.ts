/** The pictures of an upgrade's first turn and of its commit, held to the steps that policy plans today. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { releaseOf } from '../../api/releases.ts';
import type { OperationInput } from '../../policy/assessment.ts';
import { revisionOf } from '../../policy/revision.ts';
import { summaryOf } from '../../workflows/summaries.ts';
import { ROOT } from '../docs/markdown.ts';
import { NOW } from '../policy/repairing.ts';
import { changedTo, liveCluster, ranToEnd, worldOf } from '../policy/replica-world.ts';
import { labelOf, textOf } from './create.ts';
import { PICTURES } from './pictures.ts';

const [OLD, NEW] = ['1.36.3-gke.1', '1.37.2-gke.1'] as const;
const DAY_MS = 86_400_000;

const before = () => {
  const release = releaseOf(OLD);
  if (release === undefined) throw new Error(`The catalogue lacks ${OLD}.`);
  const cluster = liveCluster({ version: OLD });
  const status = { ...cluster.status, revision: revisionOf(release), kubernetesVersion: release.kubernetes };
  return { cluster: { ...cluster, status }, release };
};

const upgraded = () => {
  const { cluster, release } = before();
  const soaking = ranToEnd(changedTo(cluster, { version: NEW }), worldOf(cluster, release));
  const committed = ranToEnd(soaking.cluster, soaking.world, { now: NOW + DAY_MS });
  return { upgrade: soaking.operations[0], commit: committed.operations[0] };
};

const labelsOf = (operation: OperationInput | undefined): readonly string[] => {
  const steps = (operation?.plan.steps ?? []).filter(({ resource }) => resource.kind !== 'milestone');
  return [...new Set(steps.map((step) => labelOf(`${step.verb} • ${summaryOf(step)}`)))].sort();
};

describe('a picture of an upgrade', () => {
  const operations = upgraded();

  test.each(['upgrade', 'commit'] as const)('shows the steps that its %s has today', (name) => {
    expect(readFileSync(join(ROOT, PICTURES[name].text), 'utf8')).toBe(textOf(labelsOf(operations[name])));
  });

  test.each(['upgrade', 'commit'] as const)('is small enough to be looked at over a slow line: the %s', (name) => {
    expect(statSync(join(ROOT, PICTURES[name].picture)).size).toBeLessThan(300 * 1024);
  });
});
