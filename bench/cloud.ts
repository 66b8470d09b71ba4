/**
 * Cloud: a sandbox of its own for one bench, with a home of its own, and ways to ask it.
 *
 * Owns: starting it by its command line, as a person does, and ending it with nothing left, also when the bench is killed.
 * Neighbours: `latencies.ts` says how slow its account is made; benches measure.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { openAccess } from '../client/access.ts';
import { connectionOptions } from '../client/temporal.ts';
import { transportTo } from '../kubernetes/access.ts';
import { createClient, type KubernetesClient } from '../kubernetes/client.ts';
import type { RecordedCall } from '../sandbox/aws/proxy/call.ts';
import { type SandboxStatus, statusNow } from '../sandbox/commands/status.ts';
import { AWS_CREDENTIALS } from '../sandbox/layout.ts';
import { LATENCIES } from './latencies.ts';

const CHECKOUT = dirname(dirname(fileURLToPath(import.meta.url)));
const execute = promisify(execFile);
const EVERY_CALL = 1_000_000;
/** A busy API server takes its time, and a bench has it. */
const ANSWER_MS = 60_000;

export type CloudSettings = {
  readonly stub: boolean;
  readonly temporal: 'file' | 'memory';
  /** What it can be upgraded to with real machines, which then have the programs of these releases. */
  readonly releases?: readonly string[];
  /** Settings of the parts, such as SLIPWAY_ACTIVITY_SLOTS. */
  readonly environment?: Readonly<Record<string, string>>;
};

export type Cloud = {
  readonly status: () => SandboxStatus;
  /** How long `up` took, in milliseconds; tools were built before. */
  readonly upMilliseconds: number;
  readonly temporal: Client;
  readonly objects: KubernetesClient;
  readonly sandbox: (...args: readonly string[]) => Promise<string>;
  /** Calls of the worker that were answered since the given one. */
  readonly callsSince: (since: number) => Promise<{ readonly next: number; readonly calls: readonly RecordedCall[] }>;
  /** Makes every call as slow as the seed's log has it. */
  readonly slowDown: () => Promise<void>;
  readonly end: () => Promise<void>;
};

/** Throws for everything but a 2xx. */
export const jsonAt = async (url: string, init?: RequestInit): Promise<unknown> => {
  const answer = await fetch(url, init);
  if (!answer.ok) throw new Error(`${init?.method ?? 'GET'} ${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};

/** Only the worker's own: machines of the sandbox call AWS as themselves. */
const isOfWorker = (call: RecordedCall): boolean => call.accessKey === AWS_CREDENTIALS.accessKeyId;

export const openCloud = async (settings: CloudSettings): Promise<Cloud> => {
  const home = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
  const env = {
    // What is measured is Slipway, and a load balancer's minutes would hide it.
    SLIPWAY_PACE: 'quick',
    ...process.env,
    ...settings.environment,
    SLIPWAY_HOME: home,
    SLIPWAY_ATTACHED_TO: String(process.pid),
    SLIPWAY_TEMPORAL_DATA: settings.temporal,
  };
  const sandbox = async (...args: readonly string[]): Promise<string> =>
    (await execute(process.execPath, [`${CHECKOUT}/sandbox/main.ts`, ...args], { env, maxBuffer: 64 << 20 })).stdout;
  const remove = async (): Promise<void> => {
    await sandbox('reset');
    await rm(home, { recursive: true, force: true });
  };
  const began = performance.now();
  try {
    const releases = settings.releases?.flatMap((release) => ['--release', release]) ?? [];
    await sandbox('up', '--detach', ...(settings.stub ? ['--stub'] : []), ...releases);
    const upMilliseconds = performance.now() - began;
    const status = (): SandboxStatus => statusNow(home);
    const { temporal, aws, kubeconfig } = status();
    const objects = createClient(transportTo(openAccess({ kubeconfig }), { deadlineMs: ANSWER_MS }), 'slipway-bench');
    const connection = await Connection.connect(connectionOptions(temporal.address));
    return {
      status,
      upMilliseconds,
      sandbox,
      temporal: new Client({ connection, namespace: temporal.namespace }),
      objects,
      callsSince: async (since) => {
        const record = (await jsonAt(`${aws.endpoint}/_proxy/calls?since=${since}`)) as {
          readonly next: number;
          readonly calls: readonly RecordedCall[];
        };
        return { next: record.next, calls: record.calls.filter(isOfWorker) };
      },
      slowDown: async () => {
        for (const [service, operations] of Object.entries(LATENCIES)) {
          for (const [operation, ms] of Object.entries(operations)) {
            const delay = { kind: 'delay', service, operation, ms, count: EVERY_CALL };
            const fault = { ...delay, accessKey: AWS_CREDENTIALS.accessKeyId };
            await jsonAt(`${aws.endpoint}/_proxy/faults`, { method: 'POST', body: JSON.stringify(fault) });
          }
        }
      },
      end: async () => {
        await connection.close();
        await objects.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
};

/** Runs `use` in a cloud of its own, which ends however `use` does. */
export const inCloud = async <T>(settings: CloudSettings, use: (cloud: Cloud) => Promise<T>): Promise<T> => {
  const cloud = await openCloud(settings);
  try {
    return await use(cloud);
  } finally {
    await cloud.end();
  }
};
