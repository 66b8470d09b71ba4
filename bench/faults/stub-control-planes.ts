/**
 * Stub control planes: what the stub says of them at its own door.
 *
 * Owns: reading that. Neighbours: `sandbox/stub/control.ts` answers; `real-control-planes.ts` sees those that are real.
 */
import type { HostPort } from '../../sandbox/layout.ts';
import { jsonAt } from '../cloud.ts';
import { insideOf } from './inside.ts';
import type { Etcd, SeenReplica, Sight } from './sight.ts';

type Told = Etcd & {
  readonly id: string;
  /** By index. */
  readonly replicas: Readonly<Record<string, string>>;
  readonly programs: Readonly<Record<string, Pick<SeenReplica, 'kubernetes' | 'serves'>>>;
};

const replicasIn = ({ replicas, programs }: Told): readonly SeenReplica[] =>
  Object.entries(replicas).flatMap(([index, instance]) => {
    const its = programs[index];
    return its === undefined ? [] : [{ index: Number(index), instance, ...its }];
  });

export const stubControlPlanes = (stub: HostPort): Sight => {
  const told = async (clusterId: string): Promise<Told | undefined> => {
    const clusters = (await jsonAt(`http://${stub.host}:${stub.port}/clusters`)) as readonly Told[];
    return clusters.find(({ id }) => id === clusterId);
  };
  return {
    etcdOf: told,
    replicasOf: async (clusterId) => {
      const cluster = await told(clusterId);
      return cluster === undefined ? [] : replicasIn(cluster);
    },
    nodesOf: (clusterId) => insideOf(stub, clusterId).nodes(),
  };
};
