/**
 * Manifests: the seed's cluster with its three pools, and any number of small ones, as API objects.
 *
 * Owns: reading, making, applying and removing them, and waiting for what they become. Neighbours: `cloud.ts` connects.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { API_VERSION, entityWorkflowId } from '../api/names.ts';
import { nameOf } from '../kubernetes/resources.ts';
import type { Cloud } from './cloud.ts';

export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: Readonly<Record<string, unknown>>;
};

export type Stored = Manifest & {
  readonly metadata: { readonly uid: string; readonly generation?: number };
  readonly status?: {
    readonly state?: string;
    readonly observedGeneration?: number;
    readonly readyNodes?: number;
    readonly desiredNodes?: number;
    readonly rollout?: unknown;
    readonly upgrade?: { readonly phase: string };
    readonly revision?: { readonly version: string };
    readonly lastOperation?: { readonly type: string; readonly state: string };
    readonly unhealthyNodes?: readonly unknown[];
    readonly clusterID?: string;
    readonly endpoint?: string;
    readonly conditions?: readonly { readonly type: string }[];
    readonly lastErrors?: readonly unknown[];
  };
};

const SEED = join(import.meta.dirname, '../sandbox/demo/cluster-0.yaml');
const LOOK_MS = 250;

/** The seed's manifest: one cluster, three pools. */
export const seedManifests = (): readonly Manifest[] =>
  parseAllDocuments(readFileSync(SEED, 'utf8')).map((document) => {
    const object = document.toJS() as Manifest;
    return { ...object, metadata: { ...object.metadata, namespace: 'default' } };
  });

/** The seed's cluster under another name, with one pool of one node. */
export const smallCluster = (name: string): readonly Manifest[] => {
  const [cluster, pool] = seedManifests();
  if (cluster === undefined || pool === undefined) throw new Error(`${SEED} holds no cluster with a pool`);
  const controlPlane = cluster.spec['controlPlane'] as Readonly<Record<string, unknown>>;
  const hub = { membershipName: `projects/jetstack-anthos/locations/global/memberships/${name}` };
  return [
    {
      ...cluster,
      metadata: { ...cluster.metadata, name },
      spec: { ...cluster.spec, controlPlane: { ...controlPlane, hub } },
    },
    {
      ...pool,
      metadata: { ...pool.metadata, name: `${name}-pool-0` },
      spec: { ...pool.spec, clusterName: name, minNodeCount: 1, maxNodeCount: 1 },
    },
  ];
};

/**
 * One of hundreds of small clusters in the same subnets. Each sets a tag on every subnet for its services' balancers, and AWS
 * takes fifty a subnet: so each names one of the six.
 */
export const oneOfMany = (name: string, index: number): readonly Manifest[] => {
  const [cluster, ...pools] = smallCluster(name);
  if (cluster === undefined) throw new Error('a small cluster has a cluster');
  const networking = cluster.spec['networking'] as { readonly serviceLoadBalancerSubnetIDs: readonly string[] };
  const subnets = networking.serviceLoadBalancerSubnetIDs;
  const serviceLoadBalancerSubnetIDs = subnets.slice(index % subnets.length).slice(0, 1);
  return [
    { ...cluster, spec: { ...cluster.spec, networking: { ...networking, serviceLoadBalancerSubnetIDs } } },
    ...pools,
  ];
};

/** In order, as kubectl applies a file. */
export const apply = async (cloud: Cloud, manifests: readonly Manifest[]): Promise<void> => {
  for (const manifest of manifests) await cloud.objects.create(manifest);
};

export const stored = async (cloud: Cloud): Promise<readonly Stored[]> => {
  const lists = await Promise.all(
    ['AWSCluster', 'AWSNodePool'].map((kind) => cloud.objects.list({ apiVersion: API_VERSION, kind })),
  );
  return lists.flat() as Stored[];
};

const until = async (what: string, limitMs: number, isTrue: () => Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + limitMs;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`waited ${limitMs / 1_000} s in vain: ${what}`);
    await delay(LOOK_MS);
  }
};

export const untilProvisioned = (cloud: Cloud, count: number, limitMs: number): Promise<void> =>
  until(`${count} objects to be provisioned`, limitMs, async () => {
    const all = await stored(cloud);
    return all.length === count && all.every(({ status }) => status?.state === 'Provisioned');
  });

/** Deletes all of them, as `kubectl delete -f` does, and waits until none is left. */
export const removeAll = async (cloud: Cloud, limitMs: number): Promise<void> => {
  const all = await stored(cloud);
  await Promise.all(all.map((object) => cloud.objects.remove(nameOf(object))));
  await until('every object to be gone', limitMs, async () => (await stored(cloud)).length === 0);
};

export const entityIdOf = ({ kind, metadata }: Stored): string =>
  entityWorkflowId({
    kind: kind === 'AWSCluster' ? 'AWSCluster' : 'AWSNodePool',
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
  });

/** Until AWS heard nothing from the worker for some time; answers all that it heard since. */
export const untilQuiet = async (cloud: Cloud, since: number, quietMs: number) => {
  let heard = await cloud.callsSince(since);
  for (;;) {
    await delay(quietMs);
    const now = await cloud.callsSince(since);
    if (now.calls.length === heard.calls.length) return now;
    heard = now;
  }
};
