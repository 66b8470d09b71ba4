/**
 * Life: one cluster with its pool from apply to end: create, provisioned, a second look, delete, gone.
 *
 * Owns: the order, the limits, and the gathering of what `checks.ts` judges. Neighbours: `lane.ts` is the worker with the
 * fault, `world.ts` sees the outside.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { clusterIdOf } from '../../api/names.ts';
import { isAlreadyExists, KubernetesError } from '../../kubernetes/errors.ts';
import { nameOf } from '../../kubernetes/resources.ts';
import { ADDONS_UNKNOWN } from '../../policy/inside.ts';
import { NODES_UNKNOWN } from '../../policy/node-counts.ts';
import { type EntityView, getEntityState, specChanged } from '../../workflows/messages.ts';
import type { Cloud } from '../cloud.ts';
import { entityIdOf, type Manifest, type Stored, stored } from '../manifests.ts';
import type { HeardCall } from './calls.ts';
import { UNSEEN_SECONDS } from './faults.ts';
import { histories, type OperationRun, runsOf, untilNoOperation } from './histories.ts';
import type { Lane } from './lane.ts';
import type { Target } from './messages.ts';
import { type Etcd, ownedAs, type World } from './world.ts';

export type Life = {
  readonly clusterId: string;
  /** `kind key` of everything that Slipway had in AWS when cluster and pool were provisioned, sorted. */
  readonly made: readonly string[];
  /** The most that were seen of each at once. */
  readonly most: ReadonlyMap<string, number>;
  /** Volumes that hold etcd's data after the create, and before the deletion, with quorum at both moments; of a stub. */
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

/** Nothing begins or ends for so long: the last status is written. */
const QUIET_MS = 800;

const objectsOf = (manifests: readonly Manifest[]) => manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);

/** Phases in which an entity is about to do more: on a busy computer its next activity may begin later than `QUIET_MS`. */
const AT_WORK: readonly EntityView['phase'][] = ['assessing', 'operating'];

const untilQuiet = async (
  { lane, temporal, limitMs }: Pick<LifeSettings, 'lane' | 'temporal' | 'limitMs'>,
  name: string,
  entities: readonly string[],
): Promise<void> => {
  const deadline = Date.now() + limitMs;
  const rests = async (id: string): Promise<boolean> => {
    const handle = temporal.workflow.getHandle(id);
    if (AT_WORK.includes((await handle.query(getEntityState)).phase)) return false;
    // What it is about to write is not written yet.
    const { pendingActivities, pendingWorkflowTask } = (await handle.describe()).raw;
    return (pendingActivities ?? []).length === 0 && !pendingWorkflowTask;
  };
  while (!(await Promise.all(entities.map(rests))).every(Boolean) || lane.quietFor(name) < QUIET_MS) {
    if (Date.now() > deadline) throw new Error('activities go on and on although everything is provisioned');
    await delay(50);
  }
};

/**
 * A look or a write that failed (on a busy computer, say) is told in the status and taken back by the next: what follows a
 * failure is no look at which nothing has changed. Nor is one that tells of a replica that is late, or takes that back:
 * a create ends with quorum, and the third comes when it comes. Such a look is followed by another; a status that is written
 * where nothing was or is to be complained of is needless, and judged at once.
 */
const LOOKS = 5;

const isStatus = ({ name }: HeardCall): boolean => name.includes(' · mirror status · ');

/** What says that something is wrong, or could not be looked at: the next look may take it back. */
const COMPLAINTS = ['Degraded', ADDONS_UNKNOWN, NODES_UNKNOWN];

const complains = ({ status }: Stored): boolean =>
  (status?.lastErrors ?? []).length > 0 || (status?.conditions ?? []).some(({ type }) => COMPLAINTS.includes(type));

/** Whether the status of any of them says that something is wrong. */
const anyComplains = async (cloud: Cloud, entities: readonly string[]): Promise<boolean> =>
  (await stored(cloud)).some((object) => entities.includes(entityIdOf(object)) && complains(object));

