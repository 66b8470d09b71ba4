/**
 * Probe: one health check of one target.
 *
 * Owns: the connections that checks use, and which answers are good. Neighbours: `health.ts` counts them. A certificate is not
 * verified, as with AWS: a load balancer checks that a target answers, not who it is. Each check is a new connection, because a
 * target that takes no new ones must be seen to fail; only in a hurry, where checks are many, HTTP's are kept.
 */
import { Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { HealthCheck, Reach } from './routes.ts';

/** Asks once; undefined when the target is well, else what was met. */
export type Probe = { readonly check: () => Promise<string | undefined>; readonly close: () => void };

const NO_MACHINE = 'no machine has this address';
const SILENCE = 'no machine has this address, or security groups keep checks from it';

export const createProbe = (reach: Reach, check: HealthCheck): Probe => {
  const { timeoutSeconds, hurriedSeconds } = check.rhythm;
  switch (reach.kind) {
    case 'nowhere':
      return { check: () => Promise.resolve(NO_MACHINE), close: () => undefined };
    case 'silence': {
      // Nothing refuses: that nobody is there shows by waiting, unless one is in a hurry.
      const patience = hurriedSeconds === undefined ? timeoutSeconds * 1_000 : 0;
      return { check: () => delay(patience, SILENCE, { ref: false }), close: () => undefined };
    }
    case 'machine':
      return check.kind === 'tcp'
        ? { check: () => checkTcp(reach.host, check.port, timeoutSeconds * 1_000), close: () => undefined }
        : checkHttp(reach.host, check);
  }
};

const checkTcp = (host: string, port: number, timeoutMs: number): Promise<string | undefined> =>
  new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (failure: string | undefined): void => {
      socket.destroy();
      resolve(failure);
    };
    socket.setTimeout(timeoutMs, () => end(`no connection within ${timeoutMs} ms`));
    socket.once('connect', () => end(undefined));
    socket.once('error', (error) => end(error.message));
  });

/** Whether a status is among `200`, `200,202` or `200-399`. */
export const isGood = (status: number, codes: string): boolean =>
  codes.split(',').some((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return first !== undefined && last !== undefined && status >= first && status <= last;
  });

const checkHttp = (host: string, check: HealthCheck & { kind: 'http' | 'https' }): Probe => {
  const { timeoutSeconds, hurriedSeconds } = check.rhythm;
  const timeout = timeoutSeconds * 1_000;
  const settings = { keepAlive: hurriedSeconds !== undefined, maxSockets: 1 };
  const agent =
    check.kind === 'https' ? new HttpsAgent({ ...settings, rejectUnauthorized: false }) : new HttpAgent(settings);
  const send = check.kind === 'https' ? httpsRequest : httpRequest;
  const options: RequestOptions = {
    host,
    port: check.port,
    path: check.path,
    agent,
    headers: { 'user-agent': 'ELB-HealthChecker/2.0' },
  };
  return {
    check: () =>
      new Promise((resolve) => {
        const call = send(options, (response) => {
          response.resume();
          const status = response.statusCode ?? 0;
          response.once('close', () => resolve(isGood(status, check.codes) ? undefined : `HTTP ${status}`));
        });
        // The whole answer within that time, not only no silence longer than that.
        const timer = setTimeout(() => call.destroy(new Error(`no answer within ${timeout} ms`)), timeout);
        call.once('error', (error) => resolve(error.message));
        call.once('close', () => clearTimeout(timer));
        call.end();
      }),
    close: () => agent.destroy(),
  };
};
