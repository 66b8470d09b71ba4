import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateAutoScalingGroupCommand, DeleteAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling';
import {
  CreateLaunchTemplateCommand,
  DescribeInstancesCommand,
  type Instance,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fromInstanceMetadata } from '@smithy/credential-provider-imds';
import { killInstance, listInstances, processesOf } from '../../../sandbox/instances/parts.ts';
import { folders, REGION } from '../../../sandbox/layout.ts';
import { PACES } from '../../../sandbox/pace.ts';
import { waitFor } from '../../support/wait.ts';
import { type CloudForTests, IMAGE, PROFILE, startCloud } from './cloud.ts';

/**
 * Stands in for the agent: writes down what it was told, and has children of all sorts: in its group, in a group of
 * their own, and one that lost its parent.
 */
const AGENT = `
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
const endpoint = process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT;
const put = await fetch(endpoint + '/latest/api/token', { method: 'PUT', headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' } });
const headers = { 'x-aws-ec2-metadata-token': await put.text() };
const read = async (path) => (await fetch(endpoint + '/latest/' + path, { headers })).text();
spawn('sleep', ['1000']);
spawn('sleep', ['1001'], { detached: true });
await once(spawn('sh', ['-c', 'setsid sleep 1002 & exit'], { detached: true }), 'exit');
const userData = await read('user-data');
const pause = userData === 'slow' ? 10000 : 0;
process.on('SIGTERM', () => setTimeout(() => {
  writeFileSync(process.env.SLIPWAY_AGENT_HOME + '/orderly.log', 'yes');
  process.exit(0);
}, pause));
setInterval(() => {}, 1000);
const seen = { id: await read('meta-data/instance-id'), userData, environment: process.env };
// Last, for whoever sees it takes the machine for up.
writeFileSync(process.env.SLIPWAY_AGENT_HOME + '/seen.json', JSON.stringify(seen));
if (userData === 'fail') process.exit(3);
`;

const FOUR = 4;

let cloud: CloudForTests;

beforeAll(async () => {
  cloud = await startCloud(AGENT);
  cloud.start('instances');
});

afterAll(() => cloud?.close());

const folderOf = (id: string): string => join(folders(cloud.layout.home).instances, id);

const launch = async (userData = 'hello', profile: string | undefined = PROFILE): Promise<string> => {
  const answer = await cloud.ec2.send(
    new RunInstancesCommand({
      ImageId: IMAGE,
      InstanceType: 'm6i.large',
      MinCount: 1,
      MaxCount: 1,
      SubnetId: cloud.account.vpc.subnets[0]?.id,
      UserData: Buffer.from(userData).toString('base64'),
      ...(profile === undefined ? {} : { IamInstanceProfile: { Name: profile } }),
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'kubernetes.io/cluster/gke-1', Value: 'owned' }] }],
    }),
  );
  return answer.Instances?.[0]?.InstanceId ?? '';
};

const describeInstance = async (id: string): Promise<Instance | undefined> => {
  const answer = await cloud.ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  return answer.Reservations?.[0]?.Instances?.[0];
};

const isInState = (id: string, state: string) =>
  waitFor(`${id} is ${state}`, async () => ((await describeInstance(id))?.State?.Name === state ? true : undefined));

/** Up, with all of its children. */
const isUp = (id: string) =>
  waitFor(`${id} runs with its children`, async () =>
    existsSync(join(folderOf(id), 'seen.json')) && processesOf(cloud.layout, id).length === FOUR ? true : undefined,
  );

const isGone = (id: string, pids: readonly number[]) =>
  waitFor(`no process of ${id} is left`, async () => {
    const alive = pids.filter((pid) => {
      if (!existsSync(`/proc/${pid}/stat`)) return false;
      return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    });
    return alive.length === 0 && !listInstances(cloud.layout).some((part) => part.name === id) ? true : undefined;
  });

