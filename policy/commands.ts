/**
 * Commands: what people type to move something on, exactly as it works today.
 *
 * Owns: the text that status shows; only what exists is printed. Neighbours: `workflows/commands.ts` prints the same in
 * Temporal, where nothing of policy may run; a test holds the two together.
 */
import type { ObjectRef } from '../api/object.ts';

/** As Slipway is called in a checkout. */
const SLIPWAY = 'npx slipway';

const KINDS = { AWSCluster: 'cluster', AWSNodePool: 'nodepool' } as const;

type Verb = 'retry' | 'skip' | 'pause' | 'resume' | 'abort';

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The command line's, which finds the workflow, and sends a signal where no worker answers. */
export const operationsCommand = (verb: Verb, { kind, namespace, name }: ObjectRef, step?: string): string =>
  `${SLIPWAY} operations ${verb} ${KINDS[kind]} ${name} -n ${namespace}${step === undefined ? '' : ` --step ${quote(step)}`}`;

/** Temporal's own: an update, which is answered or refused with a reason. */
const updateCommand = (verb: Verb, workflowId: string, step?: string): string =>
  `temporal workflow update execute --workflow-id ${quote(workflowId)} --name ${verb} --input ${quote(JSON.stringify(step === undefined ? {} : { step }))}`;

/** The same as a signal, which is kept while no worker is up. */
export const signalCommand = (verb: Verb, workflowId: string, step?: string): string =>
  `temporal workflow signal --workflow-id ${quote(workflowId)} --name ${verb} --input ${quote(JSON.stringify(step === undefined ? {} : { step }))}`;

/** Makes an entity look at its object, and at AWS, again now. */
export const lookAgainCommand = (entityId: string): string =>
  `temporal workflow signal --workflow-id ${quote(entityId)} --name specChanged`;

/** Both ways to say a verb, the short one first. */
export const commandsFor = (verb: Verb, object: ObjectRef, workflowId: string, step?: string): string[] => [
  operationsCommand(verb, object, step),
  updateCommand(verb, workflowId, step),
];
