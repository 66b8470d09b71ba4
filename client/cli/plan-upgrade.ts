/**
 * `slipway clusters plan --version`: whether a cluster may be asked for a version, and what in it stands in the way, without asking
 * for it.
 *
 * Owns: asking through a short workflow, since the command line has no rights in AWS and may have none in the cluster, and how the
 * answer reads. Neighbours: the workflow `PlanUpgrade` looks; `policy/insights.ts` has what is looked at.
 */
import { type ObjectRef, referenceTo } from '../../api/object.ts';
import { ended } from '../../words/text.ts';
import { type Insight, PLAN_UPGRADE_WORKFLOW, type PlannedUpgrade } from '../../workflows/messages.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { managementApi } from '../management.ts';
import { UserError } from '../user-error.ts';
import { branch, draw, leaf } from './tree.ts';

export type UpgradePlan = { readonly object: ObjectRef; readonly version: string } & Exclude<
  PlannedUpgrade,
  { kind: 'unknown' }
>;

const titleOf = ({ kind, namespace, name }: ObjectRef): string => `${kind} ${namespace}/${name}`;

/** Throws where nobody can say. */
export const planUpgrade = async (
  configuration: ClientConfiguration,
  { name, namespace, version }: { readonly name: string; readonly namespace?: string; readonly version: string },
): Promise<UpgradePlan> => {
  const api = managementApi(configuration);
  const object = referenceTo(await api.cluster(namespace ?? api.defaultNamespace, name));
  const nothing = `What stands in the way of an upgrade of ${titleOf(object)} is not known`;
  const { runBriefly } = await import('../temporal.ts');
  const planned = await runBriefly<PlannedUpgrade>(configuration, {
    type: PLAN_UPGRADE_WORKFLOW,
    id: `plan/${object.namespace}/${object.name}`,
    args: [{ object, version }],
    summary: `Plan of an upgrade of ${titleOf(object)} to ${version}`,
    deadline: '60 s',
    failed: (why, unmanned) => `${nothing}: ${why}${unmanned ? '; is one up (npm run sandbox -- status)?' : ''}`,
  });
  if (planned.kind === 'unknown') throw new UserError(`${nothing}: ${ended(planned.reason)}`);
  return { object, version, ...planned };
};

const blocking = (insights: readonly Insight[]): readonly Insight[] =>
  insights.filter(({ severity }) => severity === 'blocks');

const comesTo = (insights: readonly Insight[]): string => {
  if (insights.length === 0) return 'nothing stands in the way';
  const blocks = blocking(insights).length;
  const says = (count: number, verb: string): readonly string[] =>
    count === 0 ? [] : [`${count} ${count === 1 ? `${verb}s` : verb}`];
  return [...says(blocks, 'block'), ...says(insights.length - blocks, 'warn')].join(', ');
};

/** What blocks first, each with its cure. */
export const upgradePlanLines = (plan: UpgradePlan): readonly string[] => {
  const title = `${titleOf(plan.object)}: ${plan.from.version} -> ${plan.version}`;
  if (plan.kind === 'refused') return [`${title}: refused: ${plan.reason}`, `  to cure it: ${plan.cure}`];
  return draw(
    branch(
      `${title}: ${comesTo(plan.insights)}`,
      ...plan.insights.map(({ severity, name, object, message, cure }) =>
        branch(`${severity}: ${name}: ${object} ${message}`, leaf(`to cure it: ${cure}`)),
      ),
    ),
  );
};

/** Throws where the upgrade would be refused or blocked: a script that plans before it upgrades ends there. */
export const demandFree = (plan: UpgradePlan): void => {
  const what = `The upgrade of ${titleOf(plan.object)} to ${plan.version}`;
  if (plan.kind === 'refused') throw new UserError(`${what} would be refused: ${ended(plan.reason)}`);
  const blocks = blocking(plan.insights).length;
  if (blocks > 0) {
    throw new UserError(
      `${what} is blocked by ${blocks === 1 ? '1 thing' : `${blocks} things`}: cure what is said to block, and plan it again.`,
    );
  }
};
