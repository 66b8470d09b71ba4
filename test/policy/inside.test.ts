import { describe, expect, test } from '@jest/globals';
import { clusterIdOf } from '../../api/names.ts';
import type { Release } from '../../api/releases.ts';
import { observed } from '../../kinds/resource.ts';
import { findingOf } from '../../policy/drift.ts';
import { planEnsure } from '../../policy/ensure.ts';
import { insideRequest, isInsideNext } from '../../policy/inside.ts';
import type { Inside } from '../../policy/plan.ts';
import { revisionOf } from '../../policy/revision.ts';
import { statusOf } from '../../policy/status.ts';
import type { OperationView, Subject } from '../../policy/views.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { addonKey } from '../../words/keys.ts';
import { ACCOUNT, CLUSTER_UID, DELETING, REGION, release, seedCluster } from '../topology/objects.ts';
import { carryOut, EMPTY, inventoryOf } from './account.ts';
import { decisionAbout } from './decisions.ts';

const OBJECT = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: CLUSTER_UID } as const;
const NOW = Date.parse('2026-01-01T00:00:00Z');
const PLACE = { aws: { account: ACCOUNT, region: REGION }, established: true, clusterID: clusterIdOf(CLUSTER_UID) };
const ENDPOINT = 'nlb.example';
const NAMES = ['connect-agent', 'coredns', 'metrics-server', 'node-access', 'storage-classes'];

const built = carryOut(
  planEnsure(clusterTopology(seedCluster(), release()), EMPTY, { fresh: true, provisioned: false, live: false }).plan,
  EMPTY,
);

const written = (subject: Subject, cluster = seedCluster({ status: PLACE })) =>
  statusOf({ object: OBJECT, generation: 1, subject, events: [] }, cluster, NOW);
const settled = (before: object = {}, subject: object = {}) =>
  seedCluster({
    status: written(
      { kind: 'settled', ...subject },
      seedCluster({ status: { ...PLACE, endpoint: ENDPOINT, revision: revisionOf(release()), ...before } }),
    ),
  });
const cluster = settled();

/** Add-ons as a look inside finds them, those named with what differs. */
const seen = (differs: Readonly<Record<string, readonly string[]>> = {}, names: readonly string[] = NAMES): Inside => ({
  found: names.map((name) => {
    const storage = name === 'storage-classes' ? { storageClass: 'standard-rwo' } : {};
    return observed('addon', addonKey(name), { endpoint: ENDPOINT, ...storage }, { differs: differs[name] ?? [] });
  }),
});
const UNREAD: Inside = { unread: 'https://nlb.example did not list its add-ons within 3 s' };

const decided = (inside: Inside | undefined, object = cluster, catalogue?: readonly Release[]) =>
  decisionAbout(
    object,
    inventoryOf(built, inside === undefined ? {} : { inside }),
    catalogue === undefined ? {} : { catalogue },
  );
const found = (inside: Inside, object = cluster) => findingOf(object, decided(inside, object), built, { inside });
const stepsOf = (assessment: ReturnType<typeof decided>) =>
  assessment.kind === 'operate' ? assessment.operation.plan.steps.map(({ id }) => id) : [];
const conditionOf = (status: ReturnType<typeof written>, type: string) =>
  status.conditions?.find((condition) => condition.type === type);

describe('a user cluster itself', () => {
  test('is asked where its load balancer is, for the add-ons of what it runs', () => {
    const request = insideRequest(cluster);
    expect(request).toMatchObject({ namespace: 'default', clusterId: PLACE.clusterID, endpoint: ENDPOINT });
    expect(request?.addons.map(({ addon }) => addon).sort()).toEqual(NAMES);
  });

  test.each([
    ['is being deleted', seedCluster({ metadata: DELETING, status: cluster.status ?? {} })],
    ['was never provisioned', seedCluster({ status: { ...PLACE, endpoint: ENDPOINT, state: 'Provisioning' } })],
    ['has no status', seedCluster()],
  ])('is asked nothing while it %s', (_, object) => {
    expect(insideRequest(object)).toBeUndefined();
  });

  test('comes after whatever else has to be done, or stands in the way', () => {
    expect(isInsideNext(decided(undefined))).toBe(true);
    expect(isInsideNext({ kind: 'blocked', generation: 1, reason: 'r', cure: 'c' })).toBe(false);
    const controlPlane = { replicas: [], quorumLost: false } as never;
    expect(isInsideNext({ kind: 'settled', generation: 1, controlPlane })).toBe(false);
  });
});

