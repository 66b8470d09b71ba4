/** What the proxy keeps of requests for whoever judges them, in front of a double of moto that makes security groups. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openRecord } from '../../../sandbox/aws/proxy/record.ts';
import { type KeptRequest, keepsRequests, openRequests } from '../../../sandbox/aws/proxy/requests.ts';
import { startProxy } from '../../../sandbox/aws/proxy/server.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-requests-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const fileOf = (): string => join(folder, 'data', 'aws-requests.jsonl');
const kept = (): readonly KeptRequest[] =>
  readFileSync(fileOf(), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as KeptRequest);

const startWorld = async () => {
  const upstream = createServer((message, response) => {
    message.resume().on('end', () => response.end('<ok><groupId>sg-0123456789abcdef0</groupId></ok>'));
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const proxy = await startProxy({
    listen: { host: '127.0.0.1', port: 0 },
    moto: { host: '127.0.0.1', port: (upstream.address() as AddressInfo).port },
    record: openRecord(join(folder, 'data', 'aws-calls.jsonl')),
    requests: openRequests(fileOf()),
    accounts: {},
  });
  const url = `http://${proxy.address.host}:${proxy.address.port}`;
  return {
    url,
    call: async (body: string): Promise<string> => {
      const answer = await fetch(url, {
        method: 'POST',
        headers: {
          authorization: 'AWS4-HMAC-SHA256 Credential=AKIASLIPWAY/20261123/eu-west-1/ec2/aws4_request',
          'content-type': 'application/x-www-form-urlencoded',
          'user-agent': 'aws-sdk-js/3',
        },
        body,
      });
      return answer.text();
    },
    close: async () => {
      await proxy.close();
      upstream.close();
    },
  };
};

describe('The requests that the proxy keeps', () => {
  test('have their parameters, who called, and the id of what was made', async () => {
    const world = await startWorld();
    try {
      expect(await world.call('Action=CreateSecurityGroup&GroupName=a')).toContain('sg-0123456789abcdef0');
      await world.call('Action=DeleteSecurityGroup&GroupId=sg-0123456789abcdef0');
    } finally {
      await world.close();
    }
    const who = { service: 'ec2', accessKey: 'AKIASLIPWAY', region: 'eu-west-1', path: '/', userAgent: 'aws-sdk-js/3' };
    const made = { made: 'sg-0123456789abcdef0' };
    expect(kept()).toEqual([
      { ...who, operation: 'CreateSecurityGroup', body: 'Action=CreateSecurityGroup&GroupName=a', ...made },
      { ...who, operation: 'DeleteSecurityGroup', body: 'Action=DeleteSecurityGroup&GroupId=sg-0123456789abcdef0' },
    ]);
  });

  test('are in a file that only its owner reads', () => {
    openRequests(fileOf()).close();
    expect(statSync(fileOf()).mode & 0o777).toBe(0o600);
  });

  test('leave out those whose parameters are secrets in clear', () => {
    const requests = openRequests(fileOf());
    const call = { accessKey: 'a', region: 'eu-west-1', path: '/' };
    requests.keep({ ...call, service: 'kms', operation: 'Encrypt', body: '{"Plaintext":"c2VjcmV0"}' });
    requests.keep({ ...call, service: 'sts', operation: 'AssumeRoleWithWebIdentity', body: 'WebIdentityToken=secret' });
    requests.keep({ ...call, service: 'kms', operation: 'Decrypt', body: '{}' });
    requests.close();
    expect(kept().map(({ operation }) => operation)).toEqual(['Decrypt']);
  });
});

test('Requests are kept where a setting says so, and nothing else can be meant', () => {
  expect(keepsRequests({})).toBe(false);
  expect(keepsRequests({ SLIPWAY_AWS_REQUESTS: 'kept' })).toBe(true);
  expect(() => keepsRequests({ SLIPWAY_AWS_REQUESTS: 'yes' })).toThrow(
    'SLIPWAY_AWS_REQUESTS is "yes": it must be kept',
  );
});
