/**
 * Generated requests, each with the fields that admission must refuse, known by how it was made.
 *
 * Owns: an oracle that shares no code with the rules: it counts minors and compares words that were put there.
 */
import fc from 'fast-check';
import type { Asked, Others } from '../../../client/admission/judge.ts';
import { DELETING } from '../../topology/objects.ts';
import {
  type ClusterChanges,
  createCluster,
  createPool,
  deleteCluster,
  holding,
  otherCluster,
  otherPool,
  type PoolChanges,
} from './asked.ts';

export type Generated = {
  readonly asked: Asked;
  readonly others: Others;
  /** Fields that break a rule; the object passes if there is none. */
  readonly broken: readonly string[];
};

const HOME = 'eu-west-1';
const AWAY = 'eu-west-2';
/** The catalogue has 34 to 38; 99 it doesn't know. */
const minor = fc.constantFrom(34, 35, 36, 37, 38, 99);
const isKnown = (one: number): boolean => one <= 38;
const named = (one: number): string => `1.${one}.0-gke.1`;
const goTogether = (cluster: number, pool: number): boolean =>
  !isKnown(cluster) || !isKnown(pool) || (pool <= cluster && cluster - pool <= 2);

/** Values that break nothing, and make every object another one. */
const harmless = fc.record({
  tags: fc.dictionary(
    fc.stringMatching(/^[a-z][a-z0-9.-]{0,30}$/),
    fc.stringMatching(/^[\p{L}\p{N} _.:/=+@-]{0,60}$/u),
    {
      maxKeys: 4,
    },
  ),
  size: fc.integer({ min: 8, max: 16_384 }),
  deletionProtection: fc.boolean(),
});

const keyIn = (region: string): string => `arn:aws:kms:${region}:012345678901:key/a`;
const key = fc.constantFrom(undefined, HOME, AWAY);
const volume = (size: number, region: string | undefined) => ({
  sizeGiB: size,
  volumeType: 'gp3' as const,
  ...(region === undefined ? {} : { kmsKeyARN: keyIn(region) }),
});

/** Pairs of ranges, whether they have an address in common, and how many nodes the first has room for. */
const ranges = fc.constantFrom(
  { pods: '10.2.0.0/16', services: '10.1.0.0/16', overlap: false, nodes: 256 },
  { pods: '10.2.0.0/16', services: '10.2.0.0/20', overlap: true, nodes: 256 },
  { pods: '172.20.0.0/20', services: '172.16.0.0/12', overlap: true, nodes: 16 },
  { pods: '192.168.0.0/17', services: '192.168.128.0/17', overlap: false, nodes: 128 },
  { pods: '11.0.0.0/8', services: '10.96.0.0/12', overlap: false, nodes: 65_536 },
);
/** Of the seed's pools. */
const NODES_OF_A_POOL = 5;

/** Who asks about which object, so that it is judged at all. */
const occasion = fc.record({
  update: fc.boolean(),
  before: minor,
  own: fc.boolean(),
  going: fc.boolean(),
  untouched: fc.boolean(),
});
type Occasion = {
  readonly update: boolean;
  readonly own: boolean;
  readonly going: boolean;
  readonly untouched: boolean;
};

const rarely = <T>(often: T, seldom: T) => fc.constantFrom(often, often, often, often, often, often, often, seldom);
const usualOccasion = fc.record({
  update: fc.boolean(),
  before: minor,
  own: rarely(false, true),
  going: rarely(false, true),
  untouched: rarely(false, true),
});

const OWN = 'system:serviceaccount:slipway-system:slipway-worker';
const withOccasion = (asked: Asked, stored: Asked, when: Occasion): Asked => {
  const by = when.own ? { username: OWN } : {};
  if (!when.update) return { ...asked, ...by };
  const spec = (stored.object as { spec: object }).spec;
  const object = when.untouched ? { ...(asked.object as object), spec } : asked.object;
  return { ...asked, ...by, operation: 'UPDATE', object, oldObject: stored.object };
};

const isJudged = (when: Occasion): boolean => !when.own && !(when.update && (when.going || when.untouched));

const pools = fc.array(fc.record({ minor, away: rarely(false, true), going: rarely(false, true) }), { maxLength: 4 });