describe('what is planned for add-ons', () => {
  test('is nothing where nobody looked, or nothing differs', () => {
    expect(decided(undefined)).toMatchObject({ kind: 'settled' });
    expect(decided(seen())).toMatchObject({ kind: 'settled', inside: { storage: { storageClass: 'standard-rwo' } } });
  });

  test('is nothing where they could not be read, and that is told', () => {
    expect(decided(UNREAD)).toMatchObject({ kind: 'settled', inside: UNREAD });
  });

  test('mends what differs, and makes what is missing', () => {
    const inside = seen(
      { coredns: ['data.Corefile was changed by ada'] },
      NAMES.filter((name) => name !== 'node-access'),
    );
    const decision = decided(inside);
    expect(stepsOf(decision)).toEqual(expect.arrayContaining(['ensure addon/coredns', 'ensure addon/node-access']));
    expect(decision).toMatchObject({ operation: { type: 'UpdateCluster', settles: true } });
  });

  test('removes what the revision has no more, and leaves what a newer release of Slipway may have put there', () => {
    expect(stepsOf(decided(seen({}, [...NAMES, 'logging'])))).toEqual(['remove addon/logging']);
    const ahead = { ...revisionOf(release()), addons: { ...release().addons, logging: { version: '1', images: {} } } };
    expect(decided(seen({}, [...NAMES, 'logging']), settled({ revision: ahead }))).toMatchObject({ kind: 'settled' });
  });

  test('is looked at again after a change of something else while they are unread', () => {
    const lacking = settled({}, { inside: UNREAD });
    const decision = decided(seen({ coredns: ['x'] }), lacking);
    expect(decision).toMatchObject({ kind: 'operate' });
    expect(decision.kind === 'operate' && decision.operation).not.toHaveProperty('settles');
  });
});

describe('what a sweep says of add-ons', () => {
  test('is what differs, and nothing twice', () => {
    const inside = seen({ coredns: ['data.Corefile was changed by ada'] });
    const finding = found(inside);
    expect(finding).toMatchObject({
      kind: 'report',
      differences: [{ key: 'addon/coredns', difference: 'data.Corefile was changed by ada' }],
    });
    const told = settled({}, { drift: finding?.kind === 'report' ? finding.differences : [] });
    expect(found(inside, told)).toBeUndefined();
    expect(found(seen(), told)).toMatchObject({ kind: 'report', differences: [] });
  });

  test('is that one is no part of the revision any more', () => {
    expect(found(seen({}, [...NAMES, 'logging']))).toMatchObject({
      differences: [{ key: 'addon/logging', difference: 'is no part of the cluster’s revision any more' }],
    });
  });

  test('is that nobody could read them, until somebody has', () => {
    expect(found(UNREAD)).toMatchObject({ kind: 'report', differences: [], inside: UNREAD });
    const told = settled({}, { inside: UNREAD });
    expect(conditionOf(told.status ?? {}, 'AddonsUnknown')).toMatchObject({ status: 'True', reason: 'ClusterNotRead' });
    expect(found(UNREAD, told)).toBeUndefined();
    expect(found(seen(), told)).toMatchObject({
      kind: 'report',
      inside: { storage: { storageClass: 'standard-rwo' } },
    });
    const read = written({ kind: 'settled', inside: { storage: { storageClass: 'standard-rwo' } } }, told);
    expect(conditionOf(read, 'AddonsUnknown')).toBeUndefined();
  });

  test('stays as it was where nobody asked', () => {
    const told = settled({}, { inside: UNREAD });
    expect(conditionOf(written({ kind: 'settled' }, told), 'AddonsUnknown')).toBeDefined();
    expect(findingOf(told, decided(undefined, told), built)).toBeUndefined();
  });
});

