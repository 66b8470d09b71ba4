import { describe, expect, test } from '@jest/globals';
import type { Info } from '@temporalio/activity';
import { deliveredOnce } from './deliveries.ts';

const infoOf = (activityId: string, scheduledTimestampMs = 0): Info =>
  ({ workflowExecution: { workflowId: 'w', runId: 'r' }, activityId, scheduledTimestampMs }) as Info;

/** A worker to which work is delivered, and how often that ran. */
const worker = (run: () => Promise<string>) => {
  const deliver = deliveredOnce();
  let runs = 0;
  return {
    runs: () => runs,
    deliver: (info: Info) =>
      deliver(info, () => {
        runs += 1;
        return run();
      }),
  };
};

describe('an activity that is delivered again', () => {
  test('while it runs is not run beside itself, and both deliveries are answered', async () => {
    const gate = Promise.withResolvers<string>();
    const { deliver, runs } = worker(() => gate.promise);
    const answers = [deliver(infoOf('a')), deliver(infoOf('a'))];
    gate.resolve('done');
    expect(await Promise.all(answers)).toEqual(['done', 'done']);
    expect(runs()).toBe(1);
  });

  test('after it succeeded is answered the same', async () => {
    const { deliver, runs } = worker(async () => 'done');
    expect([await deliver(infoOf('a')), await deliver(infoOf('a'))]).toEqual(['done', 'done']);
    expect(runs()).toBe(1);
  });

  test('after it failed is run again', async () => {
    const { deliver, runs } = worker(() => Promise.reject(new Error('throttled')));
    for (let tries = 0; tries < 2; tries += 1) await expect(deliver(infoOf('a'))).rejects.toThrow('throttled');
    expect(runs()).toBe(2);
  });

  test('because the workflow scheduled it again is run again', async () => {
    const { deliver, runs } = worker(async () => 'done');
    for (const info of [infoOf('a', 1), infoOf('a', 2), infoOf('b', 1)]) await deliver(info);
    expect(runs()).toBe(3);
  });
});
