import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { allOf, connectionOptions, explainTemporal, isThere } from '../../client/temporal.ts';

const where = { temporalAddress: '127.0.0.1:7233', temporalNamespace: 'mine' };

describe('a connection to Temporal', () => {
  test.each(['127.0.0.1:7233', '127.16.0.2:7233', 'localhost:7233', '[::1]:7233'])(
    'on this computer, at %s, asks no proxy, whatever the environment says',
    (address) => {
      expect(connectionOptions(address)).toEqual({ address, channelArgs: { 'grpc.enable_http_proxy': 0 } });
    },
  );

  test.each(['temporal:7233', '10.127.0.1:7233', 'localhost.example.com:7233'])(
    'elsewhere, at %s, goes by the environment',
    (address) => {
      expect(connectionOptions(address)).toEqual({ address });
    },
  );
});

describe('whether somebody is there, who may only be busy', () => {
  test('is seen by who takes connections, though nothing is ever answered', async () => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    expect(await isThere(`127.0.0.1:${port}`)).toBe(true);
    server.close();
    await once(server, 'close');
    expect(await isThere(`127.0.0.1:${port}`)).toBe(false);
  });

  test.each(['127.0.0.1', 'no address', 'dns:///127.0.0.1:1'])('is not seen at %s', async (address) => {
    expect(await isThere(address)).toBe(false);
  });
});

describe('trouble with Temporal', () => {
  test('names the namespace that is missing and how to make it', () => {
    expect(explainTemporal(new Error("Namespace not found: 'mine'"), where).message).toMatch(
      /no namespace "mine".*temporal operator namespace create --address 127\.0\.0\.1:7233 --namespace mine/,
    );
  });

  test('names the address, what was said, and where else to look', () => {
    const error = new Error('14 UNAVAILABLE', { cause: new Error('connection refused') });
    expect(explainTemporal(error, where).message).toMatch(
      /127\.0\.0\.1:7233 did not answer: 14 UNAVAILABLE: connection refused.*TEMPORAL_ADDRESS/,
    );
  });

  test('is reported only when every call has ended', async () => {
    let ended = false;
    const slow = new Promise<void>((resolve) => setTimeout(resolve, 20)).then(() => {
      ended = true;
    });
    await expect(allOf([Promise.reject(new Error('no')), slow])).rejects.toThrow('no');
    expect(ended).toBe(true);
  });
});
