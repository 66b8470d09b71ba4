/** Hub memberships against the sandbox's own hub, over HTTP. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHubClient, type HubClient } from '../../../activities/hub/client.ts';
import { hubMembershipDriver, observeMembership, otherOwner } from '../../../activities/hub/membership.ts';
import { createSteps, type Drivers } from '../../../activities/steps.ts';
import { verdictOf } from '../../../activities/verdicts.ts';
import type { ObjectRef } from '../../../api/object.ts';
import type { Resource } from '../../../kinds/resource.ts';
import { type HubServer, startHub } from '../../../sandbox/hub/server.ts';
import type { StepVerb } from '../../../words/steps.ts';
import { waitFor } from '../../support/wait.ts';
import { request } from '../kubernetes/wanted.ts';

const NAME = 'projects/jetstack-anthos/locations/global/memberships/cluster-0';
const CLUSTER: ObjectRef = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: 'uid-1' };
const RESOURCE: Resource = {
  key: 'hub-membership/cluster-0',
  kind: 'hub-membership',
  properties: { name: NAME, endpoint: 'lb.example.com' },
};
const LATENCY_MS = 150;

let folder: string;
let server: HubServer;
let hub: HubClient;

const start = (latencyMs = LATENCY_MS): Promise<HubServer> =>
  startHub({ address: { host: '127.0.0.1', port: 0 }, file: join(folder, 'hub.json'), latencyMs });

const run = (verb: StepVerb, overrides: Parameters<typeof request>[3] = {}, object: ObjectRef = CLUSTER) => {
  const drivers = { 'hub-membership': hubMembershipDriver(hub) } as unknown as Drivers;
  const execution = { signal: new AbortController().signal, since: Date.now(), attempt: 1 };
  return createSteps(drivers)[verb](request(verb, RESOURCE, object, overrides), execution);
};

const judged = (promise: Promise<unknown>): Promise<ReturnType<typeof verdictOf>> =>
  promise.then(
    () => {
      throw new Error('it succeeded');
    },
    (error: unknown) => verdictOf(error),
  );

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-test-hub-'));
  server = await start();
  hub = createHubClient({ endpoint: server.url });
});

afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a membership', () => {
  test('is made, followed until it is ready, and found again', async () => {
    expect(await run('ensure', { first: true })).toEqual({ change: 'created', outputs: { name: NAME } });
    expect((await hub.get(NAME)).state).toEqual({ code: 'READY' });
    // A first try whose answer was lost, and a later one.
    expect(await run('ensure', { first: true })).toEqual({ change: 'unchanged', outputs: { name: NAME } });
    expect(await run('ensure')).toEqual({ change: 'unchanged', outputs: { name: NAME } });
  });

  test('of another cluster blocks, names whose it is, and stays', async () => {
    await run('ensure', { first: true });
    const other = { ...CLUSTER, uid: 'uid-2' };
    for (const first of [true, false]) {
      const { verdict, message } = await judged(run('ensure', { first }, other));
      expect(verdict).toBe('blocked');
      expect(message).toContain('uid uid-1');
    }
    expect(await run('remove', {}, other)).toMatchObject({ change: 'unchanged' });
    expect(await hub.get(NAME)).toMatchObject({ name: NAME });
  });

  test('has an owner for everybody but its own cluster', async () => {
    const { signal } = new AbortController();
    const asked = (uid: string) => otherOwner(hub, { uid, membershipName: NAME }, signal);
    expect(await asked('uid-2')).toBeUndefined();
    await run('ensure', { first: true });
    expect(await asked('uid-1')).toBeUndefined();
    expect(await asked('uid-2')).toEqual({ label: expect.stringContaining('(uid uid-1)'), bySlipway: true });
  });

  test('is removed, awaited, and may be removed twice', async () => {
    await run('ensure', { first: true });
    expect(await run('remove')).toMatchObject({ change: 'removed' });
    expect(verdictOf(await hub.get(NAME).catch((error: unknown) => error)).verdict).toBe('absent');
    expect(await run('remove')).toMatchObject({ change: 'unchanged' });
  });

  test('is in an inventory of its own cluster only', async () => {
    await run('ensure', { first: true });
    const own = await observeMembership(hub, { uid: 'uid-1', membershipName: NAME });
    expect(own).toEqual([
      { kind: 'hub-membership', key: RESOURCE.key, outputs: { name: NAME }, state: {}, uid: 'uid-1' },
    ]);
    expect(await observeMembership(hub, { uid: 'uid-2', membershipName: NAME })).toEqual([]);
  });

  test('outlives the hub’s process, in the middle of an operation too', async () => {
    await hub.create(NAME, { labels: { 'slipway-uid': 'uid-1' } });
    await server.close();
    server = await start();
    hub = createHubClient({ endpoint: server.url });
    // Until its operation is over it is found, but not taken for ready.
    const outcome = await waitFor('the membership is ready', async () =>
      run('ensure').catch((error: unknown) => {
        expect(verdictOf(error)).toMatchObject({ verdict: 'retry', waiting: true });
        return undefined;
      }),
    );
    expect(outcome).toMatchObject({ change: 'unchanged' });
  });
});

describe('a hub that cannot be asked', () => {
  test('is not one without the membership (I12)', async () => {
    const nobody = createHubClient({ endpoint: 'http://127.0.0.1:1' });
    expect(await judged(nobody.get(NAME))).toMatchObject({ verdict: 'retry' });
  });

  test('and that nobody may ask without Google credentials, is blocked and says how to give some', async () => {
    const before = process.env['GOOGLE_APPLICATION_CREDENTIALS'];
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = join(folder, 'missing.json');
    try {
      const { verdict, message } = await judged(createHubClient().get(NAME));
      expect(verdict).toBe('blocked');
      expect(message).toContain('set GOOGLE_APPLICATION_CREDENTIALS');
    } finally {
      if (before === undefined) delete process.env['GOOGLE_APPLICATION_CREDENTIALS'];
      else process.env['GOOGLE_APPLICATION_CREDENTIALS'] = before;
    }
  });

  test('refuses names that are no memberships before anything is sent', async () => {
    expect(await judged((async () => hub.create('cluster-0', {}))())).toMatchObject({ verdict: 'blocked' });
  });
});
