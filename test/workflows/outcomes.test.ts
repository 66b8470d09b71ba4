/** What a step's result must be, also one that a person typed. */
import { describe, expect, test } from '@jest/globals';
import { ActivityFailure, ApplicationFailure, RetryState, TimeoutFailure, TimeoutType } from '@temporalio/common';
import { failureOf, outcomeOf } from '../../workflows/outcomes.ts';

const USES = [{ step: 'ensure security-group-rules/controlplane', output: 'id' }];

const problemWith = (result: unknown): string => {
  try {
    outcomeOf(result, USES);
  } catch (error) {
    expect(error).toBeInstanceOf(ApplicationFailure);
    expect(failureOf(error).verdict).toBe('blocked');
    return (error as Error).message;
  }
  throw new Error('It was taken.');
};

describe("a step's result", () => {
  test('is taken when it has a change and every output that others need', () => {
    const outcome = { change: 'created', outputs: { id: 'sg-1', more: 'x' } };
    expect(outcomeOf(outcome, USES)).toEqual(outcome);
    expect(outcomeOf({ change: 'unchanged', outputs: {} }, [])).toEqual({ change: 'unchanged', outputs: {} });
  });

  test.each([
    [undefined, 'it is nothing'],
    [null, 'it is null'],
    ['done', 'it is "done"'],
    [{ outputs: {} }, 'its change is missing'],
    [{ change: 'made', outputs: {} }, 'its change is "made"'],
    [{ change: 'created' }, 'it has no outputs'],
    [{ change: 'created', outputs: ['sg-1'] }, 'it has no outputs'],
    [{ change: 'created', outputs: { id: 7 } }, 'its output "id" is no string'],
    [{ change: 'created', outputs: {} }, '"ensure security-group-rules/controlplane" needs its output "id"'],
  ])('%j blocks the step with what is wrong and what a right one looks like', (result, problem) => {
    expect(problemWith(result)).toContain(`can't go on with: ${problem}. `);
    expect(problemWith(result)).toContain('A result looks like {"change":"created","outputs":{"id":"…"}}.');
  });
});

describe('a failure', () => {
  const wrapped = (cause: Error): ActivityFailure =>
    new ActivityFailure('Activity task failed', 'ensure', 'ensure a/b', RetryState.NON_RETRYABLE_FAILURE, '1', cause);

  test('has the verdict that its type says, and the message of what happened, not of Temporal', () => {
    expect(failureOf(wrapped(ApplicationFailure.create({ type: 'capacity', message: 'none left' })))).toEqual({
      verdict: 'capacity',
      message: 'none left',
    });
    const later = ApplicationFailure.create({ type: 'not-ready', message: '1 of 3', details: [1_500] });
    expect(failureOf(wrapped(later))).toEqual({ verdict: 'not-ready', message: '1 of 3', lookAgain: 1_500 });
  });

  test('of a wait has what the wait has seen so far', () => {
    const details = [1_500, { ready: '1' }];
    const later = ApplicationFailure.create({ type: 'not-ready', message: '1 of 3', details });
    expect(failureOf(wrapped(later))).toMatchObject({ lookAgain: 1_500, soFar: { ready: '1' } });
  });

  test('of any other kind, as one that a person or a time limit caused, is tried again', () => {
    expect(failureOf(wrapped(ApplicationFailure.create({ type: 'CLI', message: 'by hand' })))).toEqual({
      verdict: 'retry',
      message: 'by hand',
    });
    const timeout = new TimeoutFailure('activity StartToClose timeout', undefined, TimeoutType.START_TO_CLOSE);
    expect(failureOf(wrapped(timeout))).toEqual({ verdict: 'retry', message: 'activity StartToClose timeout' });
  });
});
