/**
 * Somebody whose upgrade of a control plane meets what the page about operations has a section for: no snapshot, a webhook in its way, a
 * replica that never serves, a soak, and an older version that is asked for after the commit. Each is brought about, seen as the section says
 * that it is seen, and moved on by its commands.
 *
 * In a sandbox with stub machines. Neighbours: `operations.journey.test.ts` follows the page's other sections, `upgrading.trial.test.ts` the
 * page about an upgrade that meets nothing.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { condition, isSoaking, NEW, OLD, runs, startUpgrading, type Upgrading } from '../journeys/upgrading.ts';
import { readJson } from '../support/http.ts';
import { succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { type Documentation, documentationIn } from './session.ts';

const PAGE = 'docs/operations.md';
const NAME = 'cluster-0';
const WEBHOOK = {
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
};

let story: Upgrading;
let documentation: Documentation;
/** Machines of the control plane before anybody asked for anything. */
let before: readonly string[];

const told = (text: string) => story.until(text, (found) => JSON.stringify(found.status).includes(text));
const describeNow = (): Promise<string> => succeed('describe', story.sandbox.slipway(['clusters', 'describe', NAME]));

type Instance = { readonly id: string; readonly state: string; readonly asg: string | null };

/** Machines of the control plane that run. */
const machines = async (): Promise<readonly string[]> => {
  const all = (await readJson(`${story.sandbox.status().aws.endpoint}/_sim/instances`)) as readonly Instance[];
  return all.filter(({ asg, state }) => /-controlplane-/.test(asg ?? '') && state === 'running').map(({ id }) => id);
};

const run = (command: string): Promise<string> => documentation.run(command);

beforeAll(async () => {
  story = await startUpgrading();
  before = await machines();
  documentation = await documentationIn(story.sandbox, { '<name>': () => NAME, '<version>': () => NEW });
  await documentation.section('docs/quick-start.md', '1-start-the-sandbox');
});
afterAll(async () => {
  documentation?.end();
  await story?.sandbox.end();
});

describe('somebody who upgrades a cluster', () => {
  test('sees what stands in the way, goes on regardless, and meets a bucket that takes no snapshot', async () => {
    for (const operation of ['PutObject', 'CreateMultipartUpload']) {
      const denied = ['--service', 's3', '--operation', operation, '--code', 'AccessDenied', '--count', '1000'];
      await story.fault('error', ...denied);
    }
    await story.inside.kubectl(['create', '-f', '-', '--validate=false'], WEBHOOK);
    await story.ask({ version: NEW });
    const held = await told(`The upgrade to ${NEW} is held by 1 thing`);
    expect(held.status.state).toBe('Upgrading');
    expect(condition(held, 'Ready')?.status).toBe('True');
    expect(condition(held, 'Stalled')?.status).toBe('True');
    await run("slipway operations retry cluster <name> --step 'wait upgrade/insights'");
    await waitFor(
      'it to be held again',
      async () => ((await describeNow()).includes('✗ wait upgrade/insights') ? true : undefined),
      UNHURRIED,
    );
    await run("slipway operations skip cluster <name> --step 'wait upgrade/insights'");
    const without = await told('can take a snapshot: replica 0: ');
    expect(condition(without, 'Ready')?.status).toBe('True');
    await run("slipway operations retry cluster <name> --step 'ensure snapshot/upgrade'");
    await waitFor(
      'it to be refused again',
      async () => ((await describeNow()).includes('✗ ensure snapshot/upgrade') ? true : undefined),
      UNHURRIED,
    );
    await story.fault('clear');
    // The machine of the first turn never gets its disk: what comes next is about one that doesn't serve.
    const attach = ['--service', 'ec2', '--operation', 'AttachVolume', '--code', 'UnauthorizedOperation'];
    await story.fault('error', ...attach, '--count', '100000');
    await run("slipway operations skip cluster <name> --step 'ensure snapshot/upgrade'");
    await story.inside.kubectl(['delete', 'validatingwebhookconfiguration', 'policies']);
  });

  test('has a new replica that never serves, and goes back', async () => {
    const seen = await told('Waiting for replica/0 to serve');
    expect(condition(seen, 'Reconciling')?.message).toMatch(/^Turn 1 of 3: /);
    expect(condition(seen, 'Ready')?.status).toBe('True');
    expect((await machines()).filter((id) => before.includes(id))).toHaveLength(2);
    await documentation.section(PAGE, 'a-replica-does-not-serve-in-an-upgrade');
    await story.fault('clear');
    const back = await told('UpgradeCluster was aborted (all is as it was before)');
    expect(back.status.state).toBe('Provisioned');
    expect(await story.served()).toMatchObject({ gitVersion: 'v1.36.3' });
  });

  test('sees it soak, and commits it', async () => {
    await run('slipway operations resume cluster <name>');
    await story.until('it soaks', isSoaking);
    const upgrade = await run("kubectl get awscluster <name> -o jsonpath='{.status.upgrade}'");
    expect(JSON.parse(upgrade)).toMatchObject({ phase: 'Soaking', from: OLD, to: NEW });
    expect(await run('slipway clusters describe <name>')).toContain('serves as Kubernetes 1.36 until');
    await run('slipway operations resume cluster <name>');
    await story.until('it runs', runs(NEW));
  });

  test('asks for the older version past the webhook, is told that the disks are committed, and asks for what runs', async () => {
    await story.kubectl('delete', 'validatingwebhookconfiguration', 'slipway-admission');
    await story.ask({ version: OLD });
    const blocked = await told('its etcd volumes are committed to Kubernetes 1.37');
    expect(condition(blocked, 'Ready')?.status).toBe('True');
    expect(await story.served()).toMatchObject({ gitVersion: 'v1.37.2', emulationMinor: '37' });
    await run(`kubectl patch awscluster <name> --type merge -p '{"spec":{"controlPlane":{"version":"<version>"}}}'`);
    await story.until(
      'it runs as before',
      (found) => runs(NEW)(found) && condition(found, 'Stalled')?.status === 'False',
    );
  });
});
