/**
 * Pods: one kwok for each cluster.
 *
 * Owns: doing what `cluster.ts` decides, in the background of `network`, which sees clusters' APIs come and go; and the
 * pauses between attempts. Neighbours: `management.ts` gives the authority, `kubeconfig.ts` issues from it, `kwok.ts`
 * runs the process.
 */
import { messageOf } from '../../words/failure.ts';
import type { Log } from '../instances/follow.ts';
import { folders, type SandboxLayout } from '../layout.ts';
import { type ClusterView, type PodsAction, reconcilePods } from './cluster.ts';
import { kwokKubeconfig } from './kubeconfig.ts';
import { endKwok, knownClusters, playedAt, startKwok } from './kwok.ts';
import { readRootAuthority } from './management.ts';

export type Pods = {
  /** Starts and ends what these clusters need, without waiting for it. */
  readonly update: (clusters: readonly ClusterView[]) => void;
};

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** A kwok that ran for so long starts again at once. */
const SOUND_MS = 30_000;

type Attempts = { readonly pause: number; readonly notBefore: number };

export const createPods = (options: {
  readonly layout: SandboxLayout;
  readonly log: Log;
  /** Called when a kwok has exited: a reason to look. */
  readonly onExit: () => void;
}): Pods => {
  const { layout, log } = options;
  const busy = new Set<string>();
  const attempts = new Map<string, Attempts>();

  const start = async ({ id, endpoint }: ClusterView): Promise<void> => {
    const pause = Math.min((attempts.get(id)?.pause ?? FIRST_PAUSE_MS / 2) * 2, LONGEST_PAUSE_MS);
    attempts.set(id, { pause, notBefore: Date.now() + pause });
    const authority = await readRootAuthority(folders(layout.home).managementKubeconfig, id);
    const proxy = `http://${layout.proxy.host}:${layout.proxy.port}`;
    const kubeconfig = await kwokKubeconfig({ id, endpoint, proxy, authority });
    const startedAt = Date.now();
    const pid = await startKwok(layout, { id, endpoint, kubeconfig }, () => {
      log.info({ cluster: id }, 'kwok has ended');
      if (Date.now() - startedAt > SOUND_MS) attempts.delete(id);
      options.onExit();
    });
    log.info({ cluster: id, pid }, 'kwok plays the pods');
  };

  const end = async (id: string): Promise<void> => {
    attempts.delete(id);
    await endKwok(layout, id);
    log.info({ cluster: id }, 'The load balancer is gone, and the cluster’s kwok with it');
  };

  const perform = async (action: PodsAction, clusters: readonly ClusterView[]): Promise<void> => {
    if (action.kind === 'end') return end(action.cluster);
    const cluster = clusters.find(({ id }) => id === action.cluster);
    if (cluster !== undefined && Date.now() >= (attempts.get(cluster.id)?.notBefore ?? 0)) await start(cluster);
  };

  return {
    update: (clusters) => {
      const known = knownClusters(layout);
      const alive = new Map(
        known.flatMap((id) => [playedAt(layout, id)].flatMap((at) => (at === undefined ? [] : [[id, at] as const]))),
      );
      for (const action of reconcilePods(clusters, known, alive)) {
        if (busy.has(action.cluster)) continue;
        busy.add(action.cluster);
        perform(action, clusters)
          .catch((error: unknown) =>
            log.error(
              { cluster: action.cluster, error: messageOf(error) },
              `Could not ${action.kind} kwok; will try again`,
            ),
          )
          .finally(() => busy.delete(action.cluster));
      }
    },
  };
};
