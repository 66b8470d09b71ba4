/**
 * Slipway changes, and AWS does: a plan of the commit before this one is finished by this one; twenty clusters take no
 * notice of a newer release; what somebody changes by hand is told, and left alone.
 *
 * In a sandbox with stub machines: what machines do is not asked here, only whether any is touched.
 */
import {
  AuthorizeSecurityGroupIngressCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { entityWorkflowId } from '../../api/names.ts';
import { type Manifest, smallCluster } from '../../bench/manifests.ts';
import { AWS_CREDENTIALS, REGION } from '../../sandbox/layout.ts';
import { readJson } from '../support/http.ts';
import { checkoutOf, checkoutWith, previousCommit, startWorker } from '../support/releases.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { sweepNow } from './sweeps.ts';

const CLUSTERS = Array.from({ length: 20 }, (_, index) => `cluster-${index}`);

type Condition = { readonly type: string; readonly status: string; readonly message: string };
type Stored = {
  readonly kind: 'AWSCluster' | 'AWSNodePool';
  readonly metadata: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly status?: {
    readonly state?: string;
    readonly clusterID?: string;
    readonly conditions?: readonly Condition[];
  };
};

let sandbox: SandboxForTests;
beforeAll(async () => {
  sandbox = await startSandbox({}, { stub: true });
});
afterAll(() => sandbox?.end());

const objects = (): Promise<readonly Stored[]> => sandbox.objects().all<Stored>();
const objectNamed = async (name: string): Promise<Stored> => {
  const found = (await objects()).find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`There is no ${name}.`);
  return found;
};
const conditionOf = ({ status }: Stored, type: string): Condition | undefined =>
  status?.conditions?.find((condition) => condition.type === type);

const apply = (manifests: readonly Manifest[]): Promise<string> =>
  succeed(
    'apply',
    sandbox.kubectl(['apply', '-f', '-'], { input: manifests.map((one) => stringify(one)).join('---\n') }),
  );

const untilProvisioned = (count: number): Promise<true> =>
  waitFor(
    `${count} objects are provisioned`,
    async () => {
      const states = (await objects()).map(({ status }) => status?.state);
      return states.length === count && states.every((state) => state === 'Provisioned') ? true : undefined;
    },
    UNHURRIED,
  );

/** What Slipway itself changed in AWS since then; machines and people have credentials of their own. */
const mutationsSince = async (since: number): Promise<readonly string[]> =>
  (await sandbox.callsSince(since, { mutating: true })).calls
    .filter(({ accessKey }) => accessKey === AWS_CREDENTIALS.accessKeyId)
    .map(({ operation }) => operation);
const callsSoFar = async (): Promise<number> => (await sandbox.callsSince(0)).next;

const instances = async (): Promise<readonly string[]> => {
  const all = (await readJson(`${sandbox.status().aws.endpoint}/_sim/instances`)) as readonly {
    readonly id: string;
    readonly state: string;
  }[];
  return all.map(({ id, state }) => `${id} ${state}`).sort();
};

const sweep = (): Promise<void> => sweepNow(sandbox);

type Described = {
  readonly workflowExecutionInfo: { readonly execution: { readonly runId: string }; readonly status: string };
};
const operationOf = async (object: Stored): Promise<Described['workflowExecutionInfo']> => {
  const workflowId = `${entityWorkflowId({ kind: object.kind, ...object.metadata })}/operation`;
  const ran = await succeed(
    'describe',
    sandbox.temporal(['workflow', 'describe', '--workflow-id', workflowId, '-o', 'json']),
  );
  return (JSON.parse(ran) as Described).workflowExecutionInfo;
};

const replaceWorker = async (what: 'stop' | 'start'): Promise<void> =>
  void (await succeed(`${what} the worker`, sandbox.sandbox(what, 'slipway-worker')));

const previous = previousCommit();
const withPrevious = 'missing' in previous ? test.skip : test;
const name = 'missing' in previous ? ` (skipped: ${previous.missing})` : '';

