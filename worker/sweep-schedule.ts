/**
 * The sweep's schedule in Temporal: one for each account and region, whoever many workers serve it.
 *
 * Owns: that it exists and has this worker's interval; doing so twice is the same as once. Neighbours: the schedule starts
 * `DriftSweep` (`workflows/drift-sweep.ts`). A worker works without it: that nobody looks for drift is no reason to stand
 * still, so it is tried again in the background.
 */
import { type Client, ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import { DRIFT_SWEEP_WORKFLOW, sweepScheduleId } from '../workflows/messages.ts';

export type SweepSchedule = {
  readonly account: string;
  readonly region: string;
  readonly taskQueue: string;
  /** Between two sweeps; 0 takes the schedule away. */
  readonly seconds: number;
};

/** Makes the schedule what it should be. */
export const keepSchedule = async (
  client: Pick<Client, 'schedule'>,
  { account, region, taskQueue, seconds }: SweepSchedule,
): Promise<string> => {
  const scheduleId = sweepScheduleId(account, region, taskQueue);
  const handle = client.schedule.getHandle(scheduleId);
  if (seconds === 0) {
    await handle.delete().catch((error: unknown) => {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    });
    return scheduleId;
  }
  const spec = { intervals: [{ every: seconds * 1_000 }] };
  try {
    await client.schedule.create({
      scheduleId,
      spec,
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
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    // A pause, or a note, is somebody's wish and stays.
    await handle.update((previous) => ({ ...previous, spec }));
  }
  return scheduleId;
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

/** The same until it succeeds: neither AWS nor Temporal need answer when a worker starts. */
export const keepScheduleInTheEnd = async (keeping: Keeping): Promise<void> => {
  const { client, region, taskQueue, seconds, signal } = keeping;
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      const account = await keeping.account(signal);
      keeping.onKept(await keepSchedule(client, { account, region, taskQueue, seconds }));
      return;
    } catch (error) {
      if (signal.aborted) return;
      const nextTryMs = Math.min(2_000 * 2 ** attempt, 60_000);
      keeping.onTrouble(error, nextTryMs);
      await keeping.pause(nextTryMs);
    }
  }
};
