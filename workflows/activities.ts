/**
 * Time limits and retry policies: every number that says how long something may take, and when it is tried again.
 *
 * Owns: the activity proxies. Neighbours: `activities/` do the work and classify failures (`activities/verdicts.ts`);
 * `step-life.ts` decides what a failure means for its step, `entity-life.ts` for an entity.
 *
 * Two loops retry a step. The inner one is Temporal's, short and bounded: it rides out throttling and lost connections
 * without adding to the history. The outer one is the plan runner's: it shows the step as blocked, slows down by itself
 * and listens for `retry`, which could not cut short a backoff that the server holds.
 */
import {
  ActivityCancellationType,
  type ActivityOptions,
  ApplicationFailure,
  proxyActivities,
} from '@temporalio/workflow';
import type { Activities, Pacing } from '../activities/contract.ts';
import type { Step } from '../policy/plan.ts';
import { summaryOf } from './summaries.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** A worker that dies is noticed after this, and another takes over: every activity beats by itself (see the worker). */
const HEARTBEAT: ActivityOptions = { heartbeatTimeout: 8 * SECOND };

/**
 * Observing reads a dozen listings, so it has more time than a single step. It is tried twice, which takes less than a
 * minute even where nothing answers; then the entity says so and looks again later (I9).
 */
const ASSESS: ActivityOptions = {
  ...HEARTBEAT,
  startToCloseTimeout: 25 * SECOND,
  retry: { initialInterval: SECOND, backoffCoefficient: 2, maximumAttempts: 2 },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
};

/** Creating or removing one resource. A mutation under way is awaited, never abandoned: nobody would know what it did. */
const MUTATE: ActivityOptions = {
  ...HEARTBEAT,
  startToCloseTimeout: 40 * SECOND,
  retry: { initialInterval: 0.5 * SECOND, backoffCoefficient: 2, maximumInterval: 8 * SECOND, maximumAttempts: 5 },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
};

/** One look at something that takes time. "Not yet" is a benign failure that names its own delay: no slot is held. */
const WAIT: ActivityOptions = {
  ...HEARTBEAT,
  startToCloseTimeout: 20 * SECOND,
  retry: { initialInterval: SECOND, backoffCoefficient: 1.5, maximumInterval: 15 * SECOND },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
};

/** Writing status: it must arrive, but nothing waits for it. */
const MIRROR: ActivityOptions = {
  ...HEARTBEAT,
  startToCloseTimeout: 15 * SECOND,
  retry: { initialInterval: SECOND, backoffCoefficient: 2, maximumInterval: 30 * SECOND },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
};

/** The entity's own status: it waits for the answer, so it gives up soon, and tells again with its next look. */
const MIRROR_BRIEFLY: ActivityOptions = { ...MIRROR, retry: { initialInterval: SECOND, maximumAttempts: 2 } };

/** One look at what is there, while a person waits for the answer. */
const FIND: ActivityOptions = {
  ...HEARTBEAT,
  startToCloseTimeout: 15 * SECOND,
  retry: { initialInterval: SECOND, maximumAttempts: 2 },
};

/** Everything in an account: the next sweep comes soon, so one that fails is not tried for ever. */
const SWEEP: ActivityOptions = {
  ...HEARTBEAT,
  startToCloseTimeout: 5 * MINUTE,
  retry: { initialInterval: 5 * SECOND, backoffCoefficient: 2, maximumInterval: MINUTE, maximumAttempts: 3 },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
};

const ISSUE: ActivityOptions = {
  startToCloseTimeout: 15 * SECOND,
  retry: { initialInterval: SECOND, maximumAttempts: 3 },
};

/** A person waits, and an agent looks twice a minute: each look is short, and is repeated as it says itself. */
const BACKUP: ActivityOptions = {
  ...HEARTBEAT,
  startToCloseTimeout: 25 * SECOND,
  retry: { initialInterval: SECOND, backoffCoefficient: 1.5, maximumInterval: 15 * SECOND },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
};

type StepActivities = Pick<Activities, 'ensure' | 'remove' | 'wait'>;