describe('a new release', () => {
  withPrevious(`finishes the plan that the commit before it has started${name}`, async () => {
    if ('missing' in previous) return;
    const before = checkoutOf(previous.commit);
    try {
      await replaceWorker('stop');
      // Without an answer of the control plane no create ends.
      await succeed('silence', sandbox.sandbox('fault', 'silence'));
      const worker = await startWorker(sandbox, before);
      await apply(smallCluster('cluster-0'));
      await waitFor(
        'all is made but what only a control plane makes',
        async () => {
          const { calls } = await sandbox.callsSince(0, { mutating: true });
          // One that is tried again, because its template isn't known everywhere yet, counts once it is made.
          const groups = calls.filter((one) => one.operation === 'CreateAutoScalingGroup' && one.error === undefined);
          return groups.length >= 4 ? true : undefined;
        },
        UNHURRIED,
      );
      const cluster = await objectNamed('cluster-0');
      const begun = await operationOf(cluster);
      expect(begun.status).toBe('WORKFLOW_EXECUTION_STATUS_RUNNING');
      await worker.stop();
      await replaceWorker('start');
      await succeed('clear', sandbox.sandbox('fault', 'clear'));
      await untilProvisioned(2);
      const ended = await operationOf(cluster);
      expect(ended.execution.runId).toBe(begun.execution.runId);
      expect(ended.status).toBe('WORKFLOW_EXECUTION_STATUS_COMPLETED');
    } finally {
      before.remove();
      await replaceWorker('start');
      await succeed('clear', sandbox.sandbox('fault', 'clear'));
    }
  });

  test('with newer components leaves twenty idle clusters as they are, and says what it has', async () => {
    await apply(CLUSTERS.flatMap((cluster) => smallCluster(cluster).slice(0, cluster === 'cluster-0' ? 2 : 1)));
    await untilProvisioned(CLUSTERS.length + 1);
    const machines = await instances();
    const since = await callsSoFar();
    await replaceWorker('stop');
    const newer = checkoutWith('api/releases.ts', (text) =>
      text.replaceAll("etcd: '3.6.", "etcd: '3.6.9").replace('ami-slipway-${version}', 'ami-slipway-${version}-newer'),
    );
    try {
      const worker = await startWorker(sandbox, newer);
      // It looks at each of them, as after a loss of all of Temporal's data, and at all of them at once.
      for (const { kind, metadata } of await objects()) {
        const workflowId = entityWorkflowId({ kind, ...metadata });
        await succeed(
          'signal',
          sandbox.temporal(['workflow', 'signal', '--workflow-id', workflowId, '--name', 'specChanged']),
        );
      }
      await sweep();
      const told = await waitFor(
        'each of them says that there is a newer revision',
        async () => {
          const all = await objects();
          return all.every((object) => conditionOf(object, 'RevisionAvailable')) ? all : undefined;
        },
        UNHURRIED,
      );
      expect(told.map(({ status }) => status?.state)).toEqual(told.map(() => 'Provisioned'));
      const cluster = told.find(({ kind }) => kind === 'AWSCluster');
      expect(cluster && conditionOf(cluster, 'RevisionAvailable')?.message).toMatch(
        /etcd 3\.6\.9\d+ instead of 3\.6\.\d+/,
      );
      expect(await mutationsSince(since)).toEqual([]);
      expect(await instances()).toEqual(machines);
      await worker.stop();
    } finally {
      newer.remove();
      await replaceWorker('start');
    }
  });
});

describe('a rule that somebody takes away from a security group', () => {
  test('is told within a sweep and mended by nobody; once it is back, nothing is told any more', async () => {
    const ec2 = new EC2Client({
      region: REGION,
      endpoint: sandbox.status().aws.endpoint,
      credentials: { accessKeyId: 'by-hand', secretAccessKey: 'by-hand' },
    });
    const { status } = await objectNamed('cluster-0');
    const { SecurityGroups: groups } = await ec2.send(
      new DescribeSecurityGroupsCommand({
        Filters: [{ Name: 'group-name', Values: [`${status?.clusterID}-controlplane`] }],
      }),
    );
    const group = groups?.[0];
    const permission = group?.IpPermissions?.find(({ FromPort }) => FromPort === 6443);
    if (group?.GroupId === undefined || permission === undefined) throw new Error('The group has no rule for 6443.');
    const rule = { GroupId: group.GroupId, IpPermissions: [permission] };

    const since = await callsSoFar();
    await ec2.send(new RevokeSecurityGroupIngressCommand(rule));
    await sweep();
    const drifted = await waitFor(
      'the drift is told',
      async () => conditionOf(await objectNamed('cluster-0'), 'Drifted'),
      UNHURRIED,
    );
    expect(drifted.message).toMatch(/security-group-rules\/controlplane: .*6443/);
    expect(drifted.message).toContain('npx slipway operations retry cluster cluster-0 -n default');
    const plan = await succeed('plan', sandbox.slipway(['clusters', 'plan', 'cluster-0']));
    expect(plan).toMatch(
      /AWSCluster default\/cluster-0: UpdateCluster, \d+ steps?\n.*ensure security-group-rules\/controlplane/s,
    );

    await ec2.send(new AuthorizeSecurityGroupIngressCommand(rule));
    await sweep();
    await waitFor(
      'it is told no more',
      async () => (conditionOf(await objectNamed('cluster-0'), 'Drifted') === undefined ? true : undefined),
      UNHURRIED,
    );
    expect(await mutationsSince(since)).toEqual([]);
    ec2.destroy();
  });
});
