/** A stub sandbox, by the commands that a person types: a cluster with a pool is made and deleted, and nothing is left. */
import { join } from 'node:path';
import { CreateTagsCommand, DescribeVolumesCommand, EC2Client, type Volume } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { EMPTY_DISK_TAG } from '../../../api/names.ts';
import { ORDER_TAG, orderText, REPORT_TAG } from '../../../words/orders.ts';
import { readJson } from '../../support/http.ts';
import { type SandboxForTests, startSandbox, succeed } from '../../support/sandbox.ts';
import { SPECTATOR } from '../../support/spectator.ts';
import { UNHURRIED, waitFor } from '../../support/wait.ts';

const MANIFEST = join(import.meta.dirname, '../../fixtures/small-cluster.yaml');

let sandbox: SandboxForTests;

const kubectl = (...args: readonly string[]): Promise<string> => succeed(args.join(' '), sandbox.kubectl(args));
const inventory = (): Promise<unknown> => readJson(`${sandbox.status().aws.endpoint}/_sim/inventory`);
type Stated = { readonly status?: { readonly state?: string } };
const states = async (): Promise<string> => {
  const listed = await sandbox.objects().all<Stated>();
  return listed.map(({ status }) => status?.state ?? '').join(' ');
};
const untilProvisioned = () =>
  waitFor(
    'cluster and pool to be provisioned',
    async () => ((await states()) === 'Provisioned Provisioned' ? true : undefined),
    UNHURRIED,
  );

/** What a replica answers that is told to restart, by a tag of its volume. */
const restarted = async (): Promise<string> => {
  const { endpoint, region } = sandbox.status().aws;
  const ec2 = new EC2Client({ endpoint, region, credentials: SPECTATOR });
  const volumes = async () => (await ec2.send(new DescribeVolumesCommand({}))).Volumes ?? [];
  const isReplicas = ({ Tags = [] }: Volume): boolean => Tags.some(({ Key }) => Key === EMPTY_DISK_TAG);
  const { VolumeId: id = '', Attachments = [] } = (await volumes()).find(isReplicas) ?? {};
  const instanceId = Attachments[0]?.InstanceId ?? '';
  const until = Math.ceil(Date.now() / 1_000) + 60;
  const order = { Key: ORDER_TAG, Value: orderText({ token: 'a-token', verb: 'restart', instanceId, until }) };
  await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [order] }));
  const report = await waitFor(
    'its report',
    async () =>
      (await volumes()).find(({ VolumeId }) => VolumeId === id)?.Tags?.find(({ Key }) => Key === REPORT_TAG)?.Value,
    UNHURRIED,
  );
  ec2.destroy();
  return report;
};

beforeAll(async () => {
  sandbox = await startSandbox({ SLIPWAY_ORDER_SECONDS: '1' }, { stub: true });
});
afterAll(async () => {
  await sandbox.end();
});

test('a cluster with a pool is provisioned on stub machines, replaces one that is killed, and leaves nothing', async () => {
  const before = await inventory();
  await kubectl('apply', '-f', MANIFEST);
  await untilProvisioned();
  const kubeconfig = join(sandbox.home, 'user.kubeconfig');
  await succeed(
    'get-credentials',
    sandbox.slipway(['clusters', 'get-credentials', 'small'], { KUBECONFIG: kubeconfig }),
  );
  const nodes = await succeed('get nodes', sandbox.kubectl(['get', 'nodes', '-o', 'name'], { kubeconfig }));
  expect(nodes.trim().split('\n')).toEqual([expect.stringMatching(/^node\/ip-127-/)]);
  expect(await restarted()).toBe('a-token done 1.36.3 1.36');
  const machines = (await readJson(`${sandbox.status().aws.endpoint}/_sim/instances`)) as readonly { id: string }[];
  expect(machines).toHaveLength(4);
  await succeed('kill', sandbox.sandbox('kill', machines[0]?.id ?? ''));
  await waitFor('a machine in its place', async () => {
    const now = (await readJson(`${sandbox.status().aws.endpoint}/_sim/instances`)) as typeof machines;
    return now.length === 5 ? true : undefined;
  });
  await kubectl('delete', '-f', MANIFEST, '--timeout', '10m');
  expect(await inventory()).toEqual(before);
});

test('faults of stubs are taken by the command line, listed and cleared', async () => {
  await succeed('fault', sandbox.sandbox('fault', 'refusal', 'deployments/coredns', '--method', 'PATCH'));
  const listed = await succeed('fault list', sandbox.sandbox('fault', 'list'));
  expect(JSON.parse(listed)).toMatchObject({ stub: [{ kind: 'refusal', path: 'deployments/coredns', status: 500 }] });
  await succeed('fault clear', sandbox.sandbox('fault', 'clear'));
  expect(JSON.parse(await succeed('fault list', sandbox.sandbox('fault', 'list')))).toEqual([]);
});
