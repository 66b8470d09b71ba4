/** The part `aws` as the sandbox starts it, with the account that the seed's manifest names. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  DescribeImagesCommand,
  DescribeInternetGatewaysCommand,
  DescribeKeyPairsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { GetInstanceProfileCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GenerateDataKeyCommand,
  KMSClient,
} from '@aws-sdk/client-kms';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { claimAddresses } from '../../../sandbox/addresses.ts';
import { accountOf, OTHER_ACCOUNT, OTHER_ACCOUNT_ACCESS_KEY } from '../../../sandbox/aws/account.ts';
import { layoutOf } from '../../../sandbox/layout.ts';
import { ensureTools } from '../../../sandbox/tools/build.ts';
import { waitFor } from '../../support/wait.ts';

const MAIN = fileURLToPath(new URL('../../../sandbox/aws/main.ts', import.meta.url));

/** The part as a process on a network of its own. */
const startPart = async () => {
  const { bin, python } = await ensureTools();
  const home = mkdtempSync(join(tmpdir(), 'slipway-aws-'));
  const claim = await claimAddresses(home, undefined);
  const layout = layoutOf({ ...claim, home, bin, python, node: process.execPath, cache: '', checkout: '' });
  const file = join(home, 'sandbox.json');
  writeFileSync(file, JSON.stringify(layout));
  const child = spawn(process.execPath, [MAIN, file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const endpoint = `http://${layout.aws.host}:${layout.aws.port}`;
  const clientOf = (accessKeyId = 'AKIASLIPWAY') => ({
    region: 'eu-west-1',
    endpoint,
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey: 'secret' },
  });
  const close = async () => {
    child.kill('SIGTERM');
    await exited;
    claim.release();
    rmSync(home, { recursive: true, force: true });
  };
  const isUp = async () => ((await fetch(`${endpoint}/_proxy/health`)).ok ? true : undefined);
  await waitFor(`aws listens on ${endpoint}`, isUp).catch(async (error: unknown) => {
    await close();
    throw new Error(`The part did not start: ${said.join('')}`, { cause: error });
  });
  return {
    child,
    exited,
    endpoint,
    moto: `http://${layout.moto.host}:${layout.moto.port}`,
    network: claim.network,
    said: () => said.join(''),
    clientOf,
    close,
  };
};

type RunningPart = Awaited<ReturnType<typeof startPart>>;

const isGone = async (url: string): Promise<true | undefined> =>
  fetch(`${url}/_sim/timing`).then(
    () => undefined,
    () => true,
  );

describe('the account', () => {
  let part: RunningPart;
  let ec2: EC2Client;
  beforeAll(async () => {
    part = await startPart();
    ec2 = new EC2Client(part.clientOf());
  });
  afterAll(async () => {
    ec2.destroy();
    await part.close();
  });

  test('has the number that the seed writes', async () => {
    const identity = await new STSClient(part.clientOf()).send(new GetCallerIdentityCommand({}));
    expect(identity.Account).toBe('0123456789012');
  });

  test('has images of the versions whose programs are among the tools, and of no other', async () => {
    const imagesOf = async (version: string): Promise<string> =>
      ec2.send(new DescribeImagesCommand({ ImageIds: [`ami-slipway-${version}`] })).then(
        ({ Images: [image] = [] }) => image?.State ?? 'none',
        ({ name }: Error) => name,
      );
    expect(await imagesOf('1.36.3-gke.1')).toBe('available');
    expect(await imagesOf('1.37.2-gke.1')).toBe('InvalidAMIID.NotFound');
  });

  test('has the VPC with DNS host names and a way out', async () => {
    const VpcId = 'vpc-027d53db543f33b56';
    const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [VpcId] }));
    expect(Vpcs?.map((vpc) => vpc.CidrBlock)).toEqual([`127.${part.network}.0.0/16`]);
    const attribute = await ec2.send(new DescribeVpcAttributeCommand({ VpcId, Attribute: 'enableDnsHostnames' }));
    expect(attribute.EnableDnsHostnames?.Value).toBe(true);
    const gateways = await ec2.send(
      new DescribeInternetGatewaysCommand({ Filters: [{ Name: 'attachment.vpc-id', Values: [VpcId] }] }),
    );
    expect(gateways.InternetGateways).toHaveLength(1);
  });

  test('has the six subnets over three zones, and nothing of the simulation in their tags', async () => {
    const { Subnets = [] } = await ec2.send(
      new DescribeSubnetsCommand({ Filters: [{ Name: 'vpc-id', Values: ['vpc-027d53db543f33b56'] }] }),
    );
    const found = Subnets.map((subnet) => `${subnet.SubnetId} ${subnet.CidrBlock} ${subnet.AvailabilityZone}`);
    const cidr = (index: number) => `127.${part.network}.${index}.0/24`;
    expect(found.toSorted()).toEqual(
      [
        `subnet-08fdd9360320f5f27 ${cidr(1)} eu-west-1a`,
        `subnet-03babff7f9b5d4a7b ${cidr(2)} eu-west-1b`,
        `subnet-072949cee3d082184 ${cidr(3)} eu-west-1c`,
        `subnet-06efa94e317c13730 ${cidr(4)} eu-west-1a`,
        `subnet-03808c78800c82a9d ${cidr(5)} eu-west-1b`,
        `subnet-07b471ccadb908e9b ${cidr(6)} eu-west-1c`,
      ].toSorted(),
    );
    expect(new Set(Subnets.flatMap((subnet) => subnet.Tags?.map((tag) => tag.Key)))).toEqual(new Set(['Name']));
  });

  test('has a table of routes for its public subnets and one for its private, each with a way out of its own', async () => {
    const { RouteTables = [] } = await ec2.send(
      new DescribeRouteTablesCommand({ Filters: [{ Name: 'vpc-id', Values: ['vpc-027d53db543f33b56'] }] }),
    );
    const { vpc } = accountOf(part.network);
    const tables = RouteTables.map(({ Associations = [], Routes = [] }) => ({
      subnets: Associations.flatMap(({ SubnetId }) => SubnetId ?? []).toSorted(),
      out: Routes.filter(({ DestinationCidrBlock }) => DestinationCidrBlock === '0.0.0.0/0').map(
        ({ GatewayId, NatGatewayId }) => (NatGatewayId ?? GatewayId ?? '').split('-')[0],
      ),
    }));
    const subnets = (ofPublic: boolean) =>
      vpc.subnets.flatMap((one) => (one.public === ofPublic ? one.id : [])).toSorted();
    expect(tables).toContainEqual({ subnets: subnets(true), out: ['igw'] });
    expect(tables).toContainEqual({ subnets: subnets(false), out: ['nat'] });
    expect(tables).toContainEqual({ subnets: [], out: [] });
  });

  test('has the security group, the key pair, both instance profiles and the KMS key', async () => {
    const groups = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: ['sg-0372ceaae4fc17084'] }));
    expect(groups.SecurityGroups?.map((group) => group.VpcId)).toEqual(['vpc-027d53db543f33b56']);
    const pairs = await ec2.send(new DescribeKeyPairsCommand({ KeyNames: ['gke-404767c1-keypair'] }));
    expect(pairs.KeyPairs).toHaveLength(1);
    const iam = new IAMClient(part.clientOf());
    for (const name of ['gke-404767c1-controlplane', 'gke-404767c1-nodepool']) {
      const { InstanceProfile } = await iam.send(new GetInstanceProfileCommand({ InstanceProfileName: name }));
      expect(InstanceProfile?.Roles?.map((role) => role.RoleName)).toEqual([name]);
    }
    const arn = 'arn:aws:kms:eu-west-1:0123456789012:key/12560928-59cf-4157-a29f-eecb4ec93fd2';
    const { KeyMetadata } = await new KMSClient(part.clientOf()).send(new DescribeKeyCommand({ KeyId: arn }));
    expect([KeyMetadata?.Arn, KeyMetadata?.Enabled]).toEqual([arn, true]);
  });

  test('is furnished with nothing but what its description names and what AWS adds to it', async () => {
    const inventory = (await (await fetch(`${part.endpoint}/_sim/inventory`)).json()) as { kind: string; id: string }[];
    const { vpc, securityGroups, keyPairs, instanceProfiles, kmsKeys, buckets } = accountOf(part.network);
    const described = [vpc, ...vpc.subnets, ...securityGroups, ...kmsKeys].map(({ id }) => id);
    const names = [...described, ...keyPairs.map(({ name }) => name), ...instanceProfiles, ...buckets];
    const others = inventory.filter(({ id }) => !names.includes(id)).map(({ kind }) => kind);
    expect(others.toSorted()).toEqual([
      'address',
      'internet-gateway',
      'nat-gateway',
      'network-acl',
      'network-interface',
      ...['route-table', 'route-table', 'route-table'],
      'security-group',
    ]);
    expect(names.filter((name) => !inventory.some(({ id }) => id === name))).toEqual([]);
  });

  test('a disabled KMS key refuses data keys, as the SDK reports it', async () => {
    const kms = new KMSClient(part.clientOf());
    const KeyId = '12560928-59cf-4157-a29f-eecb4ec93fd2';
    await kms.send(new DisableKeyCommand({ KeyId }));
    await expect(kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))).rejects.toMatchObject({
      name: 'DisabledException',
    });
    await kms.send(new EnableKeyCommand({ KeyId }));
    const { Plaintext } = await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }));
    expect(Plaintext).toHaveLength(32);
  });

  test('a fault of KMS that the proxy makes has the code that was ordered', async () => {
    const fault = { service: 'kms', operation: 'DescribeKey', kind: 'error', code: 'AccessDeniedException' };
    await fetch(`${part.endpoint}/_proxy/faults`, { method: 'POST', body: JSON.stringify(fault) });
    const kms = new KMSClient(part.clientOf());
    const look = new DescribeKeyCommand({ KeyId: '12560928-59cf-4157-a29f-eecb4ec93fd2' });
    await expect(kms.send(look)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(kms.send(look)).resolves.toBeDefined();
  });

  test('another access key finds another account, without any of this', async () => {
    const other = part.clientOf(OTHER_ACCOUNT_ACCESS_KEY);
    expect((await new STSClient(other).send(new GetCallerIdentityCommand({}))).Account).toBe(OTHER_ACCOUNT);
    await expect(
      new EC2Client(other).send(new DescribeVpcsCommand({ VpcIds: ['vpc-027d53db543f33b56'] })),
    ).rejects.toMatchObject({ name: 'InvalidVpcID.NotFound' });
  });
});

describe('the part', () => {
  const parts: RunningPart[] = [];
  const startOne = async (): Promise<RunningPart> => {
    const part = await startPart();
    parts.push(part);
    return part;
  };
  afterEach(async () => {
    for (const part of parts.splice(0)) await part.close();
  });

  test('ends moto when it is told to end', async () => {
    const part = await startOne();
    part.child.kill('SIGTERM');
    expect(await part.exited).toBe(0);
    await waitFor('moto is gone', () => isGone(part.moto));
  });

  test('leaves no moto behind when it is killed', async () => {
    const part = await startOne();
    part.child.kill('SIGKILL');
    await waitFor('moto is gone', () => isGone(part.moto));
  });

  test('ends with an error that says the account is lost when moto dies', async () => {
    const part = await startOne();
    const answer = await fetch(`${part.moto}/_sim/process`);
    const { pid } = (await answer.json()) as { pid: number };
    process.kill(pid, 'SIGKILL');
    expect(await part.exited).toBe(1);
    expect(part.said()).toContain('the account is lost');
  });
});
