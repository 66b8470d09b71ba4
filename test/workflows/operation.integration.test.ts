import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApplicationFailure, type WorkflowHandle } from '@temporalio/client';
import type { MirrorRequest, OperationInput, OperationView, StepRequest } from '../../activities/contract.ts';
import { createSteps, type Drivers } from '../../activities/steps.ts';
import { verdictOf } from '../../activities/verdicts.ts';
import type { Resource } from '../../kinds/resource.ts';
import type { Step } from '../../policy/plan.ts';
import { PLAN_VERSION } from '../../words/steps.ts';
import { failureOf } from '../../worker/interceptors.ts';
import { getOperationState, type OperationResult, supersede, verbUpdates } from '../../workflows/messages.ts';
import { startTemporal, type TemporalForTests } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';
import { made, operationOf, planOf, recordingActivities, securityGroup, stepOf } from './builders.ts';

let temporal: TemporalForTests;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.stop());

let count = 0;
const start = (taskQueue: string, operation: OperationInput) => {
  count += 1;
  return temporal.environment.client.workflow.start<(input: OperationInput) => Promise<OperationResult>>(
    operation.type,
    {
      taskQueue,
      workflowId: `operation-${count}`,
      args: [operation],
    },
  );
};

const stateOf = (handle: WorkflowHandle): Promise<OperationView> => handle.query(getOperationState);

const rules: Resource = {
  key: 'security-group-rules/controlplane',
  kind: 'security-group-rules',
  properties: { groupId: { ref: 'security-group/controlplane', output: 'id' }, ingress: [] },
};

