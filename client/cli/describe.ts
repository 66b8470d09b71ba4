/**
 * `slipway clusters describe`: a cluster as a tree: its state, the live step, attempts and the last error.
 *
 * Owns: which of the many facts a person needs first. Done steps are one number; what runs or is blocked has lines of its
 * own, with the commands that move it on. Pure: facts in, lines out. Neighbours: `describe-operation.ts` draws what
 * Temporal knows, `describe-command.ts` gathers the facts.
 */

import { referenceTo } from '../../api/object.ts';
import { operationsCommand, updateCommand } from '../../words/commands.ts';
import { type StoredCluster, type StoredNodePool } from '../management.ts';
import type { EntityReport, OperationReport } from '../operations.ts';
import {
  type Drawing,
  liveBranches,
  operationBranch,
  recordedBranch,
  spelled,
  withFlags,
} from './describe-operation.ts';
import { upgradeBranches } from './describe-upgrade.ts';
import { span } from './table.ts';
import { type Branch, branch, draw, leaf, type Paint } from './tree.ts';

export type Described<T> = {
  readonly object: T;
  readonly entity?: EntityReport;
  readonly operation?: OperationReport;
};

export type Description = {
  readonly cluster: Described<StoredCluster>;
  readonly nodePools: readonly Described<StoredNodePool>[];
  /** Why Temporal could not be asked; then status is all there is. */
  readonly temporalTrouble?: string;
  /** Flags that lead the `temporal` command to the same server; empty where its defaults do. */
  readonly temporalFlags: string;
};

/** One object alone. */
export type DescribedObject = Described<StoredCluster | StoredNodePool> &
  Pick<Description, 'temporalTrouble' | 'temporalFlags'>;

type AnyObject = StoredCluster | StoredNodePool;

const shownState = (object: AnyObject, paint: Paint): string => {
  const state = object.status?.state ?? 'Pending';
  return state === 'Provisioned' ? paint.green(state) : paint.yellow(state);
};

type Condition = { readonly type: string; readonly said: string };

/** Conditions that are not as they should be, with what they say. */
const unwanted = (object: AnyObject): Condition[] =>
  (object.status?.conditions ?? []).flatMap(({ type = 'a condition', status, reason, message }) => {
    const said = `(${reason ?? 'no reason'})${message ? `: ${message}` : ''}`;
    if (type === 'Ready') return status === 'True' ? [] : [{ type: 'not Ready', said }];
    return status === 'True' && type !== 'Reconciling' ? [{ type, said }] : [];
  });

/** In red what keeps the object from being ready, in yellow what is good to know; what is said twice in one line. */
const problems = (object: AnyObject, paint: Paint): Branch[] => {
  const found = unwanted(object);
  const grouped = [...new Set(found.map(({ said }) => said))].map((said) => ({
    said,
    types: found.filter((one) => one.said === said).map(({ type }) => type),
  }));
  return grouped.map(({ said, types }) => {
    const grave = types.some((type) => type === 'not Ready' || type === 'Stalled');
    const names = types.join(', ');
    return leaf(`${grave ? paint.red(names) : paint.yellow(names)} ${said}`);
  });
};

/** What a person may type who has cured what an owner is blocked by. */
const waysOn = (object: AnyObject, entity: EntityReport, held: boolean, temporalFlags: string): readonly string[] => {
  const verb = held ? 'resume' : 'retry';
  return [
    `${held ? 'begin again' : 'look again now'}: ${spelled(operationsCommand(verb, referenceTo(object)))}`,
    `or: ${withFlags(updateCommand(verb, entity.workflowId), temporalFlags)}`,
  ];
};

/** What the owner says; nothing when all is settled and said. */
const ownersWord = (object: AnyObject, entity: EntityReport, { paint, temporalFlags }: Drawing): Branch[] => {
  // Said once, above the tree.
  if (entity.view === undefined) return [];
  const { phase, reason, held } = entity.view;
  if (phase === 'settled') return restingErrors(object, paint);
  const told = (object.status?.conditions ?? []).some(({ message }) => reason && message?.includes(reason));
  const moves = phase === 'blocked' ? waysOn(object, entity, held !== undefined, temporalFlags) : [];
  return [
    ...(reason === undefined || told ? [] : [leaf(`${paint.yellow(phase)}: ${reason}`)]),
    ...moves.map((move) => leaf(paint.dim(move))),
  ];
};

/** What the owner of the object is at while no operation runs. */
const entityBranches = ({ entity, object }: Described<AnyObject>, drawing: Drawing): Branch[] => {
  const { paint } = drawing;
  if (entity === undefined) {
    return [
      leaf(`${paint.red('no workflow owns it')}: is the watcher (slipway-client) up, and does it see this namespace?`),
    ];
  }
  if (entity.status !== 'RUNNING') {
    const why = entity.view?.reason ? ` (${entity.view.reason})` : '';
    return [leaf(`${paint.red('its workflow has ended')}: ${entity.status.toLowerCase()}${why}`)];
  }
  return entity.live.length > 0 ? liveBranches(entity, paint) : ownersWord(object, entity, drawing);
};

