/**
 * Objects: what `kubectl get -o json` answers of Slipway's objects, for whoever looks again and again.
 *
 * Owns: one kept connection to a sandbox's management API, as its administrator. A process for each look takes a processor a
 * tenth of a second, and a test that polls looks some thousand times. Neighbours: what a person would type once is typed, by
 * `sandbox.ts`.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { API_VERSION } from '../../api/names.ts';
import { folders, type SandboxLayout } from '../../sandbox/layout.ts';

export type Resource = 'awsclusters' | 'awsnodepools';

export type ObjectsOf = {
  /** All of the kind in the namespace `default`. */
  readonly list: <T>(resource: Resource) => Promise<readonly T[]>;
  /** All clusters, and then all node pools. */
  readonly all: <T>() => Promise<readonly T[]>;
  /** One of them, or undefined where there is none. */
  readonly find: <T>(resource: Resource, name: string) => Promise<T | undefined>;
  readonly close: () => void;
};

const LIMIT_MS = 60_000;

type Answer = { readonly status: number; readonly body: string };

const ask = (url: string, agent: Agent): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const outgoing = request(url, { agent, timeout: LIMIT_MS }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('error', reject);
      incoming.once('end', () =>
        resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error(`GET ${url}: no answer in ${LIMIT_MS} ms`)));
    outgoing.once('error', reject);
    outgoing.end();
  });

/** Of the sandbox in that home, once it runs. */
export const objectsIn = (home: string): ObjectsOf => {
  const { layout: layoutFile, pki } = folders(home);
  const { managementApi } = JSON.parse(readFileSync(layoutFile, 'utf8')) as SandboxLayout;
  const agent = new Agent({
    keepAlive: true,
    ca: readFileSync(`${pki}/ca.crt`),
    cert: readFileSync(`${pki}/admin.crt`),
    key: readFileSync(`${pki}/admin.key`),
  });
  const base = `https://${managementApi.host}:${managementApi.port}/apis/${API_VERSION}/namespaces/default`;
  const get = async (path: string): Promise<unknown> => {
    const { status, body } = await ask(`${base}/${path}`, agent);
    // Of a kind that isn't known, a 404 names no object.
    if (status === 404 && (JSON.parse(body) as { details?: { name?: unknown } }).details?.name !== undefined)
      return undefined;
    if (status !== 200) throw new Error(`GET ${base}/${path} answered ${status}: ${body}`);
    return JSON.parse(body);
  };
  const list = async <T>(resource: Resource) => ((await get(resource)) as { readonly items: readonly T[] }).items;
  return {
    list,
    all: async <T>() => [...(await list<T>('awsclusters')), ...(await list<T>('awsnodepools'))],
    find: async <T>(resource: Resource, name: string) => (await get(`${resource}/${name}`)) as T | undefined,
    close: () => agent.destroy(),
  };
};
