/**
 * A person's mistakes: what the API server refuses with the webhook's words, what preflight names in the account, and how
 * soon. Machines are stubs: none of this depends on what a machine does.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';

const FIXTURE = join(import.meta.dirname, '../fixtures/cluster-0.yaml');
const FIVE_SECONDS = 5_000;
/** Of the time that the API server and the webhook alone take for an apply: on a calm computer less than five seconds. */
const MANY_TIMES = 15;

type Manifest = {
  kind: string;
  metadata: { name: string };
  spec: Record<string, unknown> & { controlPlane?: Record<string, unknown> };
};

let sandbox: SandboxForTests;

const seed = (kind: string): Manifest => {
  const found = parseAllDocuments(readFileSync(FIXTURE, 'utf8'))
    .map((document) => document.toJS() as Manifest)
    .find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`the seed has no ${kind}`);
  return found;
};

const cluster = (name: string, controlPlane: object, spec: object = {}): string => {
  const manifest = seed('AWSCluster');
  manifest.metadata.name = name;
  const { hub: _hub, ...rest } = { ...manifest.spec.controlPlane, ...controlPlane } as Record<string, unknown>;
  return JSON.stringify({ ...manifest, spec: { ...manifest.spec, ...spec, controlPlane: rest } });
};

const pool = (name: string, spec: object): string => {
  const manifest = seed('AWSNodePool');
  manifest.metadata.name = name;
  return JSON.stringify({ ...manifest, spec: { ...manifest.spec, ...spec } });
};

const apply = (manifest: string) => sandbox.kubectl(['apply', '-f', '-'], { input: manifest });
const kubectl = (...args: readonly string[]): Promise<string> => succeed(args.join(' '), sandbox.kubectl(args));

type WithErrors = { readonly status?: { readonly lastErrors?: readonly { readonly message: string }[] } };
const errorsOf = async (name: string): Promise<string> => {
  const found = await sandbox.objects().find<WithErrors>('awsclusters', name);
  return (found?.status?.lastErrors ?? []).map(({ message }) => message).join(' ');
};

/** Deletes, and waits as kubectl does by itself. */
const remove = (name: string): Promise<string> => kubectl('delete', 'awscluster', name, '--timeout', '10m');

beforeAll(async () => {
  sandbox = await startSandbox({}, { stub: true });
});
afterAll(async () => sandbox?.end());

describe('kubectl', () => {
  test('prints what admission refuses, as it prints what the API server itself refuses', async () => {
    const { code, stderr } = await apply(cluster('wrong', { version: '1.99.0-gke.1' }));
    expect(code).toBe(1);
    expect(stderr).toContain('The AWSCluster "wrong" is invalid: spec.controlPlane.version');
    expect(stderr).toContain(
      "version 1.99.0-gke.1 is not in this release's catalogue, which holds 1.37.2-gke.2, 1.37.2-gke.1, 1.36.3-gke.1",
    );
    expect(stderr).toContain('set the version to one of 1.37.2-gke.2, 1.37.2-gke.1, 1.36.3-gke.1');
  });

  test('prints warnings of what passes', async () => {
    const { code, stderr } = await apply(
      cluster('named', { keyName: 'gone', subnetIDs: ['subnet-08fdd9360320f5f27'] }),
    );
    expect(code).toBe(0);
    expect(stderr).toContain(
      'Warning: spec.controlPlane.version: 1.16.9-gke.12 stands for Kubernetes 1.36.3 in this release',
    );
    expect(stderr).toContain('Warning: spec.controlPlane.subnetIDs: fewer than three zones do not survive');
    const lonely = await apply(pool('lonely', { clusterName: 'nobody' }));
    expect(lonely.stderr).toContain('AWSCluster default/nobody does not exist');
    await kubectl('delete', 'awsnodepool', 'lonely', '--timeout', '10m');
  });

  test('is told about a region that is not the cluster’s', async () => {
    const { code, stderr } = await apply(pool('far', { clusterName: 'named', region: 'eu-west-2' }));
    expect(code).toBe(1);
    expect(stderr).toContain('eu-west-2 is not the region of AWSCluster named, eu-west-1: set it to eu-west-1');
  });
});

