/**
 * Objects: what `kubectl get -o json` answers of Slipway's objects, for whoever looks again and again.
 *
 * Owns: one kept connection to a sandbox's management API, as its administrator. A process for each look takes a processor a
 * tenth of a second, and a test that polls looks some thousand times. Neighbours: what a person would type once is typed, by
 * `sandbox.ts`.
 */
import { readFileSync } from 'node:fs';
import { API_VERSION } from '../../api/names.ts';
import { createClient } from '../../kubernetes/client.ts';
import { createTransport } from '../../kubernetes/transport.ts';
import { folders, type SandboxLayout } from '../../sandbox/layout.ts';

const KINDS = { awsclusters: 'AWSCluster', awsnodepools: 'AWSNodePool' } as const;
export type Resource = keyof typeof KINDS;

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

/** Of the sandbox in that home, once it runs. */
export const objectsIn = (home: string): ObjectsOf => {
  const { layout: layoutFile, pki } = folders(home);
  const { managementApi } = JSON.parse(readFileSync(layoutFile, 'utf8')) as SandboxLayout;
  const tls = {
    ca: readFileSync(`${pki}/ca.crt`),
    cert: readFileSync(`${pki}/admin.crt`),
    key: readFileSync(`${pki}/admin.key`),
  };
  const client = createClient(
    createTransport({
      server: `https://${managementApi.host}:${managementApi.port}`,
      credentials: () => Promise.resolve({ tls, headers: {} }),
      deadlineMs: LIMIT_MS,
      connections: { idleMs: Infinity },
    }),
  );
  const kindOf = (resource: Resource) => ({ apiVersion: API_VERSION, kind: KINDS[resource] });
  const list = async <T>(resource: Resource) =>
    (await client.list(kindOf(resource), { namespace: 'default' })) as readonly unknown[] as readonly T[];
  return {
    list,
    all: async <T>() => [...(await list<T>('awsclusters')), ...(await list<T>('awsnodepools'))],
    find: async <T>(resource: Resource, name: string) =>
      ((await client.find({ ...kindOf(resource), namespace: 'default', name })) ?? undefined) as T | undefined,
    close: () => void client.close(),
  };
};
