/**
 * Every field of both specs that may be changed, changed on a provisioned object: it is done, or told to wait for an operation that
 * does not exist yet, or told to have no effect. The list of fields comes from the schemas: a new one is tried, or this fails.
 */
import { describe, expect, test } from '@jest/globals';
import { type AWSCluster, awsCluster } from '../../api/cluster.ts';
import { clusterDefinition, nodePoolDefinition } from '../../api/crd.ts';
import { clusterFieldsWithoutEffect, nodePoolFieldsWithoutEffect } from '../../api/effects.ts';
import { nodePoolIdOf } from '../../api/names.ts';
import { type AWSNodePool, awsNodePool } from '../../api/nodepool.ts';
import { type Field, kindFields } from '../../docs/generate/fields.ts';
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

const OF_CLUSTER: readonly Try[] = [
  ['networking.serviceLoadBalancerSubnetIDs', SUBNETS.slice(0, 2), 'done'],
  ['controlPlane.version', '1.36.3-gke.1', 'pending'],
  ['controlPlane.authorizedCIDRs', ['10.9.0.0/16'], 'done'],
  ['controlPlane.keyName', 'other', 'pending'],
  ['controlPlane.securityGroupIDs', ['sg-00000000'], 'done'],
  ['controlPlane.iamInstanceProfile', 'other', 'pending'],
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
  ['controlPlane.tags', { team: 'platform' }, 'done'],
  ['controlPlane.proxySecretName', 'proxy', 'without effect'],
  ['controlPlane.workloadIdentity.oidcDiscoveryGCSBucket', 'bucket', 'without effect'],
  ['controlPlane.rootVolume.sizeGiB', 64, 'pending'],
  ['controlPlane.rootVolume.volumeType', 'gp2', 'pending'],
  ['controlPlane.rootVolume.iops', 4_000, 'pending'],
  ['controlPlane.rootVolume.throughput', 500, 'pending'],
  ['controlPlane.rootVolume.kmsKeyARN', `arn:aws:kms:${REGION}:${ACCOUNT}:key/1`, 'pending'],
  ['controlPlane.etcd.mainVolume.sizeGiB', 100, 'done'],
  ['controlPlane.etcd.mainVolume.volumeType', 'io2', 'done', IO2],
  ['controlPlane.etcd.mainVolume.iops', 4_000, 'done'],
  ['controlPlane.etcd.mainVolume.throughput', 500, 'done'],
  ['authentication.awsIAM.adminIdentityARNs', [`arn:aws:iam::${ACCOUNT}:role/other`], 'without effect'],
  [
    'authentication.oidc',
    [{ clientID: 'c', issuerURI: 'https://issuer.example', usernameClaim: 'sub' }],
    'without effect',
  ],
  ['deletionProtection', true, 'elsewhere'],
];

const OF_NODE_POOL: readonly Try[] = [
  ['version', '1.36.3-gke.1', 'pending'],
  ['minNodeCount', 4, 'done'],
  ['maxNodeCount', 9, 'done'],
  ['nodeCount', 5, 'done'],
  ['keyName', 'other', 'pending'],
  ['securityGroupIDs', ['sg-00000000'], 'pending'],
  ['iamInstanceProfile', 'other', 'pending'],
  ['proxySecretName', 'proxy', 'without effect'],
  ['rootVolume.sizeGiB', 64, 'pending'],
  ['rootVolume.volumeType', 'gp2', 'pending'],
  ['rootVolume.iops', 4_000, 'pending'],
  ['rootVolume.throughput', 500, 'pending'],
  ['rootVolume.kmsKeyARN', `arn:aws:kms:${REGION}:${ACCOUNT}:key/1`, 'pending'],
  ['labels', { team: 'platform' }, 'pending'],
  ['taints', [{ key: 'k', value: 'v', effect: 'NoSchedule' }], 'pending'],
  ['tags', { team: 'platform' }, 'done'],
  // Asked for when a node goes.
  ['updateSettings.drainSeconds', 60, 'elsewhere'],
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
};
const FRESH = { fresh: true, provisioned: false, live: false };
const cluster = seedCluster({ status: LIVE });
const built = carryOut(planEnsure(clusterTopology(cluster, release()), EMPTY, FRESH).plan, EMPTY);
const pool = seedPool({ status: { aws: LIVE.aws, state: LIVE.state, revision: LIVE.revision } });
const external = Object.fromEntries(
  built.flatMap(({ key, outputs }) => (CLUSTER_OUTPUTS_FOR_POOLS.includes(key) ? [[key, outputs]] : [])),
);
const poolPlan = planEnsure(nodePoolTopology(pool, cluster, release()), EMPTY, { ...FRESH, external }).plan;
const poolBuilt = [...built, ...carryOut(poolPlan, EMPTY).filter(({ key }) => key.includes(nodePoolIdOf(POOL_UID)))];

const decideAboutCluster = (object: AWSCluster): Assessment =>
  decideCluster({
    requested: { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: object.metadata.uid },
    worker: WORKER,
    entityId: 'entity',
    settleSeconds: 0,
    repair: { afterSeconds: 300 },
    now: 0,
    object,
    inventory: inventoryOf(built),
  });

const decideAboutPool = (object: AWSNodePool): Assessment =>
  decideNodePool({
    requested: { kind: 'AWSNodePool', namespace: 'default', name: object.metadata.name, uid: object.metadata.uid },
    worker: WORKER,
    entityId: 'entity',
    settleSeconds: 0,
    now: 0,
    object,
    cluster,
    inventory: inventoryOf(poolBuilt),
  });

const outcomeOf = (assessment: Assessment, withoutEffect: boolean): Outcome | Assessment => {
  if (assessment.kind === 'operate') return 'done';
  if (assessment.kind !== 'settled') return assessment;
  if (assessment.note !== undefined) return 'pending';
  return withoutEffect ? 'without effect' : 'elsewhere';
};

const names = (fields: readonly { readonly field: string }[], path: string): boolean =>
  fields.some(({ field }) => `spec.${path}`.startsWith(field));

describe('every field of a cluster that may be changed', () => {
  test('is tried here', () => {
    expect(OF_CLUSTER.map(([field]) => field).sort()).toEqual(changeable(kindFields(clusterDefinition()).spec));
  });

  test.each(OF_CLUSTER)('%s set to %j is %s', (...one) => {
    const [field, , outcome] = one;
    const changed = awsCluster.parse({ ...cluster, spec: withFields(cluster.spec, one) });
    const without = names(clusterFieldsWithoutEffect(changed.spec), field);
    expect(outcomeOf(decideAboutCluster(changed), without)).toBe(outcome);
  });
});

describe('every field of a node pool that may be changed', () => {
  test('is tried here', () => {
    expect(OF_NODE_POOL.map(([field]) => field).sort()).toEqual(changeable(kindFields(nodePoolDefinition()).spec));
  });

  test.each(OF_NODE_POOL)('%s set to %j is %s', (...one) => {
    const [field, , outcome] = one;
    const changed = awsNodePool.parse({ ...pool, spec: withFields(pool.spec, one) });
    const without = names(nodePoolFieldsWithoutEffect(changed.spec), field);
    expect(outcomeOf(decideAboutPool(changed), without)).toBe(outcome);
  });
});
