/** Preflight's judgement without an account: plans of older releases, and what an object has already. */
import { describe, expect, test } from '@jest/globals';
import type { AwsFacts, Subnet } from '../../../activities/aws/facts.ts';
import { preflightDriver } from '../../../activities/aws/preflight.ts';
import type { HubLook } from '../../../activities/aws/preflight-membership.ts';
import type { AwsRoom, Machine } from '../../../activities/aws/room.ts';
import type { Wanted } from '../../../activities/driver.ts';
import { retryError, verdictOf } from '../../../activities/verdicts.ts';
import { kubernetesClusterTag, UID_TAG } from '../../../api/names.ts';
import { clusterPreflight, poolPreflight } from '../../../topology/preflight.ts';
import { POOL_UID, release, SUBNETS, seedCluster, seedPool } from '../../topology/objects.ts';
import { ownerOf } from './account.ts';

const POOL = { kind: 'AWSNodePool', namespace: 'default', name: 'cluster-0-pool-0', uid: POOL_UID } as const;
const VPC = seedCluster().spec.networking.vpcID;

const facts: AwsFacts = {
  vpc: (id) => Promise.resolve({ id, cidr: '10.0.0.0/16', cidrs: ['10.0.0.0/16'] }),
  subnets: (ids) => Promise.resolve(ids.map((id) => ({ id, vpcId: VPC, zone: 'eu-west-1a', freeAddresses: 100 }))),
  securityGroups: (ids) => Promise.resolve(ids.map((id) => ({ id, vpcId: VPC }))),
  hasKeyPair: (name) => Promise.resolve(name !== 'gone'),
  instanceProfile: (name) => Promise.resolve({ name, hasRole: true }),
  kmsKey: (arn) => Promise.resolve({ arn, enabled: true, state: 'Enabled', usage: 'ENCRYPT_DECRYPT' }),
  instanceTypes: (types) =>
    Promise.resolve(types.map((id) => ({ id, cpus: 2, architectures: [/^[a-z]+\d+g/.test(id) ? 'arm64' : 'x86_64'] }))),
  zonesOffering: () => Promise.resolve(new Set(['eu-west-1a'])),
  carrying: () => Promise.resolve([]),
  answersNames: () => Promise.resolve(true),
  routeTables: () => Promise.resolve([]),
};

const machineOf = (uid: string): Machine => ({
  id: 'i-1',
  type: 't3.medium',
  subnetId: SUBNETS[0],
  tags: { [UID_TAG]: uid },
});

/** An account with a quota of eight virtual CPUs, two to a machine. */
const roomWith = (machines: readonly Machine[]): AwsRoom => ({
  machines: () => Promise.resolve(machines),
  cpus: () => Promise.resolve({ code: 'L-1', name: 'CPUs', limit: 8, used: 2 * machines.length }),
  loadBalancers: () => Promise.reject(new Error('a pool needs no load balancer')),
  securityGroups: () => Promise.reject(new Error('a pool needs no security group')),
  ownAddresses: () => Promise.resolve(0),
});

const FREE: HubLook = { otherOwner: () => Promise.resolve(undefined), onUnread: () => undefined };

const judged = async (room: AwsRoom, change: object = {}, known = facts, hub = FREE) => {
  const resource = poolPreflight(seedPool(), seedCluster(), release());
  const properties = { ...resource.properties, ...change } as Wanted<'preflight'>['properties'];
  const wanted: Wanted<'preflight'> = {
    kind: 'preflight',
    key: 'preflight',
    properties,
    object: POOL,
    owner: ownerOf(POOL),
    incarnation: 0,
    signal: new AbortController().signal,
    since: 0,
  };
  try {
    await preflightDriver(known, room, hub).create(wanted);
    return { verdict: 'passes', message: '' };
  } catch (error) {
    return verdictOf(error);
  }
};
const look = async (room: AwsRoom, change: object = {}): Promise<string> => (await judged(room, change)).message;

