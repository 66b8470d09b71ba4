/** The seam around a worker's calls, on a real activity context and servers of this process. */
import { createServer, type Server } from 'node:http';
import { DeleteVolumeCommand, DescribeKeyPairsCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type AwsClientSettings, createAwsClients } from '../../activities/aws/clients.ts';
import { type AroundCall, aroundKubernetes, type OutgoingCall } from '../../activities/calls.ts';
import { createHubClient } from '../../activities/hub/client.ts';
import { createClient } from '../../kubernetes/client.ts';
import { createTransport } from '../../kubernetes/transport.ts';

let server: Server;
let url: string;
const reached: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    reached.push(`${request.method} ${request.url?.split('?')[0]}`);
    const aws = request.method === 'POST' && request.url === '/';
    response.writeHead(200, { 'content-type': aws ? 'text/xml' : 'application/json' });
    response.end(aws ? '<DescribeKeyPairsResponse><keySet/></DescribeKeyPairsResponse>' : '{"name":"operations/1"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '';
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const recorded = (): { calls: OutgoingCall[]; aroundCall: AroundCall } => {
  const calls: OutgoingCall[] = [];
  return {
    calls,
    aroundCall: (call, send) => {
      calls.push(call);
      return send();
    },
  };
};

const lost: AroundCall = async (_call, send) => {
  await send();
  throw new Error('the answer was lost');
};

describe('Who stands around calls', () => {
  test('sees those to AWS by service and operation, and whether they change anything', async () => {
    const { calls, aroundCall } = recorded();
    const { ec2, destroy } = awsAt(aroundCall);
    await ec2.send(new DescribeKeyPairsCommand({}));
    await ec2.send(new DeleteVolumeCommand({ VolumeId: 'vol-1' }));
    destroy();
    expect(calls).toEqual([
      { service: 'EC2', operation: 'DescribeKeyPairs', target: '', mutating: false },
      { service: 'EC2', operation: 'DeleteVolume', target: '', mutating: true },
    ]);
  });

  test('sees those to Kubernetes and to the hub by method and path, without a query', async () => {
    const { calls, aroundCall } = recorded();
    const management = kubernetesAt(aroundCall);
    await management.probe('/readyz?verbose');
    await management.close();
    await createHubClient({ endpoint: url, aroundCall }).create('projects/p/locations/l/memberships/m', {});
    expect(calls).toEqual([
      { service: 'management', operation: 'GET', target: '/readyz', mutating: false },
      { service: 'hub', operation: 'POST', target: '/v1/projects/p/locations/l/memberships', mutating: true },
    ]);
  });

  test('can lose the answer of one attempt, and the SDK asks again in the same call', async () => {
    const [before, lost] = [reached.length, { attempts: 0 }];
    const aroundAttempt: AroundCall = async (call, send) => {
      const answer = await send();
      lost.attempts += 1;
      expect(call).toEqual({ service: 'EC2', operation: 'DeleteVolume', target: '', mutating: true });
      if (lost.attempts === 1) throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
      return answer;
    };
    const { calls, aroundCall } = recorded();
    const { ec2, destroy } = awsAt(aroundCall, { aroundAttempt });
    await ec2.send(new DeleteVolumeCommand({ VolumeId: 'vol-1' }));
    destroy();
    expect([calls.length, lost.attempts, reached.length - before]).toEqual([1, 2, 2]);
  });

  test('can lose an answer after the call has taken effect', async () => {
    const before = reached.length;
    const { ec2, destroy } = awsAt(lost);
    await expect(ec2.send(new DeleteVolumeCommand({ VolumeId: 'vol-1' }))).rejects.toMatchObject({
      message: 'the answer was lost',
      operation: 'EC2 DeleteVolume',
    });
    destroy();
    await expect(kubernetesAt(lost).probe('/readyz')).rejects.toMatchObject({ reason: 'Unreachable' });
    await expect(createHubClient({ endpoint: url, aroundCall: lost }).operation('operations/1')).rejects.toThrow(
      'the answer was lost',
    );
    expect(reached.length - before).toBe(3);
  });
});

const awsAt = (
  aroundCall: AroundCall | undefined,
  { endpoint = url, ...more }: Partial<AwsClientSettings> & { readonly endpoint?: string } = {},
) => {
  process.env['AWS_ENDPOINT_URL'] = endpoint;
  process.env['AWS_ACCESS_KEY_ID'] = 'test';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
  return createAwsClients({ region: 'eu-west-1', ...more, ...(aroundCall === undefined ? {} : { aroundCall }) });
};

const kubernetesAt = (aroundCall: AroundCall) =>
  createClient(
    createTransport({
      server: url,
      credentials: () => Promise.resolve({ tls: {}, headers: {} }),
      around: aroundKubernetes('management', aroundCall),
    }),
  );

describe('A worker that AWS throttles', () => {
  test('sends what follows one after the other, and says so of what it holds back', async () => {
    const codes: string[] = [];
    const server = createServer((_request, response) => {
      response.writeHead(503, { 'content-type': 'text/xml' });
      response.end(
        '<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error></Errors></Response>',
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const endpoint = typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '';
    const { ec2, destroy } = awsAt(undefined, { endpoint, onCall: ({ code }) => codes.push(code) });
    const sent = await Promise.allSettled(
      Array.from({ length: 8 }, () => ec2.send(new DeleteVolumeCommand({ VolumeId: 'vol-1' }))),
    );
    const more = await Promise.allSettled(
      Array.from({ length: 40 }, () => ec2.send(new DeleteVolumeCommand({ VolumeId: 'vol-1' }))),
    );
    destroy();
    server.close();
    server.closeAllConnections();
    expect([...sent, ...more].every(({ status }) => status === 'rejected')).toBe(true);
    expect(codes.slice(0, 8)).toContain('RequestLimitExceeded');
    // Most of the forty were never sent.
    expect(codes.slice(8).filter((code) => code === 'HeldBack').length).toBeGreaterThan(20);
  });
});
