/** The schedule of the sweeps, kept by a worker in a Temporal that may be away or lose everything. */
import { describe, expect, test } from '@jest/globals';
import { type Client, ScheduleAlreadyRunning } from '@temporalio/client';
import { type Keeping, keepScheduleAlive } from '../../worker/sweep-schedule.ts';

/** A Temporal with room for one schedule. */
const temporalDouble = () => {
  const state: { schedule: string | undefined; updates: number; down: boolean } = {
    schedule: undefined,
    updates: 0,
    down: false,
  };
  const client = {
    schedule: {
      create: ({ scheduleId }: { readonly scheduleId: string }) => {
        if (state.down) return Promise.reject(new Error('no connection'));
        if (state.schedule !== undefined) return Promise.reject(new ScheduleAlreadyRunning('there', scheduleId));
        state.schedule = scheduleId;
        return Promise.resolve();
      },
      getHandle: () => ({
        update: () => {
          state.updates += 1;
          return Promise.resolve();
        },
      }),
    },
  };
  return { state, client: client as unknown as Pick<Client, 'schedule'> };
};

/** Lets a worker live for as many pauses as there are moments; each changes the world before the next look. */
const live = async (client: Pick<Client, 'schedule'>, moments: readonly (() => void)[]): Promise<readonly string[]> => {
  const stop = new AbortController();
  const heard: string[] = [];
  let pauses = 0;
  const keeping: Keeping = {
    client,
    account: () => Promise.resolve('1'),
    region: 'eu-west-1',
    taskQueue: 'slipway',
    seconds: 600,
    signal: stop.signal,
    pause: () => {
      const moment = moments[pauses];
      pauses += 1;
      if (moment === undefined) stop.abort();
      else moment();
      return Promise.resolve();
    },
    onKept: () => void heard.push('kept'),
    onTrouble: (error) => void heard.push(String(error)),
  };
  await keepScheduleAlive(keeping);
  return heard;
};

describe('the schedule of the sweeps', () => {
  test('is made again when Temporal has lost all its data, without another start of the worker', async () => {
    const { state, client } = temporalDouble();
    const lose = (): void => {
      state.schedule = undefined;
    };
    expect(await live(client, [lose])).toEqual(['kept', 'kept']);
    expect(state.schedule).toBe('slipway-sweep/1/eu-west-1');
  });

  test('gets the interval of a worker that starts, and is left alone after that', async () => {
    const { state, client } = temporalDouble();
    state.schedule = 'of an earlier worker';
    const nothing = (): void => undefined;
    expect(await live(client, [nothing, nothing])).toEqual(['kept']);
    expect(state.updates).toBe(1);
  });

  test('is tried again while Temporal is away', async () => {
    const { state, client } = temporalDouble();
    state.down = true;
    const back = (): void => {
      state.down = false;
    };
    expect(await live(client, [back])).toEqual(['Error: no connection', 'kept']);
  });
});
