/** What people say to an operation, by update, by signal and by Temporal's own commands, against a real server. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Context } from '@temporalio/activity';
import { ApplicationFailure, type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import type { OperationInput, OperationView, StepRequest } from '../../activities/contract.ts';
import type { Resource } from '../../kinds/resource.ts';
import { updateCommand } from '../../words/commands.ts';
import { attemptOf } from '../../worker/activities.ts';
import {
  getOperationState,
  type OperationResult,
  supersede,
  verbSignals,
  verbUpdates,
} from '../../workflows/messages.ts';
import { startTemporal, type TemporalForTests } from '../support/temporal.ts';
import { toolsFolder } from '../support/tools.ts';
import { waitFor } from '../support/wait.ts';
import { made, operationOf, planOf, recordingActivities, securityGroup, stepOf } from './builders.ts';

let temporal: TemporalForTests;
let program: string;
beforeAll(async () => {
  temporal = await startTemporal();
  program = join(await toolsFolder(), 'temporal');
});
afterAll(() => temporal.stop());

const mirror = async (): Promise<void> => undefined;
const OFTEN = { retryMs: 100, retryMaxMs: 200 };
const NEVER = { retryMs: 3_600_000, retryMaxMs: 3_600_000 };

const GROUP = 'ensure security-group/controlplane';
const RULES = 'ensure security-group-rules/controlplane';
const NODES = 'wait nodes/1';

const rules: Resource = {
  key: 'security-group-rules/controlplane',
  kind: 'security-group-rules',
  properties: { groupId: { ref: 'security-group/controlplane', output: 'id' }, ingress: [] },
};
const nodes = stepOf({ key: 'nodes/1', kind: 'nodes', properties: {} } as unknown as Resource, {
  id: NODES,
  verb: 'wait',
});
const groupAndRules = planOf(stepOf(securityGroup('controlplane')), stepOf(rules, { needs: [GROUP] }));

const start = (taskQueue: string, operation: OperationInput) =>
  temporal.environment.client.workflow.start<(input: OperationInput) => Promise<OperationResult>>(operation.type, {
    taskQueue,
    workflowId: `operation-${randomUUID()}`,
    args: [operation],
  });
type Handle = WorkflowHandle<(input: OperationInput) => Promise<OperationResult>>;

const stateOf = (handle: WorkflowHandle): Promise<OperationView> => handle.query(getOperationState);
const statusOf = async (handle: WorkflowHandle, id: string) =>
  (await stateOf(handle)).steps.find((step) => step.id === id)?.status;
const untilStep = (handle: WorkflowHandle, id: string, state: string) =>
  waitFor(`${id} is ${state}`, async () => {
    const status = await statusOf(handle, id);
    return status?.state === state ? status : undefined;
  });

const blocked = (message = 'Not permitted: CreateSecurityGroup'): ApplicationFailure =>
  ApplicationFailure.create({ type: 'blocked', message, nonRetryable: true });
const notReady = (): ApplicationFailure =>
  ApplicationFailure.create({ type: 'not-ready', message: 'not yet', nextRetryDelay: '1 hour' });

const refusal = async (saying: Promise<unknown>): Promise<string> => {
  const error: unknown = await saying.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof WorkflowUpdateFailedError)) throw new Error(`It was not refused: ${String(error)}`);
  return error.cause?.message ?? '';
};

/** The command line of Temporal, as people type it. */
const cli = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)(program, [...args, '--address', temporal.address, '--namespace', temporal.namespace]))
    .stdout;