const clusters: fc.Arbitrary<Generated> = fc
  .record({ minor, pools, ranges, root: key, etcd: key, when: fc.oneof(usualOccasion, occasion), harmless })
  .map(({ minor: asked, pools: all, ranges: { pods, services, overlap, nodes }, root, etcd, when, harmless: more }) => {
    const changes = (version: number): ClusterChanges => ({
      ...(when.going && when.update ? { metadata: DELETING } : {}),
      spec: {
        deletionProtection: more.deletionProtection,
        networking: {
          vpcID: 'vpc-027d53db543f33b56',
          podAddressCIDRBlocks: [pods],
          serviceAddressCIDRBlocks: [services],
          serviceLoadBalancerSubnetIDs: [],
        },
      },
      controlPlane: {
        version: named(version),
        tags: more.tags,
        rootVolume: volume(more.size, root),
        etcd: { mainVolume: volume(more.size, etcd) },
      },
    });
    // Something else changes, too, so that the spec differs whatever the version was.
    const before = { ...changes(when.before) };
    const stored = { ...before, controlPlane: { ...before.controlPlane, keyName: 'another' } };
    const changed = !when.update || when.before !== asked;
    const live = all.filter((pool) => !pool.going);
    const broken = [
      ...(changed && !isKnown(asked) ? ['spec.controlPlane.version'] : []),
      ...(changed ? live.filter((pool) => !goTogether(asked, pool.minor)).map(() => 'spec.controlPlane.version') : []),
      ...(when.update ? [] : live.filter((pool) => pool.away).map(() => 'spec.region')),
      ...(overlap ? ['spec.networking.podAddressCIDRBlocks'] : []),
      ...(!when.update && live.length * NODES_OF_A_POOL > nodes ? ['spec.networking.podAddressCIDRBlocks'] : []),
      ...(root === AWAY ? ['spec.controlPlane.rootVolume.kmsKeyARN'] : []),
      ...(etcd === AWAY ? ['spec.controlPlane.etcd.mainVolume.kmsKeyARN'] : []),
    ];
    const others = all.map((pool, index) =>
      otherPool(`pool-${index}`, {
        ...(pool.going ? { metadata: DELETING } : {}),
        spec: { version: named(pool.minor), region: pool.away ? AWAY : HOME },
      }),
    );
    return {
      asked: withOccasion(createCluster(changes(asked)), createCluster(stored), when),
      others: holding(undefined, others),
      broken: isJudged(when) ? broken : [],
    };
  });

const taint = fc.record({
  key: fc.constantFrom('a', 'b', 'example.com/c'),
  effect: fc.constantFrom('NoSchedule', 'NoExecute'),
});

const nodePools: fc.Arbitrary<Generated> = fc
  .record({
    minor,
    cluster: fc.option(fc.record({ minor, away: rarely(false, true) }), { nil: undefined }),
    taints: fc.array(taint, { maxLength: 3 }),
    root: key,
    when: fc.oneof(usualOccasion, occasion),
    harmless,
  })
  .map(({ minor: asked, cluster, taints, root, when, harmless: more }) => {
    const changes = (version: number, minNodeCount: number): PoolChanges => ({
      ...(when.going && when.update ? { metadata: DELETING } : {}),
      spec: {
        version: named(version),
        minNodeCount,
        maxNodeCount: 9,
        deletionProtection: more.deletionProtection,
        tags: more.tags,
        taints: taints as never,
        rootVolume: volume(more.size, root),
      },
    });
    const changed = !when.update || when.before !== asked;
    const repeated = taints.flatMap((one, index) =>
      taints.slice(0, index).some((other) => other.key === one.key && other.effect === one.effect)
        ? [`spec.taints[${index}]`]
        : [],
    );
    const broken = [
      ...(changed && !isKnown(asked) ? ['spec.version'] : []),
      ...(changed && cluster !== undefined && !goTogether(cluster.minor, asked) ? ['spec.version'] : []),
      ...(!when.update && cluster?.away === true ? ['spec.region'] : []),
      ...repeated,
      ...(root === AWAY ? ['spec.rootVolume.kmsKeyARN'] : []),
    ];
    const its =
      cluster === undefined
        ? undefined
        : otherCluster({
            spec: { region: cluster.away ? AWAY : HOME },
            controlPlane: {
              version: named(cluster.minor),
              databaseEncryption: { kmsKeyARN: keyIn(cluster.away ? AWAY : HOME) },
            },
          });
    return {
      asked: withOccasion(createPool(changes(asked, 3)), createPool(changes(when.before, 4)), when),
      others: holding(its),
      broken: isJudged(when) ? broken : [],
    };
  });

const deletions: fc.Arbitrary<Generated> = fc
  .record({
    own: rarely(false, true),
    going: rarely(false, true),
    pools: fc.array(fc.record({ protected: fc.boolean(), going: fc.boolean() }), { maxLength: 4 }),
  })
  .map(({ own, going, pools: all }) => ({
    asked: { ...deleteCluster(going ? { metadata: DELETING } : {}), ...(own ? { username: OWN } : {}) },
    others: holding(
      undefined,
      all.map((pool, index) =>
        otherPool(`pool-${index}`, {
          ...(pool.going ? { metadata: DELETING } : {}),
          spec: { deletionProtection: pool.protected },
        }),
      ),
    ),
    broken: own || going || !all.some((pool) => pool.protected && !pool.going) ? [] : ['spec.deletionProtection'],
  }));

export const generated: fc.Arbitrary<Generated> = fc.oneof(
  { arbitrary: clusters, weight: 5 },
  { arbitrary: nodePools, weight: 4 },
  { arbitrary: deletions, weight: 1 },
);

/** The request as the API server sends it. */
export const reviewOf = (asked: Asked): Record<string, unknown> => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    kind: { group: 'multicloud.cluster.gke.io', version: 'v1', kind: asked.kind },
    operation: asked.operation,
    namespace: asked.namespace,
    name: asked.name,
    userInfo: { username: asked.username, groups: ['system:authenticated'] },
    object: asked.object,
    oldObject: asked.oldObject,
    dryRun: false,
  },
});
