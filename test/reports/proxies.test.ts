/**
 * What people reported elsewhere of tools that go past the only way out: every service that the worker asks is reached through
 * the proxy that the environment names, as the management API is. https://github.com/go-to-k/cdkd/issues/2388,
 * https://github.com/aws/aws-sdk-js-v3/issues/2228
 */
import { DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createAwsClients } from '../../activities/aws/clients.ts';
import { createHubClient } from '../../activities/hub/client.ts';
import { type ConnectProxy, startConnectProxy } from '../support/connect-proxy.ts';

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' } as const;
/** Nobody listens there: what is sent through the proxy comes back as its refusal. */
const NOWHERE = '127.0.0.1:1';
const SERVERS = [
  'ec2.eu-west-1.amazonaws.com:443',
  'sts.eu-west-1.amazonaws.com:443',
  'gkehub.googleapis.com:443',
] as const;

let proxy: ConnectProxy;
let before: NodeJS.ProcessEnv;
beforeEach(async () => {
  proxy = await startConnectProxy(Object.fromEntries(SERVERS.map((server) => [server, NOWHERE])));
  before = { ...process.env };
  Object.assign(process.env, CREDENTIALS);
});
afterEach(async () => {
  process.env = before;
  await proxy.close();
});

/** Asks each service once; what comes of it is the proxy's affair. */
const askAll = async (environment: NodeJS.ProcessEnv): Promise<readonly unknown[]> => {
  const timeouts = { connectionMs: 2_000, requestMs: 2_000 };
  const aws = createAwsClients({ region: 'eu-west-1', environment, timeouts });
  const hub = createHubClient({ environment, authorize: () => Promise.resolve({}) });
  const asked = [
    aws.ec2.send(new DescribeVpcsCommand({})),
    aws.sts.send(new GetCallerIdentityCommand({})),
    hub.get('projects/p/locations/global/memberships/m'),
  ];
  const answers = await Promise.allSettled(asked);
  aws.destroy();
  return answers.map((answer) => (answer.status === 'rejected' ? String(answer.reason) : answer.value));
};

describe('behind a proxy', () => {
  test.each(['HTTPS_PROXY', 'https_proxy'])('that %s names, AWS and the hub are reached through it', async (name) => {
    const answers = await askAll({ [name]: proxy.url });
    expect(answers).toEqual(answers.map(() => expect.stringContaining('answered 502 to CONNECT')));
    expect([...new Set(proxy.targets)].sort()).toEqual([...SERVERS].sort());
  });
});