describe('skip', () => {
  test('goes on without a wait that would never end', async () => {
    const { calls, activities } = recordingActivities();
    const wait = async (): Promise<never> => {
      throw notReady();
    };
    const plan = planOf(nodes, stepOf(securityGroup('controlplane'), { needs: [NODES] }));
    await temporal.withWorker({ ...activities, wait, mirror }, async (queue) => {
      const handle = await start(queue, operationOf(plan));
      await untilStep(handle, NODES, 'running');
      expect(await handle.executeUpdate(verbUpdates.skip, { args: [{ step: NODES }] })).toBe(`Skipping ${NODES}.`);
      expect(await handle.result()).toEqual({ state: 'succeeded', skipped: [NODES] });
      expect((await stateOf(handle)).steps.map(({ status }) => status.state)).toEqual(['skipped', 'done']);
    });
    expect(calls).toEqual([GROUP]);
  });

  test('takes what is there, and is refused with the reason while others need what is not', async () => {
    let there: Record<string, string> | null = null;
    const seen: unknown[] = [];
    const ensure = async ({ step }: StepRequest) => {
      if (step.id === GROUP) throw blocked();
      seen.push(step.resource.properties);
      return made();
    };
    await temporal.withWorker({ ensure, mirror, find: async () => there }, async (queue) => {
      const handle = await start(queue, operationOf(groupAndRules, { pacing: NEVER }));
      await untilStep(handle, GROUP, 'blocked');
      const skip = () => handle.executeUpdate(verbUpdates.skip, { args: [{ step: GROUP }] });
      expect(await refusal(skip())).toBe(
        `"${GROUP}" can't be skipped: "${RULES}" needs its output "id", and nothing of ours is there.`,
      );
      await untilStep(handle, GROUP, 'blocked');
      there = { id: 'sg-by-hand' };
      expect(await skip()).toBe(`Skipping ${GROUP}.`);
      expect(await handle.result()).toEqual({ state: 'succeeded', skipped: [GROUP] });
    });
    expect(seen).toEqual([{ groupId: 'sg-by-hand', ingress: [] }]);
  });

  test('is refused for what nobody can vouch for, for what runs, is done or is not there', async () => {
    const preflight = { key: 'preflight', kind: 'preflight', properties: {} } as unknown as Resource;
    const plan = planOf(stepOf(preflight), stepOf(securityGroup('controlplane'), { needs: ['ensure preflight'] }));
    const ensure = async (): Promise<never> => {
      throw blocked();
    };
    await temporal.withWorker({ ensure, mirror }, async (queue) => {
      const handle = await start(queue, operationOf(plan, { pacing: NEVER }));
      await untilStep(handle, 'ensure preflight', 'blocked');
      const skip = (step?: string) =>
        refusal(handle.executeUpdate(verbUpdates.skip, { args: [step === undefined ? {} : { step }] }));
      expect(await skip('ensure preflight')).toMatch(/never skipped: what it found wrong would only show later/);
      expect(await skip(GROUP)).toMatch(/has not begun/);
      expect(await skip('ensure nothing')).toBe('There is no step "ensure nothing". Blocked: ensure preflight.');
      expect(await skip()).toMatch(/^Name the step to skip/);
      await handle.terminate();
    });
  });
});

describe('pause', () => {
  test('starts no step and tries none again, survives the death of the worker, and ends with resume', async () => {
    const taskQueue = `test-${randomUUID()}`;
    const tries: string[] = [];
    let cured = false;
    const ensure = async ({ step }: StepRequest) => {
      tries.push(step.id);
      if (!cured) throw blocked();
      return made({ id: 'sg-1' });
    };
    let handle: Handle | undefined;
    await temporal.withWorker(
      { ensure, mirror },
      async () => {
        handle = await start(taskQueue, operationOf(groupAndRules, { pacing: OFTEN }));
        await untilStep(handle, GROUP, 'blocked');
        expect(await handle.executeUpdate(verbUpdates.pause, { args: [{}] })).toMatch(/^Paused/);
        expect(await refusal(handle.executeUpdate(verbUpdates.pause, { args: [{}] }))).toBe('It is paused already.');
      },
      { taskQueue },
    );
    if (handle === undefined) throw new Error('it did not start');
    const paused = handle;
    cured = true;
    await temporal.withWorker(
      { ensure, mirror },
      async () => {
        const before = tries.length;
        expect((await stateOf(paused)).pausedAt).toBeDefined();
        expect((await paused.describe()).searchAttributes['SlipwayPhase']).toEqual(['Paused']);
        // Many retry intervals pass, as the clock of the workflow's own server says.
        await waitFor('a second passes', async () => {
          const { pausedAt = 0 } = await stateOf(paused);
          return Date.now() - pausedAt > 1_000 ? true : undefined;
        });
        expect(tries.length).toBe(before);
        expect(await paused.executeUpdate(verbUpdates.resume, { args: [{}] })).toBe('Resumed.');
        expect(await paused.result()).toEqual({ state: 'succeeded' });
        expect(await refusal(paused.executeUpdate(verbUpdates.resume, { args: [{}] })).catch(String)).toMatch(/./);
      },
      { taskQueue },
    );
    expect(tries.at(-1)).toBe(RULES);
  });

  test('lets a person try one step all the same, and is ended by what supersedes it', async () => {
    const tries: string[] = [];
    const ensure = async ({ step }: StepRequest): Promise<never> => {
      tries.push(step.id);
      throw blocked();
    };
    await temporal.withWorker({ ensure, mirror }, async (queue) => {
      const handle = await start(queue, operationOf(groupAndRules, { pacing: NEVER, paused: true }));
      await waitFor('it is paused', async () => (await stateOf(handle)).pausedAt);
      expect((await stateOf(handle)).steps.map(({ status }) => status.state)).toEqual(['pending', 'pending']);
      await handle.executeUpdate(verbUpdates.resume, { args: [{}] });
      await untilStep(handle, GROUP, 'blocked');
      await handle.executeUpdate(verbUpdates.pause, { args: [{}] });
      await handle.executeUpdate(verbUpdates.retry, { args: [{ step: GROUP }] });
      await waitFor('it was tried', async () => (tries.length === 2 ? true : undefined));
      await handle.signal(supersede, { reason: 'the spec changed' });
      expect(await handle.result()).toMatchObject({ state: 'superseded', reason: 'the spec changed' });
    });
  });
});

