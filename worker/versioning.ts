/**
 * Versioning: as which build of its deployment a worker takes work, where it is told one.
 *
 * Owns: what Temporal is told. A workflow stays on the build that it began on, so that an operation ends by the code that planned and began it;
 * an entity moves on between two operations (`workflows/entity.ts`). Without a build nothing of it is on, and whatever worker is there
 * takes what there is. Neighbours: `configuration.ts` reads the build, docs/upgrading-slipway.md goes through it.
 * https://docs.temporal.io/production-deployment/worker-deployments/worker-versioning
 */
import type { WorkerOptions } from '@temporalio/worker';

/** The deployment is called as its task queue is: several installations in one namespace have several of both. */
export const versioningOf = (
  taskQueue: string,
  buildId: string | undefined,
): Pick<WorkerOptions, 'workerDeploymentOptions'> =>
  buildId === undefined
    ? {}
    : {
        workerDeploymentOptions: {
          version: { deploymentName: taskQueue, buildId },
          useWorkerVersioning: true,
          defaultVersioningBehavior: 'PINNED',
        },
      };
