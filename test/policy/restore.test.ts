/** A restore that somebody asks for: what is planned, when it comes before all else, and when it doesn't come again. */
import { describe, expect, test } from '@jest/globals';
import type { AWSClusterStatus } from '../../api/cluster.ts';
import { clusterIdOf } from '../../api/names.ts';
import type { Found } from '../../kinds/resource.ts';
import type { OperationInput } from '../../policy/assessment.ts';
import { decideCluster } from '../../policy/decide-cluster.ts';
import { RESTORE_ANNOTATION } from '../../words/restore.ts';
import { CLUSTER_UID, DELETING, seedCluster, VERSION } from '../topology/objects.ts';
import { withoutVolume } from './account.ts';
import { blockedOf, built, changed, facts, idsOf, LIVE, lost, seen, stepOf, withHealth, without } from './repairing.ts';

const KEY = `${clusterIdOf(CLUSTER_UID)}/etcd/20260731T100000000Z-4711.db`;
const ASKED = `${KEY} one`;

const decided = (
  found: readonly Found[],
  asked: string,
  status: Partial<AWSClusterStatus> = {},
  metadata: object = {},
) =>
  decideCluster(
    facts(
      found,
      {},
      {
        object: seedCluster({
          status: { ...LIVE, ...status },
          metadata: { annotations: { [RESTORE_ANNOTATION]: asked }, ...metadata },
        }),
      },
    ),
  );

const restoreOf = (...args: Parameters<typeof decided>): OperationInput => {
  const assessment = decided(...args);
  if (assessment.kind !== 'operate') throw new Error(`Expected an operation: ${JSON.stringify(assessment)}`);
  expect(assessment.operation.type).toBe('RestoreCluster');
  return assessment.operation;
};

const withoutTwo = withoutVolume(
  withoutVolume(withHealth({ 0: 'unhealthy', 1: 'unhealthy', 2: 'unhealthy' }), 0, false),
  1,
  false,
);

describe('a restore', () => {
  const restore = restoreOf(built, ASKED);

  test('looks at the snapshot and has all replicas fetch it before the first is halted, and has none begin anew before all are halted', () => {
    expect(idsOf(restore)).toEqual([
      'ensure restore-source/snapshot',
      ...[0, 1, 2].map((index) => `ensure restore-order/controlplane-${index}/fetch`),
      ...[0, 1, 2].map((index) => `ensure restore-order/controlplane-${index}/halt`),
      ...[0, 1, 2].map((index) => `ensure restore-order/controlplane-${index}/restore`),
      'wait control-plane/ready',
      'ensure established/etcd',
      'ensure restore-mark/etcd',
    ]);
    const needsOf = (id: string): readonly string[] => stepOf(restore, id).needs;
    for (const index of [0, 1, 2]) {
      expect(needsOf(`ensure restore-order/controlplane-${index}/fetch`)).toEqual(['ensure restore-source/snapshot']);
      expect(needsOf(`ensure restore-order/controlplane-${index}/halt`)).toHaveLength(3);
      expect(needsOf(`ensure restore-order/controlplane-${index}/restore`)).toEqual(
        [0, 1, 2].map((other) => `ensure restore-order/controlplane-${other}/halt`),
      );
    }
  });

  test('may be aborted until the first is halted', () => {
    const held = restore.plan.steps.filter(({ noReturn }) => noReturn !== undefined).map(({ id }) => id);
    expect(held).toEqual([0, 1, 2].map((index) => `ensure restore-order/controlplane-${index}/halt`));
  });

  test('has one id for all replicas, the same for the same request, and another for another token', () => {
    const idIn = (operation: OperationInput): string | undefined => operation.restores?.id;
    expect(idIn(restore)).toMatch(/^[0-9a-f]{8}$/);
    expect(idIn(restoreOf(built, ASKED))).toBe(idIn(restore));
    expect(idIn(restoreOf(built, `${KEY} two`))).not.toBe(idIn(restore));
    for (const { resource } of restore.plan.steps) {
      if (resource.kind === 'restore-order') expect(resource.properties.id).toBe(idIn(restore));
    }
  });

  test('is not carried out again by the same request, whether status says that it is done or a disk does', () => {
    const id = restore.restores?.id ?? '';
    const restored = { id, from: KEY, at: '2026-08-01T09:00:00Z' };
    expect(decided(built, ASKED, { restored }).kind).toBe('settled');
    expect(decided(changed(built, 'etcd-volume/2', { restored: id }), ASKED).kind).toBe('settled');
    expect(restoreOf(built, `${KEY} two`, { restored }).type).toBe('RestoreCluster');
  });

  test('comes before a repair that is due, and after a deletion', () => {
    const down = withHealth({ 1: 'unhealthy' });
    expect(restoreOf(down, ASKED, seen(9_000)).type).toBe('RestoreCluster');
    expect(decided(built, ASKED, {}, DELETING)).toMatchObject({ operation: { type: 'DeleteCluster' } });
  });
});

describe('a restore of a control plane that has lost two disks', () => {
  const restore = restoreOf(withoutTwo, ASKED, lost());

  test('makes them anew, empty ones that wait, and ends the machines that were told of others, whoever serves', () => {
    for (const index of [0, 1]) {
      expect(stepOf(restore, `ensure etcd-volume/${index}`)).toMatchObject({
        incarnation: 1,
        resource: { properties: { emptyDisk: 'wait', former: `vol-etcd-volume-${index}` } },
      });
      expect(stepOf(restore, `remove instance/controlplane-${index}`)).toMatchObject({
        resource: { properties: { others: [], onlyUnhealthy: false } },
      });
      expect(stepOf(restore, `ensure restore-order/controlplane-${index}/fetch`).needs).toContain(
        `remove instance/controlplane-${index}`,
      );
    }
    expect(idsOf(restore)).toContain(`ensure launch-template/controlplane-0/${VERSION}`);
    expect(idsOf(restore).filter((id) => id.endsWith('/2') || id.includes('instance/controlplane-2'))).toEqual([]);
  });

  test('looks at the snapshot before it makes or ends anything', () => {
    const first = restore.plan.steps.filter(({ needs }) => needs.length === 0).map(({ id }) => id);
    expect(first).toEqual(['ensure restore-source/snapshot']);
  });
});

describe('a request for a restore', () => {
  test.each([
    ['that names no snapshot', 'yesterday one', /names no snapshot and token/],
    ['without a token', KEY, /names no snapshot and token/],
    ['of a manifest', `${KEY.replace('.db', '.json')} one`, /names no snapshot and token/],
    [
      'of another cluster',
      'gke-00000000/etcd/20260731T100000000Z-4711.db one',
      /of cluster gke-00000000, whose Secrets this one could not read/,
    ],
  ])('%s is refused, and says how it is taken back', (_what, asked, reason) => {
    const { reason: why, cure } = blockedOf(decided(built, asked));
    expect(why).toMatch(reason);
    expect(cure).toBe('kubectl annotate awscluster cluster-0 -n default slipway.dev/restore-');
  });

  test('waits for what only a person brings back', () => {
    expect(blockedOf(decided(without(built, 'secret/etcd-ca'), ASKED)).reason).toContain('secret/etcd-ca');
  });
});
