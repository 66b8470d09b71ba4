/**
 * Every field of both specs that may be changed, changed on a provisioned object and changed back: it is done, or told to wait for an
 * operation that does not exist yet, or told to have no effect. The list of fields comes from the schemas: a new one is tried, or this fails.
 */
import { describe, expect, test } from '@jest/globals';
import { changeOf, fieldsThatChange, fixedFields } from '../../api/changes.ts';
import { type AWSCluster, awsCluster } from '../../api/cluster.ts';
import { clusterDefinition, nodePoolDefinition } from '../../api/crd.ts';
import { clusterFieldsWithoutEffect, nodePoolFieldsWithoutEffect } from '../../api/effects.ts';
import { nodePoolIdOf } from '../../api/names.ts';
import { type AWSNodePool, awsNodePool } from '../../api/nodepool.ts';
import { type Field, kindFields } from '../../docs/generate/fields.ts';
import type { Found } from '../../kinds/resource.ts';
import type { Assessment } from '../../policy/assessment.ts';
import { decideCluster } from '../../policy/decide-cluster.ts';
import { decideNodePool } from '../../policy/decide-nodepool.ts';
import { planEnsure } from '../../policy/ensure.ts';
import { revisionOf } from '../../policy/revision.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { nodePoolTopology } from '../../topology/nodepool.ts';
import { CLUSTER_OUTPUTS_FOR_POOLS } from '../../words/keys.ts';
import { ACCOUNT, POOL_UID, REGION, release, SUBNETS, seedCluster, seedPool } from '../topology/objects.ts';
import { carryOut, EMPTY, inventoryOf } from './account.ts';

/** `elsewhere`: not a matter of what exists in AWS; admission obeys it. */
type Outcome = 'done' | 'pending' | 'without effect' | 'elsewhere';
/** The field, what it is set to, and what comes of it; `beside` are other values that the schema demands with it. */
type Try = readonly [field: string, value: unknown, outcome: Outcome, beside?: Readonly<Record<string, unknown>>];

const IO2 = { 'controlPlane.etcd.mainVolume.iops': 4_000 };

const WINDOW = { days: ['Sun'], start: '22:00', minutes: 60 };

const OF_CLUSTER: readonly Try[] = [
  ['networking.serviceLoadBalancerSubnetIDs', SUBNETS.slice(0, 2), 'done'],
  ['controlPlane.version', '1.36.3-gke.1', 'done'],
  ['controlPlane.authorizedCIDRs', ['10.9.0.0/16'], 'done'],
  ['controlPlane.instanceType', 't3.large', 'done'],
  ['controlPlane.keyName', 'other', 'done'],
  // Interfaces have the groups at once, machines in turns.
  ['controlPlane.securityGroupIDs', ['sg-00000000'], 'done'],
  ['controlPlane.iamInstanceProfile', 'other', 'done'],
  ['controlPlane.cloudOperations.projectID', 'p', 'without effect', { 'controlPlane.cloudOperations.location': 'l' }],
  ['controlPlane.cloudOperations.location', 'l', 'without effect', { 'controlPlane.cloudOperations.projectID': 'p' }],
  [
    'controlPlane.cloudOperations.enableLogging',
    true,
    'without effect',
    { 'controlPlane.cloudOperations.projectID': 'p', 'controlPlane.cloudOperations.location': 'l' },
  ],
  [
    'controlPlane.cloudOperations.enableMonitoring',
    true,
    'without effect',
    { 'controlPlane.cloudOperations.projectID': 'p', 'controlPlane.cloudOperations.location': 'l' },
  ],
  // Asked for when another version is.
  ['controlPlane.upgrade.soakSeconds', 3_600, 'elsewhere'],
  ['controlPlane.upgrade.snapshot', 'None', 'elsewhere'],
  ['controlPlane.tags', { team: 'platform' }, 'done'],
  ['controlPlane.proxySecretName', 'proxy', 'without effect'],
  ['controlPlane.workloadIdentity.oidcDiscoveryGCSBucket', 'bucket', 'without effect'],
  ['controlPlane.rootVolume.sizeGiB', 64, 'done'],
  ['controlPlane.rootVolume.volumeType', 'gp2', 'done'],
  ['controlPlane.rootVolume.iops', 4_000, 'done'],
  ['controlPlane.rootVolume.throughput', 500, 'done'],
  ['controlPlane.rootVolume.kmsKeyARN', `arn:aws:kms:${REGION}:${ACCOUNT}:key/1`, 'done'],
  ['controlPlane.etcd.mainVolume.sizeGiB', 100, 'done'],
  ['controlPlane.etcd.mainVolume.volumeType', 'io2', 'done', IO2],
  ['controlPlane.etcd.mainVolume.iops', 4_000, 'done'],
  ['controlPlane.etcd.mainVolume.throughput', 500, 'done'],
  ['controlPlane.backup.everyHours', 12, 'done'],
  // Asked for by sweeps.
  ['controlPlane.backup.keep', 30, 'elsewhere'],
  ['authentication.awsIAM.adminIdentityARNs', [`arn:aws:iam::${ACCOUNT}:role/other`], 'without effect'],
  [
    'authentication.oidc',
    [{ clientID: 'c', issuerURI: 'https://issuer.example', usernameClaim: 'sub' }],
    'without effect',
  ],
  // Asked for by its node pools, when machines are to be replaced.
  ['updatePolicy.mode', 'Manual', 'elsewhere'],
  ['updatePolicy.windows', [WINDOW], 'elsewhere'],
  // Asked for when a sweep finds that something differs.
  ['driftPolicy', 'Mend', 'elsewhere'],
  // Node pools ask it of their cluster.
  ['nodePoolUpdates', 'Sequential', 'elsewhere'],
  ['deletionProtection', true, 'elsewhere'],
];

