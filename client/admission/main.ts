/**
 * The admission webhook's process. It has no AWS rights, reads AWSCluster and AWSNodePool objects, and writes nothing.
 *
 * Owns: configuration and shutdown. Neighbours: `server.ts` listens, `judge.ts` judges; `deploy/admission/webhook/` tells
 * the API server to ask.
 *
 *   SLIPWAY_ADMISSION_ADDRESS       host:port; 0.0.0.0:8443
 *   SLIPWAY_ADMISSION_CERTIFICATE   PEM file that the API server trusts by the configuration's caBundle
 *   SLIPWAY_ADMISSION_KEY           PEM file with its key
 *   SLIPWAY_ADMISSION_CLIENT_CA     PEM file: asks the API server for a certificate under it; nobody is asked by default
 *   SLIPWAY_ADMISSION_EXEMPT        user names that are never judged; by default the worker's service account
 */
import { pino } from 'pino';
import { serviceAccountUser } from '../../api/names.ts';
import { transportTo } from '../../kubernetes/access.ts';
import { createClient } from '../../kubernetes/client.ts';
import { openAccess } from '../access.ts';
import { readServiceConfiguration } from '../configuration.ts';
import { runService, UserError } from '../user-error.ts';
import { createJudge } from './judge.ts';
import { othersIn } from './others.ts';
import { startServer } from './server.ts';

const log = pino({ base: { component: 'admission' }, level: process.env['SLIPWAY_LOG_LEVEL'] || 'info' });

/** A review waits for no other one. */
const CONNECTIONS = { most: Infinity };

const setting = (name: string): string => {
  const value = process.env[name];
  if (value) return value;
  throw new UserError(`${name} is not set: name the PEM file of the webhook's certificate or key.`);
};

const addressOf = (text: string): { readonly host: string; readonly port: number } => {
  const found = /^(.+):(\d+)$/.exec(text);
  const port = Number(found?.[2]);
  if (found?.[1] !== undefined && port <= 65_535) return { host: found[1].replace(/^\[|\]$/g, ''), port };
  throw new UserError(`SLIPWAY_ADMISSION_ADDRESS is "${text}": give it a host and a port, such as 0.0.0.0:8443.`);
};

const exemptUsers = (): ReadonlySet<string> => {
  const text = process.env['SLIPWAY_ADMISSION_EXEMPT'] ?? serviceAccountUser('slipway-worker');
  return new Set(text.split(',').flatMap((name) => name.trim() || []));
};

const main = async (): Promise<void> => {
  const address = addressOf(process.env['SLIPWAY_ADMISSION_ADDRESS'] || '0.0.0.0:8443');
  const clientAuthority = process.env['SLIPWAY_ADMISSION_CLIENT_CA'];
  const files = {
    certificate: setting('SLIPWAY_ADMISSION_CERTIFICATE'),
    key: setting('SLIPWAY_ADMISSION_KEY'),
    ...(clientAuthority ? { clientAuthority } : {}),
  };
  const access = openAccess(readServiceConfiguration());
  const api = createClient(transportTo(access, { connections: CONNECTIONS }));
  const judge = createJudge({ others: othersIn(api), exempt: exemptUsers() });
  const server = await startServer({ ...address, files, judge, log });
  log.info({ host: address.host, port: server.port, api: api.server }, 'Judging clusters and node pools');
  const stopped = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve());
  });
  await stopped;
  await server.close();
  log.info('Stopped');
};

await runService(main, log);