describe('preflight', () => {
  test('counts the machines that a pool has already as part of what it takes', async () => {
    const own = [machineOf(POOL_UID), machineOf(POOL_UID)];
    // Three of its machines, and one that is somebody else's, are all that the quota lets run.
    expect(await look(roomWith([...own, machineOf('other')]))).toBe('');
    expect(await look(roomWith([...own, machineOf('other'), machineOf('other')]))).toContain(
      '2 more virtual CPUs are needed, and 8 of 8 are in use',
    );
    expect(await look(roomWith([machineOf('other'), machineOf('other')]))).toContain('6 more virtual CPUs are needed');
  });

  test.each(['t4g.medium', 'm6g.large', 'x8g.large'])(
    'names an instance type whose processors do not run the machine image: %s',
    async (instanceType) => {
      const fields = [{ about: 'instanceType', field: 'spec.instanceType', value: instanceType, fixed: true }];
      const { verdict, message } = await judged(roomWith([]), { instanceType, fields });
      expect(verdict).toBe('blocked');
      expect(message).toContain(
        `spec.instanceType: instance type ${instanceType} has processors of arm64, and the machine image of version 1.16.9-gke.12 is for x86_64; delete the object and apply it with another`,
      );
    },
  );

  test('counts the security groups that a cluster has already, and names the quota that has no room for the others', async () => {
    const { clusterId } = ownerOf(POOL);
    const groups = (limit: number, owners: readonly string[]) => {
      const usage = { code: 'L-E79EC296', name: 'VPC security groups per Region', limit, used: 2499, owners };
      return look({ ...roomWith([]), securityGroups: () => Promise.resolve(usage) }, { securityGroups: 3 });
    };
    expect(await groups(2500, [])).toContain(
      'a cluster needs 3 more security groups, and 2499 of 2500 are in use; ask AWS to raise the quota "VPC security groups per Region" (L-E79EC296), or free some of it',
    );
    expect(await groups(2500, [clusterId, 'gke-00000000'])).toContain('needs 2 more security groups');
    expect(await groups(2500, [clusterId, clusterId])).toBe('');
    expect(await groups(2502, [])).toBe('');
  });

  test('of a cluster that is new proves that nothing carries its id, or the plan is out of date', async () => {
    const asked: string[] = [];
    const holding = (things: readonly string[]) => ({
      ...facts,
      carrying: async (clusterId: string) => {
        asked.push(clusterId);
        return things;
      },
    });
    const nothingOf = { nothingOf: 'gke-12345678' };
    const volumes = ['volume vol-1', 'volume vol-2', 'volume vol-3', 'volume vol-4'];
    expect(await judged(roomWith([]), nothingOf, holding([]))).toMatchObject({ verdict: 'passes' });
    expect(await judged(roomWith([]), nothingOf, holding(volumes))).toMatchObject({
      verdict: 'superseded',
      message: expect.stringContaining(
        'volume vol-1, volume vol-2, volume vol-3 and 1 more carry cluster id gke-12345678',
      ),
    });
    expect(await judged(roomWith([]), {}, holding(volumes))).toMatchObject({ verdict: 'passes' });
    expect(asked).toEqual(['gke-12345678', 'gke-12345678']);
  });
});

