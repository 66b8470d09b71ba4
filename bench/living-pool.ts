/**
 * Living pool: one cluster with one node pool in a stub sandbox, changed as a person changes it, and what each change asked of whom.
 *
 * Owns: doing it, waiting for it, and counting: calls to AWS as the sandbox's proxy recorded them, requests to the cluster's own API as
 * the stub counted them. Neighbours: `resize.ts` says what is done, and prints.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { clusterIdOf, OWN_PREFIX } from '../api/names.ts';
import { nameOf } from '../kubernetes/resources.ts';
import { folders, type HostPort, type SandboxLayout } from '../sandbox/layout.ts';
import type { Asked } from '../sandbox/stub/clusters.ts';
import { operationIdOf } from '../words/operations.ts';
import { type CallCount, countCalls } from './calls.ts';
import type { Cloud } from './cloud.ts';
import { type Inside, insideOf } from './faults/inside.ts';
import type { Row } from './faults/rows.ts';
import { entityIdOf, type Manifest, type Stored, smallCluster, untilQuiet } from './manifests.ts';

export type Phase = {
  readonly what: string;
  readonly seconds: number;
  /** Machines of the pool that came and that went. */
  readonly launched: number;
  readonly ended: number;
  readonly aws: CallCount;
  /** By what was asked of the cluster's API, such as `GET pods`. */
  readonly inside: ReadonlyMap<string, Asked>;
};

export type LivingPool = {
  /** Counts whatever is asked while it is done, and until nobody calls AWS any more. */
  readonly during: (what: string, act: () => Promise<void>) => Promise<Phase>;
  /** Changes the pool's spec. */
  readonly set: (spec: object) => Promise<void>;
  readonly abort: (token: string) => Promise<void>;
  /** The pool is as its spec asks for, and has so many nodes, all Ready. */
  readonly untilKept: (nodes: number) => Promise<void>;
  /** So many operations of the pool have ended. */
  readonly untilEnded: (operations: number) => Promise<void>;
  readonly ended: () => Promise<number>;
  /** So many pods on each node. */
  readonly fill: (pods: number) => Promise<void>;
};

const LOOK_MS = 250;
const QUIET_MS = 3_000;
const AT_ONCE = 50;

const jsonAt = async (url: string): Promise<unknown> => {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
};

const stubOf = async (cloud: Cloud): Promise<HostPort> => {
  const layout = JSON.parse(await readFile(folders(cloud.status().home).layout, 'utf8')) as SandboxLayout;
  if (layout.stub === undefined) throw new Error('this bench takes a stub sandbox');
  return layout.stub;
};

const pass = async (what: string, limitMs: number, isSo: () => Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited ${limitMs / 1_000} s in vain: ${what}`);
    await delay(LOOK_MS);
  }
};

const since = (before: ReadonlyMap<string, Asked>, after: ReadonlyMap<string, Asked>): ReadonlyMap<string, Asked> =>
  new Map(
    [...after].flatMap(([name, { requests, bytes }]): [string, Asked][] => {
      const was = before.get(name) ?? { requests: 0, bytes: 0 };
      return requests === was.requests ? [] : [[name, { requests: requests - was.requests, bytes: bytes - was.bytes }]];
    }),
  );

const isAtRest = ({ status, metadata }: Stored): boolean =>
  status?.state === 'Provisioned' &&
  status.observedGeneration === metadata.generation &&
  status.rollout === undefined &&
  status.lastOperation?.state !== 'running';

/** Pods of a thousand nodes find addresses in it. */
const WIDE_RANGE = '10.64.0.0/12';
const MOST_NODES = 1_000;

const manifestsOf = (nodes: number): readonly Manifest[] =>
  smallCluster('resize').map((manifest) => {
    const { spec } = manifest;
    if (manifest.kind === 'AWSNodePool')
      return { ...manifest, spec: { ...spec, minNodeCount: 1, maxNodeCount: MOST_NODES, nodeCount: nodes } };
    const networking = { ...(spec['networking'] as object), podAddressCIDRBlocks: [WIDE_RANGE] };
    return { ...manifest, spec: { ...spec, networking } };
  });

type Counting = { readonly cloud: Cloud; readonly at: HostPort; readonly clusterId: string; readonly uid: string };

/** What is there and what was asked, at this moment. */
const countingIn = ({ cloud, at, clusterId, uid }: Counting) => ({
  machines: async (): Promise<ReadonlySet<string>> => {
    const rows = (await jsonAt(`${cloud.status().aws.endpoint}/_sim/inventory`)) as readonly Row[];
    const isOurs = (detail: object): boolean => JSON.stringify(detail).includes(uid);
    return new Set(rows.flatMap(({ kind, id, detail }) => (kind === 'instance' && isOurs(detail) ? [id] : [])));
  },
  asked: async (): Promise<ReadonlyMap<string, Asked>> => {
    const clusters = (await jsonAt(`http://${at.host}:${at.port}/clusters`)) as readonly {
      readonly id: string;
      readonly asked: Readonly<Record<string, Asked>>;
    }[];
    return new Map(Object.entries(clusters.find(({ id }) => id === clusterId)?.asked ?? {}));
  },
});

