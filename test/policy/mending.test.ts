/** What others changed of an object's things, mended where its spec says so, and how long that goes on. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AWSCluster } from '../../api/cluster.ts';
import type { Mended } from '../../api/status.ts';
import type { Found } from '../../kinds/resource.ts';
import { type Finding, findingOf } from '../../policy/drift.ts';
import { planEnsure } from '../../policy/ensure.ts';
import { driftPolicyOf, IN_A_ROW_SECONDS, MOST_IN_A_ROW, mendedAfter, RETURNS } from '../../policy/mending.ts';
import { revisionOf } from '../../policy/revision.ts';
import { statusOf } from '../../policy/status.ts';
import type { Drift, OperationView, Subject } from '../../policy/views.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { CONTROL_PLANE_RULES, SUBNET_TAGS } from '../../words/keys.ts';
import { timeOf } from '../../words/time.ts';
import { ACCOUNT, CLUSTER_UID, REGION, release, seedCluster, seedPool } from '../topology/objects.ts';
import { carryOut, EMPTY, ENDPOINT, inventoryOf } from './account.ts';
import { decisionAbout } from './decisions.ts';
import { view } from './operation-views.ts';

const OBJECT = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: CLUSTER_UID } as const;
const EVERY = 600;
const START = Date.parse('2026-01-01T00:00:00Z');

const built = carryOut(
  planEnsure(clusterTopology(seedCluster(), release()), EMPTY, { fresh: true, provisioned: false, live: false }).plan,
  EMPTY,
);
const without = (...keys: readonly string[]): readonly Found[] => built.filter(({ key }) => !keys.includes(key));

const written = (cluster: AWSCluster, subject: Subject, now: number): AWSCluster => {
  const status = statusOf({ object: OBJECT, generation: 1, subject, events: [] }, cluster, now);
  return { ...cluster, status };
};
const restingWith = (driftPolicy: 'Report' | 'Mend', mended?: readonly Mended[]): AWSCluster =>
  written(
    seedCluster({
      spec: { ...seedCluster().spec, driftPolicy },
      status: {
        aws: { account: ACCOUNT, region: REGION },
        established: true,
        endpoint: ENDPOINT,
        revision: revisionOf(release()),
        ...(mended === undefined ? {} : { mended: [...mended] }),
      },
    }),
    { kind: 'settled' },
    START,
  );
const swept = (cluster: AWSCluster, found: readonly Found[], now: number): Finding | undefined =>
  findingOf(cluster, decisionAbout(cluster, inventoryOf(found)), found, {
    moment: { cluster, now, everySeconds: EVERY },
  });
const isMended = (finding: Finding | undefined): boolean => finding?.kind === 'report' && finding.mends === true;

/** The operation that a look finds due, run to its end. */
const mend = (cluster: AWSCluster, found: readonly Found[], now: number): AWSCluster => {
  const decided = decisionAbout(cluster, inventoryOf(found));
  if (decided.kind !== 'operate') throw new Error(`Nothing is due: ${decided.kind}`);
  const { type, mends } = decided.operation;
  const operation: OperationView = view([], {
    type,
    state: 'succeeded',
    startedAt: now - 1_000,
    finishedAt: now,
    ...(mends === undefined ? {} : { mends }),
  });
  return written(written(cluster, { kind: 'operation', operation }, now), { kind: 'settled' }, now);
};
const told = (cluster: AWSCluster, finding: Finding | undefined, now: number): AWSCluster => {
  if (finding?.kind !== 'report') return cluster;
  const { kind: _, differences: drift, mends: __, ...seen } = finding;
  return written(cluster, { kind: 'settled', drift, ...seen }, now);
};
const drifted = ({ status }: AWSCluster) => status?.conditions?.find(({ type }) => type === 'Drifted');

describe('what somebody took away', () => {
  test('is told, and left alone, where the spec says nothing of it', () => {
    const cluster = restingWith('Report');
    const finding = swept(cluster, without(CONTROL_PLANE_RULES), START);
    expect(finding).toMatchObject({ kind: 'report', differences: [{ key: CONTROL_PLANE_RULES }] });
    expect(isMended(finding)).toBe(false);
    expect(decisionAbout(cluster, inventoryOf(without(CONTROL_PLANE_RULES)))).toMatchObject({
      operation: { type: 'UpdateCluster' },
    });
  });

  test('is mended where it says so, in an operation that names it', () => {
    const cluster = restingWith('Mend');
    expect(isMended(swept(cluster, without(CONTROL_PLANE_RULES), START))).toBe(true);
    const decided = decisionAbout(cluster, inventoryOf(without(CONTROL_PLANE_RULES)));
    const mends = [{ key: CONTROL_PLANE_RULES, difference: 'is missing' }];
    expect(decided).toMatchObject({ operation: { type: 'MendCluster', mends, settles: true } });
  });

  test('is told of for good once its status says so, and still mended when a person switches that on', () => {
    const found = without(CONTROL_PLANE_RULES);
    const reporting = restingWith('Report');
    const knowing = told(reporting, swept(reporting, found, START), START);
    expect(swept(knowing, found, START)).toBeUndefined();
    const mending = { ...knowing, spec: { ...knowing.spec, driftPolicy: 'Mend' as const } };
    expect(isMended(swept(mending, found, START))).toBe(true);
  });

  test('is a change as any other where the spec asks for something that is not there yet', () => {
    const cluster = restingWith('Mend');
    const changed = { ...cluster, metadata: { ...cluster.metadata, generation: 2 } };
    expect(decisionAbout(changed, inventoryOf(without(CONTROL_PLANE_RULES)))).toMatchObject({
      operation: { type: 'UpdateCluster' },
    });
  });
});

