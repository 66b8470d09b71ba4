/** Every field of a node pool: what a change of it takes, said beforehand, and that it is what then happens. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { changesBetween, fewerNodes, type Takes } from '../../api/changes.ts';
import { nodePoolDefinition } from '../../api/crd.ts';
import { type AWSNodePool, nodePoolSpec } from '../../api/nodepool.ts';
import { kindFields } from '../../docs/generate/fields.ts';
import { whatChanges } from '../../policy/pool-fields.ts';
import { ACCOUNT, REGION } from '../topology/objects.ts';
import { assessed, CLUSTER, carriedOut, changedTo, livePool, ranToEnd, told, worldOf } from './pool-world.ts';

type Field = keyof AWSNodePool['spec'];
type Try = readonly [field: Field, value: unknown, takes: Takes];

const VOLUME = { sizeGiB: 10, volumeType: 'gp3' };
const UPDATES = { drainSeconds: 600, surgeSettings: { maxSurge: 1, maxUnavailable: 0 } };

const TRIES: readonly Try[] = [
  ['clusterName', 'cluster-1', 'fixed'],
  ['region', 'eu-west-2', 'fixed'],
  ['subnetID', 'subnet-03babff7f9b5d4a7b', 'fixed'],
  ['version', '1.36.3-gke.1', 'turns'],
  ['minNodeCount', 1, 'in place'],
  ['minNodeCount', 4, 'in place'],
  ['maxNodeCount', 9, 'in place'],
  ['maxNodeCount', 2, 'drains'],
  ['nodeCount', 5, 'in place'],
  ['nodeCount', 2, 'drains'],
  ['maxPodsPerNode', 50, 'turns'],
  ['instanceType', 't3.large', 'turns'],
  ['keyName', 'other', 'turns'],
  ['securityGroupIDs', ['sg-00000000'], 'in place'],
  ['iamInstanceProfile', 'other', 'turns'],
  ['proxySecretName', 'proxy', 'nothing now'],
  ['rootVolume', { ...VOLUME, sizeGiB: 64 }, 'turns'],
  ['rootVolume', { ...VOLUME, volumeType: 'gp2' }, 'turns'],
  ['rootVolume', { ...VOLUME, iops: 4_000 }, 'turns'],
  ['rootVolume', { ...VOLUME, throughput: 500 }, 'turns'],
  ['rootVolume', { ...VOLUME, kmsKeyARN: `arn:aws:kms:${REGION}:${ACCOUNT}:key/1` }, 'turns'],
  ['labels', { team: 'platform' }, 'in place'],
  ['taints', [{ key: 'k', value: 'v', effect: 'NoSchedule' }], 'in place'],
  ['tags', { team: 'platform' }, 'in place'],
  ['updateSettings', { ...UPDATES, drainSeconds: 60 }, 'nothing now'],
  ['updateSettings', { ...UPDATES, surgeSettings: { maxSurge: 3, maxUnavailable: 1 } }, 'nothing now'],
  ['updatePolicy', { mode: 'Window', windows: [{ days: ['Sat'], start: '00:00', minutes: 1_440 }] }, 'nothing now'],
  ['management', { autoRepair: false }, 'nothing now'],
  ['driftPolicy', 'Mend', 'nothing now'],
  ['deletionProtection', true, 'nothing now'],
];

const before = livePool();
const world = worldOf(before, 3);
const asked = { cluster: CLUSTER, inventory: world.found };
const withField = (pool: AWSNodePool, [field, value]: Try): AWSNodePool => changedTo(pool, { [field]: value });

test('every field is tried here', () => {
  expect([...new Set(TRIES.map(([field]) => field))].sort()).toEqual(Object.keys(nodePoolSpec.shape).sort());
});

test.each(TRIES)('%s set to %j takes this: %s', (...one) => {
  const [field, , takes] = one;
  expect(whatChanges(before, withField(before, one), asked).fields).toEqual([{ field, takes }]);
});

test.each(TRIES)('%s set to %j takes the same by the two objects alone', (...one) => {
  const [field, , takes] = one;
  const said = changesBetween('AWSNodePool', before.spec, withField(before, one).spec, 3);
  expect(said.map((change) => [change.field, change.takes])).toEqual([[field, takes]]);
});

test('what is fixed here is what the API server refuses to change', () => {
  const refused = kindFields(nodePoolDefinition()).spec.filter(
    ({ onChange }) => onChange?.includes('cannot be changed') === true,
  );
  const fixed = TRIES.filter(([, , takes]) => takes === 'fixed').map(([field]) => field);
  expect(refused.map(({ path }) => path).sort()).toEqual([...fixed].sort());
});

test('nothing changes where the spec is the same', () => {
  expect(whatChanges(before, changedTo(before, {}), asked)).toEqual({ fields: [], replaces: 0, fewer: 0 });
});

describe('what is said beforehand is what then happens', () => {
  const open = TRIES.filter(([, , takes]) => takes !== 'fixed');
  const byField = (a: { readonly field: string }, b: { readonly field: string }): number =>
    a.field < b.field ? -1 : 1;
  const ended = (ran: ReturnType<typeof ranToEnd>): readonly boolean[] =>
    ran.operations.flatMap(({ plan }) =>
      plan.steps.flatMap(({ resource }) =>
        resource.kind === 'node-machine' ? [(resource.properties as { readonly shrinks: boolean }).shrinks] : [],
      ),
    );

  test('whichever fields change together: so many machines are replaced, and all others stay', () => {
    const changes = fc.uniqueArray(fc.constantFrom(...open), { selector: ([field]) => field, maxLength: 4 });
    fc.assert(
      fc.property(changes, fc.integer({ min: 0, max: 5 }), (tries, count) => {
        const pool = livePool({ minNodeCount: 0, maxNodeCount: 9 });
        const here = worldOf(pool, count);
        const others = { minNodeCount: 0, maxNodeCount: 9 };
        const after = changedTo(tries.reduce(withField, pool), others);
        const seen = { cluster: CLUSTER, inventory: here.found, machines: { machines: here.machines } };
        const { fields, replaces, fewer: fewerSaid } = whatChanges(pool, after, seen);
        const ran = ranToEnd(after, here);
        const stayed = ran.world.machines.filter(({ id }) => here.machines.some((one) => one.id === id));
        const came = ran.world.machines.length - stayed.length;
        const more = Math.max(0, (after.spec.nodeCount ?? count) - count);
        const fewer = fields.some(({ takes }) => takes === 'drains') ? Math.max(0, count - 2) : 0;
        expect(stayed).toHaveLength(count - fewer - replaces);
        expect(fewerSaid).toBe(fewer);
        expect(came).toBe(replaces + more);
        // Who sees the two objects alone says the same.
        const said = changesBetween('AWSNodePool', pool.spec, after.spec, count);
        expect(said.map(({ field, takes }) => ({ field, takes })).toSorted(byField)).toEqual(fields);
        expect(count - fewerNodes(pool.spec, after.spec, count)).toBe(count - fewer);
        if (fields.every(({ takes }) => takes === 'nothing now')) expect(ran.operations).toEqual([]);
        if (fields.some(({ takes }) => takes === 'in place')) expect(ran.operations.length).toBeGreaterThan(0);
        expect(ended(ran).length).toBeGreaterThanOrEqual(replaces);
      }),
      { numRuns: 60 },
    );
  });

  test('a change that is taken back half way replaces those again that were replaced, and no other', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...open.filter(([, , takes]) => takes === 'turns')),
        fc.nat({ max: 4 }),
        (one, turns) => {
          const pool = livePool({ maxNodeCount: 9 });
          const changed = withField(pool, one);
          let now = changed;
          let here = worldOf(pool, 5);
          for (let turn = 0; turn < turns; turn += 1) {
            const assessment = assessed(now, here);
            if (assessment.kind !== 'operate') throw new Error('five machines are five turns');
            here = carriedOut(here, assessment.operation).world;
            now = told(now, assessment.operation, 'succeeded');
          }
          const back = changedTo(now, { [one[0]]: pool.spec[one[0]] });
          const seen = { cluster: CLUSTER, inventory: here.found, machines: { machines: here.machines } };
          expect(whatChanges(now, back, seen)).toEqual({
            fields: [{ field: one[0], takes: 'turns' }],
            fewer: 0,
            replaces: turns,
          });
          const { world: end } = ranToEnd(back, here);
          expect(end.machines.filter(({ id }) => here.machines.some((was) => was.id === id))).toHaveLength(5 - turns);
        },
      ),
      { numRuns: 40 },
    );
  });
});