/** Signals both entities that something may have changed, waits until both have looked, and answers what they changed. */
const lookAgain = async (
  settings: LifeSettings,
  name: string,
  entities: readonly string[],
): Promise<readonly HeardCall[]> => {
  const { cloud, lane, temporal, limitMs } = settings;
  const failures = (): number => entities.reduce((sum, id) => sum + lane.failedOf(id, 'assess'), 0);
  for (let look = 1; ; look += 1) {
    await untilQuiet(settings, name, entities);
    const before = lane.callsOf(name).length;
    const failedBefore = failures();
    const clean = !entities.some((id) => ['assess', 'mirror status'].some((activity) => lane.failedLast(id, activity)));
    const complained = await anyComplains(cloud, entities);
    const looks = entities.map((id) => lane.endedOf(id, 'assess'));
    for (const id of entities) await temporal.workflow.getHandle(id).signal(specChanged);
    const deadline = Date.now() + limitMs;
    while (entities.some((id, index) => lane.endedOf(id, 'assess') <= (looks[index] ?? 0))) {
      if (Date.now() > deadline) throw new Error('an entity did not look again when it was told to');
      await delay(50);
    }
    await untilQuiet(settings, name, entities);
    const changes = lane
      .callsOf(name)
      .slice(before)
      .filter(({ mutating }) => mutating);
    const toldOfLate =
      changes.length > 0 && changes.every(isStatus) && (complained || (await anyComplains(cloud, entities)));
    if ((!clean || failures() > failedBefore || toldOfLate) && look < LOOKS) continue;
    return changes;
  }
};

const SECRETS = { apiVersion: 'v1', kind: 'Secret' };

const whatIsLeft = async ({ cloud, world }: LifeSettings, name: string, clusterId: string): Promise<string[]> => {
  const rows = await world.inventory();
  const secrets = await cloud.objects.list(SECRETS, { namespace: 'default' });
  return [
    ...rows.filter((row) => JSON.stringify(row).includes(clusterId)).map(({ kind, id }) => `AWS ${kind} ${id}`),
    ...(await world.memberships()).filter((membership) => membership.endsWith(`/${name}`)),
    ...secrets.flatMap(({ metadata }) => (metadata.name.startsWith(clusterId) ? [`Secret ${metadata.name}`] : [])),
  ];
};

/** Names and contents of the cluster's Secrets, as they would stand in a history: base64, and decoded. */
const secretsOf = async (
  { cloud }: LifeSettings,
  clusterId: string,
): Promise<ReadonlyMap<string, readonly string[]>> => {
  const secrets = await cloud.objects.list(SECRETS, { namespace: 'default' });
  const ours = secrets.filter(({ metadata }) => metadata.name.startsWith(clusterId));
  return new Map(
    ours.map(({ metadata, data = {} }) => [
      metadata.name,
      Object.entries(data as Readonly<Record<string, string>>)
        .filter(([entry]) => !/\.crt$|\.pub$|certificate/.test(entry))
        .flatMap(([, value]) => [value, Buffer.from(value, 'base64').toString('utf8').trim().split('\n')[1] ?? value]),
    ]),
  );
};

const TRIES = 5;
/** What an API server says that is too busy, or that couldn't ask its webhook. */
const BUSY: readonly number[] = [429, 500, 503, 504];

/** What a life itself asks of the management API is asked again, as a person would: no case is about whether that has time. */
const asked = async <T>(ask: (again: boolean) => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask(tries > 1);
    } catch (error) {
      if (tries === TRIES || !(error instanceof KubernetesError && BUSY.includes(error.status))) throw error;
      await delay(1_000);
    }
  }
};

/** It may be there by an earlier try whose answer was lost. */
const create = ({ objects }: Cloud, manifest: Manifest): Promise<Stored> =>
  asked(async (again) => {
    try {
      return (await objects.create(manifest)) as Stored;
    } catch (error) {
      if (again && isAlreadyExists(error)) return (await objects.get(nameOf(manifest))) as Stored;
      throw error;
    }
  });

const remove = ({ objects }: Cloud, object: Stored): Promise<unknown> => asked(() => objects.remove(nameOf(object)));

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
  const secrets = settings.lookForSecrets ? await secretsOf(settings, clusterId) : new Map<string, readonly string[]>();
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
  const leaked = [...secrets]
    .filter(([, values]) => values.some((value) => texts.includes(value)))
    .map(([secret]) => secret);
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
