/**
 * From objects to signals: tells an object's entity that something may have changed.
 *
 * Owns: which changes are worth a signal (whatever concerns us, also what others took from an object of ours), which annotations
 * are requests, and the entity's start. A change counts as told only when Temporal has acknowledged it. Neighbours:
 * `kubernetes/list-watch.ts` reports objects; the entity reads the object for itself.
 * Invariants: I1 (the entity's id contains the uid), I12 (a deletion is only ever a hint to look).
 */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { clusterIdOf, entityWorkflowId, OWN_PREFIX } from '../../api/names.ts';
import type { ObjectKind, ObjectRef } from '../../api/object.ts';
import { VERBS, type Verb } from '../../words/verbs.ts';
import {
  annotated,
  clusterProgressed,
  ENTITY_WORKFLOW,
  type EntityState,
  SEARCH_ATTRIBUTES,
  specChanged,
  TASK_QUEUE,
} from '../../workflows/messages.ts';
import type { Observed, Report } from './observed.ts';

/** What the object's annotations ask its entity for, by verb. */
const requestsOf = ({ annotations }: Observed): Readonly<Partial<Record<Verb, string>>> =>
  Object.fromEntries(
    VERBS.flatMap((verb) => {
      const value = annotations[`${OWN_PREFIX}${verb}`];
      return value === undefined || value === '' ? [] : [[verb, value]];
    }),
  );

const isVerb = (annotation: string): boolean => VERBS.some((verb) => annotation === `${OWN_PREFIX}${verb}`);

/** What an object was once seen to have of ours, and that nobody but others takes away while it stays. */
type Had = Pick<Observed, 'finalized' | 'pins'>;

const NOTHING: Had = { finalized: false, pins: {} };

/** All that was ever seen of it; a pin as it is now. */
const hadBy = (before: Had, { finalized, pins }: Observed): Had => ({
  finalized: before.finalized || finalized,
  pins: { ...before.pins, ...pins },
});

/**
 * What of ours others took from it. One whose status says that it stands had our finalizer, whoever saw it; of one that is being
 * made that isn't said before it was seen, since its first status may come before the finalizer.
 */
const takenFrom = (object: Observed, had: Had): readonly string[] => {
  const unguarded = !object.deleting && !object.finalized && (had.finalized || object.pins.established !== undefined);
  const lost = Object.keys(had.pins).filter((pin) => object.pins[pin] === undefined);
  return [...(unguarded ? ['finalizer'] : []), ...lost.sort()];
};

/** What must differ for an event to be news: status writes of our own come back as events too. */
const fingerprint = (object: Observed, had: Had): string =>
  JSON.stringify([
    object.generation,
    object.deleting,
    Object.entries(object.annotations)
      .filter(([name]) => !isVerb(name))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
    takenFrom(object, had),
    object.writers,
  ]);

export type Signals = {
  /** Tells the entity, unless it was told the same before. Rejects when Temporal did not acknowledge. */
  readonly tell: (report: Report) => Promise<void>;
  /** Tells a node pool's entity, if it runs, that its cluster has appeared. Rejects when Temporal did not acknowledge. */
  readonly tellOfCluster: (pool: Observed) => Promise<void>;
  /** Forgets what was told: the next list tells everything again (after a loss of Temporal's data). */
  readonly forget: () => void;
  /**
   * Forgets those who were told before a time and don't run, though their object is there; answers how many. An entity
   * may end while its object lives: a worker that looked at the wrong API server found nothing, or a person ended it.
   */
  readonly forgetEnded: (running: ReadonlySet<string>, toldBefore: number) => number;
};

const referenceOf = (object: Observed): ObjectRef => ({
  kind: object.kind as ObjectKind,
  namespace: object.namespace,
  name: object.name,
  uid: object.uid,
});

/** What it made, or adopted, as far as its status says. */
const clusterIdKnown = ({ uid, pins }: Observed): string =>
  pins['clusterID'] === undefined ? clusterIdOf(uid) : String(JSON.parse(pins['clusterID']));

/** The entity of an object, as it is started where it doesn't run yet. */
const entityOf = (object: Observed, taskQueueOf: (object: ObjectRef) => string) => {
  const reference = referenceOf(object);
  const state: EntityState = { v: 1, object: reference, dependents: [] };
  return {
    workflowId: entityWorkflowId(reference),
    taskQueue: taskQueueOf(reference),
    args: [state],
    staticSummary: `${object.kind} ${object.namespace}/${object.name}`,
    ...(reference.kind === 'AWSCluster'
      ? { typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.cluster, value: clusterIdKnown(object) }] }
      : {}),
  };
};

type Told = {
  readonly news: string;
  readonly requests: string;
  readonly had: Had;
  readonly workflowId: string;
  readonly at: number;
};

/** `taskQueueOf` says which workers an object's entity is started for. */
export const signals = (
  client: Pick<Client, 'workflow'>,
  taskQueueOf: (object: ObjectRef) => string = () => TASK_QUEUE,
): Signals => {
  const told = new Map<string, Told>();

  const changed = async (object: Observed): Promise<void> => {
    const before = told.get(object.uid);
    const had = before?.had ?? NOTHING;
    const news = fingerprint(object, had);
    const asked = requestsOf(object);
    const requests = JSON.stringify(asked);
    // What was told already is not told now either: that it was listed again must not make its entity look freshly told.
    if (before?.news === news && before.requests === requests) {
      told.set(object.uid, { ...before, had: hadBy(had, object) });
      return;
    }
    const entity = entityOf(object, taskQueueOf);
    const type = ENTITY_WORKFLOW[referenceOf(object).kind];
    // What people ask for comes first, so that a new object that asks for a pause begins with one.
    if (before?.requests !== requests && requests !== '{}') {
      await client.workflow.signalWithStart(type, { ...entity, signal: annotated, signalArgs: [{ requests: asked }] });
    }
    if (before?.news !== news) {
      await client.workflow.signalWithStart(type, { ...entity, signal: specChanged, signalArgs: [{ news }] });
    }
    told.set(object.uid, { news, requests, had: hadBy(had, object), workflowId: entity.workflowId, at: Date.now() });
  };

  /** An entity that has ended needs no telling, and must not be started for it. */
  const signalRunning = async (
    object: Observed,
    signal: typeof specChanged | typeof clusterProgressed,
  ): Promise<void> => {
    try {
      await client.workflow.getHandle(entityWorkflowId(referenceOf(object))).signal(signal);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  };

  const deleted = async (object: Observed): Promise<void> => {
    await signalRunning(object, specChanged);
    told.delete(object.uid);
  };

  return {
    tell: (report) => (report.type === 'deleted' ? deleted(report.object) : changed(report.object)),
    tellOfCluster: (pool) => signalRunning(pool, clusterProgressed),
    forget: () => told.clear(),
    forgetEnded: (running, toldBefore) => {
      const ended = [...told].filter(([, { workflowId, at }]) => at < toldBefore && !running.has(workflowId));
      for (const [uid] of ended) told.delete(uid);
      return ended.length;
    },
  };
};
