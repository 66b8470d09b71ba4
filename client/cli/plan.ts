/**
 * `slipway clusters plan`: what Slipway would do now for a cluster and its node pools, without doing it.
 *
 * Owns: asking through a short workflow, since the command line has no rights in AWS, and how the answer reads. Neighbours:
 * the workflow `PlanCluster` runs the very look that an entity's operation begins with (I6: it only reads).
 */
import type { ObjectRef } from '../../api/object.ts';
import { type Assessment, PLAN_WORKFLOW, TASK_QUEUE } from '../../workflows/messages.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { managementApi, referenceOf } from '../management.ts';
import { messagesOf, UserError } from '../user-error.ts';
import { branch, draw, leaf } from './tree.ts';

const WORKFLOW_DEADLINE = '60 s';

export type Planned = { readonly object: ObjectRef; readonly assessment: Assessment };

const planOne = async (configuration: ClientConfiguration, object: ObjectRef): Promise<Planned> => {
  const [{ WorkflowFailedError }, { withTemporal, explainTemporal }] = await Promise.all([
    import('@temporalio/client'),
    import('../temporal.ts'),
  ]);
  const { kind, namespace, name } = object;
  return withTemporal(configuration, async (client) => {
    try {
      const assessment: Assessment = await client.workflow.execute(PLAN_WORKFLOW, {
        taskQueue: configuration.taskQueue ?? TASK_QUEUE,
        workflowId: `plan/${namespace}/${name}/${crypto.randomUUID()}`,
        args: [object],
        workflowExecutionTimeout: WORKFLOW_DEADLINE,
        staticSummary: `Plan for ${kind} ${namespace}/${name}`,
      });
      return { object, assessment };
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw explainTemporal(error, configuration);
      const messages = messagesOf(error);
      const why = messages.some((message) => /timed out/i.test(message))
        ? `no worker took it within ${WORKFLOW_DEADLINE}; is one up (npm run sandbox -- status)?`
        : (messages.at(-1) ?? String(error));
      throw new UserError(`No plan was made for ${kind} ${namespace}/${name}: ${why}`, { cause: error });
    }
  });
};

/** The cluster's plan, and those of its node pools. */
export const planCluster = async (
  configuration: ClientConfiguration,
  name: string,
  namespace: string | undefined,
): Promise<readonly Planned[]> => {
  const api = await managementApi(configuration);
  const where = namespace ?? api.defaultNamespace;
  const [cluster, pools] = await Promise.all([api.cluster(where, name), api.nodePools(where, name)]);
  return Promise.all([cluster, ...pools].map((object) => planOne(configuration, referenceOf(object))));
};

const linesOf = ({ object, assessment }: Planned): readonly string[] => {
  const title = `${object.kind} ${object.namespace}/${object.name}`;
  switch (assessment.kind) {
    case 'operate': {
      const { type, plan } = assessment.operation;
      const count = plan.steps.length === 1 ? '1 step' : `${plan.steps.length} steps`;
      return draw(branch(`${title}: ${type}, ${count}`, ...plan.steps.map(({ id }) => leaf(id))));
    }
    case 'settled':
      return [
        `${title}: nothing to do`,
        ...(assessment.note === undefined ? [] : [`  takes another operation: ${assessment.note}`]),
      ];
    case 'waiting':
      return [`${title}: ${assessment.reason}`];
    case 'blocked':
      return [`${title}: blocked: ${assessment.reason}`, `  to cure it: ${assessment.cure}`];
    case 'orphaned':
      return [`${title}: ${assessment.reason}`];
    case 'finished':
      return [`${title}: it is deleted`];
  }
};

export const planLines = (planned: readonly Planned[]): readonly string[] => planned.flatMap(linesOf);