describe('abort', () => {
  test('of a create stops it and keeps it inspectable; of a delete it is refused', async () => {
    const ensure = async (): Promise<never> => {
      throw blocked();
    };
    await temporal.withWorker({ ensure, remove: ensure, mirror }, async (queue) => {
      const create = await start(queue, operationOf(groupAndRules, { pacing: NEVER }));
      await untilStep(create, GROUP, 'blocked');
      expect(await create.executeUpdate(verbUpdates.abort, { args: [{}] })).toMatch(/^Aborting/);
      expect(await create.result()).toEqual({ state: 'aborted', reason: 'it was aborted' });
      expect((await create.describe()).searchAttributes['SlipwayBlockedStep']).toBeUndefined();

      const removal = stepOf(securityGroup('controlplane'), {
        id: 'remove security-group/controlplane',
        verb: 'remove',
      });
      const remove = await start(queue, operationOf(planOf(removal), { type: 'DeleteCluster', pacing: NEVER }));
      await untilStep(remove, removal.id, 'blocked');
      expect(await refusal(remove.executeUpdate(verbUpdates.abort, { args: [{}] }))).toMatch(
        /A deletion is not aborted.*Pause holds it/,
      );
      await remove.terminate();
    });
  });
});

describe('a signal', () => {
  test('is kept while no worker is up; one that makes no sense, or is badly typed, is ignored', async () => {
    const taskQueue = `test-${randomUUID()}`;
    let cured = false;
    const ensure = async () => {
      if (!cured) throw blocked();
      return made({ id: 'sg-1' });
    };
    let handle: Handle | undefined;
    await temporal.withWorker(
      { ensure, mirror },
      async () => {
        handle = await start(taskQueue, operationOf(groupAndRules, { pacing: NEVER }));
        await untilStep(handle, GROUP, 'blocked');
      },
      { taskQueue },
    );
    const kept = handle;
    if (kept === undefined) throw new Error('it did not start');
    cured = true;
    const tell = (name: string, input?: string) =>
      cli('workflow', 'signal', '--workflow-id', kept.workflowId, '--name', name, ...(input ? ['--input', input] : []));
    await tell('skip');
    await tell('skip', '{"step":7}');
    await tell('skip', '"ensure"');
    await kept.signal(verbSignals.resume, {});
    await tell('retry');
    await temporal.withWorker(
      { ensure, mirror },
      async () => expect(await kept.result()).toEqual({ state: 'succeeded' }),
      { taskQueue },
    );
  });
});

