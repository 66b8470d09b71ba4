/**
 * The sweep's schedule in Temporal: one for each account and region, whoever many workers serve it.
 *
 * Owns: that it exists and has this worker's interval; doing so twice is the same as once. Neighbours: the schedule starts
 * `DriftSweep` (`workflows/drift-sweep.ts`). A worker works without it: that nobody looks for drift is no reason to stand
 * still, so it is tried again in the background.
 */
import { type Client, ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import { DRIFT_SWEEP_WORKFLOW, sweepScheduleId } from '../workflows/messages.ts';

type SweepSchedule = {
  readonly account: string;
  readonly region: string;
  readonly taskQueue: string;
  /** Between two sweeps; 0 takes the schedule away. */
  readonly seconds: number;
};

const intervalsOf = (seconds: number) => ({ intervals: [{ every: seconds * 1_000 }] });

/** Makes the schedule where there is none; false where there is one. */
const makeSchedule = async (
  client: Pick<Client, 'schedule'>,
  { account, region, taskQueue, seconds }: SweepSchedule,
): Promise<boolean> => {
  const scheduleId = sweepScheduleId(account, region, taskQueue);
  try {
    await client.schedule.create({
      scheduleId,
      spec: intervalsOf(seconds),
      action: {
        type: 'startWorkflow',
        workflowType: DRIFT_SWEEP_WORKFLOW,
        workflowId: scheduleId,
        taskQueue,
        args: [],
        staticSummary: `Compares all clusters and node pools of account ${account} in ${region} with AWS`,
      },
      // A sweep that is late is no use to anybody: the next one sees the same.
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
    });
    return true;
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) return false;
    throw error;
  }
};

/** Makes the schedule what it should be; true where it was made. */
const keepSchedule = async (client: Pick<Client, 'schedule'>, schedule: SweepSchedule): Promise<boolean> => {
  const { account, region, taskQueue, seconds } = schedule;
  const handle = client.schedule.getHandle(sweepScheduleId(account, region, taskQueue));
  if (seconds === 0) {
    await handle.delete().catch((error: unknown) => {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    });
    return false;
  }
  const made = await makeSchedule(client, schedule);
  // A pause, or a note, is somebody's wish and stays.
  if (!made) await handle.update((previous) => ({ ...previous, spec: intervalsOf(seconds) }));
  return made;
};

export type Keeping = {
  readonly client: Pick<Client, 'schedule'>;
  readonly account: (signal: AbortSignal) => Promise<string>;
  readonly region: string;
  readonly taskQueue: string;
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly pause: (milliseconds: number) => Promise<void>;
  readonly onKept: (scheduleId: string) => void;
  readonly onTrouble: (error: unknown, nextTryMs: number) => void;
};

/** How often it is seen to that the schedule is still there. */
const AGAIN_MS = 60_000;

/**
 * Sees to it for as long as the worker lives: neither AWS nor Temporal need answer when it starts, and Temporal may lose all
 * it has, schedules included, while entities only have to look again.
 */
export const keepScheduleAlive = async (keeping: Keeping): Promise<void> => {
  const { client, region, taskQueue, seconds, signal } = keeping;
  let kept = false;
  for (let failures = 0; !signal.aborted; ) {
    try {
      const account = await keeping.account(signal);
      const schedule = { account, region, taskQueue, seconds };
      // Once it has this worker's interval, only its absence matters: whatever people changed stays.
      const made = kept ? await makeSchedule(client, schedule) : await keepSchedule(client, schedule);
      if (made || !kept) keeping.onKept(sweepScheduleId(account, region, taskQueue));
      kept = true;
      failures = 0;
      if (seconds === 0) return;
      await keeping.pause(AGAIN_MS);
    } catch (error) {
      if (signal.aborted) return;
      const nextTryMs = Math.min(2_000 * 2 ** failures, AGAIN_MS);
      failures += 1;
      keeping.onTrouble(error, nextTryMs);
      await keeping.pause(nextTryMs);
    }
  }
};
