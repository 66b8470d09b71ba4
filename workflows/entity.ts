/**
 * The entity: the long-lived workflow that owns one object and runs its operations one at a time.
 *
 * Owns: the list of its phases, and where a run of it ends. Neighbours: `entity-life.ts` says which state comes next and
 * keeps the mechanism's invariants, `entity-phases.ts` does what a state stands for, `entity-run.ts` hears what arrives
 * meanwhile; `policy/` decides.
 * Invariants: I1 (one operation, by its workflow id), I9 (a look that fails is told), I10, I12 (an absent object is never
 * an order to delete: the entity ends as orphaned and changes nothing).
 *
 * Where workers have builds (`worker/versioning.ts`), a run stays on one. Once another is current the entity goes on there in a new run, as it does
 * when its history is long: between two looks, never under an operation.
 *
 * Temporal's cancel means abort, here as for an operation: what runs is aborted, and the entity lives on in a new run.
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  makeContinueAsNewFunc,
  workflowInfo,
} from '@temporalio/workflow';
import { askedMeanwhile, assessObject, operate, rest } from './entity-phases.ts';
import { type EntityRun, entityRun } from './entity-run.ts';
import { carriedOver } from './entity-states.ts';
import type { EntityState } from './messages.ts';

export const runEntity = async (initial: EntityState): Promise<string> => {
  let cancelled = false;
  void CancellationScope.current().cancelRequested.catch(() => void (cancelled = true));
  // Nothing here is broken off by a cancel: it only says what to do next.
  return CancellationScope.nonCancellable(() => live(entityRun(initial, () => cancelled)));
};

const live = async (run: EntityRun): Promise<string> => {
  for (;;) {
    const life = run.life();
    switch (life.state) {
      case 'assessing':
        run.dispatch(await assessObject(run, life.progressed));
        break;
      case 'beginning':
        run.dispatch(askedMeanwhile(run));
        break;
      case 'operating':
        run.dispatch(await operate(run, life));
        break;
      case 'finished':
        return end('finished');
      case 'orphaned':
        return end(`orphaned: ${life.reason}`);
      // Settled, waiting, outdated, blocked or held.
      default:
        run.dispatch(await rest(run, life));
    }
    // Between two looks, with no operation under way.
    if (run.life().state === 'assessing' && run.isLeaving()) await goOnAnew(run);
  }
};

const end = async (outcome: string): Promise<string> => {
  await condition(allHandlersFinished);
  return outcome;
};

const goOnAnew = async ({ object, life, dependents, verbs }: EntityRun): Promise<never> => {
  await condition(allHandlersFinished);
  // The next run is of the same build, unless another one is current.
  const onward = workflowInfo().targetWorkerDeploymentVersionChanged
    ? { initialVersioningBehavior: 'AUTO_UPGRADE' as const }
    : {};
  return makeContinueAsNewFunc<typeof runEntity>(onward)({
    v: 1,
    object,
    dependents: dependents.ids(),
    handled: verbs.handled(),
    ...carriedOver(life().kept),
  });
};