const during =
  (counting: Counting): LivingPool['during'] =>
  async (what, act) => {
    const { cloud } = counting;
    const { machines, asked } = countingIn(counting);
    const before = { machines: await machines(), inside: await asked(), next: (await cloud.callsSince(0)).next };
    const began = performance.now();
    await act();
    const seconds = (performance.now() - began) / 1_000;
    const { calls } = await untilQuiet(cloud, before.next, QUIET_MS);
    const after = await machines();
    return {
      ...{ what, seconds },
      launched: [...after].filter((id) => !before.machines.has(id)).length,
      ended: [...before.machines].filter((id) => !after.has(id)).length,
      aws: countCalls(calls),
      inside: since(before.inside, await asked()),
    };
  };

const endedOf = async (cloud: Cloud, pool: Stored): Promise<number> => {
  let count = 0;
  const query = `WorkflowId = "${operationIdOf(entityIdOf(pool))}"`;
  for await (const { status } of cloud.temporal.workflow.list({ query })) if (status.name !== 'RUNNING') count += 1;
  return count;
};

const fill = async (inside: Inside, pods: number): Promise<void> => {
  const all = await inside.nodes();
  const wanted = all.flatMap((node) => Array.from({ length: pods }, (_, index) => ({ node: node.name, index })));
  for (let from = 0; from < wanted.length; from += AT_ONCE) {
    const some = wanted.slice(from, from + AT_ONCE);
    await Promise.all(some.map(({ node, index }) => inside.start(node, `${node.split('.')[0]}-${index}`)));
  }
};

/** Applies the cluster with a pool of so many nodes, which must be there within `limitMs`. */
export const begin = async (cloud: Cloud, nodes: number, limitMs: number): Promise<LivingPool> => {
  const at = await stubOf(cloud);
  const created: Stored[] = [];
  for (const manifest of manifestsOf(nodes)) {
    created.push({ ...((await cloud.objects.create(manifest)) as Stored), kind: manifest.kind });
  }
  const [cluster, pool] = created;
  if (cluster === undefined || pool === undefined) throw new Error('there is a cluster and a pool');
  const clusterId = clusterIdOf(cluster.metadata.uid);
  const inside = insideOf(at, clusterId);
  const name = nameOf(pool);
  const untilKept: LivingPool['untilKept'] = async (wanted) => {
    const areThere = async (): Promise<boolean> => {
      const all = await inside.nodes();
      return all.length === wanted && all.every(({ isReady, isClosed }) => isReady && !isClosed);
    };
    await pass(`${wanted} nodes`, limitMs, areThere);
    await pass('the pool is provisioned', limitMs, async () => isAtRest((await cloud.objects.get(name)) as Stored));
    await pass(`${wanted} nodes, still`, limitMs, areThere);
  };
  const patch = async (changed: object): Promise<void> => void (await cloud.objects.patch(name, changed));
  await pass('the cluster is there', limitMs, async () => {
    const { status } = (await cloud.objects.get(name)) as Stored;
    return status?.state === 'Provisioned';
  });
  await untilKept(nodes);
  return {
    during: during({ cloud, at, clusterId, uid: pool.metadata.uid }),
    set: (spec) => patch({ spec }),
    abort: (token) => patch({ metadata: { annotations: { [`${OWN_PREFIX}abort`]: token } } }),
    untilKept,
    ended: () => endedOf(cloud, pool),
    untilEnded: (operations) =>
      pass(`${operations} operations have ended`, limitMs, async () => (await endedOf(cloud, pool)) >= operations),
    fill: (pods) => fill(inside, pods),
  };
};
