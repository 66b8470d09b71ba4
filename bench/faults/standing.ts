/**
 * Standing: a cluster with its pool in which one case after the other is lived, each from beginning to where it began.
 *
 * Owns: making it, living a case in it, and taking it away. Neighbours: `situations.ts` says what a case does, `changes.ts` judges it;
 * `life.ts` lives the cases of a create and a delete, each with a cluster of its own.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { clusterIdOf, nodePoolIdOf, nodePoolName } from '../../api/names.ts';
import { entityIdOf, type Manifest, type Stored, smallCluster } from '../manifests.ts';
import type { HeardCall } from './calls.ts';
import { UNSEEN_SECONDS } from './faults.ts';
import { type Ground, handsOf } from './hands.ts';
import { histories, type OperationRun, runsSince, untilNoOperation } from './histories.ts';
import { insideOf, type SeenNode } from './inside.ts';
import type { Lane } from './lane.ts';
import { leakedIn, secretsOf } from './leaks.ts';
import type { Target } from './messages.ts';
import { create, remove } from './objects.ts';
import { ownedAs, type Row } from './rows.ts';
import { lookAgain, untilQuiet } from './second-look.ts';
import type { Setting } from './setting.ts';
import type { Situation } from './situations.ts';
import { POOL_VERSIONS } from './versions.ts';

/** What a case is judged by. */
export type Change = {
  /** Everything that Slipway has in AWS for the cluster, row by row, before and after. */
  readonly rows: { readonly before: readonly string[]; readonly after: readonly string[] };
  readonly nodes: { readonly before: readonly SeenNode[]; readonly after: readonly SeenNode[] };
  /** Machines of the pool that EC2 has in the end. */
  readonly machines: readonly string[];
  /** Machines that ever were nodes meanwhile. */
  readonly seen: readonly string[];
  /** What was wrong with the pods, in sentences. */
  readonly pods: readonly string[];
  readonly most: ReadonlyMap<string, number>;
  readonly secondLook: readonly HeardCall[];
  readonly calls: readonly HeardCall[];
  readonly runs: readonly OperationRun[];
  readonly leaked: readonly string[];
  readonly met: readonly Target[];
  readonly seconds: number;
};

export type Standing = {
  readonly live: (situation: Situation, targets: readonly Target[]) => Promise<Change>;
  readonly end: () => Promise<void>;
};

export type StandingSettings = { readonly lateMs: number; readonly limitMs: number };

const MOST_NODES = 6;

/** With a pool of so many nodes, and a control plane of a version that pools may be upgraded to. */
const manifestsOf = (name: string, nodes: number) =>
  smallCluster(name).map((manifest) => {
    const { kind, spec } = manifest;
    if (kind === 'AWSNodePool')
      return { ...manifest, spec: { ...spec, minNodeCount: 1, maxNodeCount: MOST_NODES, nodeCount: nodes } };
    const controlPlane = { ...(spec['controlPlane'] as object), version: POOL_VERSIONS.newer };
    return { ...manifest, spec: { ...spec, controlPlane } };
  });

type Stood = Ground & {
  readonly name: string;
  readonly clusterId: string;
  readonly lane: Lane;
  readonly lateMs: number;
  readonly secrets: Awaited<ReturnType<typeof secretsOf>>;
};

/**
 * A row without what grows with each change: the numbers of a template's versions, and the mark of the newest; and without the version
 * of the pool, of which each has a template of its own.
 */
const lasting = ({ id, ...row }: Row): string => {
  const { versions: _versions, tags, ...detail } = row.detail;
  const { 'slipway.dev/fingerprint': _mark, ...others } = (tags ?? {}) as Readonly<Record<string, string>>;
  const named = row.kind === 'launch-template' ? {} : { id };
  return JSON.stringify({ ...row, ...named, detail: { ...detail, tags: others } }).replaceAll(VERSION, '<version>');
};

const VERSION = /\d+\.\d+\.\d+-gke\.\d+/g;

/** What AWS has of the cluster's: row by row, but for machines; and the machines of the pool. */
const ownedBy = async ({ world, clusterId, pool }: Stood) => {
  const all = await world.inventory();
  const rows = all.filter((row) => ownedAs(row)?.clusterId === clusterId);
  const isOfPool = (detail: object): boolean => JSON.stringify(detail).includes(pool.metadata.uid);
  return {
    rows: rows.map(lasting).sort(),
    machines: all.flatMap(({ kind, id, detail }) => (kind === 'instance' && isOfPool(detail) ? [id] : [])).sort(),
  };
};