describe('an operation', () => {
  test('runs steps in the order of their needs, and hands outputs on', async () => {
    const seen: unknown[] = [];
    const { calls, activities } = recordingActivities(async (request: StepRequest) => {
      seen.push(request.step.resource.properties);
      return made({ id: 'sg-1' });
    });
    const plan = planOf(
      stepOf(securityGroup('controlplane')),
      stepOf(rules, { needs: ['ensure security-group/controlplane'] }),
    );
    const mirrored: MirrorRequest[] = [];
    const result = await temporal.withWorker(
      { ...activities, mirror: async (request) => void mirrored.push(request) },
      async (queue) => (await start(queue, operationOf(plan))).result(),
    );
    expect(result).toEqual({ state: 'succeeded' });
    expect(calls).toEqual(['ensure security-group/controlplane', 'ensure security-group-rules/controlplane']);
    expect(seen[1]).toEqual({ groupId: 'sg-1', ingress: [] });
    const events = mirrored.flatMap((request) => request.events.map((event) => event.message));
    expect(new Set(events)).toEqual(new Set(['Created security group named "gke-1-controlplane"']));
    expect(mirrored.at(-1)?.subject).toMatchObject({ kind: 'operation', operation: { state: 'succeeded' } });
  });

  test('publishes a blocked step with its reason, and goes on when asked to retry', async () => {
    let allowed = false;
    const { calls, activities } = recordingActivities(async () => {
      if (allowed) return made({ id: 'sg-1' });
      throw ApplicationFailure.create({
        type: 'blocked',
        message: 'Not permitted: CreateSecurityGroup',
        nonRetryable: true,
      });
    });
    await temporal.withWorker({ ...activities, mirror: async () => undefined }, async (queue) => {
      const handle = await start(queue, operationOf(planOf(stepOf(securityGroup('controlplane')))));
      const blocked = await waitFor('the step is blocked', async () => {
        const step = (await stateOf(handle)).steps[0];
        return step?.status.state === 'blocked' ? step.status : undefined;
      });
      expect(blocked).toMatchObject({ verdict: 'blocked', message: 'Not permitted: CreateSecurityGroup', attempt: 1 });
      await expect(handle.executeUpdate(verbUpdates.retry, { args: [{ step: 'ensure nothing' }] })).rejects.toThrow();
      allowed = true;
      await handle.executeUpdate(verbUpdates.retry, { args: [{}] });
      expect(await handle.result()).toEqual({ state: 'succeeded' });
    });
    expect(calls).toEqual(['ensure security-group/controlplane', 'ensure security-group/controlplane (again)']);
  });

  test('when superseded, stops a wait at once, starts nothing more and lets a mutation settle', async () => {
    let settle: (() => void) | undefined;
    let waiting = false;
    const plan = planOf(
      stepOf(securityGroup('controlplane')),
      stepOf(securityGroup('nodepool'), { needs: ['ensure security-group/controlplane'] }),
      stepOf(
        {
          key: 'control-plane/ready',
          kind: 'control-plane',
          properties: { endpoint: 'x', certificateAuthority: 'secret/root-ca' },
        },
        { id: 'wait control-plane/ready', verb: 'wait' },
      ),
    );
    const result = await temporal.withWorker(
      {
        mirror: async () => undefined,
        ensure: async () => {
          await new Promise<void>((resolve) => {
            settle = resolve;
          });
          return made({ id: 'sg-1' });
        },
        wait: async () => {
          waiting = true;
          throw ApplicationFailure.create({ type: 'not-ready', message: 'not yet', nextRetryDelay: '1 hour' });
        },
      },
      async (queue) => {
        const handle = await start(queue, operationOf(plan));
        await waitFor('both have started', async () => (waiting && settle ? true : undefined));
        await handle.signal(supersede, { reason: 'DeleteCluster takes its place' });
        await waitFor('the wait is given up', async () =>
          (await stateOf(handle)).steps.at(-1)?.status.state === 'pending' ? true : undefined,
        );
        settle?.();
        const ended = await handle.result();
        expect((await stateOf(handle)).steps.map((step) => step.status.state)).toEqual(['done', 'pending', 'pending']);
        return ended;
      },
    );
    expect(result).toEqual({ state: 'superseded', reason: 'DeleteCluster takes its place' });
  });

  test('goes on although its status is refused for good', async () => {
    const { activities } = recordingActivities(async () => made({ id: 'sg-1' }));
    const mirror = async (): Promise<void> => {
      throw ApplicationFailure.create({ type: 'bug', message: 'status.new is not in the schema', nonRetryable: true });
    };
    const result = await temporal.withWorker({ ...activities, mirror }, async (queue) =>
      (await start(queue, operationOf(planOf(stepOf(securityGroup('controlplane')))))).result(),
    );
    expect(result).toEqual({ state: 'succeeded' });
  });

  test('says what a step waits for and has seen so far, and looks again when it was told to', async () => {
    const plan = planOf(
      stepOf({ key: 'nodes/1', kind: 'nodes', properties: {} } as unknown as Resource, {
        id: 'wait nodes/1',
        verb: 'wait',
      }),
    );
    let looks = 0;
    const since: (number | undefined)[] = [];
    await temporal.withWorker(
      {
        mirror: async () => undefined,
        wait: async (request) => {
          looks += 1;
          since.push(request.since);
          if (looks > 1) return { change: 'unchanged', outputs: {} };
          throw ApplicationFailure.create({
            type: 'not-ready',
            message: '1 of 3 ready',
            nonRetryable: true,
            details: [1_500, { ready: '1' }],
          });
        },
      },
      async (queue) => {
        const began = Date.now();
        const handle = await start(queue, operationOf(plan));
        const { running, outputs } = await waitFor('it says so', async () => {
          const view = await stateOf(handle);
          const status = view.steps[0]?.status;
          return status?.state === 'running' && status.awaited !== undefined
            ? { running: status, outputs: view.outputs }
            : undefined;
        });
        expect(running.awaited).toBe('1 of 3 ready');
        expect(outputs['nodes/1']).toEqual({ ready: '1' });
        expect(await handle.result()).toEqual({ state: 'succeeded' });
        expect(Date.now() - began).toBeGreaterThan(1_500);
      },
    );
    expect(since[0]).toBe(since[1]);
  });

  test('ends when a step finds the plan out of date, and gives up its waits', async () => {
    const plan = planOf(
      stepOf(securityGroup('controlplane')),
      stepOf(
        {
          key: 'control-plane/ready',
          kind: 'control-plane',
          properties: { endpoint: 'x', certificateAuthority: 'secret/root-ca' },
        },
        { id: 'wait control-plane/ready', verb: 'wait' },
      ),
    );
    const result = await temporal.withWorker(
      {
        mirror: async () => undefined,
        ensure: async () => {
          throw ApplicationFailure.create({ type: 'superseded', message: 'the object is gone', nonRetryable: true });
        },
        wait: async () => {
          throw ApplicationFailure.create({ type: 'not-ready', message: 'not yet', nextRetryDelay: '1 hour' });
        },
      },
      async (queue) => (await start(queue, operationOf(plan))).result(),
    );
    expect(result).toEqual({ state: 'superseded', reason: 'the object is gone' });
  });

  test("Temporal's own cancel ends it as aborted, inspectable", async () => {
    const { activities } = recordingActivities(async () => {
      throw ApplicationFailure.create({ type: 'blocked', message: 'no', nonRetryable: true });
    });
    await temporal.withWorker({ ...activities, mirror: async () => undefined }, async (queue) => {
      const handle = await start(queue, operationOf(planOf(stepOf(securityGroup('controlplane')))));
      await waitFor('the step is blocked', async () =>
        (await stateOf(handle)).steps[0]?.status.state === 'blocked' ? true : undefined,
      );
      await handle.cancel();
      expect(await handle.result()).toMatchObject({ state: 'aborted' });
    });
  });

  test('that is aborted takes back what its plan says, once what was under way has settled, and no other end does', async () => {
    const undo = [stepOf(securityGroup('undone'))];
    const { calls, activities } = recordingActivities(async (request: StepRequest) => {
      if (request.step.resource.key !== 'security-group/controlplane') return made();
      throw ApplicationFailure.create({ type: 'blocked', message: 'no', nonRetryable: true });
    });
    await temporal.withWorker({ ...activities, mirror: async () => undefined }, async (queue) => {
      const end = async (how: (handle: WorkflowHandle) => Promise<unknown>) => {
        const plan = { ...planOf(stepOf(securityGroup('controlplane'))), undo };
        const handle = await start(queue, operationOf(plan));
        await waitFor('the step is blocked', async () =>
          (await stateOf(handle)).steps[0]?.status.state === 'blocked' ? true : undefined,
        );
        calls.length = 0;
        await how(handle);
        return handle.result();
      };
      expect(await end((handle) => handle.cancel())).toMatchObject({ state: 'aborted' });
      expect(calls).toEqual(['ensure security-group/undone']);
      expect(await end((handle) => handle.signal(supersede, { reason: 'news' }))).toMatchObject({
        state: 'superseded',
      });
      expect(calls).toEqual([]);
    });
  });

  test('that takes back what its rollout left has aborted that rollout once it is done', async () => {
    const { calls, activities } = recordingActivities();
    await temporal.withWorker({ ...activities, mirror: async () => undefined }, async (queue) => {
      const back = planOf(stepOf(securityGroup('controlplane')));
      const handle = await start(queue, operationOf(back, { givesUp: true }));
      expect(await handle.result()).toEqual({ state: 'aborted' });
      expect(calls).toEqual(['ensure security-group/controlplane']);
    });
  });

  const unknownVerb = { ...stepOf(securityGroup('nodepool')), verb: 'drain' } as unknown as Step;
  test.each<[string, Partial<OperationInput>, string]>([
    [
      'a plan of a newer version',
      { plan: { ...planOf(stepOf(securityGroup('controlplane'))), version: PLAN_VERSION + 1 } },
      `The plan has version ${PLAN_VERSION + 1}, and this worker runs ${PLAN_VERSION}.`,
    ],
    [
      'a step whose verb is unknown',
      { plan: planOf(stepOf(securityGroup('controlplane')), unknownVerb) },
      'This worker does not know the verb of step "ensure security-group/nodepool".',
    ],
    [
      'an input of a newer version',
      { v: 2 as unknown as 1, plan: planOf(stepOf(securityGroup('controlplane'))) },
      'The operation has version 2, and this worker runs 1.',
    ],
  ])('ends as superseded before anything is done, when it meets %s', async (_, overrides, reason) => {
    const { calls, activities } = recordingActivities();
    const mirrored: MirrorRequest[] = [];
    await temporal.withWorker(
      { ...activities, mirror: async (request) => void mirrored.push(request) },
      async (queue) => {
        const handle = await start(queue, operationOf(planOf(), overrides));
        expect(await handle.result()).toEqual({ state: 'superseded', reason });
        // Nothing that a newer worker would have done differently is in its history (I10).
        const { events } = await handle.fetchHistory();
        expect(events?.some((event) => event.activityTaskScheduledEventAttributes)).toBe(false);
      },
    );
    expect([calls, mirrored]).toEqual([[], []]);
  });

  const unknown = { ...securityGroup('x'), key: 'quantum-disk/0', kind: 'quantum-disk' } as unknown as Resource;

  test.each([
    [
      'a kind that this worker does not know',
      planOf({ ...stepOf(securityGroup('x')), resource: unknown } as Step),
      'does not know quantum-disk',
    ],
    [
      'a plan that the release before made',
      { ...planOf(stepOf(securityGroup('x'))), version: PLAN_VERSION - 1 },
      `has version ${PLAN_VERSION - 1}, and this worker carries out ${PLAN_VERSION}`,
    ],
  ])('ends as superseded when a step is of %s', async (_, plan, reason) => {
    const steps = createSteps({} as Drivers);
    const ensure = async (request: StepRequest) => {
      try {
        return await steps.ensure(request, { attempt: 1, signal: new AbortController().signal, since: 0 });
      } catch (error) {
        throw failureOf(verdictOf(error));
      }
    };
    const result = await temporal.withWorker({ ensure, mirror: async () => undefined }, async (queue) =>
      (await start(queue, operationOf(plan))).result(),
    );
    expect(result).toMatchObject({
      state: 'superseded',
      reason: expect.stringContaining(reason),
    });
  });
});
