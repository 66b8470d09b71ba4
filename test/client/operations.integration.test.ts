/** `slipway operations …` between a management API double and a real Temporal, with a worker and without. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/client';
import type { Activities, Assessment } from '../../activities/contract.ts';
import { entityWorkflowId } from '../../api/names.ts';
import type { ObjectRef } from '../../api/object.ts';
import { listOperations } from '../../client/blocked.ts';
import { type EntityState, getEntityState, getOperationState, specChanged } from '../../workflows/messages.ts';
import { startTemporal, type TemporalForTests } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';
import { made, operationOf, planOf, securityGroup, stepOf } from '../workflows/builders.ts';
import { type ManagementDouble, startManagement } from './management-double.ts';
import { storedCluster } from './objects.ts';

const MAIN = fileURLToPath(new URL('../../client/cli/slipway.js', import.meta.url));
const PATH = '/apis/multicloud.cluster.gke.io/v1/namespaces/default/awsclusters/cluster-0';
const GROUP = 'ensure security-group/controlplane';
const OBJECT: ObjectRef = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: 'uid-0' };
const NEVER = { retryMs: 3_600_000, retryMaxMs: 3_600_000 };

type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

describe('slipway operations', () => {
  let folder: string;
  let management: ManagementDouble;
  let temporal: TemporalForTests;

  const slipway = (...args: string[]): Promise<Ran> =>
    new Promise((resolve) => {
      const environment = {
        PATH: process.env['PATH'],
        HOME: folder,
        SLIPWAY_HOME: folder,
        SLIPWAY_KUBECONFIG: join(folder, 'kubeconfig'),
        TEMPORAL_ADDRESS: temporal.address,
        TEMPORAL_NAMESPACE: temporal.namespace,
      };
      execFile(process.execPath, [MAIN, 'operations', ...args], { env: environment }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
    });

  /** A worker is up, and answers however busy the computer is. */
  const patiently = (...args: string[]): Promise<Ran> => slipway(...args, '--timeout', '600');

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-test-'));
    [management, temporal] = await Promise.all([startManagement({ [PATH]: [200, storedCluster()] }), startTemporal()]);
    writeFileSync(join(folder, 'kubeconfig'), management.kubeconfig);
  });
  afterAll(async () => {
    await temporal.stop();
    await management.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('list, describe, refuse, pause, resume, retry and abort, also while no worker is up', async () => {
    let cured = false;
    let done = false;
    const activities: Partial<Activities> = {
      assess: async (): Promise<Assessment> =>
        done
          ? { kind: 'settled', generation: 1 }
          : {
              kind: 'operate',
              operation: operationOf(planOf(stepOf(securityGroup('controlplane'))), {
                object: OBJECT,
                entityId: entityWorkflowId(OBJECT),
                pacing: NEVER,
              }),
            },
      mirror: async () => undefined,
      ensure: async () => {
        if (!cured) throw ApplicationFailure.create({ type: 'blocked', message: 'not permitted', nonRetryable: true });
        done = true;
        return made();
      },
    };
    const { client } = temporal.environment;
    const operation = client.workflow.getHandle(`${entityWorkflowId(OBJECT)}/operation`);
    const entity = client.workflow.getHandle(entityWorkflowId(OBJECT));
    const untilBlocked = () =>
      waitFor('it is blocked', async () =>
        (await operation.query(getOperationState)).steps[0]?.status.state === 'blocked' ? true : undefined,
      );
    /** A worker that has too much to do answers no query in time: then `describe` says what is known without it. */
    const described = (what: RegExp): Promise<RegExpExecArray> =>
      waitFor(
        `describe says ${what}`,
        async () => what.exec((await slipway('describe', 'cluster', 'cluster-0')).stdout) ?? undefined,
      );
    const taskQueue = 'operations-commands';
    await temporal.withWorker(
      activities,
      async () => {
        await client.workflow.signalWithStart('AwsCluster', {
          workflowId: entityWorkflowId(OBJECT),
          taskQueue,
          args: [{ v: 1, object: OBJECT, dependents: [] } satisfies EntityState],
          signal: specChanged,
          signalArgs: [],
        });
        await untilBlocked();
        await waitFor('Temporal lists it', async () =>
          (await listOperations(client, 'default')).some(({ blocked }) => blocked.length > 0) ? true : undefined,
        );
        const rows = (await slipway('list')).stdout.trim().split('\n');
        expect(rows).toHaveLength(2);
        expect(rows[1]).toMatch(
          /^default +cluster +cluster-0 +CreateCluster +Blocked +\d+s +ensure security-group\/controlplane +blocked +not permitted$/,
        );
        expect(JSON.parse((await slipway('list', '-A', '-o', 'json')).stdout)).toMatchObject([
          { kind: 'AWSCluster', name: 'cluster-0', blocked: [{ step: GROUP, kind: 'security-group' }] },
        ]);
        const printed = await described(/retry now: npx slipway operations (.*)/);
        expect(printed[1]).toBe(`retry cluster cluster-0 -n default --step '${GROUP}'`);

        expect(await patiently('resume', 'cluster', 'cluster-0')).toEqual({
          code: 1,
          stdout: '',
          stderr:
            'slipway: resume of AWSCluster default/cluster-0 was refused: It is not paused: there is nothing to resume.\n',
        });
        expect(await slipway('skip', 'cluster', 'cluster-0')).toMatchObject({ code: 2 });
        expect(await slipway('pause', 'cluster', 'cluster-0', '--timeout', 'soon')).toMatchObject({
          code: 2,
          stderr: expect.stringContaining('It must be a number of seconds'),
        });
        expect(await patiently('pause', 'awscluster', 'cluster-0', '-n', 'default')).toMatchObject({
          code: 0,
          stdout: expect.stringMatching(/^awscluster\/cluster-0: Paused/),
        });
        await described(/CreateCluster paused for/);
        expect(JSON.parse((await patiently('resume', 'cluster', 'cluster-0', '-o', 'json')).stdout)).toMatchObject({
          verb: 'resume',
          by: 'update',
          answer: 'Resumed.',
          object: OBJECT,
        });
        expect((await patiently('abort', 'cluster', 'cluster-0')).stdout).toMatch(/Aborting/);
        await waitFor('it is held', async () => (await entity.query(getEntityState)).held);
        await described(/begin again: npx slipway operations resume cluster cluster-0/);
        expect((await patiently('resume', 'cluster', 'cluster-0')).stdout).toMatch(/Resumed: it begins again/);
        await untilBlocked();
      },
      { taskQueue },
    );
    cured = true;
    const sent = await slipway('retry', 'cluster', 'cluster-0', '--step', GROUP, '--timeout', '1.5');
    expect(sent).toMatchObject({
      stderr: '',
      code: 0,
      stdout: expect.stringMatching(/No worker answered within 1\.5 s.*sent as a signal/),
    });
    await temporal.withWorker(
      activities,
      async () => {
        expect(await operation.result()).toEqual({ state: 'succeeded' });
        await described(/✓ CreateCluster succeeded in \S+/);
        await waitFor('nothing is listed', async () =>
          (await listOperations(client, undefined)).length === 0 ? true : undefined,
        );
        expect((await slipway('list')).stderr).toBe('Nothing runs and nothing is blocked in namespace default.\n');
        await entity.terminate();
      },
      { taskQueue },
    );
  });
});
