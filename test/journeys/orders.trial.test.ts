/**
 * Orders: each replica in turn is told to leave, and then to serve anew, while five kinds of users ask the cluster's API at
 * AWS's own pace. Nobody has a request that failed and that one try on a new connection doesn't cure. As the worker does it: by a
 * tag of the replica's volume, which its agent answers.
 */
import { CreateTagsCommand, DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SHUTDOWN_DELAY_SECONDS } from '../../machine/health-check.ts';
import { type Figures, figuresTable } from '../../sandbox/availability/figures.ts';
import { type Probe, startProbe } from '../../sandbox/availability/probe.ts';
import { ORDER_TAG, type OrderVerb, orderText, REPORT_TAG, type Report, reportIn } from '../../words/orders.ts';
import { type SandboxForTests, startSandbox } from '../support/sandbox.ts';
import { SPECTATOR } from '../support/spectator.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { STRICT } from './availability.ts';
import { heldBy, identity, type Replicas, replicasIn } from './replicas.ts';

/** By the issue: its delay, and five seconds more. */
const LONGEST_STOP_SECONDS = SHUTDOWN_DELAY_SECONDS + 5;
const ENOUGH = 100;

let sandbox: SandboxForTests;
let replicas: Replicas;
let probe: Probe;
let ec2: EC2Client;
const seen: (readonly [string, Figures])[] = [];
const figures: string[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({ ...STRICT, SLIPWAY_ORDER_SECONDS: '2', SLIPWAY_SWEEP_SECONDS: '10' });
  replicas = await replicasIn(sandbox);
  const { endpoint, region } = sandbox.status().aws;
  ec2 = new EC2Client({ endpoint, region, credentials: SPECTATOR });
  await replicas.healthy();
  probe = startProbe(await replicas.journey.apiAccess());
});

afterAll(async () => {
  console.info([...figures, ...figuresTable(seen)].join('\n'));
  await probe?.end();
  ec2?.destroy();
  await sandbox?.end();
});

/** Tells the machine of a replica to do something, and waits until its agent says what came of it. */
const order = async (index: number, verb: OrderVerb): Promise<Report> => {
  const machine = await replicas.journey.replica(index);
  const [volumeId = ''] = heldBy(machine).volumes;
  const token = `${verb}-${index}`;
  const until = Math.floor(Date.now() / 1_000) + 180;
  const text = orderText({ token, verb, instanceId: machine.id, until });
  await ec2.send(new CreateTagsCommand({ Resources: [volumeId], Tags: [{ Key: ORDER_TAG, Value: text }] }));
  return waitFor(
    `a report of ${token}`,
    async () => {
      const { Volumes } = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [volumeId] }));
      const said = reportIn(Volumes?.[0]?.Tags?.find(({ Key }) => Key === REPORT_TAG)?.Value);
      return said?.token === token ? said : undefined;
    },
    UNHURRIED,
  );
};

/** Seconds that the API server of a machine took to end, each time that it was told to. */
const stopsOf = (instanceId: string): readonly number[] =>
  replicas
    .agentLog(instanceId)
    .split('\n')
    .filter((line) => line.includes('kube-apiserver stopped'))
    .map((line) => (JSON.parse(line) as { readonly seconds: number }).seconds);

describe.each([0, 1, 2])('replica %i', (index) => {
  test('leaves and serves again, and no client has a failure that a new connection does not cure', async () => {
    const members = (await replicas.healthy()).map(identity);
    const before = probe.record();
    const { id } = await replicas.journey.replica(index);

    expect(await order(index, 'leave')).toMatchObject({ result: 'done' });
    expect(
      await replicas.until('its address answers no more', async () => {
        const address = replicas.addresses[index];
        const answers = await fetch(`https://${address}:6443/readyz`).then(
          () => true,
          (error: { readonly cause?: { readonly code?: string } }) => error.cause?.code !== 'ECONNREFUSED',
        );
        return answers ? undefined : true;
      }),
    ).toBe(true);
    expect(await order(index, 'restart')).toMatchObject({ result: 'done' });
    expect((await replicas.healthy()).map(identity)).toEqual(members);

    const noticed = probe.figures(before);
    const felt = probe.record().felt.slice(before.felt.length);
    const stops = stopsOf(id);
    seen.push([`replica ${index} leaves and serves again`, noticed]);
    figures.push(
      `replica ${index}: ${felt.length} failures cured by a new connection; its API server took ${stops.map((one) => one.toFixed(1)).join(' and ')} s to end`,
    );
    expect(felt.filter(({ cured }) => !cured)).toEqual([]);
    for (const user of ['read', 'write', 'h1', 'h2'] as const) expect(noticed[user].sent).toBeGreaterThan(ENOUGH);
    expect(stops.length).toBeGreaterThanOrEqual(1);
    expect(Math.max(...stops)).toBeLessThan(LONGEST_STOP_SECONDS);
    // The very same machine.
    expect((await replicas.journey.replica(index)).id).toBe(id);
  });
});
