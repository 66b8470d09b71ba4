import { describe, expect, test } from '@jest/globals';
import { askedOnce, callOf, errorAnswer, errorCodeOf, type RecordedCall } from '../../../sandbox/aws/proxy/call.ts';

const signed = (service: string, more: Record<string, string> = {}) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=AKIASLIPWAY/20261123/eu-west-1/${service}/aws4_request, SignedHeaders=host`,
  ...more,
});

describe('a call', () => {
  test('of a query service is named by its Action', () => {
    expect(callOf('POST', '/', signed('ec2'), 'Action=CreateVolume&Version=2016-11-15')).toEqual({
      service: 'ec2',
      operation: 'CreateVolume',
      accessKey: 'AKIASLIPWAY',
      region: 'eu-west-1',
      mutating: true,
    });
  });

  test('of a JSON service is named by its target', () => {
    const call = callOf('POST', '/', signed('kms', { 'x-amz-target': 'TrentService.GenerateDataKey' }), '{}');
    expect(call).toMatchObject({ service: 'kms', operation: 'GenerateDataKey', mutating: false });
  });

  test('of either generation of load balancing is told apart by its version', () => {
    const of = (version: string) =>
      callOf('POST', '/', signed('elasticloadbalancing'), `Action=DescribeLoadBalancers&Version=${version}`).service;
    expect([of('2015-12-01'), of('2012-06-01')]).toEqual(['elbv2', 'elb']);
  });

  test('that was signed beforehand is named by its query', () => {
    const query = 'Action=GetCallerIdentity&X-Amz-Credential=AKIAPOD%2F20261130%2Feu-west-1%2Fsts%2Faws4_request';
    expect(callOf('GET', `/?${query}`, {}, undefined)).toEqual({
      service: 'sts',
      operation: 'GetCallerIdentity',
      accessKey: 'AKIAPOD',
      region: 'eu-west-1',
      mutating: false,
    });
  });

  test.each([
    ['PUT', '/bucket/key?x-id=PutObject', 'PutObject', true],
    ['PUT', '/bucket/key?partNumber=1&uploadId=u&x-id=UploadPart', 'UploadPart', true],
    ['GET', '/bucket/key?x-id=GetObject', 'GetObject', false],
    ['GET', '/bucket?list-type=2&prefix=gke-0a1b2c3d%2Fetcd%2F', 'ListObjectsV2', false],
    ['POST', '/bucket/key?uploads', 'CreateMultipartUpload', true],
    ['POST', '/bucket/key?uploadId=u', 'CompleteMultipartUpload', true],
    ['DELETE', '/bucket/key?uploadId=u&x-id=AbortMultipartUpload', 'AbortMultipartUpload', true],
  ])('of S3 is told by its query: %s %s is %s', (method, path, operation, mutating) => {
    expect(callOf(method, path, signed('s3'), undefined)).toMatchObject({ service: 's3', operation, mutating });
  });

  test('of S3 that has none is named by method and path, and changes things unless it reads', () => {
    const of = (method: string) => callOf(method, '/bucket/key?x=1', signed('s3'), undefined);
    expect(of('PUT')).toMatchObject({ operation: 'PUT /bucket/key', mutating: true });
    expect(of('GET')).toMatchObject({ operation: 'GET /bucket/key', mutating: false });
  });

  test('that describes, lists or gets changes nothing', () => {
    const mutating = [
      'DescribeVolumes',
      'ListKeys',
      'GetCallerIdentity',
      'AssumeRole',
      'CreateTags',
      'RunInstances',
    ].map((action) => callOf('POST', '/', signed('ec2'), `Action=${action}`).mutating);
    expect(mutating).toEqual([false, false, false, false, true, true]);
  });
});

describe('calls that were asked once', () => {
  const recorded = (seq: number, invocation?: string): RecordedCall => ({
    ...callOf(
      'POST',
      '/',
      signed('ec2', invocation ? { 'amz-sdk-invocation-id': invocation } : {}),
      'Action=RunInstances',
    ),
    seq,
    time: '2026-11-29T00:00:00Z',
    status: 200,
    ms: 1,
  });

  test('are without what an SDK asked again, and with all that has no name', () => {
    const calls = [recorded(1, 'a'), recorded(2), recorded(3, 'a'), recorded(4, 'b'), recorded(5)];
    expect(askedOnce(calls).map(({ seq }) => seq)).toEqual([1, 2, 4, 5]);
  });
});

describe('an error', () => {
  test.each([
    ['ec2', 'application/x-www-form-urlencoded'],
    ['elbv2', 'application/x-www-form-urlencoded'],
    ['s3', ''],
    ['kms', 'application/x-amz-json-1.1'],
  ])('of %s is written so that its code can be read again', (service, contentType) => {
    const call = { service, operation: 'X', accessKey: '', region: '', mutating: false };
    expect(errorCodeOf(errorAnswer(call, contentType, 'DisabledException', 'it is off').body)).toBe(
      'DisabledException',
    );
  });
});
