/**
 * The phases of an entity: what each of its states stands for in the world, until an event ends it.
 *
 * Owns: looking at the object, running an operation, resting. Neighbours: `entity.ts` lists the phases, `entity-life.ts`
 * says what their events make of the life; `following.ts` runs the operation, which writes the status while it runs; the
 * entity writes it otherwise, never both. Invariants: I9 (an assessment that fails is told), I12 (signals are never
 * trusted in what they say of the object: it is read again).
 */
import type { MirrorRequest } from '../activities/contract.ts';
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

const nonEmpty = (handled: HandledRequests): { readonly handled?: HandledRequests } =>
  Object.keys(handled).length === 0 ? {} : { handled };

/** Runs the operation to its end. */
export const operate = async (run: EntityRun, { operation }: LifeOf<'operating'>): Promise<EntityEvent> => {
  const handled = run.verbs.handled();
  const result = await follow({ ...operation, ...nonEmpty(handled) }, { ...run, assess: () => assessObject(run) });
  run.verbs.pending.unshift(...(result.late ?? []));
  // What was passed on to it later may have come after its last word to status.
  run.verbs.shown(handled);
  return { kind: 'ended', at: Date.now(), result, news: run.news.seen() };
};

/** Says what there is to say, and waits for whatever comes first. */
export const rest = async (run: EntityRun, life: LifeOf<RestingState>): Promise<EntityEvent> => {
  const { entityId, news, drift } = run;
  if (life.status !== undefined) await write(run, life, life.status);
  if (life.state === 'waiting') await askToBeTold(life.cluster, entityId);
  await idle(life, run);
  const report = life.state === 'settled' ? drift.take() : undefined;
  if (report !== undefined) return { kind: 'reported', ...report };
  return { kind: 'woken', at: Date.now(), news: news.seen(), leaving: run.isLeaving() };
};

const write = async (
  { object, dispatch, verbs }: EntityRun,
  { generation }: LifeOf<RestingState>,
  subject: MirrorRequest['subject'],
): Promise<void> => {
  const handled = verbs.handled();
  const event = await writeStatus({ object, generation, subject, ...nonEmpty(handled) });
  if (event.kind === 'written') verbs.shown(handled);
  dispatch(event);
};
