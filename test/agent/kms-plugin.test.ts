import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { load } from '@grpc/proto-loader';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type KmsPlugin, startKmsPlugin } from '../../agent/kms-plugin.ts';
import { createStorageCipher } from '../../agent/storage-cipher.ts';
import { kmsDouble, recordedLog } from './doubles.ts';

const KEY = 'arn:aws:kms:eu-west-1:1:key/k';

type Client = grpc.Client & Record<'Status' | 'Encrypt' | 'Decrypt', (...args: unknown[]) => void>;

describe('The KMS plugin', () => {
  let folder: string;
  let plugin: KmsPlugin;
  let client: Client;
  const kms = kmsDouble();

  const call = <A>(method: 'Status' | 'Encrypt' | 'Decrypt', request: object): Promise<A> =>
    new Promise((resolve, reject) =>
      client[method](request, (error: Error | null, answer: A) => (error === null ? resolve(answer) : reject(error))),
    );

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-kms-'));
    const socket = join(folder, 'kms.sock');
    const cipher = createStorageCipher(kms, KEY, 'gke-1');
    plugin = await startKmsPlugin({ socket, keyArn: KEY, cipher, log: recordedLog().log });
    const proto = fileURLToPath(new URL('../../agent/kms-v2.proto', import.meta.url));
    const packages = grpc.loadPackageDefinition(await load(proto, { keepCase: true }));
    const service = (packages['v2'] as grpc.GrpcObject)['KeyManagementService'] as grpc.ServiceClientConstructor;
    client = new service(`unix:${socket}`, grpc.credentials.createInsecure()) as unknown as Client;
  });

  afterEach(async () => {
    client.close();
    await plugin.stop();
    await rm(folder, { recursive: true, force: true });
    kms.available = true;
  });

  test('says that it is well, in which version, under which key', async () => {
    expect(await call('Status', {})).toEqual({ version: 'v2', healthz: 'ok', key_id: KEY });
  });

  test('encrypts and decrypts, within the limits of the interface', async () => {
    const sealed = await call<{ ciphertext: Buffer; key_id: string; annotations: Record<string, Buffer> }>('Encrypt', {
      plaintext: Buffer.from('seed'),
      uid: '1',
    });
    expect(sealed.key_id).toBe(KEY);
    expect(sealed.ciphertext.length).toBeLessThan(1024);
    expect(Object.keys(sealed.annotations)).toEqual(['data-key.slipway.dev']);
    expect(await call('Decrypt', { ...sealed, uid: '2' })).toEqual({ plaintext: Buffer.from('seed') });
  });

  test('says why it is not well, and which key it needs', async () => {
    kms.available = false;
    const { healthz } = await call<{ healthz: string }>('Status', {});
    expect(healthz).toBe(`KMS key ${KEY} gives no data key: KMS is away`);
    await expect(call('Encrypt', { plaintext: Buffer.from('seed') })).rejects.toThrow(/KMS is away/);
  });
});
