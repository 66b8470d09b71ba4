/**
 * Life: one cluster with its pool from apply to end: create, provisioned, a second look, delete, gone.
 *
 * Owns: the order, the limits, and the gathering of what `checks.ts` judges. Neighbours: `lane.ts` is the worker with the
 * fault, `world.ts` sees the outside.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { clusterIdOf } from '../../api/names.ts';
import type { Cloud } from '../cloud.ts';
import { entityIdOf, type Manifest, type Stored } from '../manifests.ts';
import type { HeardCall } from './calls.ts';
import { UNSEEN_SECONDS } from './faults.ts';
import { histories, type OperationRun, runsOf, untilNoOperation } from './histories.ts';
import type { Lane } from './lane.ts';
import { leakedIn, SECRETS, secretsOf } from './leaks.ts';
import type { Target } from './messages.ts';
import { create, remove } from './objects.ts';
import { ownedAs } from './rows.ts';
import { lookAgain } from './second-look.ts';
import type { Etcd } from './sight.ts';
import type { World } from './world.ts';

export type Life = {
  readonly clusterId: string;
  /** `kind key` of everything that Slipway had in AWS when cluster and pool were provisioned, sorted. */
  readonly made: readonly string[];
  /** The most that were seen of each at once. */
  readonly most: ReadonlyMap<string, number>;
  /** Volumes that hold etcd's data after the create, and before the deletion, with quorum at both moments. */
  readonly etcd: readonly (Etcd | undefined)[];
  /** Calls that changed something when nothing had changed. */
  readonly secondLook: readonly HeardCall[];
  readonly calls: readonly HeardCall[];
  readonly runs: readonly OperationRun[];
  /** What names the cluster after it was gone: in AWS, in the hub, among Secrets. */
  readonly left: readonly string[];
  /** Secrets whose content stands in a history; only where it was looked for. */
  readonly leaked: readonly string[];
  /** The targets whose call came. */
  readonly met: readonly Target[];
  readonly seconds: number;
};

export type LifeSettings = {
  readonly cloud: Cloud;
  readonly world: World;
  readonly temporal: Client;
  readonly lane: Lane;
  readonly manifests: readonly Manifest[];
  readonly targets: readonly Target[];
  readonly lateMs: number;
  readonly limitMs: number;
  readonly lookForSecrets: boolean;
};

const objectsOf = (manifests: readonly Manifest[]) => manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);

const whatIsLeft = async ({ cloud, world }: LifeSettings, name: string, clusterId: string): Promise<string[]> => {
  const rows = await world.inventory();
  const secrets = await cloud.objects.list(SECRETS, { namespace: 'default' });
  return [
    ...rows.filter((row) => JSON.stringify(row).includes(clusterId)).map(({ kind, id }) => `AWS ${kind} ${id}`),
    ...(await world.memberships()).filter((membership) => membership.endsWith(`/${name}`)),
    ...secrets.flatMap(({ metadata }) => (metadata.name.startsWith(clusterId) ? [`Secret ${metadata.name}`] : [])),
  ];
};

/** Lives it. Throws a sentence where it gets stuck. */
export const live = async (settings: LifeSettings): Promise<Life> => {
  const { cloud, world, lane, manifests, targets, limitMs, temporal } = settings;
  const [cluster] = manifests;
  if (cluster === undefined) throw new Error('a case has a cluster');
  const { name } = cluster.metadata;
  const began = Date.now();
  const names = objectsOf(manifests);
  if (targets.length > 0) lane.arm(name, targets, settings.lateMs);
  const created: Stored[] = [];
  for (const manifest of manifests) {
    created.push({ ...(await create(cloud, manifest)), kind: manifest.kind });
  }
  const clusterId = clusterIdOf(created[0]?.metadata.uid ?? '');
  const entities = created.map(entityIdOf);
  await world.until('cluster and pool are provisioned', limitMs, (objects) =>
    names.every((one) => objects.get(one)?.status?.state === 'Provisioned'),
  );
  const rows = await world.inventory();
  const made = rows.flatMap((row) => {
    const owned = ownedAs(row);
    return owned?.clusterId === clusterId ? [owned.what] : [];
  });
  const secrets = settings.lookForSecrets ? await secretsOf(cloud, clusterId) : new Map<string, readonly string[]>();
  const afterCreate = await world.etcdOf(clusterId);
  await untilNoOperation(temporal, entities, limitMs);
  // Who looks while AWS doesn't know a thing yet plans to make it, and finds it then: nothing is doubled, but that is no second look.
  if (targets.some(({ fault }) => fault === 'unseen')) await delay(UNSEEN_SECONDS * 1_000);
  const secondLook = await lookAgain(settings, name, entities);
  const etcd = [afterCreate, await world.etcdOf(clusterId)];
  for (const object of created) await remove(cloud, object);
  await world.until('cluster and pool are gone', limitMs, (objects) => names.every((one) => !objects.has(one)));
  // A late call may come after the object went: that is what the settling time is for.
  await delay(settings.lateMs);
  const left = await whatIsLeft(settings, name, clusterId);
  const runs = (await Promise.all(entities.map((id) => runsOf(temporal, id, limitMs)))).flat();
  const texts = settings.lookForSecrets ? await histories(temporal, runs) : '';
  const leaked = leakedIn(texts, secrets);
  const life: Life = {
    clusterId,
    made: made.sort(),
    most: world.mostOf(clusterId),
    etcd,
    secondLook,
    calls: [...lane.callsOf(name)],
    runs,
    left,
    leaked,
    met: lane.metBy(name),
    seconds: (Date.now() - began) / 1_000,
  };
  lane.disarm(name);
  lane.forget(name);
  return life;
};