describe('a protected node pool', () => {
  test('protects its cluster, too, until somebody says otherwise', async () => {
    await succeed('apply', apply(pool('kept', { clusterName: 'named', deletionProtection: true })));
    const { code, stderr } = await sandbox.kubectl(['delete', 'awscluster', 'named', '--wait=false']);
    expect(code).toBe(1);
    expect(stderr).toContain('admission webhook "deletions.admission.slipway.dev" denied the request');
    expect(stderr).toContain('its node pools, and these are protected against that: kept: set spec.deletionProtection');
    await kubectl('patch', 'awsnodepool', 'kept', '--type=merge', '-p', '{"spec":{"deletionProtection":false}}');
    await kubectl('delete', 'awsnodepool', 'kept', '--timeout', '10m');
  });
});

describe('preflight', () => {
  const wrong = {
    keyName: { keyName: 'gone' },
    profile: { iamInstanceProfile: 'gone' },
    zone: { subnetIDs: ['subnet-08fdd9360320f5f27', 'subnet-06efa94e317c13730'] },
  };

  test('names a wrong fact of the account within five seconds of the apply', async () => {
    const took: number[] = [];
    const alone: number[] = [];
    for (const [name, change] of Object.entries(wrong)) {
      const before = performance.now();
      expect((await apply(cluster('refused', { version: '1.99.0-gke.1' }))).stderr).toContain('is invalid');
      const began = performance.now();
      alone.push(began - before);
      await succeed('apply', apply(cluster(name.toLowerCase(), change)));
      const said = await waitFor(
        'the wrong fact to be named',
        async () => (await errorsOf(name.toLowerCase())) || undefined,
        { intervalMs: 20 },
      );
      took.push(performance.now() - began);
      expect(said).toContain('is not as the object describes it, so nothing was made: spec.controlPlane.');
    }
    // The computer may be busy with other things, or slow altogether.
    expect(Math.min(...took)).toBeLessThan(Math.max(FIVE_SECONDS, MANY_TIMES * Math.min(...alone)));
    for (const name of Object.keys(wrong)) await remove(name.toLowerCase());
  });

  test('goes on by itself once the fact is right, and tells of fewer than three zones by an event', async () => {
    await waitFor(
      'the wrong key pair to be named',
      async () => ((await errorsOf('named')) ? true : undefined),
      UNHURRIED,
    );
    await kubectl(
      'patch',
      'awscluster',
      'named',
      '--type=merge',
      '-p',
      '{"spec":{"controlPlane":{"keyName":"gke-404767c1-keypair"}}}',
    );
    await waitFor('no error to be left', async () => ((await errorsOf('named')) === '' ? true : undefined), UNHURRIED);
    const event = await waitFor(
      'the warning',
      async () =>
        (
          await kubectl(
            'get',
            'events',
            '--field-selector',
            'reason=FewerThanThreeZones',
            '-o',
            'jsonpath={.items[*].type}: {.items[*].message}',
          )
        ).replace(/^: $/, '') || undefined,
      UNHURRIED,
    );
    expect(event).toContain('Warning: spec.controlPlane.subnetIDs spreads three replicas over fewer than three');
    expect(event).toContain('(eu-west-1a)');
  });
});

describe('the webhook, when it is down', () => {
  test('keeps new specs from being admitted unjudged, and nothing from being deleted', async () => {
    await succeed('stop', sandbox.sandbox('stop', 'slipway-admission'));
    const { code, stderr } = await apply(cluster('unjudged', {}));
    expect(code).toBe(1);
    expect(stderr).toContain('failed calling webhook "objects.admission.slipway.dev"');
    await kubectl('label', 'awscluster', 'named', 'still=possible');
    await remove('named');
    expect(await kubectl('get', 'awsclusters', '-o', 'name')).toBe('');
    await succeed('start', sandbox.sandbox('start', 'slipway-admission'));
    await waitFor(
      'specs to be admitted again',
      async () => ((await apply(cluster('judged', {}))).code === 0 ? true : undefined),
      UNHURRIED,
    );
    await remove('judged');
  });

  test('comes back by itself after it was killed', async () => {
    const before = sandbox.pidOf('slipway-admission');
    await succeed('kill', sandbox.sandbox('kill', 'slipway-admission'));
    await waitFor(
      'another webhook',
      () => {
        const part = sandbox.status().parts.find(({ name }) => name === 'slipway-admission');
        return Promise.resolve(part?.state === 'ready' && part.pid !== before ? true : undefined);
      },
      UNHURRIED,
    );
    expect((await apply(cluster('wrong', { version: '1.99.0-gke.1' }))).stderr).toContain('is invalid');
  });
});