const OF_NODE_POOL: readonly Try[] = [
  ['version', '1.36.3-gke.1', 'done'],
  ['minNodeCount', 4, 'done'],
  ['maxNodeCount', 9, 'done'],
  ['nodeCount', 5, 'done'],
  ['maxPodsPerNode', 50, 'done'],
  ['instanceType', 't3.large', 'done'],
  ['keyName', 'other', 'done'],
  ['securityGroupIDs', ['sg-00000000'], 'done'],
  ['iamInstanceProfile', 'other', 'done'],
  ['proxySecretName', 'proxy', 'without effect'],
  ['rootVolume.sizeGiB', 64, 'done'],
  ['rootVolume.volumeType', 'gp2', 'done'],
  ['rootVolume.iops', 4_000, 'done'],
  ['rootVolume.throughput', 500, 'done'],
  ['rootVolume.kmsKeyARN', `arn:aws:kms:${REGION}:${ACCOUNT}:key/1`, 'done'],
  ['labels', { team: 'platform' }, 'done'],
  ['taints', [{ key: 'k', value: 'v', effect: 'NoSchedule' }], 'done'],
  ['tags', { team: 'platform' }, 'done'],
  // Asked for when a node goes.
  ['updateSettings.drainSeconds', 60, 'elsewhere'],
  // Asked for when machines are to be replaced.
  ['updatePolicy.mode', 'Manual', 'elsewhere'],
  ['updatePolicy.windows', [WINDOW], 'elsewhere'],
  // Asked for when a node is to be repaired.
  ['management.autoRepair', false, 'elsewhere'],
  ['driftPolicy', 'Mend', 'elsewhere'],
  ['updateSettings.surgeSettings.maxSurge', 3, 'elsewhere'],
  ['updateSettings.surgeSettings.maxUnavailable', 1, 'elsewhere'],
  ['deletionProtection', true, 'elsewhere'],
];

/** Fields that hold a value and may be changed. A list counts as one value; one that may only grow may be changed. */
const changeable = (all: readonly Field[]): string[] => {
  const fixed = all.filter(({ onChange }) => onChange?.includes('cannot be changed') === true).map(({ path }) => path);
  return all
    .map(({ path }) => path)
    .filter((path) => !path.includes('[]'))
    .filter((path) => !fixed.some((one) => path === one || path.startsWith(`${one}.`)))
    .filter((path) => !all.some((other) => other.path.startsWith(`${path}.`)))
    .sort();
};

