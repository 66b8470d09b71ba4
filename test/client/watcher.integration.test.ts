/**
 * The watcher between a real API server and a real Temporal: what happens to objects reaches their entities, whatever
 * goes away in between. No worker runs: what counts is which workflows were started and how often they were signalled.
 */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { WorkflowNotFoundError } from '@temporalio/client';
import { pino } from 'pino';
import { clusterIdOf, entityWorkflowId } from '../../api/names.ts';
import { openAccess } from '../../client/access.ts';
import { runWatcher } from '../../client/watcher/watcher.ts';
import { transportTo } from '../../kubernetes/access.ts';
import { ROOT, seedManifest, withPath } from '../api/manifests.ts';
import { type ApiServerForTests, startApiServer } from '../support/api-server.ts';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server.ts';
import { waitFor } from '../support/wait.ts';

const API = '/apis/multicloud.cluster.gke.io/v1';
const PLURALS = { AWSCluster: 'awsclusters', AWSNodePool: 'awsnodepools' } as const;
type Kind = keyof typeof PLURALS;
type Stored = { readonly metadata: { readonly uid: string; readonly generation: number } };

let api: ApiServerForTests;
let temporal: TemporalServer;
let serial = 0;

beforeAll(async () => {
  [api, temporal] = await Promise.all([startApiServer(), startTemporalServer()]);
  await api.installCrds(join(ROOT, 'deploy/crds'));
});
afterAll(async () => {
  await temporal?.stop();
  await api?.stop();
});

const pathOf = (kind: Kind, name = ''): string => `${API}/namespaces/default/${PLURALS[kind]}${name && `/${name}`}`;

/** Makes an object from the manifest that people know, under a name of its own. */
const create = async (kind: Kind): Promise<{ name: string; uid: string; entity: string }> => {
  const from = seedManifest(kind === 'AWSCluster' ? 'cluster-0' : 'cluster-0-pool-0');
  serial += 1;
  const name = `${kind.toLowerCase()}-${serial}`;
  const { status, body } = await api.call('POST', pathOf(kind), withPath(from, 'metadata.name', name));
  expect([status, body]).toMatchObject([201, {}]);
  const { uid } = (body as Stored).metadata;
  return { name, uid, entity: entityWorkflowId({ kind, namespace: 'default', name, uid }) };
};

const patch = async (path: string, body: unknown): Promise<void> => {
  const answer = await api.call('PATCH', path, body, 'application/merge-patch+json');
  expect([answer.status, answer.body]).toMatchObject([200, {}]);
};

const kubectl = async (args: readonly string[], object: unknown): Promise<void> => {
  const { code, stderr } = await api.kubectl(args, JSON.stringify(object));
  expect([code, stderr]).toMatchObject([0, expect.anything()]);
};

const finalizersOf = async (path: string): Promise<readonly string[] | undefined> => {
  const { body } = await api.call('GET', path);
  return (body as { metadata: { finalizers?: readonly string[] } }).metadata.finalizers;
};

/** A cluster as kubectl applies it, once it has Slipway's finalizer; its entity was signalled once. */
const applied = async (how: string) => {
  serial += 1;
  const name = `applied-${serial}`;
  const cluster = withPath(withPath(seedManifest('cluster-0'), 'metadata.name', name), 'metadata.namespace', 'default');
  await kubectl(['apply', how, '-f', '-'], cluster);
  const path = pathOf('AWSCluster', name);
  const { uid } = ((await api.call('GET', path)).body as Stored).metadata;
  const entity = entityWorkflowId({ kind: 'AWSCluster', namespace: 'default', name, uid });
  await untilSignalled(entity, 1);
  await patch(`${path}?fieldManager=slipway`, { metadata: { finalizers: ['slipway.dev/cleanup'] } });
  return { cluster, path, entity };
};

