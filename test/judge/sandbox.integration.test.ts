/** The judgement of a sandbox, on homes with planted requests, as SDKs write them, and with AWS's models of the sandbox's Python. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { KeptRequest } from '../../sandbox/aws/proxy/requests.ts';
import { folders, layoutOf } from '../../sandbox/layout.ts';
import { ensureTools } from '../../sandbox/tools/build.ts';
import { SPECTATOR } from '../support/spectator.ts';
import type { Planted } from './planted.ts';
import { judgedIn } from './sandbox.ts';
import { writtenBySdk } from './sdk.ts';

const { python } = await ensureTools();

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'slipway-judged-'));
  const folder = '/nowhere';
  const paths = { home, python, bin: folder, node: folder, cache: folder, checkout: folder };
  writeFileSync(folders(home).layout, JSON.stringify(layoutOf({ ...paths, network: 16, proxyPort: 1 })));
});
afterEach(() => rmSync(home, { recursive: true }));

const OWN = [{ Key: 'slipway.dev/cluster', Value: 'gke-0a1b2c3d' }];
const volume = (size: number, tags: typeof OWN): Planted => ({
  service: 'ec2',
  operation: 'CreateVolume',
  parameters: {
    ...{ AvailabilityZone: 'eu-west-1a', Size: size, VolumeType: 'gp3', ClientToken: 'a' },
    ...(tags.length > 0 ? { TagSpecifications: [{ ResourceType: 'volume', Tags: tags }] } : {}),
  },
});

const judged = async (planted: Planted, more: Partial<KeptRequest> = {}): Promise<readonly string[]> => {
  const file = folders(home).awsRequests;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ ...(await writtenBySdk(planted)), ...more })}\n`);
  return judgedIn(home);
};

test('What AWS takes and IAM allows is passed over in silence', async () => {
  expect(await judged(volume(10, OWN))).toEqual([]);
});

test('What AWS refuses is told with operation, parameter, rule and page', async () => {
  expect(await judged(volume(70_000, OWN))).toEqual([
    'AWS would refuse ec2 CreateVolume: gp3 has 1 to 65536 GiB, not 70000 (ec2.volume, 1 times; https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html)',
  ]);
});

test('What IAM denies is told with role, action, resource and circumstances', async () => {
  expect(await judged(volume(10, []))).toEqual([
    'IAM would deny the worker ec2:CreateVolume on arn:PARTITION:ec2:REGION:ACCOUNT_ID:volume/any, with {"aws:RequestedRegion":"REGION"}: no statement of deploy/iam allows it',
  ]);
});

test('What tests themselves ask is nobody’s fault, and another account’s key has no role here', async () => {
  expect(await judged(volume(70_000, []), { accessKey: SPECTATOR.accessKeyId })).toEqual([]);
  expect(await judged(volume(10, []), { accessKey: 'AKIAOTHERACCOUNT0000' })).toEqual([]);
});

test('A sandbox whose requests were not kept is not taken for judged', async () => {
  const { data } = folders(home);
  mkdirSync(data, { recursive: true });
  expect(await judgedIn(home)).toEqual([]);
  writeFileSync(`${data}/aws-calls.jsonl`, '{}\n');
  await expect(judgedIn(home)).rejects.toThrow('no request was kept');
});