const withField = (spec: object, [field, value]: readonly [string, unknown]): object => {
  const [name = '', ...rest] = field.split('.');
  const held = (spec as Readonly<Record<string, unknown>>)[name];
  const inner = typeof held === 'object' && held !== null ? held : {};
  return { ...spec, [name]: rest.length === 0 ? value : withField(inner, [rest.join('.'), value]) };
};

const withFields = (spec: object, [field, value, , beside = {}]: Try): object =>
  [...Object.entries(beside), [field, value] as const].reduce<object>(withField, spec);

const WORKER = { account: ACCOUNT, regions: [REGION] };
const LIVE = {
  aws: { account: ACCOUNT, region: REGION },
  established: true,
  endpoint: 'nlb',
  state: 'Provisioned' as const,
  revision: revisionOf(release()),
  appliedTagKeys: ['team'],
};
const FRESH = { fresh: true, provisioned: false, live: false };

const cluster = seedCluster({ status: LIVE, controlPlane: { backup: {} } });
const clusterWith = (spec: object): AWSCluster => awsCluster.parse({ ...cluster, spec });
const accountOfCluster = (object: AWSCluster): readonly Found[] =>
  carryOut(planEnsure(clusterTopology(object, release()), EMPTY, FRESH).plan, EMPTY);
const built = accountOfCluster(cluster);

const { aws, state, revision, appliedTagKeys } = LIVE;
const pool = seedPool({ status: { aws, state, revision, appliedTagKeys } });
const poolWith = (spec: object): AWSNodePool => awsNodePool.parse({ ...pool, spec });
const external = Object.fromEntries(
  built.flatMap(({ key, outputs }) => (CLUSTER_OUTPUTS_FOR_POOLS.includes(key) ? [[key, outputs]] : [])),
);
const accountOfPool = (object: AWSNodePool): readonly Found[] => {
  const { plan } = planEnsure(nodePoolTopology(object, cluster, release()), EMPTY, { ...FRESH, external });
  return [...built, ...carryOut(plan, EMPTY).filter(({ key }) => key.includes(nodePoolIdOf(POOL_UID)))];
};

const COMMON = { worker: WORKER, entityId: 'entity', settleSeconds: 0 };

const decideAboutCluster = (object: AWSCluster, found: readonly Found[]): Assessment =>
  decideCluster({
    ...COMMON,
    requested: { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: object.metadata.uid },
    repair: { afterSeconds: 300 },
    now: 0,
    object,
    inventory: inventoryOf(found),
  });

const decideAboutPool = (object: AWSNodePool, found: readonly Found[]): Assessment =>
  decideNodePool({
    ...COMMON,
    requested: { kind: 'AWSNodePool', namespace: 'default', name: object.metadata.name, uid: object.metadata.uid },
    now: 0,
    object,
    cluster,
    inventory: inventoryOf(found),
  });

type Decide = (found: readonly Found[]) => Assessment;

/** Each replica of a control plane has a turn, and something may be changed in place before and after. */
const MOST_OPERATIONS = 5;

const afterOperations = (decide: Decide, found: readonly Found[], most = MOST_OPERATIONS): Assessment => {
  const decided = decide(found);
  return decided.kind === 'operate' && most > 0
    ? afterOperations(decide, carryOut(decided.operation.plan, found), most - 1)
    : decided;
};

/** Done is what leaves nothing to do and nothing to tell once its operations were carried out. */
const outcomeOf = (decide: Decide, found: readonly Found[], withoutEffect: boolean): Outcome | Assessment => {
  const first = decide(found);
  const last = afterOperations(decide, found);
  if (last.kind !== 'settled') return last;
  if (last.note !== undefined) return 'pending';
  if (first.kind === 'operate') return 'done';
  return withoutEffect ? 'without effect' : 'elsewhere';
};

const names = (fields: readonly { readonly field: string }[], path: string): boolean =>
  fields.some(({ field }) => `spec.${path}`.startsWith(field));

/** The API server lets nobody make a volume smaller. */
const mayBeTakenBack = ([field]: Try): boolean => !field.endsWith('sizeGiB');
/** The other way round: a version is told of for as long as it isn't the one that runs, and who asks for no number of nodes leaves it to others. */
const OTHERWISE_BACK: Readonly<Record<string, Outcome>> = {
  version: 'elsewhere',
  'controlPlane.version': 'elsewhere',
  nodeCount: 'elsewhere',
};

