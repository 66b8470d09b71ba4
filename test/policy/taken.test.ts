/** What is made of an object from which others took what Slipway put there: its finalizer, its status, or both. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AWSCluster } from '../../api/cluster.ts';
import { clusterIdOf } from '../../api/names.ts';
import { type Found, rowOf } from '../../kinds/resource.ts';
import type { Assessment } from '../../policy/assessment.ts';
import { findingOf } from '../../policy/drift.ts';
import { planEnsure } from '../../policy/ensure.ts';
import { isNew } from '../../policy/first-look.ts';
import { revisionOf } from '../../policy/revision.ts';
import { statusOf } from '../../policy/status.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { ACCOUNT, CLUSTER_UID, DELETING, REGION, release, seedCluster } from '../topology/objects.ts';
import { carryOut, EMPTY, ENDPOINT, inventoryOf } from './account.ts';
import { decisionAbout } from './decisions.ts';

const OBJECT = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: CLUSTER_UID } as const;
const NOW = Date.parse('2026-01-01T00:00:00Z');
const PINS = {
  aws: { account: ACCOUNT, region: REGION },
  clusterID: clusterIdOf(CLUSTER_UID),
  endpoint: ENDPOINT,
  established: true,
  revision: revisionOf(release()),
};

const topology = clusterTopology(seedCluster(), release());
const built = carryOut(planEnsure(topology, EMPTY, { fresh: true, provisioned: false, live: false }).plan, EMPTY);
const unguarded = built.filter(({ key }) => key !== 'finalizer');

const written = (cluster: AWSCluster, subject: object = {}) =>
  statusOf({ object: OBJECT, generation: 1, subject: { kind: 'settled', ...subject }, events: [] }, cluster, NOW);
/** A cluster at rest; `metadata` has no finalizer unless one is given. */
const standing = (metadata: object = {}, status: object = {}) =>
  seedCluster({ metadata, status: { ...written(seedCluster({ status: PINS })), ...status } });

const steps = (assessment: Assessment): readonly string[] =>
  assessment.kind === 'operate' ? assessment.operation.plan.steps.map(({ id }) => id) : [];
const decide = (cluster: AWSCluster, found: readonly Found[] = unguarded, more: object = {}) =>
  decisionAbout(cluster, inventoryOf(found, more));

describe('a cluster whose finalizer was taken from it', () => {
  test('gets it back, and nothing else is done', () => {
    expect(steps(decide(standing()))).toEqual(['ensure finalizer']);
  });

  test('is looked at by a sweep, too, which leaves it to no person', () => {
    const cluster = standing();
    expect(findingOf(cluster, decide(cluster), unguarded)).toEqual({
      kind: 'look',
      reason: 'its finalizer was taken from it',
    });
  });

  test('is not new, whichever of its status is left', () => {
    const signs = { ...PINS, lastOperation: standing().status?.lastOperation };
    expect(isNew(seedCluster())).toBe(true);
    for (const sign of ['established', 'aws', 'revision'] as const) {
      expect(isNew(seedCluster({ status: { [sign]: signs[sign] } }))).toBe(false);
    }
  });

  test('is never told a loss by an inventory that nobody listed', () => {
    const assessment = decide(standing(), [], { unlisted: true });
    expect(assessment).toMatchObject({ kind: 'blocked', reason: expect.stringContaining('nothing of it was listed') });
  });

  test('and that is then deleted, while others hold it, is said to own what it owns, and nothing of it is removed', () => {
    const going = standing({ ...DELETING, finalizers: ['somebody.else/wants-it'] });
    const assessment = decide(going);
    expect(assessment).toMatchObject({
      kind: 'blocked',
      reason: expect.stringContaining('somebody took finalizer slipway.dev/cleanup from it'),
      cure: expect.stringContaining(`slipway.dev/cluster=${PINS.clusterID}`),
    });
    expect(assessment.kind === 'blocked' && assessment.reason).toContain('etcd-volume/0 (vol-etcd-volume-0)');
    expect(decide(going, EMPTY)).toEqual({ kind: 'finished' });
  });
});

test('whatever others took from an object, it is never taken for one that owns nothing as long as anything of it is there', () => {
  const signs = [...Object.keys(PINS), 'lastOperation', 'state'];
  const things = fc.subarray(
    unguarded.filter(({ kind }) => rowOf(kind).removal !== undefined),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(things, fc.subarray(signs), fc.boolean(), (found, left, going) => {
      const whole = standing().status ?? {};
      const status = Object.fromEntries(Object.entries(whole).filter(([name]) => left.includes(name)));
      const metadata = going ? { ...DELETING, finalizers: ['somebody.else/wants-it'] } : {};
      const assessment = decide(seedCluster({ metadata, status }), [...EMPTY, ...found]);
      expect(assessment.kind).not.toBe('finished');
      if (going) expect(assessment.kind).toBe('blocked');
      // What is listed, and said to be new all the same, proves it before anything is made.
      const unlisted = decide(seedCluster({ metadata, status }), [], { unlisted: true });
      const proves = JSON.stringify(unlisted).includes('nothingOf');
      expect(unlisted.kind === 'blocked' || proves).toBe(true);
    }),
  );
});

describe('a cluster that is new by all that its object says', () => {
  test('begins with the proof that nothing carries its id', () => {
    const assessment = decide(seedCluster(), [], { unlisted: true });
    if (assessment.kind !== 'operate') throw new Error(`Expected an operation, got ${assessment.kind}`);
    const proving = assessment.operation.plan.steps.filter(
      ({ resource }) => resource.kind === 'preflight' && 'nothingOf' in resource.properties,
    );
    expect(proving.map(({ id }) => id)).toEqual(['ensure preflight']);
    const wasListed = decide(seedCluster(), EMPTY);
    expect(JSON.stringify(wasListed)).not.toContain('nothingOf');
  });
});

describe('a cluster whose status others wrote', () => {
  const lacking = (...fields: readonly string[]) =>
    seedCluster({
      status: Object.fromEntries(Object.entries(standing().status ?? {}).filter(([name]) => !fields.includes(name))),
    });

  test('has it back after a look, whatever of what status keeps for good was taken', () => {
    fc.assert(
      fc.property(fc.subarray(Object.keys(PINS)), (taken) => {
        const cluster = lacking(...taken);
        const assessment = decide(cluster, built);
        expect(steps(assessment)).toEqual([]);
        if (assessment.kind !== 'settled') throw new Error(`Expected settled, got ${assessment.kind}`);
        const { recalled } = assessment;
        expect(written(cluster, recalled === undefined ? {} : { recalled })).toMatchObject(PINS);
      }),
    );
  });

  test('is looked at by a sweep', () => {
    const cluster = lacking('endpoint');
    expect(findingOf(cluster, decide(cluster, built), built)).toEqual({
      kind: 'look',
      reason: 'its status lost endpoint',
    });
  });
});
