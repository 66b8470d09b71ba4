/**
 * Commands: what people type to move something on, exactly as it works today; only what exists is printed.
 *
 * Owns: the text that status, Temporal's current details and the command line show. Pure.
 */
import type { Verb } from './verbs.ts';

/** The object that a command is about. */
type Subject = { readonly kind: 'AWSCluster' | 'AWSNodePool'; readonly namespace: string; readonly name: string };

/** As Slipway is called in a checkout. */
const SLIPWAY = 'npx slipway';

const KINDS = { AWSCluster: 'cluster', AWSNodePool: 'nodepool' } as const;

/** For a shell, as one word. */
export const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The command line's, which finds the workflow, and sends a signal where no worker answers. */
export const operationsCommand = (verb: Verb, { kind, namespace, name }: Subject, step?: string): string =>
  `${SLIPWAY} operations ${verb} ${KINDS[kind]} ${name} -n ${namespace}${step === undefined ? '' : ` --step ${quote(step)}`}`;

/** Has a newer revision's add-ons brought to a cluster. */
export const revisionCommand = ({ namespace, name }: Pick<Subject, 'namespace' | 'name'>, revision: number): string =>
  `${SLIPWAY} clusters update ${name} -n ${namespace} --revision ${revision}`;

/** Says what stands in the way of an upgrade to a version, with the cures. */
export const planVersionCommand = ({ namespace, name }: Pick<Subject, 'namespace' | 'name'>, version: string): string =>
  `${SLIPWAY} clusters plan ${name} -n ${namespace} --version ${version}`;

/** Has a snapshot of a cluster's etcd taken. */
export const backupCommand = ({ namespace, name }: Pick<Subject, 'namespace' | 'name'>): string =>
  `${SLIPWAY} clusters backup ${name} -n ${namespace}`;

/** Has a cluster's etcd begin again with what its newest snapshot holds, after showing what that takes away. */
export const restoreCommand = ({ namespace, name }: Pick<Subject, 'namespace' | 'name'>): string =>
  `${SLIPWAY} clusters restore ${name} -n ${namespace} --from newest`;

/** Lists what is left of a cluster whose object is gone. */
export const backupsOfIdCommand = (clusterId: string): string => `${SLIPWAY} clusters backups --id ${clusterId}`;

const input = (step: string | undefined): string => quote(JSON.stringify(step === undefined ? {} : { step }));

/** Temporal's own: an update, which is answered or refused with a reason. */
export const updateCommand = (verb: Verb, workflowId: string, step?: string): string =>
  `temporal workflow update execute --workflow-id ${quote(workflowId)} --name ${verb} --input ${input(step)}`;

/** The same as a signal, which is kept while no worker is up. */
export const signalCommand = (verb: Verb, workflowId: string, step?: string): string =>
  `temporal workflow signal --workflow-id ${quote(workflowId)} --name ${verb} --input ${input(step)}`;

/** Makes an entity look at its object, and at AWS, again now. */
export const lookAgainCommand = (entityId: string): string =>
  `temporal workflow signal --workflow-id ${quote(entityId)} --name specChanged`;

/** AWS's own: ends a machine, in whose place its group starts another on the same disk and address. */
export const endMachineCommand = (region: string, instanceId: string): string =>
  `aws ec2 terminate-instances --region ${region} --instance-ids ${instanceId}`;

/**
 * AWS's own, for a machine that stays `shutting-down`: once more in order, then by force. What it held comes free only when it is gone,
 * unlike with a forced detach, under which it may write on: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-terminate-methods.html
 */
export const endByForceCommand = (region: string, instanceId: string): string =>
  `${endMachineCommand(region, instanceId)} --force`;

/** AWS's own: lets an auto scaling group launch machines again. */
export const resumeLaunchCommand = (region: string, group: string): string =>
  `aws autoscaling resume-processes --region ${region} --auto-scaling-group-name ${group} --scaling-processes Launch`;

/** AWS's own: removes a volume for good. */
export const deleteVolumeCommand = (region: string, volumeId: string): string =>
  `aws ec2 delete-volume --region ${region} --volume-id ${volumeId}`;

/** Both ways to say a verb, the short one first. */
export const commandsFor = (verb: Verb, subject: Subject, workflowId: string, step?: string): string[] => [
  operationsCommand(verb, subject, step),
  updateCommand(verb, workflowId, step),
];
