/**
 * The seed's cluster, with its three node pools, from one minor of Kubernetes to the next: three turns of real control planes at AWS's own pace,
 * behind a load balancer that tries one target, while five kinds of users ask its API. What it serves and stores while it emulates, that an
 * abort leaves every object as it was, and that the commit makes it the newer minor, with its pools after it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ApiAccess } from '../../sandbox/availability/connections.ts';
import { type Figures, figuresTable } from '../../sandbox/availability/figures.ts';
import { type Probe, startProbe } from '../../sandbox/availability/probe.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { UPGRADED_TO } from '../support/tools.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { STRICT } from './availability.ts';
import { everything, type Stored, storedType } from './everything.ts';
import { MANIFEST } from './journey.ts';
import { identity, type Replicas, replicasIn } from './replicas.ts';

const NAME = 'cluster-0';
const OLD = '1.36.3-gke.1';
const [NEW, NEW_ETCD] = UPGRADED_TO;
const MANY_KINDS = join(import.meta.dirname, '../fixtures/many-kinds.yaml');
/** Requests of each kind of user, at least, in what is said to have failed none. */
const ENOUGH = 100;

let sandbox: SandboxForTests;
let replicas: Replicas;
let access: ApiAccess;
let probe: Probe;
let before: { readonly objects: ReadonlyMap<string, Stored>; readonly types: readonly string[] };
const seen: (readonly [string, Figures])[] = [];

const typesInEtcd = async (): Promise<readonly string[]> => {
  const values = await (await replicas.journey.etcd()).below('/registry/');
  return [...new Set(values.filter((value) => value.length > 0).map(storedType))].sort();
};

const askFor = (kind: 'awscluster' | 'awsnodepool', name: string, spec: object): Promise<string> =>
  replicas.journey.kubectl('patch', kind, name, '--type=merge', '-p', JSON.stringify({ spec }));

const operation = (verb: 'abort' | 'resume'): Promise<string> =>
  succeed(verb, sandbox.slipway(['operations', verb, 'cluster', NAME]));

type Version = {
  readonly gitVersion: string;
  readonly emulationMinor?: string;
  readonly minCompatibilityMinor?: string;
};
const served = async (): Promise<Version> =>
  JSON.parse(await replicas.journey.user('get', '--raw', '/version')) as Version;

/** Something is done, and what the users of the API felt of it is counted; the members of etcd have quorum throughout. */
const felt = async (what: string, act: () => Promise<unknown>): Promise<void> => {
  const since = probe.record();
  // An election, or an answer that a busy computer gives late, is over by the next look; a member that is away is not.
  let [most, last] = [0, 0];
  const acting = act().then(
    () => true,
    (error: unknown) => ({ error }),
  );
  for (let done: unknown; done === undefined; ) {
    const members = await replicas.etcd.members();
    const away = members.filter(({ healthy }) => !healthy).length;
    most = Math.max(most, Math.min(last, away));
    last = away;
    done = await Promise.race([acting, new Promise((resolve) => setTimeout(resolve, 1_000))]);
    if (typeof done === 'object' && done !== null && 'error' in done) throw done.error;
  }
  await replicas.healthy();
  const figures = probe.figures(since);
  seen.push([what, figures]);
  expect(most).toBeLessThanOrEqual(1);
  expect(
    probe
      .record()
      .felt.slice(since.felt.length)
      .filter(({ cured }) => !cured),
  ).toEqual([]);
  for (const user of ['read', 'write', 'h1', 'h2'] as const) expect(figures[user].sent).toBeGreaterThan(ENOUGH);
};

const untilPhase = (phase: string): Promise<unknown> =>
  replicas.until(`the upgrade is ${phase}`, async () =>
    (await replicas.status()).upgrade?.phase === phase ? true : undefined,
  );

beforeAll(async () => {
  sandbox = await startSandbox(
    { ...STRICT, SLIPWAY_ORDER_SECONDS: '2', SLIPWAY_SWEEP_SECONDS: '10' },
    { releases: UPGRADED_TO },
  );
  const objects = readFileSync(MANIFEST, 'utf8').replaceAll('1.16.9-gke.12', OLD);
  replicas = await replicasIn(sandbox, { objects, name: NAME });
  await replicas.journey.untilProvisioned();
  await replicas.journey.user('apply', '-f', MANY_KINDS);
  await waitFor(
    'the resources of its own kind to be served',
    async () => (await replicas.journey.user('get', 'widgets', '-n', 'kinds').catch(() => undefined)) ?? undefined,
    UNHURRIED,
  );
  access = await replicas.journey.apiAccess();
  before = { objects: await everything(access), types: await typesInEtcd() };
  probe = startProbe(access);
});

