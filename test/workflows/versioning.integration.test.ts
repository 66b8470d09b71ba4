/**
 * Workers of two builds side by side: who ends what began, and who begins what comes. The commands are those of
 * `docs/upgrading-slipway.md`, in its order, with Temporal's own command line.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Assessment, OperationInput } from '../../activities/contract.ts';
import { entityWorkflowId } from '../../api/names.ts';
import type { ObjectRef } from '../../api/object.ts';
import { specChanged } from '../../workflows/messages.ts';
import { allCommands } from '../docs/commands.ts';
import { startTemporal, type TemporalForTests } from '../support/temporal.ts';
import { toolsFolder } from '../support/tools.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { made, operationOf, planOf, recordingActivities, securityGroup, stepOf } from './builders.ts';
import { entitiesOn, newObject } from './entities.ts';

let temporal: TemporalForTests;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.stop());

const { startEntity, entityOf, operationOn } = entitiesOn(() => temporal);

/** One of the page's commands, which contains `words`, for a deployment and a build. */
const documented = async (words: string, deployment: string, build: string): Promise<string> => {
  const all = allCommands().filter(({ page }) => page === 'docs/upgrading-slipway.md');
  const found = all.filter(({ text }) => text.includes(words));
  const [command] = found;
  if (command === undefined || found.length > 1) throw new Error(`the page has ${found.length} commands "${words}"`);
  const [program, ...args] = command.text
    .replaceAll('<deployment>', deployment)
    .replaceAll('<build>', build)
    .split(' ');
  expect(program).toBe('temporal');
  const where = ['--address', temporal.address, '--namespace', temporal.namespace];
  const { stdout } = await promisify(execFile)(join(await toolsFolder(), 'temporal'), [...args, ...where]);
  return stdout;
};

/** A build whose workers do not poll yet is refused. */
const makeCurrent = (deployment: string, build: string): Promise<string> =>
  waitFor(`build ${build} to be current`, () => documented('set-current-version', deployment, build), UNHURRIED);

const buildOf = async (workflowId: string): Promise<string | undefined> => {
  const { client } = temporal.environment;
  const { workflowExecutionInfo } = await client.workflowService.describeWorkflowExecution({
    namespace: temporal.namespace,
    execution: { workflowId },
  });
  return workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId ?? undefined;
};

/** The activities of one build, which keep count of what it was asked. */
const buildOn = (object: ObjectRef, answer: () => Assessment, perform?: Parameters<typeof recordingActivities>[0]) => {
  const { calls, activities } = recordingActivities(perform);
  const looks: string[] = [];
  const assess = async (): Promise<Assessment> => {
    looks.push(object.uid);
    return answer();
  };
  return { calls, looks, activities: { ...activities, assess, mirror: async () => undefined } };
};

const twoSteps = (object: ObjectRef): OperationInput =>
  operationOf(
    planOf(
      stepOf(securityGroup('controlplane')),
      stepOf(securityGroup('nodes'), {
        id: 'ensure security-group/nodes',
        needs: ['ensure security-group/controlplane'],
      }),
    ),
    { object, entityId: entityWorkflowId(object) },
  );

const SETTLED: Assessment = { kind: 'settled', generation: 1 };

/** Runs that the object's entity has had. */
const runsOf = async (object: ObjectRef): Promise<number> => {
  const query = `WorkflowId = '${entityWorkflowId(object)}'`;
  return (await temporal.environment.client.workflow.count(query)).count;
};

/** As the watcher does every ten minutes, until the entity is where it should be: another current build takes a moment to be known. */
const moved = (object: ObjectRef, build: string): Promise<true> =>
  waitFor(
    `the entity to be of build ${build}`,
    async () => {
      await entityOf(object).signal(specChanged);
      return (await buildOf(entityWorkflowId(object))) === build ? true : undefined;
    },
    UNHURRIED,
  );

