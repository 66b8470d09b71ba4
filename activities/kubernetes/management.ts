/**
 * The management API server, as a kubeconfig file or a Pod's service account names it.
 *
 * Owns: the reading of credentials, by client-node: files, tokens, `exec` plugins, in-cluster. Neighbour: `transport.ts`.
 */
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import type { AroundCall } from '../calls.ts';
import { createClient, type KubernetesClient } from './client.ts';
import { type Credentials, createTransport, type TlsIdentity } from './transport.ts';

const identityOf = (options: RequestOptions): TlsIdentity => {
  const pem = (value: unknown): string | Buffer | undefined =>
    typeof value === 'string' || Buffer.isBuffer(value) ? value : undefined;
  const ca = pem(options.ca);
  const cert = pem(options.cert);
  const key = pem(options.key);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(options.servername === undefined ? {} : { servername: options.servername }),
    ...(options.rejectUnauthorized === undefined ? {} : { rejectUnauthorized: options.rejectUnauthorized }),
  };
};

const credentialsOf = (config: KubeConfig) => async (): Promise<Credentials> => {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const headers = Object.fromEntries(
    Object.entries(options.headers ?? {}).flatMap(([name, value]): [string, string][] =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  );
  return { tls: identityOf(options), headers };
};

/** Reads the kubeconfig at `file`, or, without one, what `kubectl` would use; inside a Pod, its service account. */
export const connectManagement = (file: string | undefined, aroundCall?: AroundCall): KubernetesClient => {
  const config = new KubeConfig();
  if (file === undefined) config.loadFromDefault();
  else config.loadFromFile(file);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new Error(
      `The kubeconfig ${file ?? 'that kubectl would use'} has no current context: set KUBECONFIG to one that names the management API server.`,
    );
  }
  return createClient(
    createTransport({
      server: cluster.server.replace(/\/+$/, ''),
      credentials: credentialsOf(config),
      service: 'management',
      ...(aroundCall === undefined ? {} : { aroundCall }),
      ...(cluster.proxyUrl === undefined ? {} : { proxy: cluster.proxyUrl }),
    }),
  );
};