describe("Temporal's own commands", () => {
  test('the update that is printed works as it is printed', async () => {
    let cured = false;
    const ensure = async () => {
      if (!cured) throw blocked();
      return made({ id: 'sg-1' });
    };
    await temporal.withWorker({ ensure, mirror }, async (queue) => {
      const handle = await start(queue, operationOf(groupAndRules, { pacing: NEVER }));
      await untilStep(handle, GROUP, 'blocked');
      cured = true;
      const printed = updateCommand('retry', handle.workflowId, GROUP).replace(/^temporal/, `'${program}'`);
      const { stdout } = await promisify(execFile)('sh', [
        '-c',
        `${printed} --address ${temporal.address} --namespace ${temporal.namespace}`,
      ]);
      expect(stdout).toContain(`Retrying ${GROUP}.`);
      expect(await handle.result()).toEqual({ state: 'succeeded' });
    });
  });

  test('complete stands for the step if its result will do, and blocks it with what is wrong if not', async () => {
    const seen: unknown[] = [];
    let stuck = 0;
    const ensure = async ({ step }: StepRequest) => {
      if (step.id === GROUP) {
        stuck += 1;
        throw ApplicationFailure.create({ type: 'retry', message: 'throttled', nextRetryDelay: '1 hour' });
      }
      seen.push(step.resource.properties);
      return made();
    };
    await temporal.withWorker({ ensure, mirror }, async (queue) => {
      const handle = await start(queue, operationOf(groupAndRules, { pacing: OFTEN }));
      const complete = (result: string) =>
        cli('activity', 'complete', '--workflow-id', handle.workflowId, '--activity-id', GROUP, '--result', result);
      const messages: string[] = [];
      for (const [index, wrong] of ['"done"', '{"change":"created"}', '{"change":"created","outputs":{}}'].entries()) {
        await waitFor('it is tried', async () => (stuck > index ? true : undefined));
        await waitFor('the result is taken', () => complete(wrong).then(() => true));
        messages.push(
          await waitFor('it is blocked', async () => {
            const status = await statusOf(handle, GROUP);
            return status?.state === 'blocked' && status.attempt === index + 1 ? status.message : undefined;
          }),
        );
      }
      expect(messages[0]).toMatch(/can't go on with: its change is missing|it is "done"/);
      expect(messages[1]).toMatch(/it has no outputs/);
      expect(messages[2]).toMatch(
        `"${RULES}" needs its output "id". A result looks like {"change":"created","outputs":{"id":"…"}}`,
      );
      await waitFor('it is tried again', async () => (stuck > 3 ? true : undefined));
      await waitFor('the result is taken', () =>
        complete('{"change":"created","outputs":{"id":"sg-by-hand"}}').then(() => true),
      );
      expect(await handle.result()).toEqual({ state: 'succeeded' });
    });
    expect(seen).toEqual([{ groupId: 'sg-by-hand', ingress: [] }]);
  });

  test('fail, reset, pause and unpause do what they say, and the step goes on', async () => {
    let attempts = 0;
    let cured = false;
    /** What the worker makes of each attempt's number: a reset begins to count anew. */
    const counted: (readonly [number, number])[] = [];
    const given = Promise.withResolvers<void>();
    const ensure = async () => {
      attempts += 1;
      const { info } = Context.current();
      counted.push([info.attempt, attemptOf(info)]);
      // Only an attempt that runs can be failed; the first one runs until it has been.
      if (attempts === 1) await given.promise;
      if (cured) return made({ id: 'sg-1' });
      throw ApplicationFailure.create({ type: 'retry', message: 'throttled', nextRetryDelay: '1 hour' });
    };
    await temporal.withWorker({ ensure, mirror }, async (queue) => {
      const handle = await start(queue, operationOf(planOf(stepOf(securityGroup('controlplane'))), { pacing: OFTEN }));
      const tell = (verb: string, ...more: string[]) =>
        cli('activity', verb, '--workflow-id', handle.workflowId, '--activity-id', GROUP, ...more);
      await waitFor('it is tried', async () => (attempts === 1 ? true : undefined));
      await waitFor('it fails', () => tell('fail', '--reason', 'given up by hand').then(() => true));
      const { message } = await waitFor('the reason shows', async () => {
        const status = await statusOf(handle, GROUP);
        return status?.state === 'blocked' ? status : undefined;
      });
      expect(message).toBe('given up by hand');
      given.resolve();
      await waitFor('it is tried again', async () => (attempts === 2 ? true : undefined));
      // A reset that follows its schedule at once can't be told from it.
      const tried = Date.now();
      await waitFor('a second passes', async () => (Date.now() - tried > 1_100 ? true : undefined));
      await waitFor('it is reset', () => tell('reset').then(() => true));
      await waitFor('it is tried at once', async () => (attempts >= 3 ? true : undefined));
      expect(counted.slice(0, 3)).toEqual([
        [1, 1],
        [1, 1],
        [1, 2],
      ]);
      await waitFor('it is paused', () => tell('pause').then(() => true));
      cured = true;
      const pending = (await handle.describe()).raw.pendingActivities?.[0];
      expect(pending?.paused).toBe(true);
      await tell('unpause');
      await tell('reset').catch(() => undefined);
      expect(await handle.result()).toEqual({ state: 'succeeded' });
    });
  });
});
