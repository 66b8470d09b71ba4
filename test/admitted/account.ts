/**
 * What the account of AWS's double holds, and what of it an object refers to: an oracle of its own for preflight.
 *
 * Owns: the places where objects refer to something outside of themselves. Neighbours: `generated.ts` draws from them,
 * `sandbox/aws/account.ts` is the account.
 */
import type { AWSCluster } from '../../api/cluster.ts';
import type { AWSNodePool } from '../../api/nodepool.ts';
import { accountOf } from '../../sandbox/aws/account.ts';
import { ACCOUNT, REGION, SUBNETS } from '../topology/objects.ts';

/** Nothing of it depends on the network that the account is in. */
const { vpc, securityGroups, keyPairs, instanceProfiles, kmsKeys } = accountOf(1);

const keyArn = (what: string): string => `arn:aws:kms:${REGION}:${ACCOUNT}:${what}`;

export const PLACES = {
  vpcs: [vpc.id],
  /** One in each zone. */
  subnets: SUBNETS.slice(0, 3),
  groups: securityGroups.map(({ id }) => id),
  keyPairs: keyPairs.map(({ name }) => name),
  profiles: instanceProfiles,
  keys: kmsKeys.map(({ id }) => keyArn(`key/${id}`)),
  types: ['t3.medium', 'm5.large', 'c5.xlarge'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Place = keyof typeof PLACES;

const NONE = '00000000000000000';

/** Well written, and nothing that there is. */
export const NOWHERE: Readonly<Record<Place, string>> = {
  vpcs: `vpc-${NONE}`,
  subnets: `subnet-${NONE}`,
  groups: `sg-${NONE}`,
  keyPairs: 'gone',
  profiles: 'gone',
  keys: keyArn('key/00000000-0000-0000-0000-000000000000'),
  types: 'z9.nano',
};

export const KEYS = {
  odd: [
    keyArn('alias/gone'),
    keyArn('key/not-a-uuid'),
    keyArn('key/a/b'),
    keyArn('key/-'),
    `arn:aws:kms:us-east-1:${ACCOUNT}:key/1`,
    `arn:aws:kms:${REGION}:999999999999:key/${kmsKeys[0]?.id ?? ''}`,
    `arn:aws-cn:kms:${REGION}:${ACCOUNT}:key/${kmsKeys[0]?.id ?? ''}`,
  ],
};

/** Each place of an object that refers to something, with a value that refers to nothing. */
export const IN_VAIN: Readonly<Record<'cluster' | 'pool', readonly (readonly [path: string, value: unknown])[]>> = {
  cluster: [
    ['spec.networking.vpcID', NOWHERE.vpcs],
    ['spec.networking.serviceLoadBalancerSubnetIDs', [NOWHERE.subnets]],
    ['spec.controlPlane.subnetIDs', [NOWHERE.subnets]],
    ['spec.controlPlane.securityGroupIDs', [NOWHERE.groups]],
    ['spec.controlPlane.keyName', NOWHERE.keyPairs],
    ['spec.controlPlane.iamInstanceProfile', NOWHERE.profiles],
    ['spec.controlPlane.instanceType', NOWHERE.types],
    ['spec.controlPlane.databaseEncryption.kmsKeyARN', NOWHERE.keys],
    ['spec.controlPlane.rootVolume.kmsKeyARN', NOWHERE.keys],
    ['spec.controlPlane.etcd.mainVolume.kmsKeyARN', NOWHERE.keys],
  ],
  pool: [
    ['spec.subnetID', NOWHERE.subnets],
    ['spec.securityGroupIDs', [NOWHERE.groups]],
    ['spec.keyName', NOWHERE.keyPairs],
    ['spec.iamInstanceProfile', NOWHERE.profiles],
    ['spec.instanceType', NOWHERE.types],
    ['spec.rootVolume', { kmsKeyARN: NOWHERE.keys }],
  ],
};

type Reference = { readonly field: string; readonly there: boolean };

const one = (place: Place, field: string, value: string | undefined): readonly Reference[] =>
  value === undefined ? [] : [{ field, there: (PLACES[place] as readonly string[]).includes(value) }];

const each = (place: Place, field: string, values: readonly string[]): readonly Reference[] =>
  values.flatMap((value, index) => one(place, `${field}[${index}]`, value));

/** Load balancers may be in public subnets, too. */
const subnetsOf = (field: string, values: readonly string[]): readonly Reference[] =>
  values.map((value, index) => ({
    field: `${field}[${index}]`,
    there: (SUBNETS as readonly string[]).includes(value),
  }));

const zoneOf = (subnetId: string): string | undefined => vpc.subnets.find(({ id }) => id === subnetId)?.zone;

/** Of several in one zone the later ones. */
const inSameZone = (subnetIds: readonly string[]): readonly Reference[] =>
  subnetIds.map((id, index) => {
    const zone = zoneOf(id);
    const taken = subnetIds.slice(0, index).some((earlier) => zone !== undefined && zoneOf(earlier) === zone);
    return { field: `spec.controlPlane.subnetIDs[${index}]`, there: !taken };
  });

const fieldsOf = (references: readonly Reference[]): readonly string[] => [
  ...new Set(references.filter(({ there }) => !there).map(({ field }) => field)),
];

/** The fields of a cluster that refer to what the account does not hold, or holds otherwise. */
export const unmetByCluster = ({ spec: { networking, controlPlane } }: AWSCluster): readonly string[] =>
  fieldsOf([
    ...one('vpcs', 'spec.networking.vpcID', networking.vpcID),
    ...subnetsOf('spec.networking.serviceLoadBalancerSubnetIDs', networking.serviceLoadBalancerSubnetIDs),
    ...subnetsOf('spec.controlPlane.subnetIDs', controlPlane.subnetIDs),
    ...inSameZone(controlPlane.subnetIDs),
    ...each('groups', 'spec.controlPlane.securityGroupIDs', controlPlane.securityGroupIDs),
    ...one('keyPairs', 'spec.controlPlane.keyName', controlPlane.keyName),
    ...one('profiles', 'spec.controlPlane.iamInstanceProfile', controlPlane.iamInstanceProfile),
    ...one('types', 'spec.controlPlane.instanceType', controlPlane.instanceType),
    ...one('keys', 'spec.controlPlane.databaseEncryption.kmsKeyARN', controlPlane.databaseEncryption.kmsKeyARN),
    ...one('keys', 'spec.controlPlane.rootVolume.kmsKeyARN', controlPlane.rootVolume.kmsKeyARN),
    ...one('keys', 'spec.controlPlane.etcd.mainVolume.kmsKeyARN', controlPlane.etcd.mainVolume.kmsKeyARN),
  ]);

/** The same for a pool of a cluster all of whose references are met. */
export const unmetByPool = ({ spec }: AWSNodePool): readonly string[] =>
  fieldsOf([
    ...one('subnets', 'spec.subnetID', spec.subnetID),
    ...each('groups', 'spec.securityGroupIDs', spec.securityGroupIDs),
    ...one('keyPairs', 'spec.keyName', spec.keyName),
    ...one('profiles', 'spec.iamInstanceProfile', spec.iamInstanceProfile),
    ...one('types', 'spec.instanceType', spec.instanceType),
    ...one('keys', 'spec.rootVolume.kmsKeyARN', spec.rootVolume.kmsKeyARN),
  ]);
