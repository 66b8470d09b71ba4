/** Entities and their operations on a test's Temporal, by the object that they are about. */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle, WorkflowHandleWithSignaledRunId } from '@temporalio/client';
import { entityWorkflowId } from '../../api/names.ts';
import type { ObjectRef } from '../../api/object.ts';
import {
  ENTITY_WORKFLOW,
  type EntityState,
  type EntityView,
  getEntityState,
  specChanged,
} from '../../workflows/messages.ts';
import type { TemporalForTests } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';

export const newObject = (kind: ObjectRef['kind'] = 'AWSCluster'): ObjectRef => ({
  kind,
  namespace: 'default',
  name: 'cluster-0',
  uid: randomUUID(),
});

export type Entities = {
  /** As the watcher does. */
  readonly startEntity: (taskQueue: string, object: ObjectRef) => Promise<WorkflowHandleWithSignaledRunId>;
  /** Of whichever run is the newest. */
  readonly entityOf: (object: ObjectRef) => WorkflowHandle;
  readonly operationOn: (object: ObjectRef) => WorkflowHandle;
  readonly untilPhase: (object: ObjectRef, phase: EntityView['phase']) => Promise<EntityView>;
};

/** `temporal` is asked for at each use, since it starts after a test file has been read. */
export const entitiesOn = (temporal: () => TemporalForTests): Entities => {
  const entityOf = (object: ObjectRef): WorkflowHandle =>
    temporal().environment.client.workflow.getHandle(entityWorkflowId(object));
  return {
    startEntity: (taskQueue, object) =>
      temporal().environment.client.workflow.signalWithStart(ENTITY_WORKFLOW[object.kind], {
        workflowId: entityWorkflowId(object),
        taskQueue,
        args: [{ v: 1, object, dependents: [] } satisfies EntityState],
        signal: specChanged,
        signalArgs: [],
      }),
    entityOf,
    operationOn: (object) => temporal().environment.client.workflow.getHandle(`${entityWorkflowId(object)}/operation`),
    untilPhase: (object, phase) =>
      waitFor(`the entity is ${phase}`, async () => {
        const view = await entityOf(object).query(getEntityState);
        return view.phase === phase ? view : undefined;
      }),
  };
};