afterAll(async () => {
  console.info(figuresTable(seen).join('\n'));
  await probe?.end();
  await sandbox?.end();
});

describe('from 1.36 to 1.37', () => {
  test('no request fails that one more try does not cure, and the members of etcd stay who they are', async () => {
    const members = (await replicas.healthy()).map(identity);
    await felt('1.36.3 -> 1.37.2, emulating', async () => {
      await askFor('awscluster', NAME, { controlPlane: { version: NEW } });
      await untilPhase('Soaking');
    });
    expect((await replicas.healthy()).map(identity)).toEqual(members);
  });

  test('it serves and stores what 1.36 does while it soaks', async () => {
    expect(await served()).toMatchObject({ gitVersion: 'v1.37.2', emulationMinor: '36', minCompatibilityMinor: '35' });
    await replicas.journey.user(
      'annotate',
      '--all',
      '--overwrite',
      '-n',
      'kinds',
      'deployments,cronjobs,services',
      'written=anew',
    );
    expect(await typesInEtcd()).toEqual(before.types);
    await replicas.journey.user('annotate', '--all', '-n', 'kinds', 'deployments,cronjobs,services', 'written-');
  });

  test('an abort takes all three back, and leaves every object there is', async () => {
    await felt('1.37.2 -> 1.36.3, aborted', async () => {
      await operation('abort');
      await replicas.until('it is back', async () => {
        const { upgrade, state } = await replicas.status();
        return upgrade === undefined && state === 'Provisioned' ? true : undefined;
      });
    });
    expect(await served()).toMatchObject({ gitVersion: 'v1.36.3' });
    expect(await typesInEtcd()).toEqual(before.types);
    const now = await everything(access);
    const lost = [...before.objects].filter(([path, { metadata }]) => now.get(path)?.metadata.uid !== metadata.uid);
    expect(lost.map(([path]) => path)).toEqual([]);
    const own = [...before.objects].filter(
      ([path]) => path.includes(' kinds/') && /\/(secrets|configmaps|widgets|roles) /.test(path),
    );
    expect(own.length).toBeGreaterThan(3);
    for (const [path, object] of own) expect([path, now.get(path)]).toEqual([path, object]);
    await replicas.expectTreasure();
  });

  test('it is committed by a word: each replica serves as 1.37, and nobody feels it', async () => {
    await felt('1.36.3 -> 1.37.2, once more', async () => {
      await operation('resume');
      await untilPhase('Soaking');
    });
    await felt('committed', async () => {
      await operation('resume');
      await replicas.until('it runs 1.37', async () => {
        const { revision, state } = await replicas.status();
        return revision?.version === NEW && state === 'Provisioned' ? true : undefined;
      });
    });
    expect(await served()).toMatchObject({ gitVersion: 'v1.37.2', emulationMinor: '37' });
    // A kind that 1.36 doesn't know, and of which 1.37's own controllers make one.
    expect(await replicas.journey.user('get', 'clustertrustbundles.v1.certificates.k8s.io', '-o', 'name')).toContain(
      'clustertrustbundle.certificates.k8s.io/kubernetes.io:kube-apiserver-serving:',
    );
    await replicas.expectTreasure();
  });

  test('the next minor of etcd comes by the same turns, and nobody feels it', async () => {
    await felt('etcd 3.6 -> 3.7', async () => {
      await askFor('awscluster', NAME, { controlPlane: { version: NEW_ETCD, upgrade: { snapshot: 'None' } } });
      await replicas.until('it has the newer etcd', async () => {
        const { revision, state } = await replicas.status();
        return revision?.version === NEW_ETCD && state === 'Provisioned' ? true : undefined;
      });
    });
    await expect((await replicas.journey.etcd()).version()).resolves.toBe('3.7.3');
    await replicas.expectTreasure();
  });

  test('the node pools come after it', async () => {
    const pools = [0, 1, 2].map((number) => `${NAME}-pool-${number}`);
    for (const pool of pools) await askFor('awsnodepool', pool, { version: NEW });
    await replicas.until('all pools run it', async () => {
      const made = await replicas.journey.made();
      const versions = made.flatMap(({ kind, status }) => (kind === 'AWSNodePool' ? [status] : []));
      return versions.every(
        (one) =>
          one?.state === 'Provisioned' &&
          (one as { readonly kubernetesVersion?: string }).kubernetesVersion === '1.37.2',
      )
        ? true
        : undefined;
    });
  });
});