/** Launches that nobody asked for were not refused: those of the next case are no part of this one. */
export const permitLaunches = async ({ cloud }: Pick<Stood, 'cloud'>, group: string): Promise<void> => {
  await fetch(`${cloud.status().aws.endpoint}/_sim/fault?action=${encodeURIComponent(`asg:${group}`)}`, {
    method: 'DELETE',
  });
};

/** Until what has effect late has it, and AWS knows what it made. */
export const untilFaultsAreOver = async (targets: readonly Target[], lateMs: number): Promise<void> => {
  if (targets.some(({ fault }) => fault === 'unseen')) await delay(UNSEEN_SECONDS * 1_000);
  if (targets.some(({ fault }) => fault === 'late')) await delay(lateMs);
};

const liveIn = async (
  stood: Stood,
  situation: Situation,
  targets: readonly Target[],
  token: string,
): Promise<Change> => {
  const { name, clusterId, lane, inside, world, temporal, entityId, lateMs, limitMs } = stood;
  const began = Date.now();
  await untilQuiet(stood, name, [entityId]);
  const before = { ...(await ownedBy(stood)), nodes: await inside.nodes() };
  const heardBefore = lane.callsOf(name).length;
  const metBefore = lane.metBy(name).length;
  lane.arm(name, targets, lateMs);
  try {
    await situation.live(handsOf(stood, token, before.nodes));
    await untilNoOperation(temporal, [entityId], limitMs);
    await untilFaultsAreOver(targets, lateMs);
    const pods = await inside.finish();
    const secondLook = await lookAgain(stood, name, [entityId]);
    const runs = await runsSince(temporal, entityId, began);
    const text = await histories(temporal, runs);
    const { rows, machines } = await ownedBy(stood);
    return {
      ...{ machines, secondLook, runs },
      rows: { before: before.rows, after: rows },
      nodes: { before: before.nodes, after: await inside.nodes() },
      seen: pods.machines,
      pods: pods.wrong,
      most: world.mostOf(clusterId),
      calls: lane.callsOf(name).slice(heardBefore),
      leaked: leakedIn(text, stood.secrets),
      met: lane.metBy(name).slice(metBefore),
      seconds: (Date.now() - began) / 1_000,
    };
  } finally {
    lane.disarm(name);
    await inside.finish();
    await permitLaunches(stood, nodePoolName(clusterId, nodePoolIdOf(stood.pool.metadata.uid)));
  }
};

/** A cluster with a pool, both provisioned. */
export const establish = async (
  { cloud, world, assign }: Setting,
  { name, lane, manifests }: { readonly name: string; readonly lane: Lane; readonly manifests: readonly Manifest[] },
  limitMs: number,
) => {
  assign(name, lane);
  const created: Stored[] = [];
  for (const manifest of manifests) created.push({ ...(await create(cloud, manifest)), kind: manifest.kind });
  const [cluster, pool] = created;
  if (cluster === undefined || pool === undefined) throw new Error('a case has a cluster and a pool');
  const shown = created.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  await world.until('cluster and pool are provisioned', limitMs, (objects) =>
    shown.every((one) => objects.get(one)?.status?.state === 'Provisioned'),
  );
  const clusterId = clusterIdOf(cluster.metadata.uid);
  return {
    ...{ name, clusterId, lane, cloud, world, cluster, pool, limitMs },
    temporal: cloud.temporal,
    secrets: await secretsOf(cloud, clusterId),
    end: async (): Promise<void> => {
      for (const object of created) await remove(cloud, object);
      await world.until('cluster and pool are gone', limitMs, (objects) => shown.every((one) => !objects.has(one)));
      lane.forget(name);
    },
  };
};

export const standUp = async (
  setting: Setting,
  { name, nodes, lane }: { readonly name: string; readonly nodes: number; readonly lane: Lane },
  { lateMs, limitMs }: StandingSettings,
): Promise<Standing> => {
  const { stub } = setting;
  if (stub === undefined) throw new Error('node pools live with stub control planes only: no pod runs with real ones');
  const established = await establish(setting, { name, lane, manifests: manifestsOf(name, nodes) }, limitMs);
  const inside = insideOf(stub, established.clusterId);
  const stood: Stood = { ...established, inside, lateMs, entityId: entityIdOf(established.pool) };
  const cases = { lived: 0 };
  return {
    live: (situation, targets) => {
      cases.lived += 1;
      return liveIn(stood, situation, targets, `${name}-${cases.lived}`);
    },
    end: established.end,
  };
};
