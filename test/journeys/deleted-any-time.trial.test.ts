/**
 * I7: `kubectl delete -f` of the seed's manifest, at any moment from one second after the apply, leaves nothing behind;
 * and the same names may be used again at once.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { pause } from '../support/waits.ts';
import { lastCall, mutationsSince } from './kills.ts';
import { expectGone, type Lifecycle, lifecycleOf, type Traces } from './lifecycle.ts';

const MANIFEST = join(import.meta.dirname, '../fixtures/cluster-0.yaml');
const NAMES = [
  'awscluster.multicloud.cluster.gke.io/cluster-0',
  'awsnodepool.multicloud.cluster.gke.io/cluster-0-pool-0',
  'awsnodepool.multicloud.cluster.gke.io/cluster-0-pool-1',
  'awsnodepool.multicloud.cluster.gke.io/cluster-0-pool-2',
];
const CREATED = NAMES.map((name) => `${name} created\n`).join('');
const DELETED = NAMES.map((name) => `${name.replace('/', ' "')}" deleted from default namespace\n`).join('');

let sandbox: SandboxForTests;
let lifecycle: Lifecycle;
let before: Traces;
const figures: string[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({}, { stub: true });
  lifecycle = lifecycleOf(sandbox, MANIFEST);
  before = await lifecycle.traces();
  expect(before).toMatchObject({ memberships: [], objects: [], secrets: [] });
});

afterAll(async () => {
  console.info(figures.join('\n'));
  await sandbox?.end();
});

/** Deletes as a person does, and sees that nothing is left once the command has ended. */
const deleteAll = async (when: string): Promise<void> => {
  const there = (await lifecycle.account()).length - before.account.length;
  const began = performance.now();
  expect(await lifecycle.remove()).toEqual({ code: 0, stdout: DELETED, stderr: '' });
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  figures.push(`deleted ${when}, with ${there} resources more than before: gone after ${seconds} s`);
  await expectGone(lifecycle, before);
};

const clusterUid = async (): Promise<string> =>
  (await sandbox.kubectl(['get', 'awscluster', 'cluster-0', '--ignore-not-found', '-o', 'jsonpath={.metadata.uid}']))
    .stdout;

const SAID = '{.status.state}{": "}{.status.conditions[?(@.type=="Reconciling")].message}{"\\n"}';

/** Each status that the cluster has from now on, a line each: a message may stand there for no longer than half a second. */
const listen = (): { readonly said: readonly string[]; readonly end: () => Promise<void> } => {
  const { kubectl, kubeconfig } = sandbox.status();
  const watching = spawn(
    kubectl,
    ['--kubeconfig', kubeconfig, 'get', 'awscluster', 'cluster-0', '--watch', '-o', `jsonpath=${SAID}`],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const said: string[] = [];
  const ended = once(
    createInterface({ input: watching.stdout }).on('line', (line) => said.push(line)),
    'close',
  );
  return {
    said,
    end: async () => {
      watching.kill();
      await ended;
    },
  };
};

const WAITS = /^Deleting: .*Waiting for the cluster's node pools to be deleted: cluster-0-pool-0/;
const HELD = 'example.com/held';

const finalizersOf = async (pool: string): Promise<readonly string[]> => {
  const shown = await succeed(
    'get',
    sandbox.kubectl(['get', 'awsnodepool', pool, '-o', 'jsonpath={.metadata.finalizers[*]}']),
  );
  return shown.split(' ').filter(Boolean);
};

/** Somebody else has something to do before the pool goes, too: so what waits for it does so for longer than a moment. */
const hold = async (pool: string): Promise<void> => {
  const patch = [{ op: 'add', path: '/metadata/finalizers/-', value: HELD }];
  await succeed('hold', sandbox.kubectl(['patch', 'awsnodepool', pool, '--type=json', '-p', JSON.stringify(patch)]));
};

/** As often as it takes: Slipway takes its own finalizer from the same list. */
const letGo = (pool: string): Promise<true> =>
  waitFor(`${pool} is let go`, async () => {
    const path = `/metadata/finalizers/${(await finalizersOf(pool)).indexOf(HELD)}`;
    const patch = JSON.stringify([
      { op: 'test', path, value: HELD },
      { op: 'remove', path },
    ]);
    const { code } = await sandbox.kubectl(['patch', 'awsnodepool', pool, '--type=json', '-p', patch]);
    return code === 0 ? true : undefined;
  });

describe("the seed's manifest", () => {
  // One after the other in one sandbox, so each apply uses again, at once, the names that were just deleted.
  test.each([1, 2, 4, 8, 15])('deleted %i s after it was applied leaves nothing', async (seconds) => {
    expect(await lifecycle.apply()).toBe(CREATED);
    await pause(seconds * 1_000);
    await deleteAll(`${seconds} s after the apply`);
  });

  // The dense moments: what is deleted here is in the middle of a burst of calls, some of them without an answer yet.
  test.each([1, 8, 20])('deleted with the changing call number %i leaves nothing', async (number) => {
    const since = await lastCall(sandbox);
    expect(await lifecycle.apply()).toBe(CREATED);
    await waitFor(
      `${number} changing calls`,
      async () => ((await mutationsSince(sandbox, since)).length >= number ? true : undefined),
      { intervalMs: 10 },
    );
    await deleteAll(`with call ${number}`);
  });

  test('applied again while it is being deleted goes all the same, and is there once it is applied after that', async () => {
    expect(await lifecycle.apply()).toBe(CREATED);
    await waitFor(
      'the cluster has begun',
      async () => ((await lifecycle.account()).length > before.account.length ? true : undefined),
      UNHURRIED,
    );
    await succeed('delete', sandbox.kubectl(['delete', '--wait=false', '-f', MANIFEST]));
    const uid = await clusterUid();
    // Pools that had nothing yet are gone by now and are made again; what is going stays as it is.
    const again = await sandbox.kubectl(['apply', '-f', MANIFEST]);
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/^(\S+ (unchanged|configured|created)\n){4}$/);
    for (const line of again.stderr.trimEnd().split('\n').filter(Boolean)) {
      expect(line).toMatch(/^Warning: (Detected changes to resource \S+ which is currently being deleted\.|spec\..*)$/);
    }
    await waitFor(
      'the first cluster is gone',
      async () => ((await clusterUid()) === uid ? undefined : true),
      UNHURRIED,
    );
    await lifecycle.apply();
    expect(await clusterUid()).not.toBe(uid);
    await lifecycle.untilProvisioned();
    figures.push(`applied again while going, and after that: provisioned`);
  });

  test('deleted when all is provisioned leaves nothing, and says meanwhile what it waits for', async () => {
    const listening = listen();
    await hold('cluster-0-pool-0');
    const deleting = deleteAll('when provisioned');
    try {
      await waitFor(
        'the cluster says that it waits for its pool',
        async () => listening.said.some((line) => WAITS.test(line)) || undefined,
        UNHURRIED,
      );
    } finally {
      await letGo('cluster-0-pool-0');
      await deleting;
      await listening.end();
    }
  });
});