describe('an instance', () => {
  test('is started with the environment of the agent, and is told who it is by its metadata', async () => {
    const id = await launch('{"slipway":1}');
    await isUp(id);
    const seen = JSON.parse(readFileSync(join(folderOf(id), 'seen.json'), 'utf8'));
    expect(seen.id).toBe(id);
    expect(seen.userData).toBe('{"slipway":1}');
    const address = (await describeInstance(id))?.PrivateIpAddress;
    expect(seen.environment).toMatchObject({
      AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://${address}:1338`,
      SLIPWAY_AGENT_HOME: folderOf(id),
      SLIPWAY_BIN: cloud.layout.bin,
    });
    // Nothing of the person's own environment: an agent with a person's credentials would hide that its own don't work.
    expect(
      Object.keys(seen.environment)
        .filter((name) => name.startsWith('AWS_'))
        .sort(),
    ).toEqual(['AWS_EC2_METADATA_SERVICE_ENDPOINT', 'AWS_ENDPOINT_URL', 'AWS_REGION']);
    expect(readFileSync(join(folderOf(id), 'agent.pid'), 'utf8').trim()).toBe(
      String(listInstances(cloud.layout).find((part) => part.name === id)?.pid),
    );
  });

  test('gets temporary credentials of its role that the account accepts, by the default chain of the SDK', async () => {
    const id = await launch();
    await isUp(id);
    const address = (await describeInstance(id))?.PrivateIpAddress;
    process.env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] = `http://${address}:1338`;
    const sts = new STSClient({
      region: REGION,
      endpoint: `http://${cloud.layout.moto.host}:${cloud.layout.moto.port}`,
      // The SDK's own timeout is a second, which a busy computer may need for itself.
      credentials: fromInstanceMetadata({ timeout: 10_000, maxRetries: 2 }),
    });
    const identity = await sts.send(new GetCallerIdentityCommand({}));
    sts.destroy();
    delete process.env['AWS_EC2_METADATA_SERVICE_ENDPOINT'];
    expect(identity.Arn).toBe(`arn:aws:sts::0123456789012:assumed-role/${PROFILE}/${id}`);
  });

  test('that is terminated may shut down in order, loses every process, and leaves its logs only', async () => {
    // However long a busy computer lets it wait for its turn.
    await cloud.setPace({ ...PACES.quick, shutdownSeconds: 600 });
    try {
      const id = await launch();
      await isUp(id);
      const pids = processesOf(cloud.layout, id);
      await cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
      await isGone(id, pids);
      await waitFor(`${id} is cleared away`, async () =>
        existsSync(join(folderOf(id), 'terminated')) ? true : undefined,
      );
      expect(readdirSync(folderOf(id)).sort()).toEqual(['agent.log', 'orderly.log', 'terminated']);
    } finally {
      await cloud.setPace(PACES.quick);
    }
  });

  test('that is terminated has what is its own until its machine has ended by itself, and no longer', async () => {
    await cloud.setPace({ ...PACES.quick, shutdownSeconds: 600 });
    try {
      const id = await launch('slow');
      await isUp(id);
      const pids = processesOf(cloud.layout, id);
      await cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
      await waitFor('it was told to shut down', async () =>
        cloud
          .log('instances')
          .split('\n')
          .some((line) => line.includes(id) && line.includes('Ending the instance'))
          ? true
          : undefined,
      );
      expect(await describeInstance(id)).toMatchObject({
        State: { Name: 'shutting-down' },
        PrivateIpAddress: expect.any(String),
      });
      await isGone(id, pids);
      await isInState(id, 'terminated');
      expect(readFileSync(join(folderOf(id), 'orderly.log'), 'utf8')).toBe('yes');
    } finally {
      await cloud.setPace(PACES.quick);
    }
  });

  test('that hangs when it is terminated is cut off when its time is over', async () => {
    const id = await launch();
    await isUp(id);
    const pids = processesOf(cloud.layout, id);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    await cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    await isGone(id, pids);
    await isInState(id, 'terminated');
    expect(existsSync(join(folderOf(id), 'orderly.log'))).toBe(false);
  });

  test('that is terminated before it ever ran is waited for by nobody', async () => {
    await cloud.setPace({ ...PACES.quick, shutdownSeconds: 600 });
    try {
      const id = await launch();
      await cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
      await isInState(id, 'terminated');
    } finally {
      await cloud.setPace(PACES.quick);
    }
  });

  test('that is stopped has no process until it is started again, at the same address', async () => {
    const id = await launch();
    await isUp(id);
    const before = processesOf(cloud.layout, id);
    const address = (await describeInstance(id))?.PrivateIpAddress;
    await cloud.ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
    await isGone(id, before);
    await isInState(id, 'stopped');
    await cloud.ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
    await isUp(id);
    expect((await describeInstance(id))?.PrivateIpAddress).toBe(address);
    expect(processesOf(cloud.layout, id).filter((pid) => before.includes(pid))).toEqual([]);
  });

  test('whose leader dies is reported terminated once, all of its processes gone, and is replaced by its group', async () => {
    await cloud.ec2.send(
      new CreateLaunchTemplateCommand({
        LaunchTemplateName: 'one',
        LaunchTemplateData: { ImageId: IMAGE, InstanceType: 'm6i.large', UserData: btoa('of a group') },
      }),
    );
    await cloud.autoScaling.send(
      new CreateAutoScalingGroupCommand({
        AutoScalingGroupName: 'one',
        LaunchTemplate: { LaunchTemplateName: 'one', Version: '1' },
        MinSize: 1,
        MaxSize: 1,
        VPCZoneIdentifier: cloud.account.vpc.subnets[1]?.id,
      }),
    );
    const ofGroup = async (): Promise<readonly Instance[]> => {
      const answer = await cloud.ec2.send(
        new DescribeInstancesCommand({
          Filters: [
            { Name: 'tag:aws:autoscaling:groupName', Values: ['one'] },
            { Name: 'instance-state-name', Values: ['running'] },
          ],
        }),
      );
      return (answer.Reservations ?? []).flatMap((reservation) => reservation.Instances ?? []);
    };
    const first = await waitFor('the group has an instance', async () => (await ofGroup())[0]?.InstanceId);
    await isUp(first);
    const pids = processesOf(cloud.layout, first);
    const leader = listInstances(cloud.layout).find((part) => part.name === first)?.pid ?? 0;
    process.kill(leader, 'SIGKILL');
    await isGone(first, pids);
    const second = await waitFor('the group has another', async () =>
      (await ofGroup()).map((instance) => instance.InstanceId).find((id) => id !== undefined && id !== first),
    );
    await isUp(second);
    expect((await describeInstance(first))?.State?.Name).toBe('terminated');
    const told = cloud.log('instances').split('\n');
    expect(told.filter((line) => line.includes(first) && line.includes('was reported terminated'))).toHaveLength(1);
    await cloud.autoScaling.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName: 'one', ForceDelete: true }));
    await isGone(second, []);
  });

  test('killed by name loses everything at once and is terminated', async () => {
    const id = await launch();
    await isUp(id);
    const pids = processesOf(cloud.layout, id);
    await killInstance(cloud.layout, id);
    await isGone(id, pids);
    await isInState(id, 'terminated');
    await expect(killInstance(cloud.layout, id)).rejects.toThrow(`no instance ${id} runs here`);
  });

  test('whose agent fails at once is not replaced at full speed', async () => {
    const id = await launch('fail');
    await isInState(id, 'terminated');
    const told = await waitFor('its host to say so', async () =>
      cloud
        .log('instances')
        .split('\n')
        .find((line) => line.includes(id) && line.includes('was reported terminated')),
    );
    expect((JSON.parse(told) as { lived: number }).lived).toBeGreaterThanOrEqual(5_000);
  });
});

