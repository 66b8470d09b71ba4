/**
 * From one state of an operation or an entity: what status, Temporal's search attributes and the worker's metrics say is stuck. They are
 * three ways to find the same, so each of them has to name the same steps, the same reason and the same time.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { worstOf } from '../../words/steps.ts';
import { stuckByListing } from '../../words/stuck.ts';
import { timeOf } from '../../words/time.ts';
import { createMetrics } from '../../worker/metrics.ts';
import type { CountedObject } from '../../worker/object-metrics.ts';
import type { EntityLife } from '../../workflows/entity-states.ts';
import { viewOf } from '../../workflows/entity-view.ts';
import { type Listing, listedEntity } from '../../workflows/listing.ts';
import { STUCK_QUERY } from '../../workflows/messages.ts';
import { ROOT } from '../docs/markdown.ts';
import { OBJECT } from '../policy/operation-views.ts';
import { after, assessed, running, settled } from './life-events.ts';
import { replicas, STUCK_STATES } from './stuck-states.ts';

/** What the query asks of a workflow that runs. */
const isFound = ({ phase, blocked: entries }: Listing): boolean => {
  const phases = /SlipwayPhase IN \(([^)]*)\)/.exec(STUCK_QUERY)?.[1]?.match(/\w+/g)?.map(String);
  return worstOf(entries)?.step !== undefined || phases?.includes(phase) === true;
};

const samplesOf = async (listing: Listing, object: CountedObject): Promise<readonly string[]> => {
  const { registry } = createMetrics({
    stuck: async () => [{ object: 'AWSCluster', ...listing }],
    objects: async () => [object],
  });
  return (await registry.metrics()).split('\n').filter((line) => /^slipway_\w+\{/.test(line));
};

describe.each(STUCK_STATES)('%s', (_what, { status, errors, object, listing }, reason) => {
  test('is stuck for the same reason, at the same step, by status and as Temporal lists it', () => {
    const listed = stuckByListing(listing);
    expect(status?.reason).toBe(reason);
    expect(listed?.reason).toBe(reason);
    expect(listed?.waitsForPerson).toBe(status?.waitsForPerson);
    // A pause and an abort name no step, where status names the operation.
    if (listed?.step !== undefined) expect(listed.step).toBe(status?.step);
    if (listed?.since !== undefined) expect(listed.since).toBe(status?.since);
  });

  test('has the same steps in lastErrors and in the memo, each since the same time', () => {
    expect(
      listing.blocked.map(({ step: id, verdict, since }) => ({ step: id, verdict, since: timeOf(since) })),
    ).toEqual(errors);
  });

  test('is found by the query of the documentation if it is stuck, and only then', () => {
    expect(isFound(listing)).toBe(reason !== undefined);
  });

  test('is counted by the metrics, once as an object and once for each step', async () => {
    const samples = await samplesOf(listing, object);
    const waits = status?.waitsForPerson === true ? 'person' : 'itself';
    expect(samples.filter((line) => line.startsWith('slipway_stuck_objects'))).toEqual(
      reason === undefined
        ? []
        : [`slipway_stuck_objects{kind="AWSCluster",reason="${reason}",waits_for="${waits}"} 1`],
    );
    const steps = listing.blocked.map(
      ({ kind, verdict }) => `slipway_blocked_steps{kind="${kind}",verdict="${verdict}"} 1`,
    );
    expect(samples.filter((line) => line.startsWith('slipway_blocked_steps'))).toEqual(steps);
    const conditions = samples.filter((line) => line.startsWith('slipway_conditions'));
    if (reason !== undefined) expect(conditions.join('\n')).toContain(`reason="${reason}"`);
  });
});

test('what is listed of machines does not come and go with each look', () => {
  const ailing = after(assessed({ ...settled, controlPlane: { replicas, quorumLost: false } }));
  const before = listedEntity(viewOf(OBJECT, ailing), ailing, []).blocked;
  const looking: EntityLife = { state: 'assessing', kept: ailing.kept, progressed: false };
  expect(before).toMatchObject([{ step: 'replica/1', kind: 'replica' }]);
  expect(listedEntity(viewOf(OBJECT, looking), looking, before).blocked).toEqual(before);
  const operating = after(...running);
  expect(listedEntity(viewOf(OBJECT, operating), operating, before).blocked).toEqual([]);
});

test('the query that finds what is stuck is in the documentation as it is', () => {
  expect(readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')).toContain(
    `temporal workflow list --query "${STUCK_QUERY}"`,
  );
});
