/** The proxy in front of a double of moto that counts what reaches it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { RecordedCall } from '../../../sandbox/aws/proxy/call.ts';
import { openRecord } from '../../../sandbox/aws/proxy/record.ts';
import { startProxy } from '../../../sandbox/aws/proxy/server.ts';
import { waitFor } from '../../support/wait.ts';

type Seen = { readonly headers: IncomingHttpHeaders; readonly body: string };

const startUpstream = async () => {
  const seen: Seen[] = [];
  const server = createServer((message, response) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      seen.push({ headers: message.headers, body });
      const refused = body.includes('Refused');
      response.writeHead(refused ? 400 : 200, { 'content-type': 'text/xml' });
      if (body.includes('Large')) return void response.end('x'.repeat(1 << 20));
      response.end(refused ? '<Response><Errors><Error><Code>VolumeInUse</Code></Error></Errors></Response>' : '<ok/>');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { seen, address: { host: '127.0.0.1', port }, close: () => server.close() };
};

const startWorld = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-proxy-'));
  const upstream = await startUpstream();
  const proxy = await startProxy({
    listen: { host: '127.0.0.1', port: 0 },
    moto: upstream.address,
    record: openRecord(join(folder, 'data', 'calls.jsonl')),
    accounts: { AKIAOTHER: '9876543210987' },
  });
  const url = `http://${proxy.address.host}:${proxy.address.port}`;
  return {
    upstream,
    file: join(folder, 'data', 'calls.jsonl'),
    call: (action: string, accessKey = 'AKIASLIPWAY', signal?: AbortSignal) =>
      fetch(url, {
        method: 'POST',
        headers: {
          authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/20261123/eu-west-1/ec2/aws4_request, SignedHeaders=host`,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: `Action=${action}&UserData=c2VjcmV0`,
        ...(signal === undefined ? {} : { signal }),
      }),
    order: async (fault: object) => {
      const answer = await fetch(`${url}/_proxy/faults`, { method: 'POST', body: JSON.stringify(fault) });
      return answer.status;
    },
    /** Faults that no call has met yet. */
    orders: async () => (await (await fetch(`${url}/_proxy/faults`)).json()) as readonly unknown[],
    forget: () => fetch(`${url}/_proxy/faults`, { method: 'DELETE' }),
    calls: async (query = 'since=0') => {
      const answer = await fetch(`${url}/_proxy/calls?${query}`);
      return (await answer.json()) as { readonly next: number; readonly calls: readonly RecordedCall[] };
    },
    close: async () => {
      await proxy.close();
      upstream.close();
      rmSync(folder, { recursive: true });
    },
  };
};

let world: Awaited<ReturnType<typeof startWorld>>;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

describe('the record', () => {
  test('has every call with its outcome, in memory and in the file, and no parameter', async () => {
    await (await world.call('DescribeVolumes')).text();
    await (await world.call('Refused')).text();
    const { next, calls } = await world.calls();
    expect(next).toBe(2);
    expect(calls.map(({ operation, status, error, mutating }) => [operation, status, error, mutating])).toEqual([
      ['DescribeVolumes', 200, undefined, false],
      ['Refused', 400, 'VolumeInUse', true],
    ]);
    // The file is written behind the answers.
    const written = await waitFor('both calls to be written', () => {
      const text = readFileSync(world.file, 'utf8');
      return Promise.resolve(text.split('\n').length > 2 ? text : undefined);
    });
    expect(written.trim().split('\n')).toHaveLength(2);
    expect(written).not.toContain('c2VjcmV0');
  });

  test.each(['Small', 'Large'])(
    'has a call whose caller has gone before the answer (%s), for it was carried out',
    async (action) => {
      await world.order({ kind: 'delay', ms: 500, operation: action });
      const caller = new AbortController();
      const refused = expect(world.call(action, 'AKIASLIPWAY', caller.signal)).rejects.toThrow();
      await waitFor('the call to be on its way', async () => ((await world.orders()).length === 0 ? true : undefined));
      caller.abort();
      await refused;
      const { calls } = await waitFor('the record', async () => {
        const found = await world.calls();
        return found.calls.length > 0 ? found : undefined;
      });
      expect(calls).toMatchObject([{ operation: action, status: 200 }]);
      expect(world.upstream.seen).toHaveLength(1);
    },
  );

  test('can be read from a number on, and without calls that only read', async () => {
    for (const action of ['DescribeVolumes', 'CreateVolume', 'CreateTags']) await (await world.call(action)).text();
    const operations = async (query: string) => (await world.calls(query)).calls.map(({ operation }) => operation);
    expect(await operations('since=1')).toEqual(['CreateVolume', 'CreateTags']);
    expect(await operations('since=0&mutating=true')).toEqual(['CreateVolume', 'CreateTags']);
    expect(await operations('since=3')).toEqual([]);
  });
});