describe('beside a worker of another build', () => {
  test('an operation ends on the build that it began on, though another is current, and its entity goes on there', async () => {
    const object = newObject();
    const gate = { open: (): void => undefined, reached: false };
    const opened = new Promise<void>((resolve) => {
      gate.open = resolve;
    });
    let isOver = false;
    const older = buildOn(
      object,
      () => (isOver ? SETTLED : { kind: 'operate', operation: twoSteps(object) }),
      async ({ step }) => {
        gate.reached = true;
        await opened;
        isOver = step.id === 'ensure security-group/nodes';
        return made();
      },
    );
    const newer = buildOn(object, () => SETTLED);
    const besideTheOlder = async (queue: string): Promise<void> => {
      await makeCurrent(queue, 'newer');
      const looks = older.looks.length;
      await waitFor('the entity to look while its operation runs', async () => {
        await entityOf(object).signal(specChanged);
        return older.looks.length > looks + 1 ? true : undefined;
      });
      gate.open();
      await waitFor('the operation to end', async () =>
        (await operationOn(object).describe()).status.name === 'COMPLETED' ? true : undefined,
      );
      expect(await buildOf(`${entityWorkflowId(object)}/operation`)).toBe('older');
      expect([older.calls, newer.calls]).toEqual([
        ['ensure security-group/controlplane', 'ensure security-group/nodes'],
        [],
      ]);
      await moved(object, 'newer');
      await waitFor('the newer build to look', async () => (newer.looks.length > 0 ? true : undefined));
      expect(await documented('describe-version', queue, 'older')).toContain('older');
      expect(await documented('describe --name', queue, 'newer')).toContain('newer');
    };
    await temporal.withWorker(
      older.activities,
      async (queue) => {
        await makeCurrent(queue, 'older');
        await startEntity(queue, object);
        await waitFor('the first step to be under way', async () => (gate.reached ? true : undefined));
        await temporal.withWorker(newer.activities, besideTheOlder, { taskQueue: queue, buildId: 'newer' });
        await entityOf(object).terminate();
      },
      { taskQueue: `versions-${object.uid}`, buildId: 'older' },
    );
  });

  test('the first worker with a build goes on with what those without began, once its build is current', async () => {
    const object = newObject();
    const [without, first] = [buildOn(object, () => SETTLED), buildOn(object, () => SETTLED)];
    const taskQueue = `versions-${object.uid}`;
    await temporal.withWorker(
      without.activities,
      async () => {
        await startEntity(taskQueue, object);
        await waitFor('a look without a build', async () => (without.looks.length > 0 ? true : undefined));
        expect(await buildOf(entityWorkflowId(object))).toBeUndefined();
        const afterwards = async (): Promise<void> => {
          await makeCurrent(taskQueue, 'first');
          await moved(object, 'first');
          await waitFor('the first build to look', async () => (first.looks.length > 0 ? true : undefined));
        };
        await temporal.withWorker(first.activities, afterwards, { taskQueue, buildId: 'first' });
        await entityOf(object).terminate();
      },
      { taskQueue },
    );
  });

  test('an entity at rest moves on, goes back when the older build is current again, and does not run in circles', async () => {
    const object = newObject();
    const [older, newer] = [buildOn(object, () => SETTLED), buildOn(object, () => SETTLED)];
    const looks = (): number => older.looks.length + newer.looks.length;
    await temporal.withWorker(
      older.activities,
      async (queue) => {
        await makeCurrent(queue, 'older');
        await startEntity(queue, object);
        await moved(object, 'older');
        const thereAndBack = async (): Promise<void> => {
          for (const build of ['newer', 'older']) {
            await makeCurrent(queue, build);
            await moved(object, build);
          }
          const before = looks();
          await waitFor(
            'more looks',
            async () => {
              await entityOf(object).signal(specChanged);
              return looks() > before + 3 ? true : undefined;
            },
            UNHURRIED,
          );
          // One run a build and change: of each that moved on again and again there would be many.
          await waitFor(
            'three runs to be listed',
            async () => ((await runsOf(object)) >= 3 ? true : undefined),
            UNHURRIED,
          );
          expect(await runsOf(object)).toBe(3);
        };
        await temporal.withWorker(newer.activities, thereAndBack, { taskQueue: queue, buildId: 'newer' });
        await entityOf(object).terminate();
      },
      { taskQueue: `versions-${object.uid}`, buildId: 'older' },
    );
  });
});
