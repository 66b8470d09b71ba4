/**
 * Real control planes: what their machines say, each asked at its own address, and what lies on their disks.
 *
 * Owns: which machine is a replica (the one that runs and has the etcd volume), what its API server says that it serves as, and what
 * counts as quorum. Neighbours: `sandbox/replicas/door.ts` asks; `stub-control-planes.ts` has the same from the stub.
 *
 * A machine whose API server doesn't answer serves nothing, and nobody says which version it has: with the stub that is known all the while.
 */

import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { type Minor, minorIn } from '../../api/minor.ts';
import type { InstanceView } from '../../sandbox/instances/account.ts';
import { askReplica, holdsMember, type Replica } from '../../sandbox/replicas/door.ts';
import { jsonAt } from '../cloud.ts';
import { nodeOf } from './inside.ts';
import type { Row } from './rows.ts';
import type { Etcd, SeenReplica, Sight } from './sight.ts';
import { marksOf } from './upgrade-marks.ts';

/** An instance with the volumes that are attached to it. */
export type Machine = Pick<InstanceView, 'id' | 'state' | 'enis'> & {
  readonly volumes: readonly { readonly id: string }[];
};

/** A machine that has the disk of a replica; without an address as long as it has no interface of one. */
type Member = { readonly index: number; readonly instance: string; readonly address: string | undefined };

/** The version of a machine of which nobody knows it. */
const UNKNOWN = 'unknown';

/** Of each etcd volume the machine that runs with it. Beside its own interface a machine has that of its replica. */
export const membersIn = (
  machines: readonly Machine[],
  volumes: readonly { readonly index: number; readonly id: string }[],
): readonly Member[] =>
  volumes
    .flatMap(({ index, id: volume }) =>
      machines
        .filter(({ state, volumes: its }) => state === 'running' && its.some(({ id }) => id === volume))
        .map(({ id, enis }) => ({ index, instance: id, address: enis.find((eni) => eni.index !== 0)?.ip })),
    )
    .toSorted((a, b) => a.index - b.index);

type Version = {
  readonly gitVersion: string;
  readonly major: string;
  readonly minor: string;
  readonly emulationMajor?: string;
  readonly emulationMinor?: string;
};

/** What `/version` says; nothing served where it says nothing. */
export const servedIn = (version: unknown): Pick<SeenReplica, 'kubernetes' | 'serves'> => {
  if (version === undefined) return { kubernetes: UNKNOWN };
  const { gitVersion, major, minor, emulationMajor = major, emulationMinor = minor } = version as Version;
  const serves: Minor | undefined = minorIn(`${emulationMajor}.${emulationMinor}`);
  if (serves === undefined) throw new Error(`/version names no minor: ${JSON.stringify(version)}`);
  return { kubernetes: gitVersion.replace(/^v/, ''), serves };
};

/** `lists`: how many members each member knows of, where it answers; `healthy`: how many say that they are. */
export const quorumIn = (lists: readonly number[], healthy: number): boolean =>
  lists.length > 0 && healthy > Math.max(...lists) / 2;

const isReachable = (member: Member): member is Member & Replica => member.address !== undefined;

/** `aws`: where the account is; `home`: the sandbox's; `rows`: AWS's inventory as of a moment ago. */
export const realControlPlanes = (at: {
  readonly aws: string;
  readonly home: string;
  readonly rows: () => readonly Row[];
}): Sight => {
  const { aws, home, rows } = at;
  const membersOf = async (clusterId: string): Promise<readonly Member[]> =>
    membersIn((await jsonAt(`${aws}/_sim/instances`)) as readonly Machine[], marksOf(rows(), clusterId));

  const etcdOf = async (clusterId: string): Promise<Etcd | undefined> => {
    const volumes = marksOf(rows(), clusterId).map(({ id }) => id);
    if (volumes.length === 0) return undefined;
    const members = (await membersOf(clusterId)).filter(isReachable);
    const ask = (path: string, body?: object): Promise<readonly unknown[]> =>
      Promise.all(members.map((one) => askReplica(home, one, { of: 'etcd', path, body })));
    // Asked of the leader: without quorum nobody answers.
    const listed = await ask('/v3/cluster/member/list', { linearizable: true });
    const health = await ask('/health');
    const holds = await Promise.all(volumes.map((id) => holdsMember(home, id)));
    return {
      hasQuorum: quorumIn(
        listed.flatMap((one) => (one as { readonly members?: readonly unknown[] } | undefined)?.members?.length ?? []),
        health.filter((one) => (one as { readonly health?: string } | undefined)?.health === 'true').length,
      ),
      volumes: volumes.filter((_, index) => holds[index]).sort(),
    };
  };

  return {
    etcdOf,
    replicasOf: async (clusterId) =>
      Promise.all(
        (await membersOf(clusterId)).map(async (member) => {
          const { index, instance } = member;
          const question = { of: 'API server', path: '/version' } as const;
          const version = isReachable(member) ? await askReplica(home, member, question) : undefined;
          return { index, instance, ...servedIn(version) };
        }),
      ),
    nodesOf: async (clusterId) => {
      for (const member of (await membersOf(clusterId)).filter(isReachable)) {
        const list = await askReplica(home, member, { of: 'API server', path: '/api/v1/nodes' });
        if (list !== undefined) return (list as { readonly items: readonly KubernetesObject[] }).items.map(nodeOf);
      }
      throw new Error(`no API server of ${clusterId} lists its nodes`);
    },
  };
};
