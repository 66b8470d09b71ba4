/**
 * Changes: what it takes to change each field of an object that is provisioned.
 *
 * Owns: one table for both kinds, which the field reference, admission and `slipway clusters plan -f` show, and what of it two specs
 * differ in. Pure. Neighbours: `policy/pool-fields.ts` finds the same by planning, as things are in AWS; tests hold both to each
 * other, and to what then happens. The schemas refuse what is fixed, and say what to do instead.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ObjectKind } from './object.ts';

/** What a change takes. */
export type Takes =
  /** Things in AWS are changed while they are used. */
  | 'in place'
  /** Machines are replaced, some in each turn. */
  | 'turns'
  /** Nodes are drained and their machines end, one in each turn. */
  | 'drains'
  /** The API server refuses it. */
  | 'fixed'
  /** It counts when something else happens. */
  | 'nothing now';

/** `number of nodes`: in place, or nodes are drained, by how many there are. */
type Sort = Exclude<Takes, 'drains'> | 'number of nodes';

/** `when`: of what counts later, when; `mayBeAdded`: fixed once it is there. */
type Entry = { readonly sort: Sort; readonly when?: string; readonly mayBeAdded?: true };

const IN_PLACE: Entry = { sort: 'in place' };
const TURNS: Entry = { sort: 'turns' };
const FIXED: Entry = { sort: 'fixed' };
const later = (when: string): Entry => ({ sort: 'nothing now', when });
const WITHOUT_EFFECT = later('it has no effect yet');
const UPGRADE = later('it counts when another version is asked for, and as long as that soaks');
const POLICY = later('it counts when a machine is to be replaced');
const DRIFT = later('it counts when a sweep finds that something differs');
const DELETION = later('it counts when the object is deleted');

/** By the path of a field below `spec`; what is below it is the same. */
const CHANGES: Readonly<Record<ObjectKind, Readonly<Record<string, Entry>>>> = {
  AWSCluster: {
    region: FIXED,
    'networking.vpcID': FIXED,
    'networking.podAddressCIDRBlocks': FIXED,
    'networking.serviceAddressCIDRBlocks': FIXED,
    'networking.serviceLoadBalancerSubnetIDs': IN_PLACE,
    'controlPlane.version': TURNS,
    'controlPlane.instanceType': TURNS,
    'controlPlane.keyName': TURNS,
    'controlPlane.subnetIDs': FIXED,
    'controlPlane.securityGroupIDs': TURNS,
    'controlPlane.authorizedCIDRs': IN_PLACE,
    'controlPlane.iamInstanceProfile': TURNS,
    'controlPlane.databaseEncryption.kmsKeyARN': FIXED,
    'controlPlane.hub.membershipName': { sort: 'fixed', mayBeAdded: true },
    'controlPlane.cloudOperations': WITHOUT_EFFECT,
    'controlPlane.tags': IN_PLACE,
    'controlPlane.proxySecretName': WITHOUT_EFFECT,
    'controlPlane.workloadIdentity': WITHOUT_EFFECT,
    'controlPlane.upgrade': UPGRADE,
    'controlPlane.rootVolume': TURNS,
    'controlPlane.etcd.mainVolume.sizeGiB': IN_PLACE,
    'controlPlane.etcd.mainVolume.volumeType': IN_PLACE,
    'controlPlane.etcd.mainVolume.iops': IN_PLACE,
    'controlPlane.etcd.mainVolume.throughput': IN_PLACE,
    'controlPlane.etcd.mainVolume.kmsKeyARN': FIXED,
    'controlPlane.backup.everyHours': IN_PLACE,
    'controlPlane.backup.keep': later('it counts when a sweep looks into the bucket'),
    authentication: WITHOUT_EFFECT,
    updatePolicy: POLICY,
    driftPolicy: DRIFT,
    nodePoolUpdates: POLICY,
    deletionProtection: DELETION,
  },
  AWSNodePool: {
    clusterName: FIXED,
    region: FIXED,
    version: TURNS,
    subnetID: FIXED,
    minNodeCount: IN_PLACE,
    maxNodeCount: { sort: 'number of nodes' },
    nodeCount: { sort: 'number of nodes' },
    maxPodsPerNode: TURNS,
    instanceType: TURNS,
    keyName: TURNS,
    securityGroupIDs: IN_PLACE,
    iamInstanceProfile: TURNS,
    proxySecretName: WITHOUT_EFFECT,
    rootVolume: TURNS,
    updateSettings: later('it counts when the next node goes'),
    updatePolicy: POLICY,
    driftPolicy: DRIFT,
    management: later('it counts when a node fails'),
    labels: IN_PLACE,
    taints: IN_PLACE,
    tags: IN_PLACE,
    deletionProtection: DELETION,
  },
};

const isBelow = (path: string, field: string): boolean => path === field || path.startsWith(`${field}.`);

/** The entry of a field, or of that which it is a part of; undefined for one that only groups others. */
export const changeOf = (kind: ObjectKind, path: string): Entry | undefined =>
  Object.entries(CHANGES[kind]).find(([field]) => isBelow(path, field))?.[1];

/** Fields that have an entry of their own, as the table has them. */
export const fieldsThatChange = (kind: ObjectKind): readonly string[] => Object.keys(CHANGES[kind]);

/** Fields that the schema refuses to change. */
export const fixedFields = (kind: ObjectKind): readonly string[] =>
  Object.entries(CHANGES[kind]).flatMap(([field, { sort }]) => (sort === 'fixed' ? [field] : []));

export const valueAt = (spec: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>(
      (value, name) =>
        typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined,
      spec,
    );

/** Machines of a control plane, of which one is replaced in a turn. */
export const CONTROL_PLANE_MACHINES = 3;

export type FieldChange = { readonly field: string; readonly takes: Takes; readonly when?: string };

/** How many nodes a pool may have by a spec, at most. */
const mostNodes = (spec: unknown): number => {
  const [count, most] = [valueAt(spec, 'nodeCount'), valueAt(spec, 'maxNodeCount')];
  if (typeof count === 'number') return count;
  return typeof most === 'number' ? most : Number.POSITIVE_INFINITY;
};

/** How many nodes are drained and end where a spec takes another's place. */
export const fewerNodes = (before: unknown, after: unknown, nodes: number): number =>
  Math.max(0, Math.min(nodes, mostNodes(before)) - mostNodes(after));

/**
 * In what two specs of a provisioned object differ, and what that takes, field by field in the table's order. `nodes`: how many machines
 * a pool keeps by now; infinite where nobody knows.
 */
export const changesBetween = (
  kind: ObjectKind,
  before: unknown,
  after: unknown,
  nodes: number,
): readonly FieldChange[] =>
  Object.entries(CHANGES[kind]).flatMap(([field, { sort, when, mayBeAdded }]): readonly FieldChange[] => {
    const [was, is] = [valueAt(before, field), valueAt(after, field)];
    if (isDeepStrictEqual(was, is)) return [];
    if (mayBeAdded === true && was === undefined) return [{ field, takes: 'in place' }];
    if (sort !== 'number of nodes') return [{ field, takes: sort, ...(when === undefined ? {} : { when }) }];
    const alone = { ...(before as object), [field]: is };
    if (fewerNodes(before, alone, nodes) > 0) return [{ field, takes: 'drains' }];
    if (field !== 'nodeCount') return [{ field, takes: 'in place' }];
    if (is === undefined) return [{ field, takes: 'nothing now', when: 'there stay as many nodes as there are' }];
    return [
      is === nodes ? { field, takes: 'nothing now', when: 'there are as many nodes' } : { field, takes: 'in place' },
    ];
  });
