/**
 * KMS plugin: the gRPC service through which the API server encrypts Secrets at rest, on a unix socket.
 *
 * Owns: Kubernetes' KMS v2 interface (`kms-v2.proto`). The key id it reports is the cluster's KMS key, so that the API
 * server encrypts anew when, and only when, a cluster gets another key.
 * Neighbours: `storage-cipher.ts` encrypts; `machine/files.ts` points the API server at the socket.
 */

import { chmod, mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as grpc from '@grpc/grpc-js';
import { wholeMessageOf } from '../words/failure.ts';
import type { Log } from './log.ts';
import type { StorageCipher } from './storage-cipher.ts';

/** Where the encrypted data key travels, stored in clear beside the ciphertext: only KMS opens it. */
const KEY_ANNOTATION = 'data-key.slipway.dev';

const PROTO = fileURLToPath(new URL('kms-v2.proto', import.meta.url));

type EncryptRequest = { readonly plaintext: Buffer };
type DecryptRequest = { readonly ciphertext: Buffer; readonly annotations: Readonly<Record<string, Buffer>> };

export type KmsPlugin = { readonly stop: () => Promise<void> };

/** Listens where only this user can call. */
const listen = async (server: grpc.Server, socket: string, credentials: grpc.ServerCredentials): Promise<void> => {
  await mkdir(dirname(socket), { recursive: true, mode: 0o700 });
  // A socket of an agent that was killed is still there, and nobody listens on it.
  await rm(socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, credentials, (error) => (error === null ? resolve() : reject(error)));
  });
  await chmod(socket, 0o600);
};

export const startKmsPlugin = async (options: {
  readonly socket: string;
  readonly keyArn: string;
  readonly cipher: StorageCipher;
  readonly log: Log;
}): Promise<KmsPlugin> => {
  const { cipher, keyArn, log, socket } = options;
  const [library, loader] = await Promise.all([import('@grpc/grpc-js'), import('@grpc/proto-loader')]);
  const packages = library.loadPackageDefinition(await loader.load(PROTO, { keepCase: true, defaults: true }));
  const version = packages['v2'] as grpc.GrpcObject;
  const service = (version['KeyManagementService'] as grpc.ServiceClientConstructor).service;

  const answer =
    <Q, A>(what: string, work: (request: Q) => Promise<A>) =>
    (call: grpc.ServerUnaryCall<Q, A>, reply: grpc.sendUnaryData<A>): void => {
      work(call.request)
        .then((value) => reply(null, value))
        .catch((thrown: unknown) => {
          const message = `${what}: ${wholeMessageOf(thrown)}`;
          log.error(message, { component: 'kms-plugin' });
          reply({ code: library.status.UNAVAILABLE, details: message });
        });
    };

  const server = new library.Server();
  server.addService(service, {
    Status: answer('Reporting the state of the KMS key', async () => {
      let healthz = 'ok';
      try {
        await cipher.check();
      } catch (thrown) {
        healthz = `KMS key ${keyArn} gives no data key: ${wholeMessageOf(thrown)}`;
        log.error(healthz, { component: 'kms-plugin' });
      }
      return { version: 'v2', healthz, key_id: keyArn };
    }),
    Encrypt: answer('Encrypting for the API server', async (request: EncryptRequest) => {
      const sealed = await cipher.encrypt(request.plaintext);
      return { ciphertext: sealed.ciphertext, key_id: keyArn, annotations: { [KEY_ANNOTATION]: sealed.encryptedKey } };
    }),
    Decrypt: answer('Decrypting for the API server', async (request: DecryptRequest) => {
      const encryptedKey = request.annotations[KEY_ANNOTATION];
      if (encryptedKey === undefined) throw new Error(`the request lacks the annotation ${KEY_ANNOTATION}`);
      return { plaintext: await cipher.decrypt({ ciphertext: request.ciphertext, encryptedKey }) };
    }),
  });

  await listen(server, socket, library.ServerCredentials.createInsecure());
  log.info('The KMS plugin listens', { component: 'kms-plugin', socket });
  return {
    stop: async () => {
      server.forceShutdown();
      await rm(socket, { force: true });
    },
  };
};
