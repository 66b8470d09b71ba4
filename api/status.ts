/**
 * Status: what Slipway says about an object, in the shape that both kinds share.
 *
 * Owns: the fields of `status` and their names. The API server drops what a schema doesn't name, so whatever `policy/`
 * projects must be named here first. Nothing in it is secret (I8).
 * Neighbours: `policy/` projects it from workflow state; `activities/kubernetes` writes it by server-side apply.
 */
import { z } from 'zod';
import { ATOMIC_LIST } from './fields.ts';

/** The states that people see in the STATE column. */
export const STATES = [
  'Provisioning',
  'Provisioned',
  'Resizing',
  'Updating',
  'Upgrading',
  'Repairing',
  'Deleting',
] as const;
export type State = (typeof STATES)[number];

const time = z.string().meta({ format: 'date-time' });

const condition = z.object({
  type: z
    .string()
    .min(1)
    .max(316)
    .describe('Ready, Reconciling, Stalled, or one of more specific meaning, such as FieldsWithoutEffect.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  observedGeneration: z.int().min(0).exactOptional().describe('Generation of the object that this speaks about.'),
  lastTransitionTime: time.describe('When status last changed.'),
  reason: z.string().min(1).describe('One word in CamelCase that says why, for programs.'),
  message: z.string().describe('What it means, for people.'),
});

const operationState = z.enum(['running', 'paused', 'succeeded', 'superseded', 'aborted', 'failed']);

const operationFields = {
  type: z.string().describe('What it does: CreateCluster, ResizeNodePool, …; the type of its workflow.'),
  state: operationState.describe('How it went.'),
  workflowID: z.string().describe("Id of the operation's workflow in Temporal."),
  runID: z.string().describe('Run of that workflow.'),
  startedAt: time.describe('When it began.'),
  finishedAt: time.exactOptional().describe('When it ended; absent while it runs.'),
};

const currentStep = z.object({
  step: z.string().describe('The step, as Temporal shows it: a verb and the key of a resource.'),
  state: z.enum(['running', 'blocked']).describe('Whether it is being tried or waits for a cure.'),
  since: time.describe('Since when.'),
  message: z.string().exactOptional().describe('What it waits for, once it has waited for a while.'),
});

const lastOperation = z.object({
  ...operationFields,
  progress: z
    .object({
      done: z.int().min(0).describe('Steps that are done or were skipped.'),
      total: z.int().min(0).describe('Steps in all.'),
    })
    .describe('How far it is, in steps.'),
  steps: z
    .array(currentStep)
    .exactOptional()
    .meta(ATOMIC_LIST)
    .describe('The steps that run or are blocked at this moment.'),
});

const stepError = z.object({
  step: z.string().describe('The step that failed, as Temporal shows it.'),
  verdict: z
    .enum(['retry', 'capacity', 'blocked', 'bug', 'overdue'])
    .describe(
      'What kind of failure: retry cures itself, capacity waits for AWS, blocked waits for a person, bug is ours, overdue takes longer than it should.',
    ),
  message: z.string().describe('What happened, to which resource, and what to do.'),
  attempt: z.int().min(0).exactOptional().describe('How often the step was tried.'),
  since: time.describe('When it first failed.'),
  retryAt: time.exactOptional().describe('When it is tried again by itself.'),
  commands: z
    .array(z.string())
    .exactOptional()
    .meta(ATOMIC_LIST)
    .describe('The exact commands that move the operation on.'),
});

const addonRevision = z.object({
  version: z.string().describe('Version of the add-on.'),
  images: z.record(z.string(), z.string()).describe('Container images that it runs, by name.'),
});

/** The exact set that a cluster or pool runs. A new release of Slipway never changes it by itself. */
const revision = z.object({
  version: z.string().describe('The version asked for that this revision stands for.'),
  number: z.int().min(1).exactOptional().describe("Which of the version's revisions; 1 where it is absent."),
  format: z
    .int()
    .min(1)
    .exactOptional()
    .describe('With which schema its machines are told what they are; 1 where it is absent.'),
  kubernetes: z.string().describe('Kubernetes version, without a leading v.'),
  etcd: z.string().describe('etcd version.'),
  cloudController: z.string().describe('Version of the AWS cloud controller manager.'),
  imageID: z.string().describe('Machine image that instances boot.'),
  rendering: z.int().min(1).exactOptional().describe('How its add-ons are rendered; 1 where it is absent.'),
  addons: z.record(z.string(), addonRevision).exactOptional().describe('Add-ons by name.'),
});

const rollout = z.object({
  type: z.string().describe('The type of its operations, of which each replaces one machine: RepairCluster, ….'),
  turn: z.int().min(1).describe('Which of them runs, or ran last.'),
  of: z.int().min(1).describe('How many there are, as far as is known by now.'),
  startedAt: time.describe('When the first of them began.'),
  released: z
    .string()
    .exactOptional()
    .describe('What somebody let begin whatever the update policy says, as a fingerprint of what machines are to be.'),
});

/** The generation that a status speaks about which nobody has written yet: no object ever has it. */
export const UNSEEN = -1;

/**
 * With what the API server shows a status from the object's first moment. Without any, tools take an object that nobody has
 * looked at for one that is done: kstatus calls it Current (https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus).
 */
export const BEFORE_THE_FIRST_LOOK = { default: { observedGeneration: UNSEEN } } as const;

/** Every field is optional: status begins with nothing known, and fills. */
export const statusFields = {
  state: z.enum(STATES).exactOptional().describe('What is going on, in one word.'),
  observedGeneration: z
    .int()
    .min(UNSEEN)
    .exactOptional()
    .describe('Generation of the spec that this status speaks about; -1 until the first look.'),
  conditions: z
    .array(condition)
    .exactOptional()
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
    .describe('Ready, Reconciling and Stalled by the rules of kstatus, and more specific ones.'),
  version: z.string().exactOptional().describe('The version asked for that status speaks about.'),
  kubernetesVersion: z.string().exactOptional().describe('The Kubernetes version that runs, without a leading v.'),
  clusterID: z.string().exactOptional().describe('Id of the cluster in AWS: gke- and eight hex digits.'),
  endpoint: z
    .string()
    .exactOptional()
    .describe('DNS name of the load balancer in front of the control plane; the API is https://<endpoint>.'),
  aws: z
    .object({
      account: z.string().describe('AWS account number.'),
      region: z.string().describe('AWS region.'),
    })
    .exactOptional()
    .describe('Where this object lives. Pinned when the finalizer is set: nothing is touched in any other place.'),
  adopted: z
    .object({ uid: z.string().describe('The uid that the tags of all of it carry.') })
    .exactOptional()
    .describe(
      'What it has in AWS was made for another object, which is gone, and was adopted. Ids follow from that uid, and only what carries it is ever removed.',
    ),
  established: z
    .boolean()
    .exactOptional()
    .describe('Whether etcd has had quorum once: from then on there is data to lose.'),
  revision: revision.exactOptional().describe('The exact set of components that runs.'),
  lastOperation: lastOperation.exactOptional().describe('The operation that runs, or the last one that did.'),
  lastErrors: z
    .array(stepError)
    .exactOptional()
    .meta(ATOMIC_LIST)
    .describe('What stands in the way at this moment; empty when nothing does.'),
  operations: z
    .array(
      z.object({
        ...operationFields,
        version: z.string().exactOptional().describe('The version asked for at that time.'),
        message: z.string().exactOptional().describe('How it ended, where that needs words.'),
      }),
    )
    .exactOptional()
    .meta(ATOMIC_LIST)
    .describe('The last twenty operations, newest first.'),
  unhealthyReplicas: z
    .array(
      z.object({
        index: z.int().min(0).describe('The replica: 0, 1 or 2.'),
        instanceID: z.string().exactOptional().describe('Its machine in EC2, if it has one.'),
        since: time.describe('Since when this machine is seen not to serve.'),
        heldBy: z
          .string()
          .exactOptional()
          .describe(
            'The machine that still has its volume or its network interface: its own is not to blame meanwhile.',
          ),
        lostVolume: z
          .object({
            id: z.string().describe('Id of the volume.'),
            since: time.describe('When EC2 first said of its id that there is none.'),
          })
          .exactOptional()
          .describe('The etcd volume that EC2 has no more; it is looked for once more before another takes its place.'),
        message: z.string().describe('What is wrong, and what is going to happen.'),
      }),
    )
    .exactOptional()
    .meta(ATOMIC_LIST)
    .describe('Replicas of an established control plane that are not as they should be; absent when all are.'),
  incarnations: z
    .record(z.string(), z.int().min(0))
    .exactOptional()
    .describe('How often a resource was deliberately replaced, by its key.'),
  rollout: rollout
    .exactOptional()
    .describe('Machines that are replaced one after the other, while any of them is still to come.'),
  handledRequests: z
    .record(z.string(), z.string())
    .exactOptional()
    .describe('The annotations slipway.dev/<verb> that were acted on, by verb: a value acts once.'),
  mended: z
    .array(
      z.object({
        resource: z.string().describe('Key of the resource, as in the condition Drifted.'),
        times: z.int().min(1).describe('How often in a row.'),
        lastTime: time.describe('When it was mended last.'),
      }),
    )
    .exactOptional()
    .meta(ATOMIC_LIST)
    .describe('What others changed and Slipway put right of late where spec.driftPolicy is Mend, newest first.'),
  appliedTagKeys: z
    .array(z.string())
    .exactOptional()
    .meta(ATOMIC_LIST)
    .describe(
      'Keys of tags that things in AWS may carry from this spec or an earlier one. One that the spec names no more is taken off, and then leaves this list.',
    ),
};

export const OPERATIONS_KEPT = 20;

export type Condition = z.output<typeof condition>;
export type LastOperation = z.output<typeof lastOperation>;
export type PastOperation = Omit<LastOperation, 'progress' | 'steps'> & { version?: string; message?: string };
export type UnhealthyReplica = NonNullable<z.output<typeof statusFields.unhealthyReplicas>>[number];
export type StepError = z.output<typeof stepError>;
export type Revision = z.output<typeof revision>;
export type Mended = NonNullable<z.output<typeof statusFields.mended>>[number];
export type Rollout = z.output<typeof rollout>;
