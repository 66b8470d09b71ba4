/** `deploy/iam/`: each role may do what it does, and nothing else. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { operationsIn, operationsOf } from './operations.ts';
import { allowed, listOf, needed, ROLES, readPolicy, type Statement } from './roles.ts';

const roles = Object.entries(ROLES);
const all = roles.flatMap(([, { policies }]) => policies.flatMap((name) => readPolicy(name).statements));
const described = ({ Sid, Action }: Statement) => `${Sid}: ${listOf(Action).join(', ')}`;

describe.each(roles)('the policies of the role %s', (_name, role) => {
  test('allow every action that its calls need', () => {
    const missing = needed(role).filter((action) => !allowed(role).includes(action));
    expect({ 'to be added in deploy/iam': missing }).toEqual({ 'to be added in deploy/iam': [] });
  });

  test('allow no action that no call needs', () => {
    const idle = allowed(role).filter((action) => !needed(role).includes(action));
    expect({ 'to be removed from deploy/iam': idle }).toEqual({ 'to be removed from deploy/iam': [] });
  });

  test('fit into managed policies', () => {
    // White space doesn't count; the longest names that placeholders can stand for do.
    const sizes = role.policies.map((name) => {
      const filled = readPolicy(name)
        .text.replaceAll('PARTITION', 'aws-us-gov')
        .replaceAll('REGION', 'ap-northeast-1')
        .replaceAll('VPC_OWNER', '123456789012')
        .replaceAll('ACCOUNT_ID', '123456789012')
        .replaceAll('VPC_ID', `vpc-${'0'.repeat(17)}`)
        .replaceAll('BUCKET_NAME', 'b'.repeat(63))
        .replaceAll('KMS_KEY_ID', `mrk-${'0'.repeat(32)}`);
      return { name, size: filled.replace(/\s/g, '').length };
    });
    expect(sizes.filter(({ size }) => size > 6_144)).toEqual([]);
  });

  test('list reasons for its own operations only', () => {
    expect(Object.keys(role.rare).filter((name) => !role.operations.some((one) => one === name))).toEqual([]);
  });
});

describe('every statement', () => {
  test('names its actions one by one', () => {
    expect(all.flatMap(({ Action }) => listOf(Action)).filter((action) => action.includes('*'))).toEqual([]);
  });

  test('that allows a change says of what: by tag, by VPC, or by the very thing', () => {
    const reading = /:(Describe|Get|List)[A-Z]/;
    const changing = all.filter(({ Action }) => listOf(Action).some((action) => !reading.test(action)));
    expect(changing.filter(({ Resource }) => listOf(Resource).includes('*')).map(described)).toEqual([]);
    const bound =
      /slipway\.dev\/|KubernetesCluster|kubernetes\.io\/|ec2:(Vpc|CreateAction|LaunchTemplate)|CreateAction|ViaService|PassedTo|AWSServiceName/;
    const theVeryThing = /:vpc\/VPC_ID$|:s3:::BUCKET_NAME\/gke-\*\/etcd\//;
    const unbound = changing.filter(
      ({ Condition, Resource }) =>
        !bound.test(JSON.stringify(Condition ?? {})) && !listOf(Resource).every((one) => theVeryThing.test(one)),
    );
    expect(unbound.map(described)).toEqual([]);
  });

  test('gives data keys for the cluster’s own purposes only, and for one role’s user data only', () => {
    // EC2 in the caller's name gives the caller nothing.
    const opening = all.filter(
      ({ Action, Condition = {} }) =>
        listOf(Action).some((action) => /^kms:(Decrypt|GenerateDataKey)$/.test(action)) &&
        !JSON.stringify(Condition).includes('kms:ViaService'),
    );
    const purposes = opening.map(({ Condition }) => ({ ...Condition?.['StringLike'], ...Condition?.['StringEquals'] }));
    const cluster = { 'kms:EncryptionContext:slipway.dev/cluster': 'gke-*' };
    expect(purposes).toEqual([
      { ...cluster, 'kms:EncryptionContext:slipway.dev/role': ['node', 'replica'] },
      { ...cluster, 'kms:EncryptionContext:slipway.dev/role': 'replica' },
      { ...cluster, 'kms:EncryptionContext:slipway.dev/purpose': 'secrets-at-rest' },
      { ...cluster, 'kms:EncryptionContext:slipway.dev/role': 'node' },
    ]);
  });

  test('lets an AWS service alone be granted a key', () => {
    const granting = all.filter(({ Action }) => listOf(Action).includes('kms:CreateGrant'));
    expect(granting.map(({ Condition }) => Condition?.['Bool'])).toEqual(
      granting.map(() => ({ 'kms:GrantIsForAWSResource': 'true' })),
    );
    expect(granting).toHaveLength(2);
  });

  test('names no partition, and the owner of the VPC where a resource is the owner’s', () => {
    const resources = all.flatMap(({ Resource }) => listOf(Resource)).filter((one) => one !== '*');
    expect(resources.filter((one) => !one.startsWith('arn:PARTITION:'))).toEqual([]);
    const ofTheVpc = /:(vpc|subnet)\//;
    expect(resources.filter((one) => ofTheVpc.test(one) !== one.includes(':VPC_OWNER:'))).toEqual([]);
  });

  test('has a name of its own within its policy', () => {
    for (const [, { policies }] of roles) {
      for (const name of policies) {
        const sids = readPolicy(name).statements.map(({ Sid }) => Sid);
        expect(sids).toEqual([...new Set(sids)]);
      }
    }
  });
});

test('The page fills in every placeholder that a policy has', () => {
  const folder = join(import.meta.dirname, '../../deploy/iam');
  const page = readFileSync(join(folder, 'README.md'), 'utf8');
  const filled = [...page.matchAll(/\bs[/|]([A-Z_]+)[/|]/g)].map(([, name = '']) => name).sort();
  const policies = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const texts = policies.map((name) => readFileSync(join(folder, name), 'utf8'));
  const there = texts.flatMap((text) => [...text.matchAll(/\b[A-Z][A-Z_]{4,}\b/g)].map(([name]) => name));
  expect(filled).toEqual([...new Set(there)].sort());
});

test('Only a control plane may read a snapshot, to be restored from it; the worker reads what stands beside it', () => {
  const reading = all.filter(({ Action }) => listOf(Action).includes('s3:GetObject'));
  expect(reading.flatMap(({ Resource }) => listOf(Resource)).sort()).toEqual([
    'arn:PARTITION:s3:::BUCKET_NAME/gke-*/etcd/*.db',
    'arn:PARTITION:s3:::BUCKET_NAME/gke-*/etcd/*.json',
  ]);
  expect(allowed(ROLES.controlplane).filter((action) => action.startsWith('s3:'))).toEqual([
    's3:AbortMultipartUpload',
    's3:GetObject',
    's3:ListBucket',
    's3:PutObject',
  ]);
  expect(allowed(ROLES.node).filter((action) => action.startsWith('s3:'))).toEqual([]);
});

describe('the reading of sources', () => {
  test('finds commands and paginators, renamed ones, too, and no types', () => {
    const text = [
      `import {`,
      `  CreateVolumeCommand,`,
      `  DeleteVolumeCommand as Remove,`,
      `  paginateDescribeVolumes,`,
      `  paginateDescribeTags as tags,`,
      `  type Volume,`,
      `} from '@aws-sdk/client-ec2';`,
      `import { DescribeLoadBalancersCommand } from '@aws-sdk/client-elastic-load-balancing';`,
    ].join('\n');
    expect(operationsIn(text, 'x.ts')).toEqual([
      ...['ec2 CreateVolume', 'ec2 DeleteVolume', 'ec2 DescribeVolumes', 'ec2 DescribeTags'],
      'elb DescribeLoadBalancers',
    ]);
  });

  test('finds what is loaded late, as the agent loads it', () => {
    const text = `const sdk = await import('@aws-sdk/client-ec2'); client.send(new sdk.AttachVolumeCommand({}));`;
    expect(operationsIn(text, 'x.ts')).toEqual(['ec2 AttachVolume']);
    const paged = `const [sdk] = await Promise.all([import('@aws-sdk/client-s3')]); sdk.paginateListObjectsV2({ client }, {});`;
    expect(operationsIn(paged, 'x.ts')).toEqual(['s3 ListObjectsV2']);
    expect(operationsOf('agent')).toEqual(expect.arrayContaining(['ec2 AttachVolume', 'kms Decrypt']));
  });

  test('refuses what it cannot read', () => {
    expect(() => operationsIn(`import { XCommand } from '@aws-sdk/client-sqs';`, 'x.ts')).toThrow('client-sqs');
    expect(() => operationsIn('waitUntilInstanceRunning()', 'x.ts')).toThrow('waiter');
  });

  test('nothing but the rooms that are read touches an AWS client', () => {
    expect(operationsOf('client', 'api', 'topology', 'policy', 'machine', 'workflows')).toEqual([]);
  });
});