describe('what is taken away again after it was mended', () => {
  const found = without(SUBNET_TAGS);
  const once = mend(restingWith('Mend'), found, START);

  test('is counted in status, once an operation, however often that is written', () => {
    expect(once.status?.mended).toEqual([{ resource: SUBNET_TAGS, times: 1, lastTime: timeOf(START) }]);
    const mends: readonly Drift[] = [{ key: SUBNET_TAGS, difference: 'is missing' }];
    const operation = view([], { type: 'MendCluster', state: 'succeeded', finishedAt: START, mends });
    expect(mendedAfter({ kind: 'operation', operation }, once.status?.mended)).toEqual(once.status?.mended);
  });

  test('is told first, with when it is mended again, and mended then', () => {
    const soon = START + EVERY * 1_000;
    const finding = swept(once, found, soon);
    expect(finding).toMatchObject({
      kind: 'report',
      mending: { returns: [], again: timeOf(START + 2 * EVERY * 1_000) },
    });
    const knowing = told(once, finding, soon);
    expect(drifted(knowing)).toMatchObject({
      reason: 'DiffersFromSpec',
      message: expect.stringContaining(`the next time that is done by itself is ${timeOf(START + 2 * EVERY * 1_000)}.`),
    });
    expect(swept(knowing, found, soon)).toBeUndefined();
    expect(isMended(swept(knowing, found, START + 2 * EVERY * 1_000))).toBe(true);
  });

  test('is left to a person after three times, who is told where it comes from, for as long as it lasts', () => {
    let cluster = restingWith('Mend');
    let now = START;
    for (let times = 1; times <= MOST_IN_A_ROW; times += 1) {
      cluster = mend(cluster, found, now);
      now += EVERY * 2 ** times * 1_000;
    }
    const finding = swept(cluster, found, now);
    expect(isMended(finding)).toBe(false);
    cluster = told(cluster, finding, now);
    expect(drifted(cluster)).toMatchObject({ reason: RETURNS });
    expect(drifted(cluster)?.message).toMatch(
      /^subnet-tags\/shared: is missing\. Mended, and changed again each time: subnet-tags\/shared \(3 times, last at \S+\); find out who does that, it is mended no more by itself\. To have it mended: npx slipway operations retry cluster cluster-0 -n default$/,
    );
    expect(swept(cluster, found, now + 10 * IN_A_ROW_SECONDS * 1_000)).toBeUndefined();
    // The person has asked, and it counts from the beginning.
    expect(mend(cluster, found, now).status?.mended).toMatchObject([{ times: 1 }]);
  });

  test('is not in a row with what was long ago', () => {
    const exhausted = [{ resource: SUBNET_TAGS, times: MOST_IN_A_ROW, lastTime: timeOf(START) }];
    const cluster = restingWith('Mend', exhausted);
    const week = START + IN_A_ROW_SECONDS * 1_000;
    expect(isMended(swept(cluster, found, week - 1))).toBe(false);
    expect(isMended(swept(cluster, found, week))).toBe(true);
    expect(mend(cluster, found, week).status?.mended).toMatchObject([{ times: 1 }]);
  });

  test('holds up nothing else: what differs for the first time is mended, and all that differs with it', () => {
    const exhausted = [{ resource: SUBNET_TAGS, times: MOST_IN_A_ROW, lastTime: timeOf(START) }];
    const cluster = restingWith('Mend', exhausted);
    const both = without(SUBNET_TAGS, CONTROL_PLANE_RULES);
    expect(isMended(swept(cluster, both, START + 1_000))).toBe(true);
    const { mended } = mend(cluster, both, START + 1_000).status ?? {};
    expect(mended).toMatchObject([
      { resource: CONTROL_PLANE_RULES, times: 1 },
      { resource: SUBNET_TAGS, times: MOST_IN_A_ROW + 1 },
    ]);
  });
});

describe('whoever changes things again and again', () => {
  test('is never fought: within a row each thing causes three operations at most, in whatever order they are changed', () => {
    const keys = [CONTROL_PLANE_RULES, SUBNET_TAGS];
    const changes = fc.array(fc.subarray(keys), { minLength: 10, maxLength: 120 });
    fc.assert(
      fc.property(changes, (sweeps) => {
        let cluster = restingWith('Mend');
        let operations = 0;
        for (const [index, taken] of sweeps.entries()) {
          const now = START + index * EVERY * 1_000;
          const finding = swept(cluster, without(...taken), now);
          if (isMended(finding)) {
            operations += 1;
            cluster = mend(cluster, without(...taken), now);
          } else cluster = told(cluster, finding, now);
          // Whatever differs is mended, or told.
          if (taken.length > 0 && !isMended(finding)) expect(drifted(cluster)).toBeDefined();
          if (taken.length === 0) expect(drifted(cluster)).toBeUndefined();
        }
        expect(operations).toBeLessThanOrEqual(keys.length * MOST_IN_A_ROW);
      }),
      { numRuns: 40 },
    );
  });
});

describe('the policy of a node pool', () => {
  const mending = restingWith('Mend');
  test.each([
    ['its cluster’s where it has none', undefined, 'Mend'],
    ['its own where it has one', 'Report', 'Report'],
  ] as const)('is %s', (_, own, policy) => {
    const pool = seedPool(own === undefined ? {} : { spec: { ...seedPool().spec, driftPolicy: own } });
    expect(driftPolicyOf(pool, mending)).toBe(policy);
  });
});
