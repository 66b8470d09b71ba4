/**
 * Dependents: entities that wait for another one's progress, such as node pools for their cluster.
 *
 * Owns: who asked to be told, and the telling. Neighbours: `following.ts` and `entity-idle.ts` say when to tell. A lost signal only costs
 * time, since whoever waits also looks by itself.
 */
import { getExternalWorkflowHandle, log, setHandler } from '@temporalio/workflow';
import { addDependent, clusterProgressed, milestoneReached } from './messages.ts';

export type Dependents = {
  /** True while something happened that they were not told about. */
  readonly allNotified: () => boolean;
  readonly happened: () => void;
  /** Passes progress on. Whoever is gone is forgotten. */
  readonly notify: () => Promise<void>;
  /** Workflow ids, sorted. */
  readonly ids: () => readonly string[];
};

/** Registers the handlers by which others ask to be told, and by which the operation says that there is something to tell. */
export const followDependents = (initial: readonly string[]): Dependents => {
  const dependents = new Set(initial);
  let news = 0;
  let notified = 0;
  setHandler(
    addDependent,
    ({ entityId }) => {
      // Told once on joining, if it may have missed a milestone; asking again must not start a game of ping-pong.
      if (!dependents.has(entityId) && news > 0) news += 1;
      dependents.add(entityId);
    },
    { description: 'A node pool asks to be told about its cluster' },
  );
  setHandler(milestoneReached, () => void (news += 1), { description: 'The operation reached a milestone' });
  const ids = (): string[] => [...dependents].sort();
  return {
    allNotified: () => notified >= news,
    happened: () => void (news += 1),
    notify: async () => {
      notified = news;
      await Promise.all(
        ids().map(async (dependent) => {
          try {
            await getExternalWorkflowHandle(dependent).signal(clusterProgressed);
          } catch (error) {
            log.info('Forgetting a dependent that has ended', { dependent, error: String(error) });
            dependents.delete(dependent);
          }
        }),
      );
    },
    ids,
  };
};

/** Asks a cluster's entity to tell this one about progress. */
export const askToBeTold = async (cluster: string | undefined, entityId: string): Promise<void> => {
  if (cluster === undefined) return;
  try {
    await getExternalWorkflowHandle(cluster).signal(addDependent, { entityId });
  } catch (error) {
    // The cluster's entity has not started yet: this one looks again by itself.
    log.info('The cluster could not be asked to tell about progress', { cluster, error: String(error) });
  }
};
