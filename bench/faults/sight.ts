/**
 * Sight: what is seen of a cluster's control plane from its own side, whoever plays it.
 *
 * Owns: the words for it. Neighbours: `stub-control-planes.ts` asks the stub's door, `real-control-planes.ts` the machines; `world.ts` has
 * one of both.
 */
import type { Minor } from '../../api/minor.ts';
import type { SeenNode } from './inside.ts';

export type Etcd = {
  readonly hasQuorum: boolean;
  /** Those that hold a member's data. */
  readonly volumes: readonly string[];
};

/** One replica that has its disk. */
export type SeenReplica = {
  readonly index: number;
  /** Its machine, by EC2's id. */
  readonly instance: string;
  /** Without a leading v. */
  readonly kubernetes: string;
  /** The minor that its API server serves as; absent while none does. */
  readonly serves?: Minor;
};

export type Sight = {
  /** Undefined where there is no such cluster. */
  readonly etcdOf: (clusterId: string) => Promise<Etcd | undefined>;
  /** By their index; none where there is no such cluster. */
  readonly replicasOf: (clusterId: string) => Promise<readonly SeenReplica[]>;
  readonly nodesOf: (clusterId: string) => Promise<readonly SeenNode[]>;
};
