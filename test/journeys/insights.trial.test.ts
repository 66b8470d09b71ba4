/**
 * Before an upgrade: what stands in its way is planted in a living cluster, and named with its cure by who plans the upgrade; nothing is
 * changed. In a sandbox with stub machines, where nobody counts what a budget allows: that is written by hand.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { smallCluster } from '../../bench/manifests.ts';
import type { UpgradePlan } from '../../client/cli/plan-upgrade.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { type Inside, insideOf } from './inside.ts';

const VERSION = '1.37.2-gke.1';

let sandbox: SandboxForTests;
let inside: Inside;

const cluster = async (): Promise<{ metadata: object; spec: object; status?: { state?: string } }> =>
  JSON.parse(await succeed('get', sandbox.kubectl(['get', 'awscluster', 'cluster-0', '-o', 'json'])));

const plan = (...more: readonly string[]) => sandbox.slipway(['clusters', 'plan', 'cluster-0', ...more]);
const planned = async (): Promise<UpgradePlan> =>
  JSON.parse((await plan('--version', VERSION, '-o', 'json')).stdout) as UpgradePlan;

const insights = async (): Promise<readonly string[]> => {
  const { kind, ...found } = await planned();
  if (kind !== 'known' || !('insights' in found)) throw new Error(JSON.stringify(found));
  return found.insights.map(({ severity, name, object }) => `${severity} ${name} ${object}`);
};

beforeAll(async () => {
  const settings = { SLIPWAY_SETTLE_SECONDS: '1', SLIPWAY_PACE: 'quick', SLIPWAY_SWEEP_SECONDS: '5' };
  sandbox = await startSandbox(settings, { stub: true });
  const input = smallCluster('cluster-0')
    .map((one) => JSON.stringify(one))
    .join('\n---\n');
  await succeed('apply', sandbox.kubectl(['apply', '-f', '-'], { input }));
  await waitFor(
    'the cluster',
    async () => ((await cluster()).status?.state === 'Provisioned' ? true : undefined),
    UNHURRIED,
  );
  inside = await insideOf(sandbox, 'cluster-0');
});
afterAll(() => sandbox?.end());

describe('whoever plans an upgrade', () => {
  test('hears that nothing stands in the way of one', async () => {
    const { code, stdout } = await plan('--version', VERSION);
    expect(stdout).toContain(`-> ${VERSION}: nothing stands in the way`);
    expect(code).toBe(0);
  });

  test('is told which version may not be asked for', async () => {
    const { code, stdout } = await plan('--version', '1.99.0-gke.1');
    expect(stdout).toContain('refused: version 1.99.0-gke.1 is not in');
    expect(code).toBe(1);
  });

  test('hears of what was planted, what blocks first, with a cure each; and the object stays as it was', async () => {
    const { metadata: before } = await cluster();
    await inside.setBudget('stuck', 3);
    const status = { disruptionsAllowed: 0, currentHealthy: 3, desiredHealthy: 3, expectedPods: 3 };
    const patch = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })];
    await inside.kubectl(['patch', 'poddisruptionbudget', 'stuck', '-n', 'default', ...patch]);
    await inside.kubectl(['create', '-f', '-', '--validate=false'], {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'policies' },
      webhooks: [
        {
          name: 'check.example.com',
          clientConfig: { service: { namespace: 'policies', name: 'webhook' } },
          rules: [{ apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*'] }],
        },
      ],
    });
    expect(await insights()).toEqual([
      'blocks Webhooks ValidatingWebhookConfiguration policies (webhook check.example.com)',
      'warns DisruptionBudgets PodDisruptionBudget default/stuck',
    ]);
    const { code, stdout, stderr } = await plan('--version', VERSION);
    expect(stdout).toContain('to cure it: bring the pods of Service policies/webhook up');
    expect(stderr).toContain('is blocked by 1 thing');
    expect(code).toBe(1);
    expect((await cluster()).metadata).toMatchObject({ generation: (before as { generation: number }).generation });
  });

  test('hears no more of what was cured', async () => {
    await inside.kubectl(['delete', 'validatingwebhookconfiguration', 'policies']);
    expect(await insights()).toEqual(['warns DisruptionBudgets PodDisruptionBudget default/stuck']);
    expect((await plan('--version', VERSION)).code).toBe(0);
  });
});
