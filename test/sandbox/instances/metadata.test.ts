import { beforeEach, describe, expect, test } from '@jest/globals';
import type { InstanceView } from '../../../sandbox/instances/account.ts';
import { roleCredentials } from '../../../sandbox/instances/credentials.ts';
import { answerMetadata, type MetadataSource } from '../../../sandbox/instances/metadata.ts';
import { metadataTokens } from '../../../sandbox/instances/tokens.ts';

const INSTANCE: InstanceView = {
  id: 'i-0123456789abcdef0',
  state: 'running',
  imageId: 'ami-slipway-1.36',
  instanceType: 'm6i.large',
  az: 'eu-west-1b',
  subnetId: 'subnet-1',
  vpcId: 'vpc-1',
  privateIp: '127.16.2.20',
  userData: Buffer.from('{"slipway":1}').toString('base64'),
  tags: { Name: 'a replica', 'kubernetes.io/cluster/gke-1': 'owned' },
  enis: [
    { id: 'eni-1', ip: '127.16.2.20', index: 0, mac: '02:00:00:00:00:01' },
    { id: 'eni-2', ip: '127.16.2.200', index: 1 },
  ],
  iamInstanceProfile: { arn: 'arn:aws:iam::0123456789012:instance-profile/machine', name: 'machine' },
};

const clock = { now: 1_000_000 };
const KEY = Buffer.alloc(32, 7);

const source = (instance = INSTANCE): MetadataSource => ({
  instance,
  tokens: metadataTokens(KEY, instance.id, () => clock.now),
  credentials: async (roleArn) => ({
    accessKeyId: `key of ${roleArn}`,
    secretAccessKey: 'secret',
    token: 'session',
    lastUpdated: '2026-01-01T00:00:00Z',
    expiration: '2026-01-01T01:00:00Z',
  }),
});

const put = (headers: Record<string, string>, path = '/latest/api/token') =>
  answerMetadata(source(), { method: 'PUT', path, headers });

const get = async (path: string, instance = INSTANCE) => {
  const token = source(instance).tokens.issue(60);
  const answer = await answerMetadata(source(instance), {
    method: 'GET',
    path: `/latest/${path}`,
    headers: { 'x-aws-ec2-metadata-token': token },
  });
  return { status: answer.status, body: answer.body.toString() };
};

beforeEach(() => {
  clock.now = 1_000_000;
});

describe('a session token', () => {
  const TTL = 'x-aws-ec2-metadata-token-ttl-seconds';

  test('is given for a time between a second and six hours, and says for how long', async () => {
    const answer = await put({ [TTL]: '21600' });
    expect(answer).toMatchObject({ status: 200, headers: { [TTL]: '21600' } });
    for (const ttl of ['0', '21601', 'soon', '1.5']) expect((await put({ [TTL]: ttl })).status).toBe(400);
    expect((await put({})).status).toBe(400);
  });

  test('is not given through a proxy, nor by any other method', async () => {
    expect((await put({ [TTL]: '60', 'x-forwarded-for': '10.0.0.1' })).status).toBe(403);
    const asked = await answerMetadata(source(), {
      method: 'GET',
      path: '/latest/api/token',
      headers: { [TTL]: '60' },
    });
    expect(asked.status).toBe(405);
  });

  test('is needed for every read, is good until it expires, and for one instance only', async () => {
    const read = (token: string | undefined) =>
      answerMetadata(source(), {
        method: 'GET',
        path: '/latest/meta-data/instance-id',
        headers: token === undefined ? {} : { 'x-aws-ec2-metadata-token': token },
      });
    expect((await read(undefined)).status).toBe(401);
    expect((await read('made up')).status).toBe(401);
    const token = source().tokens.issue(60);
    expect((await read(token)).status).toBe(200);
    expect((await read(source({ ...INSTANCE, id: 'i-2' }).tokens.issue(60))).status).toBe(401);
    clock.now += 60_000;
    expect((await read(token)).status).toBe(401);
  });
});

describe('the documents', () => {
  test.each([
    ['meta-data/instance-id', INSTANCE.id],
    ['meta-data/local-ipv4', '127.16.2.20'],
    ['meta-data/local-hostname', 'ip-127-16-2-20.eu-west-1.compute.internal'],
    ['meta-data/placement/availability-zone', 'eu-west-1b'],
    ['meta-data/placement/region', 'eu-west-1'],
    ['meta-data/instance-type', 'm6i.large'],
    ['meta-data/ami-id', 'ami-slipway-1.36'],
    ['meta-data/mac', '02:00:00:00:00:01'],
    ['meta-data/network/interfaces/macs/02:00:00:00:00:01/interface-id', 'eni-1'],
    ['meta-data/tags/instance/', 'Name\nkubernetes.io/cluster/gke-1'],
    ['meta-data/tags/instance/kubernetes.io%2Fcluster%2Fgke-1', 'owned'],
    ['meta-data/tags/instance/kubernetes.io/cluster/gke-1', 'owned'],
    ['meta-data/iam/security-credentials/', 'machine'],
    ['meta-data/placement', 'availability-zone\nregion'],
    ['user-data', '{"slipway":1}'],
  ])('%s', async (path, body) => {
    expect(await get(path)).toEqual({ status: 200, body });
  });

  test('the root lists directories with a slash', async () => {
    expect((await get('')).body).toBe('dynamic/\nmeta-data/\nuser-data');
    expect((await get('meta-data/network/interfaces/macs/')).body.split('\n')).toHaveLength(2);
  });

  test('the identity document names account, zone, image and address', async () => {
    expect(JSON.parse((await get('dynamic/instance-identity/document')).body)).toMatchObject({
      accountId: '0123456789012',
      availabilityZone: 'eu-west-1b',
      imageId: 'ami-slipway-1.36',
      instanceId: INSTANCE.id,
      privateIp: '127.16.2.20',
      region: 'eu-west-1',
    });
  });

  test('credentials are those of the role in the profile, in the form that SDKs read', async () => {
    expect(JSON.parse((await get('meta-data/iam/security-credentials/machine')).body)).toEqual({
      Code: 'Success',
      Type: 'AWS-HMAC',
      AccessKeyId: 'key of arn:aws:iam::0123456789012:role/machine',
      SecretAccessKey: 'secret',
      Token: 'session',
      LastUpdated: '2026-01-01T00:00:00Z',
      Expiration: '2026-01-01T01:00:00Z',
    });
    expect((await get('meta-data/iam/security-credentials/another')).status).toBe(404);
  });

  test('what an instance does not have is not found', async () => {
    const bare: InstanceView = { ...INSTANCE, userData: null, iamInstanceProfile: null };
    expect((await get('user-data', bare)).status).toBe(404);
    expect((await get('meta-data/iam/info', bare)).status).toBe(404);
    expect((await get('meta-data/nothing')).status).toBe(404);
  });
});

test('a role’s credentials are handed out again until half of their hour has passed', async () => {
  const made: string[] = [];
  const credentials = roleCredentials(
    async (roleArn) => {
      made.push(roleArn);
      return {
        accessKeyId: String(made.length),
        secretAccessKey: '',
        token: '',
        lastUpdated: '',
        expiration: new Date(clock.now + 3_600_000).toISOString(),
      };
    },
    () => clock.now,
  );
  expect((await credentials('a')).accessKeyId).toBe('1');
  clock.now += 1_700_000;
  expect((await credentials('a')).accessKeyId).toBe('1');
  clock.now += 200_000;
  expect((await credentials('a')).accessKeyId).toBe('2');
});
