/**
 * Control-plane hands: what a person does to the control plane of a case, and what is waited for.
 *
 * Owns: each deed and each wait, with its limit. Neighbours: `control-planes.ts` says which in what order, `replica-watch.ts` sees what
 * runs; `hands.ts` does the same to a node pool.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { OWN_PREFIX } from '../../api/names.ts';
import { releaseOf } from '../../api/releases.ts';
import { nameOf } from '../../kubernetes/resources.ts';
import type { Cloud } from '../cloud.ts';
import type { Stored } from '../manifests.ts';
import { change } from './objects.ts';
import { viewOf } from './second-look.ts';
import type { SeenReplica } from './sight.ts';
import type { World } from './world.ts';

export type ControlPlaneHands = {
  /** Asks for this version of the control plane. */
  readonly ask: (version: string) => Promise<void>;
  /** By an annotation, as GitOps does; waits until all has gone back, and nothing more is done. */
  readonly abort: () => Promise<void>;
  /** By an annotation: the word that ends a soak. */
  readonly resume: () => Promise<void>;
  /** All machines are of the newer version, and serve as the older minor. */
  readonly untilSoaking: () => Promise<void>;
  /** One machine of this version serves, and that of another replica has ended. */
  readonly untilHalfway: (version: string) => Promise<void>;
  /** This version is what runs, and nothing is on its way. */
  readonly untilAtRest: (version: string) => Promise<void>;
};

export type ControlPlaneGround = {
  readonly cloud: Cloud;
  readonly world: World;
  readonly temporal: Client;
  readonly cluster: Stored;
  readonly clusterId: string;
  /** The cluster's entity. */
  readonly entityId: string;
  readonly limitMs: number;
};

const LOOK_MS = 200;

const isAtRest = ({ status, metadata }: Stored, version: string): boolean =>
  status?.state === 'Provisioned' &&
  status.observedGeneration === metadata.generation &&
  status.revision?.version === version &&
  status.upgrade === undefined &&
  status.rollout === undefined &&
  status.lastOperation?.state !== 'running';

const isHalfway = (first: readonly SeenReplica[], now: readonly SeenReplica[], version: string): boolean => {
  const kubernetes = releaseOf(version)?.kubernetes;
  const left = now.filter(({ instance }) => first.some((one) => one.instance === instance));
  const has = now.some((one) => one.kubernetes === kubernetes && one.serves !== undefined);
  return has && left.length === first.length - 2;
};

export const controlPlaneHandsOf = (
  ground: ControlPlaneGround,
  token: string,
  first: readonly SeenReplica[],
): ControlPlaneHands => {
  const { cloud, world, temporal, cluster, clusterId, entityId, limitMs } = ground;
  const entity = temporal.workflow.getHandle(entityId);
  const shown = `AWSCluster ${cluster.metadata.name}`;
  const untilStatus = (what: string, isSo: (object: Stored) => boolean): Promise<void> =>
    world.until(what, limitMs, (objects) => {
      const object = objects.get(shown);
      return object !== undefined && isSo(object);
    });
  const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
    const deadline = Date.now() + limitMs;
    while (!(await isSo())) {
      if (Date.now() > deadline) throw new Error(`${what}: not within ${limitMs / 1_000} s`);
      await delay(LOOK_MS);
    }
  };
  const say = (verb: 'abort' | 'resume'): Promise<unknown> =>
    change(cloud, cluster, { metadata: { annotations: { [`${OWN_PREFIX}${verb}`]: token } } });
  return {
    ask: async (version) => void (await change(cloud, cluster, { spec: { controlPlane: { version } } })),
    resume: async () => void (await say('resume')),
    abort: async () => {
      await say('abort');
      await until('the upgrade is aborted, and all has gone back', async () => {
        const { status } = (await cloud.objects.get(nameOf(cluster))) as Stored;
        const view = await viewOf(entity);
        const isBack = status?.upgrade === undefined && status?.state === 'Provisioned';
        return isBack && view?.held !== undefined && view.phase !== 'operating' && view.phase !== 'assessing';
      });
    },
    untilSoaking: () => untilStatus('the control plane soaks', ({ status }) => status?.upgrade?.phase === 'Soaking'),
    untilHalfway: (version) =>
      until('the second turn is under way', async () => isHalfway(first, await world.replicasOf(clusterId), version)),
    untilAtRest: (version) => untilStatus(`${version} runs`, (object) => isAtRest(object, version)),
  };
};