describe('the default StorageClass', () => {
  const missing = { storage: { storageClass: 'standard-rwo', missingDriver: 'ebs.csi.aws.com' } };
  const operation = (outputs: OperationView['outputs']): Subject => ({
    kind: 'operation',
    operation: {
      type: 'CreateCluster',
      workflowId: 'w',
      runId: 'r',
      state: 'running',
      startedAt: NOW,
      steps: [],
      outputs,
    },
  });
  const outputs = { [addonKey('storage-classes')]: { storageClass: 'standard-rwo', missingDriver: 'ebs.csi.aws.com' } };

  test('is said to name a driver that is not there, from the step that made it on', () => {
    const condition = conditionOf(written(operation(outputs)), 'StorageDriverMissing');
    expect(condition).toMatchObject({ status: 'True', reason: 'NoCSIDriver' });
    expect(condition?.message).toContain('standard-rwo names the driver ebs.csi.aws.com');
    expect(condition?.message).toContain('Install that driver');
  });

  test('is not said to before it is made, nor while the cluster goes', () => {
    expect(conditionOf(written(operation({})), 'StorageDriverMissing')).toBeUndefined();
    const going = seedCluster({ metadata: DELETING, status: settled({}, { inside: missing }).status ?? {} });
    expect(conditionOf(written({ kind: 'settled' }, going), 'StorageDriverMissing')).toBeUndefined();
  });

  test('is said to until a look inside finds the driver', () => {
    const told = settled({}, { inside: missing });
    expect(conditionOf(written({ kind: 'settled' }, told), 'StorageDriverMissing')).toBeDefined();
    expect(
      conditionOf(written({ kind: 'settled', inside: UNREAD as never }, told), 'StorageDriverMissing'),
    ).toBeDefined();
    const cured = written({ kind: 'settled', inside: { storage: { storageClass: 'standard-rwo' } } }, told);
    expect(conditionOf(cured, 'StorageDriverMissing')).toBeUndefined();
  });
});

describe('a revision that is asked for', () => {
  const newer: Release = { ...release(), revision: release().revision + 1, rendering: 1 };
  const catalogue = [newer, release()];
  const asking = seedCluster({
    metadata: { annotations: { 'slipway.dev/revision': String(newer.revision) } },
    status: cluster.status ?? {},
  });

  test('of which nothing has to be brought is what runs, by a look', () => {
    const decision = decided(seen(), asking, catalogue);
    expect(decision).toMatchObject({ kind: 'settled', revision: newer.revision });
    expect(findingOf(asking, decision, built, { inside: seen() })).toEqual({
      kind: 'look',
      reason: `revision ${newer.revision} is asked for`,
    });
  });

  test('that nobody knows is refused in a condition, and changes nothing', () => {
    const status = written({ kind: 'settled' }, asking);
    expect(conditionOf(status, 'RevisionRefused')).toMatchObject({ status: 'True', reason: 'UnknownRevision' });
    expect(status.revision).toEqual(cluster.status?.revision);
  });

  test('is pinned once it was brought, with what its add-ons are, and what machines run stays', () => {
    const first = { ...revisionOf(release()), number: 1, format: 1, addons: {} };
    const before = seedCluster({ status: { ...PLACE, revision: first } });
    const { revision } = written({ kind: 'settled', revision: release().revision }, before);
    expect(revision).toEqual({ ...revisionOf(release()), format: 1 });
    const running = { ...PLACE, revision: first };
    const operating = (state: OperationView['state']): Subject => ({
      kind: 'operation',
      operation: {
        type: 'UpdateCluster',
        workflowId: 'w',
        runId: 'r',
        state,
        revision: release().revision,
        startedAt: NOW,
        steps: [],
        outputs: {},
      },
    });
    expect(written(operating('running'), seedCluster({ status: running })).revision).toEqual(first);
    expect(written(operating('aborted'), seedCluster({ status: running })).revision).toEqual(first);
    expect(written(operating('succeeded'), seedCluster({ status: running })).revision?.number).toBe(release().revision);
  });
});

test('a cluster whose add-ons only a newer release can render is not asked, and stops nobody who looks at many', () => {
  const { status } = settled();
  const revision = { ...revisionOf(release()), rendering: 99 };
  expect(insideRequest(settled())).toBeDefined();
  expect(insideRequest(seedCluster({ status: { ...status, revision } }))).toBeUndefined();
});
