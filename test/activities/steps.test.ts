/** When a step tells what it waits for, or what goes wrong, instead of trying again unseen. */
import { describe, expect, test } from '@jest/globals';
import type { Drivers } from '../../activities/steps.ts';
import { createSteps } from '../../activities/steps.ts';
import { blockedError, notYet, retryError, verdictOf } from '../../activities/verdicts.ts';
import { PLAN_VERSION } from '../../words/steps.ts';
import { operationOf, planOf } from '../workflows/builders.ts';

const { object, owner, entityId } = operationOf(planOf());
const resource = { key: 'nodes/1', kind: 'nodes', properties: {} } as never;

/** One look that is not ready, by an execution that was scheduled and a step that began so many seconds ago. */
const look = async (
  scheduled: number,
  began: number,
  again = 1,
  awaitedSoFar = '1 of 3 ready',
  error = notYet('1 of 3 ready', again * 1_000),
) => {
  const now = Date.now();
  const seen: number[] = [];
  const steps = createSteps({
    nodes: {
      kind: 'nodes',
      check: async ({ since }: { since: number }) => {
        seen.push(since);
        throw error;
      },
    },
  } as unknown as Drivers);
  const step = { id: 'wait nodes/1', verb: 'wait', resource, needs: [] } as const;
  const request = {
    object,
    owner,
    entityId,
    plan: PLAN_VERSION,
    step,
    first: false,
    since: now - began * 1_000,
    awaitedSoFar,
  };
  const signal = new AbortController().signal;
  const thrown = await steps.wait(request, { attempt: 1, signal, since: now - scheduled * 1_000 }).catch((e) => e);
  expect(seen).toEqual([now - began * 1_000]);
  return verdictOf(thrown);
};

describe('a wait', () => {
  test('looks again by itself for a while, then tells what it waits for', async () => {
    expect(await look(2, 2)).not.toHaveProperty('reported');
    expect(await look(12, 12)).toMatchObject({ reported: true, message: '1 of 3 ready', delayMs: 1_000 });
  });

  test('tells what it has seen so far, too', async () => {
    const seen = notYet('1 of 3 ready', 1_000, { ready: '1' });
    expect(await look(12, 12, 1, '', seen)).toMatchObject({ reported: true, soFar: { ready: '1' } });
  });

  test('tells at once when it will not look again for long', async () => {
    expect(await look(0, 0, 60)).toMatchObject({ reported: true, delayMs: 60_000 });
  });

  test('tells the more rarely the longer it waits, but never later than in five minutes', async () => {
    expect(await look(30, 100)).toMatchObject({ waiting: true });
    expect(await look(30, 100)).not.toHaveProperty('reported');
    expect(await look(299, 36_000)).toMatchObject({ reported: true });
    expect(await look(200, 36_000)).not.toHaveProperty('reported');
  });

  test('tells sooner when it waits for something else than it said', async () => {
    expect(await look(21, 36_000, 1, 'the API server does not answer')).toMatchObject({ reported: true });
    expect(await look(10, 36_000, 1, 'the API server does not answer')).not.toHaveProperty('reported');
  });

  test('whose look fails in a way that waiting may cure is tried again unseen for a while, never for ever', async () => {
    const refused = retryError('connect ECONNREFUSED');
    expect(await look(3, 3, 1, '', refused)).not.toHaveProperty('reported');
    expect(await look(25, 25, 1, '', refused)).toMatchObject({ verdict: 'retry', reported: true });
    expect(await look(25, 25, 1, '', blockedError('not permitted'))).toMatchObject({ verdict: 'blocked' });
  });
});

describe('a step', () => {
  test('knows when its operation began with it, however often it was scheduled since', async () => {
    const now = Date.now();
    const seen: number[] = [];
    const note = async ({ since }: { since: number }) => {
      seen.push(since);
      return [];
    };
    const driver = { kind: 'nodes', candidates: note, create: async () => ({ outputs: {} }) };
    const steps = createSteps({ nodes: driver } as unknown as Drivers);
    const execution = { attempt: 2, signal: new AbortController().signal, since: now };
    for (const verb of ['ensure', 'remove'] as const) {
      const step = { id: `${verb} nodes/1`, verb, resource, needs: [] };
      await steps[verb](
        { object, owner, entityId, plan: PLAN_VERSION, step, first: true, since: now - 60_000 },
        execution,
      );
    }
    expect(seen).toEqual([now - 60_000, now - 60_000]);
  });
});
