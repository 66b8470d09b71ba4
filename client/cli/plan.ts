/**
 * `slipway clusters plan`: what Slipway would do now for a cluster and its node pools, without doing it.
 *
 * Owns: asking through a short workflow, since the command line has no rights in AWS, and how the answer reads. Neighbours:
 * the workflow `PlanCluster` runs the very look that an entity's operation begins with (I6: it only reads).
 */
import type { ObjectRef } from '../../api/object.ts';
import { referenceTo } from '../../api/object.ts';
import { type Assessment, PLAN_WORKFLOW } from '../../workflows/messages.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { managementApi } from '../management.ts';
import { branch, draw, leaf } from './tree.ts';

export type Planned = { readonly object: ObjectRef; readonly assessment: Assessment };

const planOne = async (configuration: ClientConfiguration, object: ObjectRef): Promise<Planned> => {
  const { runBriefly } = await import('../temporal.ts');
  const { kind, namespace, name } = object;
  const assessment = await runBriefly<Assessment>(configuration, {
    type: PLAN_WORKFLOW,
    id: `plan/${namespace}/${name}`,
    args: [object],
    summary: `Plan for ${kind} ${namespace}/${name}`,
    deadline: '60 s',
    failed: (why, unmanned) =>
      `No plan was made for ${kind} ${namespace}/${name}: ${why}${unmanned ? '; is one up (npm run sandbox -- status)?' : ''}`,
  });
  return { object, assessment };
};

/** The cluster's plan, and those of its node pools. */
export const planCluster = async (
  configuration: ClientConfiguration,
  name: string,
  namespace: string | undefined,
): Promise<readonly Planned[]> => {
  const api = managementApi(configuration);
  const where = namespace ?? api.defaultNamespace;
  const [cluster, pools] = await Promise.all([api.cluster(where, name), api.nodePools(where, name)]);
  return Promise.all([cluster, ...pools].map((object) => planOne(configuration, referenceTo(object))));
};

const pendingAs = ({ heldBack }: Extract<Assessment, { kind: 'settled' }>): string =>
  heldBack === undefined ? 'takes another operation' : 'held back';

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
        ...(assessment.note === undefined ? [] : [`  ${pendingAs(assessment)}: ${assessment.note}`]),
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
