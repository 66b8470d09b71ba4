/**
 * I12: a worker that looks at the wrong API server, account or region makes no mutating call; pointed back, it goes on.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { OTHER_ACCOUNT_ACCESS_KEY } from '../../sandbox/aws/account.ts';
import type { RecordedCall } from '../../sandbox/aws/proxy/call.ts';
import { AWS_CREDENTIALS, folders, type SandboxLayout } from '../../sandbox/layout.ts';
import { workerEnvironment } from '../../sandbox/supervisor/environment.ts';
import { type ApiServerForTests, startApiServer } from '../support/api-server.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';

const MANIFEST = join(import.meta.dirname, '../fixtures/cluster-0.yaml');
const WORKERS: readonly string[] = [AWS_CREDENTIALS.accessKeyId, OTHER_ACCOUNT_ACCESS_KEY];

let sandbox: SandboxForTests;
let empty: ApiServerForTests;
let strayed: ChildProcess | undefined;

const layout = (): SandboxLayout => JSON.parse(readFileSync(folders(sandbox.home).layout, 'utf8')) as SandboxLayout;

const endStray = async (): Promise<void> => {
  const worker = strayed;
  strayed = undefined;
  if (worker === undefined || worker.exitCode !== null) return;
  const exited = once(worker, 'exit');
  worker.kill('SIGKILL');
  await exited;
};

/** Runs a worker of another configuration in the place of the sandbox's own. */
const strayWorker = async (settings: NodeJS.ProcessEnv): Promise<void> => {
  // One that a failed test left behind would go on polling, in this sandbox and in the next one at its address.
  await endStray();
  await succeed('stop slipway-worker', sandbox.sandbox('stop', 'slipway-worker'));
  const { checkout, node } = layout();
  const log = createWriteStream(join(sandbox.home, 'logs', 'strayed-worker.log'), { flags: 'a' });
  const worker = spawn(node, [join(checkout, 'worker/main.ts')], {
    env: { PATH: process.env['PATH'], ...workerEnvironment(layout(), {}), SLIPWAY_METRICS_ADDRESS: '', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  strayed = worker;
  let said = '';
  worker.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  worker.stdout.pipe(log);
  worker.stderr.pipe(log);
  await waitFor('the strayed worker works', async () => (said.includes('"Working"') ? true : undefined), UNHURRIED);
};

const pointBack = async (): Promise<void> => {
  await endStray();
  await succeed('start slipway-worker', sandbox.sandbox('start', 'slipway-worker'));
};

const runningEntities = async (): Promise<string[]> => {
  const query = `ExecutionStatus="Running" AND (WorkflowType="AwsCluster" OR WorkflowType="AwsNodePool")`;
  return (await sandbox.workflows().list(query)).map((one) => one.execution.workflowId);
};

/** A watcher may start an entity again as soon as it ended: what counts is that it looked, and ended. */
const endedRuns = async (entity: string): Promise<number> => {
  const query = `ExecutionStatus="Completed" AND WorkflowId="${entity}"`;
  return (await sandbox.workflows().list(query)).length;
};

/** Makes every entity look again, as a change of its object would. */
const poke = async (entities: readonly string[]): Promise<void> => {
  for (const id of entities) {
    await succeed('signal', sandbox.temporal(['workflow', 'signal', '--workflow-id', id, '--name', 'specChanged']));
  }
};

const phaseOf = async (entity: string): Promise<string | undefined> => {
  const ran = await sandbox.temporal([
    'workflow',
    'query',
    '--workflow-id',
    entity,
    '--type',
    'getState',
    '-o',
    'json',
  ]);
  return /"phase":\s*"([a-z]+)"/.exec(ran.stdout)?.[1];
};

const untilAllAre = (phase: string, entities: readonly string[]): Promise<true> =>
  waitFor(
    `every entity to be ${phase}`,
    async () => ((await Promise.all(entities.map(phaseOf))).every((now) => now === phase) ? true : undefined),
    UNHURRIED,
  );

type Stated = { readonly status?: { readonly state?: string } };
const states = async (): Promise<string> => {
  const listed = await sandbox.objects().all<Stated>();
  return listed.map(({ status }) => status?.state ?? '').join(' ');
};

const readyReason = async (): Promise<string> =>
  (
    await sandbox.kubectl([
      'get',
      'awscluster',
      'cluster-0',
      '-o',
      'jsonpath={range .status.conditions[?(@.status=="True")]}{.type}: {.message}{"\\n"}{end}',
    ])
  ).stdout;

/** Mutating calls made with a worker's credentials: agents and controllers have their own. */
const workersMutations = async (since: number): Promise<readonly RecordedCall[]> =>
  (await sandbox.callsSince(since, { mutating: true })).calls.filter((call) => WORKERS.includes(call.accessKey));

const now = async (): Promise<number> => (await sandbox.callsSince(0)).next;

beforeAll(async () => {
  [sandbox, empty] = await Promise.all([
    startSandbox({ SLIPWAY_RELIST_SECONDS: '10' }, { stub: true }),
    startApiServer(),
  ]);
  await empty.installCrds(join(import.meta.dirname, '../../deploy/crds'));
  await succeed('apply', sandbox.kubectl(['apply', '-f', MANIFEST]));
  await waitFor(
    'everything is provisioned',
    async () => ((await states()) === 'Provisioned Provisioned Provisioned Provisioned' ? true : undefined),
    UNHURRIED,
  );
});

afterAll(async () => {
  await endStray();
  await empty?.stop();
  await sandbox?.end();
});

describe('a worker that was pointed at the wrong place', () => {
  test('an empty API server: entities end as orphaned, nothing is changed; pointed back, they go on', async () => {
    const entities = await runningEntities();
    expect(entities).toHaveLength(4);
    const before = await now();
    await strayWorker({ KUBECONFIG: empty.kubeconfig });
    await poke(entities);
    await waitFor(
      'every entity has looked and ended',
      async () => ((await Promise.all(entities.map(endedRuns))).every((runs) => runs > 0) ? true : undefined),
      UNHURRIED,
    );
    await pointBack();
    await untilAllAre('settled', entities);
    expect(await workersMutations(before)).toEqual([]);
    expect(await states()).toBe('Provisioned Provisioned Provisioned Provisioned');
  });

  test.each([
    ['another account', { AWS_ACCESS_KEY_ID: OTHER_ACCOUNT_ACCESS_KEY }, /account/],
    ['a region where the cluster is not', { AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-east-1' }, /region/],
  ])('%s: it says so and changes nothing; pointed back, it goes on', async (_place, settings, said) => {
    const entities = await runningEntities();
    const before = await now();
    await strayWorker(settings);
    await poke(entities);
    await untilAllAre('blocked', entities);
    await waitFor('the status says why', async () => (said.test(await readyReason()) ? true : undefined), UNHURRIED);
    expect(await workersMutations(before)).toEqual([]);
    await pointBack();
    await poke(entities);
    await untilAllAre('settled', entities);
    expect(await workersMutations(before)).toEqual([]);
  });

  test('a deletion given meanwhile removes nothing there, and everything once it is pointed back', async () => {
    const before = await now();
    await strayWorker({ AWS_ACCESS_KEY_ID: OTHER_ACCOUNT_ACCESS_KEY });
    await succeed('delete', sandbox.kubectl(['delete', '--wait=false', '-f', MANIFEST]));
    const [cluster] = (await runningEntities()).filter((id) => id.startsWith('awscluster/'));
    await untilAllAre('blocked', [cluster ?? '']);
    expect(await workersMutations(before)).toEqual([]);
    await pointBack();
    await waitFor(
      'all objects are gone',
      async () =>
        (await sandbox.kubectl(['get', 'awsclusters,awsnodepools', '-o', 'name'])).stdout === '' ? true : undefined,
      UNHURRIED,
    );
  });
});
