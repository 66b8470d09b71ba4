/** What AWS asks IAM for a call: more than the call's name. */
import { describe, expect, test } from '@jest/globals';
import type { Parameters } from '../parameters.ts';
import type { Request } from '../wire.ts';
import { questionsOf } from './asked.ts';
import type { Question } from './question.ts';
import { following } from './tags.ts';

const request = (name: `${string} ${string}`, parameters: Parameters, more: Partial<Request> = {}): Request => {
  const [service = '', operation = ''] = name.split(' ');
  return { service, operation, parameters, accessKey: 'sandbox', region: 'eu-west-1', path: '/', body: '', ...more };
};

/** What is asked for the last of these calls. */
const askedFor = (...requests: readonly Request[]): readonly Question[] => {
  const { tagsOf, follow } = following();
  let asked: readonly Question[] = [];
  for (const one of requests) {
    asked = questionsOf({ request: one, role: 'worker', tagsOf });
    follow(one);
  }
  return asked;
};
const about = (questions: readonly Question[]): readonly string[] =>
  questions.map(({ action, type }) => `${action} ${type}`.trim());

const TAGS = [{ Key: 'slipway.dev/cluster', Value: 'gke-0a1b2c3d' }];
const group = request(
  'ec2 CreateSecurityGroup',
  { GroupName: 'a', VpcId: 'vpc-1', TagSpecifications: [{ ResourceType: 'security-group', Tags: TAGS }] },
  { made: 'sg-12345678' },
);
const remove = request('ec2 DeleteSecurityGroup', { GroupId: 'sg-12345678' });
const tag = (name: 'ec2 CreateTags' | 'ec2 DeleteTags', more: Partial<Request> = {}): Request =>
  request(name, { Resources: ['sg-12345678'], Tags: TAGS }, more);

describe('Of a call is asked', () => {
  test('for a group: to make it, to tag it, and to make it in its VPC, with what AWS fills for each', () => {
    const questions = askedFor(group);
    expect(about(questions)).toEqual([
      'ec2:CreateSecurityGroup security-group',
      'ec2:CreateTags security-group',
      'ec2:CreateSecurityGroup vpc',
    ]);
    expect(questions.map(({ context }) => Object.keys(context))).toEqual([
      ['aws:RequestTag/slipway.dev/cluster', 'aws:RequestedRegion', 'aws:TagKeys'],
      ['aws:RequestTag/slipway.dev/cluster', 'aws:RequestedRegion', 'aws:TagKeys', 'ec2:CreateAction', 'ec2:Vpc'],
      ['aws:RequestedRegion', 'ec2:VpcID'],
    ]);
  });

  test('for an encrypted volume: its key, through EC2', () => {
    const asked = askedFor(request('ec2 CreateVolume', { Size: 1, Encrypted: true }));
    const keys = asked.filter(({ type }) => type === 'key');
    expect(about(keys)).toContain('kms:CreateGrant key');
    expect(keys.every(({ context }) => context['kms:ViaService'] === 'ec2.REGION.amazonaws.com')).toBe(true);
    expect(askedFor(request('ec2 CreateVolume', { Size: 1 }))).toHaveLength(1);
  });

  test('for a group of machines: all that launching takes, and that its machines may have their role', () => {
    const asked = askedFor(
      request('autoscaling CreateAutoScalingGroup', {
        AutoScalingGroupName: 'gke-0a1b2c3d-controlplane-0',
        LaunchTemplate: { LaunchTemplateId: 'lt-12345678' },
      }),
    );
    expect(about(asked)).toEqual(expect.arrayContaining(['ec2:RunInstances image', 'ec2:CreateTags instance']));
    expect(asked.find(({ action }) => action === 'iam:PassRole')?.resource).toBe(
      'arn:PARTITION:iam::ACCOUNT_ID:role/slipway-controlplane',
    );
  });

  test('for data of a cluster: the key of the installation, whichever a manifest names; for a look at one: any', () => {
    const KeyId = 'arn:aws:kms:eu-west-1:123456789012:key/another';
    const keys = [request('kms GenerateDataKey', { KeyId }), request('kms DescribeKey', { KeyId })].flatMap((one) =>
      askedFor(one),
    );
    expect(keys.map(({ resource }) => resource.split(':').at(-1))).toEqual(['key/KMS_KEY_ID', 'key/any']);
  });

  test('for a snapshot: to write it, and the key under which S3 encrypts it; for what stands beside it, and to remove it, no key', () => {
    const object = (ending: string) => ({
      Bucket: 'backups',
      Key: `gke-0a1b2c3d/etcd/20261130T194500123Z-7.${ending}`,
    });
    const asked = [
      ...[request('s3 PutObject', object('db')), request('s3 PutObject', object('json'))],
      request('s3 DeleteObject', object('db')),
    ].map((one) => askedFor(one));
    expect(asked.map((one) => one.map(({ action, resource }) => `${action} ${resource.split(':').at(-1)}`))).toEqual([
      ['s3:PutObject BUCKET_NAME/gke-00000000/etcd/any.db', 'kms:GenerateDataKey key/KMS_KEY_ID'],
      ['s3:PutObject BUCKET_NAME/gke-00000000/etcd/any.json'],
      ['s3:DeleteObject BUCKET_NAME/gke-00000000/etcd/any.db'],
    ]);
  });

  test('for a listing: the listing', () => {
    expect(about(askedFor(request('elb DescribeLoadBalancers', {})))).toEqual([
      'elasticloadbalancing:DescribeLoadBalancers',
    ]);
    expect(askedFor(request('sts GetCallerIdentity', {}))).toEqual([]);
  });

  test('nothing that is made up: a call that nobody described is an error that says where', () => {
    expect(() => askedFor(request('ec2 RebootInstances', {}))).toThrow('test/judge/policies/machines.ts');
    expect(() => askedFor(request('sqs SendMessage', {}))).toThrow('test/judge/policies/asked.ts');
  });
});

describe('A thing has the tags', () => {
  const own = (...requests: readonly Request[]): unknown =>
    askedFor(...requests, remove)[0]?.context['aws:ResourceTag/slipway.dev/cluster'];

  test('with which it was made, or that it was given, until they are taken off', () => {
    expect(own(group)).toBe('gke-00000000');
    expect(own(tag('ec2 CreateTags'))).toBe('gke-00000000');
    expect(own(group, tag('ec2 DeleteTags'))).toBeUndefined();
  });

  test('not of a call that failed, but of one whose answer was lost', () => {
    expect(own(tag('ec2 CreateTags', { error: 'RequestLimitExceeded' }))).toBeUndefined();
    expect(own(tag('ec2 CreateTags', { error: 'LostAnswer' }))).toBe('gke-00000000');
  });

  test('that nobody gave it: none, if people made it', () => {
    expect(own()).toBeUndefined();
  });
});
