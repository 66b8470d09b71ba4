/** Builders of plans and operations for tests: the least that is valid, with overrides. */
import type { OperationInput, StepOutcome, StepRequest } from '../../activities/contract.ts';
import type { Resource } from '../../kinds/resource.ts';
import type { EnsureStep, Plan, Step } from '../../policy/plan.ts';
import { ensureStep } from '../../policy/steps.ts';
import { PLAN_VERSION } from '../../words/steps.ts';

export const securityGroup = (name: string, overrides: Partial<Resource> = {}): Resource =>
  ({
    key: `security-group/${name}`,
    kind: 'security-group',
    properties: { name: `gke-1-${name}`, description: name, vpcId: 'vpc-1', tags: {} },
    event: { reason: 'CreatedSecurityGroup', message: [`Created security group named "gke-1-${name}"`] },
    ...overrides,
  }) as Resource;

/** A resource says all by which it is found, so that it stands for one to be removed as well. */
export const stepOf = (
  resource: Resource,
  overrides: Partial<Omit<EnsureStep, 'verb'>> & { readonly verb?: Step['verb'] } = {},
): Step => ({ ...ensureStep(resource, []), ...overrides }) as Step;

export const planOf = (...steps: Step[]): Plan => ({ version: PLAN_VERSION, steps, known: {} });

export const operationOf = (plan: Plan, overrides: Partial<OperationInput> = {}): OperationInput => ({
  v: 1,
  type: 'CreateCluster',
  object: { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: 'uid-1' },
  owner: { account: '0123456789012', region: 'eu-west-1', clusterId: 'gke-00000001', uid: 'uid-1' },
  generation: 1,
  version: '1.16.9-gke.12',
  kubernetesVersion: '1.36.3',
  plan,
  entityId: 'awscluster/default/cluster-0/uid-1',
  ...overrides,
});

export const made = (outputs: Record<string, string> = {}): StepOutcome => ({ change: 'created', outputs });

/** Activities that record the order of their calls. */
export const recordingActivities = (perform: (request: StepRequest) => Promise<StepOutcome> = async () => made()) => {
  const calls: string[] = [];
  const step = async (request: StepRequest): Promise<StepOutcome> => {
    calls.push(`${request.step.id}${request.first ? '' : ' (again)'}`);
    return perform(request);
  };
  return { calls, activities: { ensure: step, remove: step, wait: step } };
};