/** How often an entity was signalled; undefined when there is none. */
const signalsOf = async (entity: string): Promise<number | undefined> => {
  try {
    const { events } = await temporal.client.workflow.getHandle(entity).fetchHistory();
    return (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes).length;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
};

const untilSignalled = (entity: string, least: number): Promise<number> =>
  waitFor(
    `${entity} is signalled ${least} times`,
    async () => {
      const signals = (await signalsOf(entity)) ?? 0;
      return signals >= least ? signals : undefined;
    },
    { intervalMs: 100 },
  );

/** A watcher runs during each test of a group, and what it said. Where the test isn't about it, nothing is swept. */
const watching = (sweepMs = 600_000): (() => readonly string[]) => {
  let stop: AbortController;
  let ended: Promise<void>;
  let said: string[];

  beforeEach(() => {
    stop = new AbortController();
    said = [];
    ended = runWatcher({
      api: transportTo(openAccess({ kubeconfig: api.kubeconfig })),
      connection: temporal.connection,
      client: temporal.client,
      namespace: 'default',
      log: pino({ level: 'info' }, { write: (line: string) => said.push((JSON.parse(line) as { msg: string }).msg) }),
      signal: stop.signal,
      relistMs: 600_000,
      probeMs: 300,
      sweepMs,
    });
  });
  afterEach(async () => {
    stop.abort();
    await ended;
  });
  return () => said;
};

describe('the watcher', () => {
  const said = watching();

  test('starts an entity for each object, with a summary and the cluster id to search by', async () => {
    const [cluster, pool] = await Promise.all([create('AWSCluster'), create('AWSNodePool')]);
    await Promise.all([untilSignalled(cluster.entity, 1), untilSignalled(pool.entity, 1)]);
    const description = await temporal.client.workflow.getHandle(cluster.entity).describe();
    expect(description.type).toBe('AwsCluster');
    expect(description.taskQueue).toBe('slipway');
    expect(await description.staticSummary()).toBe(`AWSCluster default/${cluster.name}`);
    expect(description.typedSearchAttributes.getAll()).toContainEqual(
      expect.objectContaining({ value: clusterIdOf(cluster.uid) }),
    );
    expect((await temporal.client.workflow.getHandle(pool.entity).describe()).type).toBe('AwsNodePool');
  });

  test('tells of a changed spec, a verb in an annotation and a deletion, and not of what is only in status', async () => {
    const { name, entity } = await create('AWSNodePool');
    const path = pathOf('AWSNodePool', name);
    await untilSignalled(entity, 1);
    await patch(path, { spec: { maxNodeCount: 6 } });
    await untilSignalled(entity, 2);
    await patch(`${path}/status?fieldManager=slipway`, { status: { state: 'Provisioning' } });
    await patch(path, { metadata: { labels: { team: 'a' }, annotations: { 'example.com/other': 'x' } } });
    await patch(path, { metadata: { annotations: { 'slipway.dev/retry': 'token-1' } } });
    expect(await untilSignalled(entity, 3)).toBe(3);
    await patch(path, { metadata: { finalizers: ['slipway.dev/cleanup'] } });
    await api.call('DELETE', path);
    await untilSignalled(entity, 4);
    await patch(path, { metadata: { finalizers: null } });
    await untilSignalled(entity, 5);
  });

  test('tells of what others take from an object or write of it: its finalizer, its status', async () => {
    const { name, entity } = await create('AWSCluster');
    const path = pathOf('AWSCluster', name);
    const own = `${path}/status?fieldManager=slipway`;
    await untilSignalled(entity, 1);
    await patch(`${path}?fieldManager=slipway`, { metadata: { finalizers: ['slipway.dev/cleanup'] } });
    await patch(own, { status: { state: 'Provisioned', clusterID: 'gke-12345678', established: true } });
    await patch(path, { metadata: { finalizers: ['gitops.example.com/tracking'] } });
    expect(await untilSignalled(entity, 2)).toBe(2);
    await patch(path, { metadata: { finalizers: ['gitops.example.com/tracking', 'slipway.dev/cleanup'] } });
    await untilSignalled(entity, 3);
    await patch(`${path}/status?fieldManager=kubectl-edit`, { status: { established: null } });
    expect(await untilSignalled(entity, 4)).toBe(4);
    await patch(`${path}/status?fieldManager=kubectl-edit`, { status: { version: '1.2.3' } });
    expect(await untilSignalled(entity, 5)).toBe(5);
    await patch(path, { metadata: { finalizers: null } });
    await api.call('DELETE', path);
  });

  test('tells of a finalizer that kubectl takes by applying the object with a list of its own, and without one', async () => {
    const { cluster, path, entity } = await applied('--server-side=false');
    const tracked = { ...cluster, metadata: { ...cluster.metadata, finalizers: ['gitops.example.com/tracking'] } };
    for (const [signals, object, left] of [
      [2, tracked, ['gitops.example.com/tracking']],
      [4, cluster, undefined],
    ] as const) {
      await kubectl(['apply', '-f', '-'], object);
      expect((await finalizersOf(path)) ?? []).toEqual(left ?? []);
      expect(await untilSignalled(entity, signals)).toBe(signals);
      // As the entity does then.
      const finalizers = [...(left ?? []), 'slipway.dev/cleanup'];
      await patch(`${path}?fieldManager=slipway`, { metadata: { finalizers } });
      await untilSignalled(entity, signals + 1);
    }
    await patch(path, { metadata: { finalizers: null } });
    await api.call('DELETE', path);
  });

  test('hears of no loss where kubectl applies the same on the server, which leaves finalizers of others', async () => {
    const { cluster, path } = await applied('--server-side');
    const tracked = { ...cluster, metadata: { ...cluster.metadata, finalizers: ['gitops.example.com/tracking'] } };
    for (const object of [tracked, cluster]) {
      await kubectl(['apply', '--server-side', '-f', '-'], object);
      expect(await finalizersOf(path)).toContain('slipway.dev/cleanup');
    }
    expect(await finalizersOf(path)).toEqual(['slipway.dev/cleanup']);
    await patch(path, { metadata: { finalizers: null } });
    await api.call('DELETE', path);
  });

  test('never starts an entity for an object that is gone', async () => {
    const { name, entity } = await create('AWSNodePool');
    await untilSignalled(entity, 1);
    const handle = temporal.client.workflow.getHandle(entity);
    const { runId } = await handle.describe();
    await handle.terminate('as if it had finished');
    await api.call('DELETE', pathOf('AWSNodePool', name));
    const again = await create('AWSNodePool');
    await untilSignalled(again.entity, 1);
    expect(await handle.describe()).toMatchObject({ runId, status: { name: 'TERMINATED' } });
  });

  test('goes on when the API server was restarted', async () => {
    const { name, entity } = await create('AWSNodePool');
    const before = await untilSignalled(entity, 1);
    await api.restart();
    await patch(pathOf('AWSNodePool', name), { spec: { maxNodeCount: 7 } });
    expect(await untilSignalled(entity, before + 1)).toBe(before + 1);
    const { entity: another } = await create('AWSCluster');
    await untilSignalled(another, 1);
  });

  test('tells everything again when Temporal has lost its data, what happened meanwhile included', async () => {
    const [old, oldPool] = [await create('AWSCluster'), await create('AWSNodePool')];
    await Promise.all([untilSignalled(old.entity, 1), untilSignalled(oldPool.entity, 1)]);
    await temporal.lose();
    const meanwhile = await create('AWSCluster');
    await temporal.start();
    for (const { entity } of [old, oldPool, meanwhile]) await untilSignalled(entity, 1);
    // Whichever noticed first: that the namespace is another one, or that nobody runs.
    expect(said().join('\n')).toMatch(/telling (every entity|them) again/);
  });
});

describe('the watcher, when it sweeps', () => {
  watching(1_000);

  test('does not tell an entity again whose object is gone', async () => {
    const [gone, kept] = [await create('AWSNodePool'), await create('AWSNodePool')];
    await Promise.all([untilSignalled(gone.entity, 1), untilSignalled(kept.entity, 1)]);
    await api.call('DELETE', pathOf('AWSNodePool', gone.name));
    await untilSignalled(gone.entity, 2);
    const [before, handle] = [
      temporal.client.workflow.getHandle(kept.entity),
      temporal.client.workflow.getHandle(gone.entity),
    ];
    const [{ runId }, { runId: keptRun }] = [await handle.describe(), await before.describe()];
    await Promise.all([handle.terminate('as if it had finished'), before.terminate('by mistake')]);
    // A sweep has been here when the other one runs again.
    await waitFor('the entity whose object is there runs again', async () =>
      (await before.describe()).runId === keptRun ? undefined : true,
    );
    expect(await handle.describe()).toMatchObject({ runId, status: { name: 'TERMINATED' } });
  });

  test('tells an entity again that has ended although its object is there', async () => {
    const { entity } = await create('AWSCluster');
    await untilSignalled(entity, 1);
    const handle = temporal.client.workflow.getHandle(entity);
    const first = (await handle.describe()).runId;
    await handle.terminate('by mistake');
    await waitFor('the entity runs again', async () => {
      const { status, runId } = await handle.describe();
      return status.name === 'RUNNING' && runId !== first ? true : undefined;
    });
  });
});

test('what a watcher is told to stop in the middle of does not hold it up', async () => {
  const stop = new AbortController();
  await temporal.lose();
  const began = runWatcher({
    api: transportTo(openAccess({ kubeconfig: api.kubeconfig })),
    connection: temporal.connection,
    client: temporal.client,
    namespace: 'default',
    log: pino({ level: 'silent' }),
    signal: stop.signal,
    relistMs: 600_000,
    probeMs: 300,
    sweepMs: 1_000,
  });
  await create('AWSCluster');
  stop.abort();
  const since = Date.now();
  await began;
  // A call under way has five seconds; the longest pause between two tries would be fifteen.
  expect(Date.now() - since).toBeLessThan(14_000);
  await temporal.start();
});