/** What is wrong although no operation has anything to do, such as a machine that hangs: what a person may type. */
const restingErrors = ({ status }: AnyObject, paint: Paint): Branch[] =>
  (status?.lastErrors ?? []).flatMap(({ step = 'it', commands = [] }) =>
    commands.map((command) => leaf(paint.dim(`${step}: ${command}`))),
  );

const objectBranch = (
  described: Described<AnyObject>,
  more: { readonly facts: readonly (string | undefined)[]; readonly children: readonly Branch[] },
  temporal: boolean,
  drawing: Drawing,
): Branch => {
  const { object, operation } = described;
  const { paint, now } = drawing;
  const running = operation?.status === 'RUNNING';
  const facts = more.facts.filter((fact) => fact !== undefined && fact !== '').join('  ');
  const { deletionTimestamp } = object.metadata;
  // What was asked for shows in status only once somebody took notice.
  const unheeded = deletionTimestamp !== undefined && object.status?.state !== 'Deleting';
  return branch(
    `${object.kind}/${paint.bold(object.metadata.name)}  ${shownState(object, paint)}  ${paint.dim(facts)}`.trimEnd(),
    ...(unheeded
      ? [leaf(paint.yellow(`deletion was asked for ${span(now - Date.parse(deletionTimestamp))} ago`))]
      : []),
    // A running operation says the same as the conditions, and says it now.
    ...(running ? [] : problems(object, paint)),
    ...(temporal && !running ? entityBranches(described, drawing) : []),
    ...(operation ? [operationBranch(operation, object, drawing)] : temporal ? [] : recordedBranch(object, drawing)),
    ...more.children,
  );
};

const clusterFacts = ({ spec, status }: StoredCluster): readonly (string | undefined)[] => {
  // What runs; a version that is asked for and not there yet is told in a condition.
  const version = status?.version ?? spec?.controlPlane?.version;
  const runs = status?.kubernetesVersion ? ` (Kubernetes ${status.kubernetesVersion})` : '';
  return [status?.clusterID, version && `version ${version}${runs}`, status?.endpoint];
};

const nodesFact = ({ spec, status }: StoredNodePool): string => {
  const limits = `${spec?.minNodeCount ?? '?'}-${spec?.maxNodeCount ?? '?'}`;
  if (status?.desiredNodes === undefined) return `${limits} nodes`;
  return `${status.readyNodes ?? '?'} of ${status.desiredNodes} nodes ready (${limits})`;
};

const poolFacts = (pool: StoredNodePool): readonly (string | undefined)[] => {
  const version = pool.status?.version ?? pool.spec?.version;
  return [nodesFact(pool), pool.spec?.instanceType, version && `version ${version}`];
};

/** What the reader must know before believing the tree. */
const caveats = (
  objects: readonly Described<AnyObject>[],
  temporalTrouble: string | undefined,
  paint: Paint,
): string[] => {
  if (temporalTrouble !== undefined) {
    return [`${paint.red('This is the last that status recorded.')} ${temporalTrouble}`];
  }
  const unanswered = objects.some(({ entity }) => entity?.status === 'RUNNING' && entity.view === undefined);
  if (!unanswered) return [];
  return [
    `${paint.red('No worker answers:')} this is what Temporal and status know. Is the worker (slipway-worker) up?`,
  ];
};

/** The lines of the tree, as of `now` in epoch milliseconds. */
export const describeLines = (description: Description, now: number, paint: Paint): string[] => {
  const { cluster, nodePools, temporalTrouble, temporalFlags } = description;
  const drawing: Drawing = { paint, now, temporalFlags };
  const temporal = temporalTrouble === undefined;
  const pools = nodePools.map((pool) =>
    objectBranch(pool, { facts: poolFacts(pool.object), children: [] }, temporal, drawing),
  );
  const children = [...upgradeBranches(cluster.object, paint), ...pools];
  const root = objectBranch(cluster, { facts: clusterFacts(cluster.object), children }, temporal, drawing);
  return [...caveats([cluster, ...nodePools], temporalTrouble, paint), ...draw(root)];
};

/** The lines of one object and its operation, as of `now` in epoch milliseconds. */
export const operationLines = (described: DescribedObject, now: number, paint: Paint): string[] => {
  const { temporalTrouble, temporalFlags, object } = described;
  const drawing: Drawing = { paint, now, temporalFlags };
  const facts = object.kind === 'AWSCluster' ? clusterFacts(object) : poolFacts(object);
  const children = object.kind === 'AWSCluster' ? upgradeBranches(object, paint) : [];
  const root = objectBranch(described, { facts, children }, temporalTrouble === undefined, drawing);
  return [...caveats([described], temporalTrouble, paint), ...draw(root)];
};
