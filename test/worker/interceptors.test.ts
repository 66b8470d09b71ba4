import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import {
  absentError,
  blockedError,
  bugError,
  capacityError,
  notYet,
  retryError,
  VerdictError,
} from '../../activities/verdicts.ts';
import { failureOf, outcomeInterceptor } from '../../worker/interceptors.ts';
import { createMetrics } from '../../worker/metrics.ts';

const REQUEST = {
  step: { id: 'ensure security-group/controlplane', verb: 'ensure', resource: { kind: 'security-group' } },
};

const say = (): void => undefined;
const SILENT = { log: say, trace: say, debug: say, info: say, warn: say, error: say };

type Line = { readonly level: number; readonly msg: string } & Readonly<Record<string, unknown>>;

/** One attempt of an activity, as a worker runs it: what came of it, what was logged and counted. */
const attempt = async (
  activity: (request: unknown) => Promise<unknown>,
  { request = REQUEST as unknown, cancel = false } = {},
): Promise<{ result: unknown; failure: unknown; log: readonly Line[]; counted: readonly string[] }> => {
  const metrics = createMetrics();
  const log: Line[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line) as Line) });
  const environment = new MockActivityEnvironment(
    { activityType: 'ensure', attempt: 3 },
    { interceptors: [(context) => ({ inbound: outcomeInterceptor(context, metrics, logger) })], logger: SILENT },
  );
  let result: unknown;
  let failure: unknown;
  try {
    const running = environment.run(activity, request);
    if (cancel) environment.cancel();
    result = await running;
  } catch (error) {
    failure = error;
  }
  const { values } = await metrics.steps.get();
  const counted = values.map(({ labels, value }) => `${labels.verb} ${labels.kind} ${labels.outcome} ${value}`);
  metrics.registry.clear();
  return { result, failure, log, counted };
};

const throwing = (error: unknown) => async (): Promise<never> => {
  throw error;
};

describe('an attempt of a step', () => {
  test('that changed something gives its outcome, is logged and counted by it', async () => {
    const outcome = { change: 'created', outputs: { id: 'sg-1' } };
    const { result, log, counted } = await attempt(async () => outcome);
    expect(result).toBe(outcome);
    expect(counted).toEqual(['ensure security-group created 1']);
    expect(log).toMatchObject([
      { msg: 'Step done', step: 'ensure security-group/controlplane', attempt: 3, change: 'created' },
    ]);
  });

  test('that found everything in place is counted, and no news', async () => {
    const { log, counted } = await attempt(async () => ({ change: 'unchanged', outputs: {} }));
    expect([log, counted]).toEqual([[], ['ensure security-group unchanged 1']]);
  });

  test.each([
    ['retry', retryError('it is in use'), false],
    ['capacity', capacityError('nothing left'), true],
    ['blocked', blockedError('it is not ours'), true],
    ['bug', bugError('no such property'), true],
    ['absent', absentError('it is gone'), true],
  ])('with verdict %s fails with that type; only retry is left to the server', async (verdict, error, final) => {
    const { failure, log, counted } = await attempt(throwing(error));
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ type: verdict, message: error.message, nonRetryable: final });
    expect(counted).toEqual([`ensure security-group ${verdict} 1`]);
    expect(log).toMatchObject([{ msg: 'Step failed', verdict, reason: error.message }]);
  });

  test('that only has to wait fails benignly, with the delay that it asks for, and is no warning', async () => {
    const { failure, log, counted } = await attempt(throwing(notYet('replica 1 does not answer yet', 1_500)));
    expect(failure).toMatchObject({
      type: 'not-ready',
      nonRetryable: false,
      nextRetryDelay: 1_500,
      category: ApplicationFailureCategory.BENIGN,
    });
    expect(counted).toEqual(['ensure security-group not-ready 1']);
    expect(log.map(({ level, msg }) => [level, msg])).toEqual([[pino.levels.values['debug'], 'Not ready yet']]);
  });

  test('that shall tell what it waits for comes back to the workflow, which is given the delay', async () => {
    const error = new VerdictError({ verdict: 'retry', message: 'm', waiting: true, delayMs: 1_500, reported: true });
    const { failure } = await attempt(throwing(error));
    expect(failure).toMatchObject({
      type: 'not-ready',
      nonRetryable: true,
      details: [1_500],
      category: ApplicationFailureCategory.BENIGN,
    });
  });

  test('that shall tell what it waits for brings along what it has seen so far', async () => {
    const { failure } = await attempt(throwing(notYet('1 of 3 ready', 1_500, { ready: '1' })));
    expect(failure).toMatchObject({ type: 'not-ready', details: [1_500, { ready: '1' }] });
  });

  test('that was cancelled stays cancelled, whoever says so', async () => {
    const own = await attempt(throwing(new CancelledFailure('superseded')));
    expect(own.failure).toBeInstanceOf(CancelledFailure);
    const aborted = await attempt(throwing(Object.assign(new Error('aborted'), { name: 'AbortError' })), {
      cancel: true,
    });
    expect(aborted.failure).not.toBeInstanceOf(ApplicationFailure);
    expect([own.counted, aborted.counted]).toEqual([
      ['ensure security-group cancelled 1'],
      ['ensure security-group cancelled 1'],
    ]);
  });

  test('whose call was cut off without a cancellation is tried again', async () => {
    const { failure } = await attempt(throwing(Object.assign(new Error('aborted'), { name: 'AbortError' })));
    expect(failure).toMatchObject({ type: 'retry', nonRetryable: false });
  });

  test('of an activity that is no step is counted by its type', async () => {
    expect((await attempt(async () => undefined, { request: { object: {} } })).counted).toEqual(['ensure none done 1']);
    expect((await attempt(async () => undefined, { request: null })).counted).toEqual(['ensure none done 1']);
  });
});

describe('what a failure carries into the history', () => {
  const SECRET = 'hunter2-in-the-request';

  test("is the judged message alone: neither the error's payload, nor its causes, nor what it asked (I8)", async () => {
    const error = Object.assign(new Error('Value of userData is malformed', { cause: new Error(SECRET) }), {
      name: 'InvalidParameterValue',
      $metadata: { httpStatusCode: 400 },
      $response: { statusCode: 400, headers: { 'x-echo': SECRET }, body: SECRET },
      input: { UserData: SECRET },
      operation: 'CreateLaunchTemplate',
    });
    const { failure, log } = await attempt(throwing(error));
    expect(failure).toMatchObject({
      message: 'CreateLaunchTemplate: InvalidParameterValue: Value of userData is malformed',
    });
    const { cause, details, stack, message } = failure as ApplicationFailure;
    expect([cause, details ?? []]).toEqual([undefined, []]);
    expect(`${message}${stack ?? ''}${JSON.stringify(log)}`).not.toContain(SECRET);
  });

  test('has no delay unless somebody asked for one', () => {
    expect(failureOf({ verdict: 'retry', message: 'm' }).nextRetryDelay).toBeUndefined();
    expect(failureOf({ verdict: 'retry', message: 'm', delayMs: 0 }).nextRetryDelay).toBe(0);
  });
});