describe('the host', () => {
  test('killed and started again takes up the same processes, and finds those that died meanwhile', async () => {
    const [survivor, victim] = [await launch(), await launch()];
    await isUp(survivor);
    await isUp(victim);
    const before = processesOf(cloud.layout, survivor);
    await cloud.end('instances', 'SIGKILL');
    await killInstance(cloud.layout, victim);
    expect(processesOf(cloud.layout, survivor)).toEqual(before);
    cloud.start('instances');
    await isInState(victim, 'terminated');
    expect(processesOf(cloud.layout, survivor)).toEqual(before);
    const address = (await describeInstance(survivor))?.PrivateIpAddress;
    expect((await fetch(`http://${address}:1338/latest/meta-data/instance-id`)).status).toBe(401);
  });

  test('started again without a record of a process takes up that process, not a second one', async () => {
    const id = await launch();
    await isUp(id);
    const before = processesOf(cloud.layout, id);
    await cloud.end('instances', 'SIGKILL');
    // As if it had died between starting the process and writing that down.
    const { removeRecord } = await import('../../../sandbox/instances/folder.ts');
    removeRecord(folders(cloud.layout.home).instances, id);
    cloud.start('instances');
    await waitFor('it is taken up', async () =>
      listInstances(cloud.layout).some((part) => part.name === id) ? true : undefined,
    );
    expect(processesOf(cloud.layout, id)).toEqual(before);
  });
});