describe('the membership of GKE Hub that a new cluster is to take', () => {
  const NAME = 'projects/p/locations/global/memberships/cluster-0';
  const field = 'spec.controlPlane.hub.membershipName';
  const asking = { membershipName: NAME, fields: [{ about: 'membership', field, value: NAME, fixed: true }] };
  const taken = (label: string, bySlipway: boolean): HubLook => ({
    ...FREE,
    otherOwner: async ({ uid, membershipName }) =>
      uid === POOL_UID && membershipName === NAME ? { label, bySlipway } : undefined,
  });

  test('is refused before anything is made where another cluster has it, such as the one that a restored object stood for', async () => {
    const { verdict, message } = await judged(roomWith([]), asking, facts, taken('cluster gke-1 (uid uid-1)', true));
    expect(verdict).toBe('blocked');
    expect(message).toContain(
      `${field}: membership ${NAME} belongs to cluster gke-1 (uid uid-1). If this object was restored from a backup, that is the cluster that it stood for: with another uid it takes that one over only where its annotation slipway.dev/adopt names it; unregister that one first, or delete the object and apply it with another`,
    );
    const foreign = await judged(roomWith([]), asking, facts, taken('a cluster that Slipway does not own', false));
    expect(foreign.message).toContain('belongs to a cluster that Slipway does not own; unregister');
  });

  test('is taken for free, and that is told, where the hub does not answer; its own step asks again', async () => {
    const unread: string[] = [];
    const hub: HubLook = {
      otherOwner: () => Promise.reject(retryError('GKE Hub did not answer')),
      onUnread: (what, reason) => unread.push(`${what}: ${reason}`),
    };
    expect((await judged(roomWith([]), asking, facts, hub)).verdict).toBe('passes');
    expect(unread).toEqual([`membership ${NAME}: GKE Hub did not answer`]);
  });

  test('is no question for a node pool, nor for a cluster that is established', async () => {
    const cluster = clusterPreflight(seedCluster({ status: { established: true } }), release()).properties;
    expect(cluster).not.toHaveProperty('membershipName');
    expect(clusterPreflight(seedCluster(), release()).properties).toMatchObject({
      membershipName: seedCluster().spec.controlPlane.hub?.membershipName,
    });
    expect((await judged(roomWith([]), {}, facts, taken('cluster gke-1', true))).verdict).toBe('passes');
  });
});

describe('a subnet that a cluster names for load balancers', () => {
  const [BALANCERS = ''] = seedCluster().spec.networking.serviceLoadBalancerSubnetIDs;
  const CLUSTER_LOOK = clusterPreflight(seedCluster(), release());
  const TAG = kubernetesClusterTag(ownerOf(POOL).clusterId);
  const zones = ['a', 'b', 'c', 'd', 'e', 'f'];
  const roomy: AwsRoom = {
    ...roomWith([]),
    cpus: () => Promise.resolve(undefined),
    loadBalancers: () => Promise.resolve(undefined),
    securityGroups: () => Promise.resolve(undefined),
  };
  const tags = (count: number): string[] => Array.from({ length: count }, (_, index) => `tag-${index}`);

  const troubles = (subnet: Partial<Subnet>, id = BALANCERS) => {
    const asked: string[][] = [];
    const seen: AwsFacts = {
      ...facts,
      zonesOffering: () => Promise.resolve(new Set(zones.map((zone) => `eu-west-1${zone}`))),
      subnets: (ids) => {
        asked.push([...ids]);
        return Promise.resolve(
          ids.map((one) => ({
            id: one,
            vpcId: VPC,
            zone: `eu-west-1${zones[SUBNETS.indexOf(one as (typeof SUBNETS)[number])] ?? 'f'}`,
            freeAddresses: 100,
            ...(one === id ? subnet : {}),
          })),
        );
      },
    };
    return judged(roomy, CLUSTER_LOOK.properties, seen).then(({ message }) => message);
  };

  test('has room for one more tag, or has it already', async () => {
    expect(await troubles({ tagKeys: tags(49) })).toBe('');
    expect(await troubles({ tagKeys: [...tags(49), TAG] })).toBe('');
  });

  test('is named where it has as many tags as AWS lets it have', async () => {
    expect(await troubles({ tagKeys: tags(50) })).toContain(
      `spec.networking.serviceLoadBalancerSubnetIDs[0]: subnet ${BALANCERS} has 50 tags, the most that AWS lets it have, and needs ${TAG}; take one off it`,
    );
  });

  test('is named where another account shares it, which alone can tag it', async () => {
    expect(await troubles({ owner: '999999999999' })).toContain(
      `subnet ${BALANCERS} is shared by account 999999999999, which alone can tag it for load balancers; take it out of spec.networking.serviceLoadBalancerSubnetIDs and name it on each Service by the annotation service.beta.kubernetes.io/aws-load-balancer-subnets`,
    );
    expect(await troubles({ owner: ownerOf(POOL).account })).toBe('');
  });

  test('is named like any other where it has no IPv4 addresses', async () => {
    expect(await troubles({ ipv6Only: true })).toContain(`subnet ${BALANCERS} has no IPv4 addresses`);
    expect(await troubles({ ipv6Only: true }, SUBNETS[0])).toContain(`subnet ${SUBNETS[0]} has no IPv4 addresses`);
  });
});
