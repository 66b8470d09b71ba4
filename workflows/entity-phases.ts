/**
 * The phases of an entity: what each of its states stands for in the world, until an event ends it.
 *
 * Owns: looking at the object, running an operation, resting. Neighbours: `entity.ts` lists the phases, `entity-life.ts`
 * says what their events make of the life; `following.ts` runs the operation, which writes the status while it runs; the
 * entity writes it otherwise, never both. Invariants: I9 (an assessment that fails is told), I12 (signals are never
 * trusted in what they say of the object: it is read again).
 */
import type { HandledRequests } from '../words/verbs.ts';
import { assess } from './activities.ts';
import { askToBeTold } from './dependents.ts';
import { idle } from './entity-idle.ts';
import { writeStatus } from './entity-publishing.ts';
import type { EntityRun } from './entity-run.ts';
import type { EntityEvent, EventOf, LifeOf, RestingState } from './entity-states.ts';
import { follow } from './following.ts';
import { failureOf } from './outcomes.ts';

/** Looks at the object, and hears what is to be done. */
export const assessObject = async (
  { object, news, verbs, life }: EntityRun,
  progressed = false,
): Promise<EventOf<'assessed'> | EventOf<'unassessed'>> => {
  const seen = news.seen();
  news.looking();
  const { held, released } = life().kept;
  const asked = {
    object,
    ...(progressed ? { clusterProgressed: true as const } : {}),
    ...(held?.back === true ? { returning: held.generation } : {}),
    ...(released === undefined ? {} : { released }),
  };
  try {
    const assessment = await assess(asked);
    verbs.acknowledge(assessment.handled ?? {});
    return { kind: 'assessed', at: Date.now(), seen, assessment };
  } catch (error) {
    return { kind: 'unassessed', at: Date.now(), seen, reason: failureOf(error).message };
  }
};

/** What was asked too late for the operation before, or too early for this one, says how it begins. */
export const askedMeanwhile = ({ verbs }: EntityRun): EntityEvent => ({
  kind: 'asked',
  verbs: verbs.pending.splice(0),
});

const handledBy = ({ verbs }: EntityRun): { readonly handled?: HandledRequests } => {
  const handled = verbs.handled();
  return Object.keys(handled).length === 0 ? {} : { handled };
};

/** Runs the operation to its end. */
export const operate = async (run: EntityRun, { operation }: LifeOf<'operating'>): Promise<EntityEvent> => {
  const result = await follow({ ...operation, ...handledBy(run) }, { ...run, assess: () => assessObject(run) });
  return { kind: 'ended', at: Date.now(), result, news: run.news.seen() };
};

/** Says what there is to say, and waits for whatever comes first. */
export const rest = async (run: EntityRun, life: LifeOf<RestingState>): Promise<EntityEvent> => {
  const { object, entityId, dispatch, news, drift } = run;
  const { status, generation } = life;
  if (status !== undefined) dispatch(await writeStatus({ object, generation, subject: status, ...handledBy(run) }));
  if (life.state === 'waiting') await askToBeTold(life.cluster, entityId);
  await idle(life, run);
  const report = life.state === 'settled' ? drift.take() : undefined;
  if (report !== undefined) return { kind: 'reported', ...report };
  return { kind: 'woken', at: Date.now(), news: news.seen(), leaving: run.isLeaving() };
};