// At most one of each runs at a time in a workflow, so that the id can be a word.
export const { assess } = proxyActivities<Pick<Activities, 'assess'>>({ ...ASSESS, activityId: 'assess' });
export const { planChange } = proxyActivities<Pick<Activities, 'planChange'>>({ ...ASSESS, activityId: 'plan change' });
export const { planUpgrade } = proxyActivities<Pick<Activities, 'planUpgrade'>>({
  ...ASSESS,
  activityId: 'plan upgrade',
});
export const { previewRestore } = proxyActivities<Pick<Activities, 'previewRestore'>>({
  ...ASSESS,
  activityId: 'preview restore',
});
const STATUS = { activityId: 'mirror status', summary: 'status and events' } as const;
export const { mirror } = proxyActivities<Pick<Activities, 'mirror'>>({ ...MIRROR, ...STATUS });
export const { mirror: mirrorBriefly } = proxyActivities<Pick<Activities, 'mirror'>>({
  ...MIRROR_BRIEFLY,
  ...STATUS,
});
export const { issueCertificate } = proxyActivities<Pick<Activities, 'issueCertificate'>>({
  ...ISSUE,
  activityId: 'issue certificate',
});

export const { orderBackup, awaitBackup } = proxyActivities<Pick<Activities, 'orderBackup' | 'awaitBackup'>>(BACKUP);
export const { listBackups } = proxyActivities<Pick<Activities, 'listBackups'>>({
  ...FIND,
  activityId: 'list backups',
});

/** All of an account, while a person waits. */
export const { listOrphans } = proxyActivities<Pick<Activities, 'listOrphans'>>({
  ...SWEEP,
  startToCloseTimeout: MINUTE,
  activityId: 'list orphans',
});

export const { planOrphanRemoval } = proxyActivities<Pick<Activities, 'planOrphanRemoval'>>({
  ...SWEEP,
  startToCloseTimeout: MINUTE,
  activityId: 'plan removal',
});

export const { sweep } = proxyActivities<Pick<Activities, 'sweep'>>({ ...SWEEP, activityId: 'sweep' });

/** The activities of one step: its id is the activity's id, so that Temporal's UI and command line name it. */
export const stepActivities = (step: Step): StepActivities => {
  const named = { activityId: step.id, summary: summaryOf(step) };
  const { ensure, remove } = proxyActivities<StepActivities>({ ...MUTATE, ...named });
  const { wait } = proxyActivities<StepActivities>({ ...WAIT, ...named });
  return { ensure, remove, wait };
};

/** Looks for what a step is about, changing nothing. */
export const findFor = (step: Step): Activities['find'] =>
  proxyActivities<Pick<Activities, 'find'>>({
    ...FIND,
    activityId: `find ${step.resource.key}`,
    summary: summaryOf(step),
  }).find;

/** How soon what failed is tried again where the worker has no settings of its own. */
export const DEFAULT_PACING: Pacing = { retryMs: 10 * SECOND, retryMaxMs: 30 * MINUTE, overdueMs: 10 * MINUTE };

/** How soon a failed step, or a failed look at an object, is tried again: at first quickly, in the end rarely. */
export const retryDelay = ({ retryMs, retryMaxMs }: Pacing, attempt: number): number =>
  Math.min(retryMs * 2 ** (attempt - 1), retryMaxMs);

/** A wait only looks, and what it waits for may come at any moment: it never keeps away for long. */
export const stepRetryDelay = (pacing: Pacing, { verb }: Pick<Step, 'verb'>, attempt: number): number =>
  verb === 'wait' ? Math.min(retryDelay(pacing, attempt), MINUTE) : retryDelay(pacing, attempt);

/** Whether a step has waited for longer than it should. */
export const isOverdue = ({ overdueMs }: Pacing, { verb }: Pick<Step, 'verb'>, waited: number): boolean =>
  verb === 'wait' && overdueMs !== undefined && waited >= overdueMs;

/**
 * How soon the plan runner looks again at what is not ready. A wait has said when, and looks by itself in between; what is
 * made or removed is looked at ever more rarely, since each look adds to the history.
 */
export const notReadyDelay = ({ verb }: Pick<Step, 'verb'>, waited: number, said: number): number =>
  Math.max(1, said, verb === 'wait' ? 0 : Math.min(waited / 10, 30 * SECOND));

/** How soon an entity looks again by itself where only a change from outside is expected to help. */
export const IDLE_LOOK = {
  /** A pool whose cluster is not ready: the cluster signals, this is only for a lost signal. */
  waiting: MINUTE,
  /** An operation found its own plan out of date: at first soon, but what stays like that must not make a storm. */
  outdated: (times: number): number => Math.min(250 * 2 ** times, 5 * MINUTE),
};

/** At most one status write in this time: progress is coalesced. */
export const MIRROR_INTERVAL = SECOND / 2;

/** Thrown where workflow code meets what it does not know: fails the workflow instead of its task. */
export const bug = (message: string): ApplicationFailure =>
  ApplicationFailure.create({ message, type: 'bug', nonRetryable: true });