describe('a fault', () => {
  test('throttles as often as it was ordered, in the words of the service', async () => {
    await world.order({ kind: 'throttle', service: 'ec2', count: 2 });
    const answers = [await world.call('CreateVolume'), await world.call('CreateTags'), await world.call('CreateTags')];
    expect(answers.map((answer) => answer.status)).toEqual([503, 503, 200]);
    expect(await answers[0]?.text()).toContain('<Code>RequestLimitExceeded</Code>');
    expect(world.upstream.seen).toHaveLength(1);
  });

  test('meets only the operation and the access key that it names', async () => {
    await world.order({
      kind: 'error',
      code: 'UnauthorizedOperation',
      operation: 'CreateTags',
      accessKey: 'AKIAAGENT',
    });
    expect((await world.call('CreateVolume', 'AKIAAGENT')).status).toBe(200);
    expect((await world.call('CreateTags', 'AKIASLIPWAY')).status).toBe(200);
    expect(await (await world.call('CreateTags', 'AKIAAGENT')).text()).toContain('UnauthorizedOperation');
  });

  test('that loses the answer lets the call be carried out', async () => {
    await world.order({ kind: 'lost-answer', operation: 'CreateVolume' });
    await expect(world.call('CreateVolume')).rejects.toThrow();
    expect(world.upstream.seen).toHaveLength(1);
    expect((await world.calls()).calls).toMatchObject([{ error: 'LostAnswer', fault: 'lost-answer' }]);
  });

  test('that resets keeps the call from arriving', async () => {
    await world.order({ kind: 'reset' });
    await expect(world.call('CreateVolume')).rejects.toThrow();
    expect(world.upstream.seen).toHaveLength(0);
    expect((await world.call('CreateVolume')).status).toBe(200);
  });

  test('that times out never answers, and ends with its caller', async () => {
    await world.order({ kind: 'timeout' });
    await expect(world.call('CreateVolume', 'AKIASLIPWAY', AbortSignal.timeout(200))).rejects.toThrow('timeout');
    expect(world.upstream.seen).toHaveLength(0);
  });

  test('that delays lets others happen besides', async () => {
    await world.order({ kind: 'delay', ms: 100, count: 5 });
    await world.order({ kind: 'throttle' });
    const started = performance.now();
    expect((await world.call('CreateVolume')).status).toBe(503);
    expect((await world.call('CreateVolume')).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThan(190);
  });

  test('can be taken back, and is refused when it is none', async () => {
    await world.order({ kind: 'throttle', count: 10 });
    await world.forget();
    expect((await world.call('CreateVolume')).status).toBe(200);
    expect(await world.order({ kind: 'earthquake' })).toBe(400);
  });
});

describe('an access key', () => {
  test('of another account is served as that account, every other as our own', async () => {
    await (await world.call('DescribeVolumes', 'AKIAOTHER')).text();
    await (await world.call('DescribeVolumes', 'AKIASLIPWAY')).text();
    expect(world.upstream.seen.map(({ headers }) => headers['x-moto-account-id'])).toEqual([
      '9876543210987',
      undefined,
    ]);
  });
});
