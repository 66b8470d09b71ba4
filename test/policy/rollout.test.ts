/** Turns of a rollout: which machine is next, and what a person sees over all of them. */
import { describe, expect, test } from '@jest/globals';
import type { Replica } from '../../policy/replicas.ts';
import { choose, type Due, type Remembered } from '../../policy/rollout.ts';
import { statusOf } from '../../policy/status.ts';
import type { OperationView } from '../../policy/views.ts';
import { timeOf } from '../../words/time.ts';
import { seedCluster } from '../topology/objects.ts';
import { done, MINUTE, OBJECT, OWNER, step, T0, view } from './operation-views.ts';

const due = (index: number, forbidden?: string): Due => ({
  replacement: { replica: { index } as Replica, cause: 'user-data' },
  ...(forbidden === undefined ? {} : { forbidden }),
});
const remembered = (turn: number, of: number, turnIsOver = true): Remembered => ({
  rollout: { type: 'RepairCluster', turn, of, startedAt: timeOf(T0) },
  turnIsOver,
});
const turnOf = (...asked: Parameters<typeof choose>) => {
  const choice = choose(...asked);
  return choice.kind === 'replacement' ? [choice.turn.number, choice.turn.of] : choice.kind;
};

describe('the next turn', () => {
  test('is the first machine that is due, of as many as are due', () => {
    expect(choose([due(1), due(2)], undefined, T0)).toMatchObject({
      replacement: { replica: { index: 1 } },
      turn: { number: 1, of: 2, since: timeOf(T0) },
    });
  });

  test('is none once nothing is due, and waits for whoever may not be replaced now', () => {
    expect(choose([], remembered(1, 2), T0)).toEqual({ kind: 'done' });
    expect(choose([due(1, 'replica 2 must serve'), due(2)], undefined, T0)).toEqual({
      kind: 'wait',
      why: 'replica 2 must serve',
    });
  });

  test('goes on counting after the one before, and from its beginning', () => {
    expect(choose([due(2)], remembered(1, 2), T0 + MINUTE)).toMatchObject({
      turn: { number: 2, of: 2, since: timeOf(T0) },
    });
  });

  test('is the same again where the one before did not come to its end', () => {
    expect(turnOf([due(1), due(2)], remembered(1, 2, false), T0)).toEqual([1, 2]);
  });

  test('is one of more where another machine became due meanwhile, and of no fewer where one got well', () => {
    expect(turnOf([due(0), due(2)], remembered(1, 2), T0)).toEqual([2, 3]);
    expect(turnOf([due(2)], remembered(1, 3), T0)).toEqual([2, 3]);
  });
});

describe('what status says of a rollout of two turns', () => {
  const provisioned = seedCluster({
    status: {
      state: 'Provisioned',
      established: true,
      conditions: [
        { type: 'Ready', status: 'True', reason: 'Provisioned', message: '', lastTransitionTime: timeOf(T0 - MINUTE) },
      ],
      unhealthyReplicas: [1, 2].map((index) => ({ index, since: timeOf(T0), message: 'it was told wrongly' })),
    },
  });
  const turn = (number: number, changes: Partial<OperationView> = {}): OperationView =>
    view([step(`wait replica/${number}`, done)], {
      type: 'RepairCluster',
      runId: `run-${number}`,
      startedAt: T0 + number * MINUTE,
      turn: { number, of: 2, since: timeOf(T0) },
      ...changes,
    });
  const write = (object: typeof provisioned, operation: OperationView, now: number) =>
    statusOf(
      { object: OBJECT, owner: OWNER, generation: 1, subject: { kind: 'operation', operation }, events: [] },
      object,
      now,
    );
  const after = (...operations: readonly OperationView[]) =>
    operations.reduce((object, operation, index) => {
      const status = write(object, operation, T0 + index * MINUTE);
      return seedCluster({ status });
    }, provisioned).status;
  const ended = (number: number) => turn(number, { state: 'succeeded', finishedAt: T0 + number * MINUTE });
  const condition = (status: ReturnType<typeof after>, type: string) =>
    status?.conditions?.find((one) => one.type === type);

  test('is that it goes on between two turns: one edge each way, and Ready all the time', () => {
    const between = after(turn(1), ended(1));
    expect(between).toMatchObject({ state: 'Repairing', rollout: { type: 'RepairCluster', turn: 1, of: 2 } });
    expect(condition(between, 'Reconciling')).toMatchObject({ status: 'True', lastTransitionTime: timeOf(T0) });
    expect(condition(between, 'Reconciling')?.message).toBe('Turn 1 of 2: done, the next follows');
    expect(condition(between, 'Ready')).toMatchObject({ status: 'True' });
    expect(condition(between, 'Degraded')).toMatchObject({ status: 'True' });
    expect(between?.unhealthyReplicas?.map(({ index }) => index)).toEqual([2]);

    const over = after(turn(1), ended(1), turn(2), ended(2));
    expect(over?.state).toBe('Provisioned');
    expect(over).not.toHaveProperty('rollout');
    expect(condition(over, 'Reconciling')).toMatchObject({ status: 'False' });
    expect(condition(over, 'Degraded')).toBeUndefined();
  });

  test('stays while its next turn has to wait', () => {
    const between = seedCluster({ status: after(turn(1), ended(1)) ?? {} });
    const replicas = [{ index: 2, message: 'replica 2 was told wrongly' }];
    const subject = {
      kind: 'settled',
      rollout: 'RepairCluster',
      controlPlane: { replicas, quorumLost: false },
    } as const;
    const waiting = statusOf({ object: OBJECT, generation: 1, subject, events: [] }, between, T0 + MINUTE);
    expect(waiting).toMatchObject({ state: 'Repairing', rollout: { turn: 1, of: 2 } });
    expect(condition(waiting, 'Reconciling')).toMatchObject({ status: 'True' });
    expect(condition(waiting, 'Ready')).toMatchObject({ status: 'True' });
  });

  test('is one entry among the operations, from its first turn to its last', () => {
    const during = after(turn(1), ended(1));
    expect(during?.operations).toMatchObject([{ type: 'RepairCluster', state: 'running', startedAt: timeOf(T0) }]);
    const over = after(turn(1), ended(1), turn(2), ended(2));
    expect(over?.operations).toMatchObject([
      { type: 'RepairCluster', state: 'succeeded', startedAt: timeOf(T0), finishedAt: timeOf(T0 + 2 * MINUTE) },
    ]);
  });

  test('ends when nothing is wrong any more, whatever was to come', () => {
    const between = seedCluster({ status: after(turn(1), ended(1)) ?? {} });
    const settled = statusOf({ object: OBJECT, generation: 1, subject: { kind: 'settled' }, events: [] }, between, T0);
    expect(settled).not.toHaveProperty('rollout');
    expect(settled.state).toBe('Provisioned');
  });
});
