/**
 * A whole life in a sandbox, with real activities: a cluster with a pool is made, swept, asked for credentials, deleted in
 * the middle of another create, and deleted.
 *
 * Owns: what the sandbox is told, and which runs it leaves. Its machines are stubs: what machines do is no part of a
 * history. Neighbours: `variants.ts` plays what a sandbox shows only by chance.
 */
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { parseAllDocuments, stringify } from 'yaml';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectionOptions } from '../../client/temporal.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';

const SEED = join(import.meta.dirname, '../fixtures/cluster-0.yaml');

/** The seed's cluster with the first of its pools, one node wide. */
const manifest = (): string => {
  const [cluster, pool] = parseAllDocuments(readFileSync(SEED, 'utf8')).map(
    (document) => document.toJS() as { readonly spec: object },
  );
  if (cluster === undefined || pool === undefined) throw new Error(`${SEED} holds no cluster with a pool.`);
  const small = { ...pool, spec: { ...pool.spec, minNodeCount: 1, maxNodeCount: 1 } };
  return [cluster, small].map((object) => stringify(object)).join('---\n');
};

const statesOf = async ({ kubectl }: SandboxForTests): Promise<readonly (string | undefined)[]> => {
  const list = await succeed('get', kubectl(['get', 'awsclusters,awsnodepools', '-o', 'json']));
  const { items } = JSON.parse(list) as { readonly items: readonly { readonly status?: { readonly state?: string } }[] };
  return items.map(({ status }) => status?.state);
};

const live = async (sandbox: SandboxForTests): Promise<void> => {
  const apply = () => succeed('apply', sandbox.kubectl(['apply', '-f', '-'], { input: manifest() }));
  const remove = () =>
    succeed('delete', sandbox.kubectl(['delete', '-f', '-', '--timeout', '10m'], { input: manifest() }));
  await apply();
  await waitFor('the first create is under way', async () => {
    const { calls } = await sandbox.callsSince(0, { mutating: true });
    return calls.some(({ operation }) => operation === 'CreateVolume') ? true : undefined;
  });
  await remove();
  await apply();
  await waitFor(
    'cluster and pool are provisioned',
    async () => {
      const states = await statesOf(sandbox);
      return states.length === 2 && states.every((state) => state === 'Provisioned') ? true : undefined;
    },
    UNHURRIED,
  );
  const schedules = await succeed('schedules', sandbox.temporal(['schedule', 'list', '-o', 'json']));
  for (const { scheduleId } of JSON.parse(schedules) as readonly { readonly scheduleId: string }[]) {
    await succeed('trigger', sandbox.temporal(['schedule', 'trigger', '--schedule-id', scheduleId]));
  }
  await succeed('plan', sandbox.slipway(['clusters', 'plan', 'cluster-0']));
  await succeed(
    'get-credentials',
    sandbox.slipway(['clusters', 'get-credentials', 'cluster-0'], { KUBECONFIG: join(sandbox.home, 'user') }),
  );
  await remove();
};

export type Run = { readonly type: string; readonly handle: WorkflowHandle };

/** All runs there are, oldest first; undefined while one of them has not ended. */
export const runsIn = async (client: Client): Promise<readonly Run[] | undefined> => {
  const found: (Run & { readonly startedAt: number })[] = [];
  for await (const one of client.workflow.list({ query: '' })) {
    // The server's own, such as those of schedules.
    if (one.type.startsWith('temporal-sys')) continue;
    if (one.status.name === 'RUNNING') return undefined;
    const handle = client.workflow.getHandle(one.workflowId, one.runId);
    found.push({ type: one.type, handle, startedAt: one.startTime.getTime() });
  }
  return found.sort((a, b) => a.startedAt - b.startedAt);
};

/** Lives that life, and hands its runs on while the sandbox still stands. */
export const recordLife = async (take: (runs: readonly Run[]) => Promise<void>): Promise<void> => {
  const sandbox = await startSandbox({ SLIPWAY_SETTLE_SECONDS: '1' }, { stub: true });
  try {
    await live(sandbox);
    const { temporal } = sandbox.status();
    const connection = await Connection.connect(connectionOptions(temporal.address));
    try {
      const client = new Client({ connection, namespace: temporal.namespace });
      await take(await waitFor('all workflows have ended', () => runsIn(client), UNHURRIED));
    } finally {
      await connection.close();
    }
  } finally {
    await sandbox.end();
  }
};