/** How an outcome is told beforehand. */
const SORTS: Readonly<Record<Outcome, readonly string[]>> = {
  done: ['in place', 'turns', 'number of nodes'],
  pending: ['nothing now'],
  'without effect': ['nothing now'],
  elsewhere: ['nothing now'],
};

describe.each([
  ['AWSCluster', OF_CLUSTER, clusterDefinition()],
  ['AWSNodePool', OF_NODE_POOL, nodePoolDefinition()],
] as const)('the table of what a change of %s takes', (kind, tries, definition) => {
  const { spec } = kindFields(definition);

  test.each(tries)('agrees with what comes of %s set to %j, which is %s', (field, _, outcome) => {
    expect(SORTS[outcome]).toContain(changeOf(kind, field)?.sort);
  });

  test('says of exactly those fields that they are fixed which the API server refuses to change', () => {
    const refused = spec.filter(({ onChange }) => onChange?.includes('cannot be changed') === true);
    expect([...fixedFields(kind)].sort()).toEqual(refused.map(({ path }) => path).sort());
  });

  test('names no field that is not in the schema', () => {
    expect(fieldsThatChange(kind).filter((field) => !spec.some(({ path }) => path === field))).toEqual([]);
  });
});

describe('every field of a cluster that may be changed', () => {
  test('is tried here', () => {
    expect(OF_CLUSTER.map(([field]) => field).sort()).toEqual(changeable(kindFields(clusterDefinition()).spec));
  });

  test.each(OF_CLUSTER)('%s set to %j is %s', (...one) => {
    const [field, , outcome] = one;
    const changed = clusterWith(withFields(cluster.spec, one));
    const without = names(clusterFieldsWithoutEffect(changed.spec), field);
    expect(outcomeOf((found) => decideAboutCluster(changed, found), built, without)).toBe(outcome);
  });

  test.each(OF_CLUSTER.filter(mayBeTakenBack))('%s that was %j, which is %s, may be taken back', (...one) => {
    const [field, , outcome] = one;
    const found = accountOfCluster(clusterWith(withFields(cluster.spec, one)));
    const expected = OTHERWISE_BACK[field] ?? outcome;
    const back = outcomeOf((now) => decideAboutCluster(cluster, now), found, outcome === 'without effect');
    expect(back).toBe(expected);
  });
});

describe('every field of a node pool that may be changed', () => {
  test('is tried here', () => {
    expect(OF_NODE_POOL.map(([field]) => field).sort()).toEqual(changeable(kindFields(nodePoolDefinition()).spec));
  });

  test.each(OF_NODE_POOL)('%s set to %j is %s', (...one) => {
    const [field, , outcome] = one;
    const changed = poolWith(withFields(pool.spec, one));
    const without = names(nodePoolFieldsWithoutEffect(changed.spec), field);
    expect(outcomeOf((found) => decideAboutPool(changed, found), accountOfPool(pool), without)).toBe(outcome);
  });

  test.each(OF_NODE_POOL.filter(mayBeTakenBack))('%s that was %j, which is %s, may be taken back', (...one) => {
    const [field, , outcome] = one;
    const found = accountOfPool(poolWith(withFields(pool.spec, one)));
    const expected = OTHERWISE_BACK[field] ?? outcome;
    const back = outcomeOf((now) => decideAboutPool(pool, now), found, outcome === 'without effect');
    expect(back).toBe(expected);
  });
});

/** Fields that may be left out, and that hold one which may not be changed: what they stand for would go, and come back changed. */
describe.each([
  ['a cluster', clusterDefinition()],
  ['a node pool', nodePoolDefinition()],
])('what %s may leave out', (_, definition) => {
  test('cannot be taken away where what is in it cannot be changed', () => {
    const all = kindFields(definition).spec;
    const holdsFixed = ({ path }: Field): boolean =>
      all.some(({ path: other, onChange }) => other.startsWith(`${path}.`) && onChange?.includes('cannot be changed'));
    const open = all.filter(
      (field) =>
        !field.required && field.schema.default === undefined && holdsFixed(field) && field.onChange === undefined,
    );
    expect(open.map(({ path }) => path)).toEqual([]);
  });
});
