/**
 * Somebody who follows the page about upgrading a cluster from its beginning to its end, command by command, as it is written: there, back,
 * there again, committed, the pools after it, and another etcd.
 *
 * In a sandbox with stub machines. What real programs do of it is asked in `../journeys/real-upgrade.trial.test.ts`; what stops an upgrade, in
 * `upgrade-situations.trial.test.ts`.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type SandboxForTests, startSandbox } from '../support/sandbox.ts';
import { ROOT } from './markdown.ts';
import { type Documentation, documentationIn } from './session.ts';

const PAGE = 'docs/upgrading-a-cluster.md';
const NAME = 'cluster-0';

type Cluster = {
  readonly status: {
    readonly kubernetesVersion: string;
    readonly revision: { readonly version: string; readonly etcd: string };
    readonly upgrade?: { readonly phase: string; readonly replicas: readonly { readonly emulation?: string }[] };
  };
};

let sandbox: SandboxForTests;
let documentation: Documentation;

const cluster = async (): Promise<Cluster['status']> => {
  const found = await sandbox.objects().find<Cluster>('awsclusters', NAME);
  if (found === undefined) throw new Error(`There is no ${NAME}.`);
  return found.status;
};

const follow = (section: string): Promise<void> => documentation.section(PAGE, section);

beforeAll(async () => {
  sandbox = await startSandbox({ SLIPWAY_PACE: 'quick', SLIPWAY_ORDER_SECONDS: '1' }, { stub: true });
  documentation = await documentationIn(sandbox);
  await documentation.section('docs/quick-start.md', '1-start-the-sandbox');
});
afterAll(async () => {
  documentation?.end();
  await sandbox?.end();
});

const AGAIN = [
  `kubectl patch awscluster cluster-0 --type merge -p '{"spec":{"controlPlane":{"version":"1.37.2-gke.1"}}}'`,
  `kubectl wait --for=jsonpath='{.status.upgrade.phase}'=Soaking awscluster/cluster-0 --timeout=30m`,
];

describe('somebody who follows the page about upgrading a cluster', () => {
  test('makes one, and looks what stands in the way', async () => {
    await follow('upgrade-a-cluster');
    await follow('1-look-what-stands-in-the-way');
    expect((await cluster()).revision.version).toBe('1.36.3-gke.1');
  });

  test('asks for the version, and sees it soak as the minor before', async () => {
    await follow('2-ask-for-the-version');
    await follow('3-let-it-soak');
    const { upgrade, kubernetesVersion } = await cluster();
    expect(upgrade?.replicas.map(({ emulation }) => emulation)).toEqual(['1.36', '1.36', '1.36']);
    expect(kubernetesVersion).toBe('1.36.3');
  });

  test('goes back', async () => {
    await follow('4-go-back');
    expect(await cluster()).toMatchObject({ kubernetesVersion: '1.36.3', revision: { version: '1.36.3-gke.1' } });
    expect(await cluster()).not.toHaveProperty('upgrade');
  });

  test('comes again and commits it, and is refused the version before, as the page shows it', async () => {
    // The page asks and waits for the same once more, and a section leaves out what was run before.
    for (const command of AGAIN) await documentation.run(command);
    await follow('5-commit');
    expect((await cluster()).kubernetesVersion).toBe('1.37.2');
    const version = ['--type=merge', '-p', '{"spec":{"controlPlane":{"version":"1.36.3-gke.1"}}}'];
    const { code, stderr } = await sandbox.kubectl(['patch', 'awscluster', NAME, ...version]);
    expect(code).not.toBe(0);
    expect(await readFile(join(ROOT, PAGE), 'utf8')).toContain(stderr.trim());
  });

  test('brings a node pool along, and another etcd', async () => {
    await follow('6-bring-the-node-pools-along');
    await follow('another-etcd-and-patches');
    expect((await cluster()).revision.etcd).toMatch(/^3\.7\./);
  });

  test('has run every command of it', () => {
    expect(documentation.notRun(PAGE)).toEqual([]);
  });
});
