/**
 * Probe: one health check of one target.
 *
 * Owns: the connections that checks use. Neighbours: `health.ts` counts the answers. A certificate is not verified, as
 * with AWS: a load balancer checks that a target answers, not who it is. Checks over HTTP keep their connection, which
 * costs a target next to nothing; a connection that the target closed in between fails one check, and one failure
 * changes nothing.
 */
import { Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { HealthCheck } from './routes.ts';

/** Asks once; undefined when the target is well, else what was met. */
export type Probe = { readonly check: () => Promise<string | undefined>; readonly close: () => void };

/** Long, for a busy computer: a target that is gone refuses at once, and only one that hangs takes this time. */
const TIMEOUT_MS = 5_000;

export const createProbe = (address: string, check: HealthCheck): Probe => {
  switch (check.kind) {
    case 'tcp':
      return { check: () => checkTcp(address, check.port), close: () => undefined };
    case 'http':
    case 'https':
      return checkHttp(address, check);
  }
};

const checkTcp = (host: string, port: number): Promise<string | undefined> =>
  new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (failure: string | undefined): void => {
      socket.destroy();
      resolve(failure);
    };
    socket.setTimeout(TIMEOUT_MS, () => end(`no connection within ${TIMEOUT_MS} ms`));
    socket.once('connect', () => end(undefined));
    socket.once('error', (error) => end(error.message));
  });

const checkHttp = (host: string, check: HealthCheck & { kind: 'http' | 'https' }): Probe => {
  const settings = { keepAlive: true, maxSockets: 1 };
  const agent =
    check.kind === 'https' ? new HttpsAgent({ ...settings, rejectUnauthorized: false }) : new HttpAgent(settings);
  const send = check.kind === 'https' ? httpsRequest : httpRequest;
  const options: RequestOptions = {
    host,
    port: check.port,
    path: check.path,
    agent,
    timeout: TIMEOUT_MS,
    headers: { 'user-agent': 'ELB-HealthChecker/2.0' },
  };
  return {
    check: () =>
      new Promise((resolve) => {
        const call = send(options, (response) => {
          response.resume();
          const status = response.statusCode ?? 0;
          response.once('close', () => resolve(status >= 200 && status <= 399 ? undefined : `HTTP ${status}`));
        });
        call.once('timeout', () => call.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
        call.once('error', (error) => resolve(error.message));
        call.end();
      }),
    close: () => agent.destroy(),
  };
};
