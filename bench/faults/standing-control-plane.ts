/**
 * Standing control plane: a cluster of the older version in which one case of an upgrade after the other is lived.
 *
 * Owns: making it, living a case in it, and gathering what is judged. Neighbours: `control-planes.ts` says what a case does,
 * `replica-watch.ts` looks on, `upgrades.ts` judges; `standing.ts` has the cases of node pools, and makes any such cluster.
 */
import { CLUSTER_TAG, KEY_TAG, replicaName } from '../../api/names.ts';
import { REPLICAS } from '../../topology/values.ts';
import { machineInKey, replicaMachine, versionInTemplateKey } from '../../words/keys.ts';
import { ORDER_TAG, REPORT_TAG } from '../../words/orders.ts';
import { entityIdOf, type Manifest, smallCluster } from '../manifests.ts';
import type { HeardCall } from './calls.ts';
import { controlPlaneHandsOf } from './control-plane-hands.ts';
import type { ControlPlaneSituation } from './control-planes.ts';
import { histories, type OperationRun, runsSince, untilNoOperation } from './histories.ts';
import type { Lane } from './lane.ts';
import { leakedIn } from './leaks.ts';
import type { Target } from './messages.ts';
import { watchReplicas } from './replica-watch.ts';
import { ownedAs, type Row } from './rows.ts';
import { lookAgain, untilQuiet } from './second-look.ts';
import type { Setting } from './setting.ts';
import type { Etcd, SeenReplica } from './sight.ts';
import { establish, permitLaunches, type StandingSettings, untilFaultsAreOver } from './standing.ts';
import { type Marks, marksOf, unmark } from './upgrade-marks.ts';
import { CONTROL_PLANE_VERSIONS } from './versions.ts';

/** What a case is judged by. */
export type Upgrade = {
  /** Everything that Slipway has in AWS for the cluster but for machines, before and after. */
  readonly rows: { readonly before: readonly string[]; readonly after: readonly string[] };
  /** Machines of the control plane that EC2 has in the end. */
  readonly machines: readonly string[];
  readonly replicas: readonly SeenReplica[];
  /** Machines that ever were replicas meanwhile. */
  readonly seen: readonly string[];
  /** What the watch over the replicas saw, in sentences. */
  readonly watched: readonly string[];
  /** Versions of which there are templates of replicas in the end. */
  readonly templates: readonly string[];
  readonly marks: readonly Marks[];
  readonly etcd: { readonly before: Etcd | undefined; readonly after: Etcd | undefined };
  /** Machines of the pool that are nodes. */
  readonly nodes: { readonly before: readonly string[]; readonly after: readonly string[] };
  readonly most: ReadonlyMap<string, number>;
  readonly secondLook: readonly HeardCall[];
  readonly calls: readonly HeardCall[];
  readonly runs: readonly OperationRun[];
  readonly leaked: readonly string[];
  readonly met: readonly Target[];
  readonly seconds: number;
};

export type StandingControlPlane = {
  readonly live: (situation: ControlPlaneSituation, targets: readonly Target[]) => Promise<Upgrade>;
  readonly end: () => Promise<void>;
};

const manifestsOf = (name: string, snapshot: ControlPlaneSituation['snapshot']): readonly Manifest[] =>
  smallCluster(name).map((manifest) => {
    const { kind, spec } = manifest;
    const version = CONTROL_PLANE_VERSIONS.older;
    if (kind === 'AWSNodePool') return { ...manifest, spec: { ...spec, version } };
    const controlPlane = { ...(spec['controlPlane'] as object), version, upgrade: { snapshot } };
    return { ...manifest, spec: { ...spec, controlPlane } };
  });

type Stood = Awaited<ReturnType<typeof establish>> & {
  readonly lateMs: number;
  /** The cluster's entity. */
  readonly entityId: string;
};

const tagsOf = ({ detail }: Row): Readonly<Record<string, string>> =>
  (detail['tags'] ?? {}) as Readonly<Record<string, string>>;

/** What an upgrade says on a volume is judged by itself; a template's newest version is marked with what it says. */
const PASSING: readonly string[] = [ORDER_TAG, REPORT_TAG, 'slipway.dev/emulates', 'slipway.dev/committed'];
const VERSION = /\d+\.\d+\.\d+-gke\.\d+/g;

/** Templates are made anew; of everything else it is the very thing that has to be there. */
const lasting = (row: Row): string => {
  const { versions: _versions, ...detail } = row.detail;
  const isTemplate = row.kind === 'launch-template';
  const passing = isTemplate ? [...PASSING, 'slipway.dev/fingerprint'] : PASSING;
  const tags = Object.fromEntries(Object.entries(tagsOf(row)).filter(([key]) => !passing.includes(key)));
  const text = JSON.stringify({ ...row, ...(isTemplate ? { id: '' } : {}), detail: { ...detail, tags } });
  return text.replaceAll(VERSION, '<version>');
};

const REPLICA_MACHINES: readonly string[] = REPLICAS.map(replicaMachine);

const isOfReplica = (row: Row): boolean => REPLICA_MACHINES.includes(machineInKey(tagsOf(row)[KEY_TAG] ?? ''));

/** What AWS has of the cluster's: row by row, but for machines; the machines of its control plane, and their templates. */
const ownedBy = async ({ world, clusterId }: Stood) => {
  const all = await world.inventory();
  const rows = all.filter((row) => ownedAs(row)?.clusterId === clusterId);
  return {
    rows: rows.map(lasting).sort(),
    marks: marksOf(rows, clusterId),
    templates: rows
      .filter((row) => row.kind === 'launch-template' && isOfReplica(row))
      .map((row) => versionInTemplateKey(tagsOf(row)[KEY_TAG] ?? '')),
    machines: all
      .filter((row) => row.kind === 'instance' && tagsOf(row)[CLUSTER_TAG] === clusterId && isOfReplica(row))
      .map(({ id }) => id)
      .sort(),
    targetGroup: rows.find(({ kind }) => kind === 'target-group')?.id,
  };
};

const nodesOf = async ({ world, clusterId }: Stood): Promise<readonly string[]> =>
  (await world.nodesOf(clusterId)).map(({ machine, isReady }) => `${machine}, ${isReady ? '' : 'not '}Ready`);

const liveIn = async (
  stood: Stood,
  situation: ControlPlaneSituation,
  targets: readonly Target[],
  token: string,
): Promise<Upgrade> => {
  const { name, clusterId, lane, cloud, world, temporal, cluster, pool, entityId, lateMs, limitMs } = stood;
  const began = Date.now();
  const entities = [entityId, entityIdOf(pool)];
  await untilQuiet(stood, name, entities);
  const { marks, targetGroup, rows: rowsBefore } = await ownedBy(stood);
  if (targetGroup === undefined) throw new Error('the cluster has no target group');
  await unmark(cloud.status().aws.endpoint, marks);
  const first = await world.replicasOf(clusterId);
  const before = { etcd: await world.etcdOf(clusterId), nodes: await nodesOf(stood) };
  const [heardBefore, metBefore] = [lane.callsOf(name).length, lane.metBy(name).length];
  const watch = await watchReplicas({ cloud, world, clusterId, targetGroup });
  lane.arm(name, targets, lateMs);
  try {
    await situation.live(
      controlPlaneHandsOf({ cloud, world, temporal, cluster, clusterId, entityId, limitMs }, token, first),
    );
    await untilNoOperation(temporal, entities, limitMs);
    await untilFaultsAreOver(targets, lateMs);
    const secondLook = await lookAgain(stood, name, entities);
    const watched = await watch.end();
    const runs = (await Promise.all(entities.map((id) => runsSince(temporal, id, began)))).flat();
    const text = await histories(temporal, runs);
    const { rows, machines, templates, marks: marked } = await ownedBy(stood);
    return {
      ...{ machines, templates, secondLook, runs, marks: marked },
      rows: { before: rowsBefore, after: rows },
      replicas: await world.replicasOf(clusterId),
      seen: watched.machines,
      watched: watched.wrong,
      etcd: { before: before.etcd, after: await world.etcdOf(clusterId) },
      nodes: { before: before.nodes, after: await nodesOf(stood) },
      most: world.mostOf(clusterId),
      calls: lane.callsOf(name).slice(heardBefore),
      leaked: leakedIn(text, stood.secrets),
      met: lane.metBy(name).slice(metBefore),
      seconds: (Date.now() - began) / 1_000,
    };
  } finally {
    lane.disarm(name);
    await watch.end();
    for (const index of REPLICAS) await permitLaunches(stood, replicaName(clusterId, index));
  }
};

export const standUpControlPlane = async (
  setting: Setting,
  { name, lane, snapshot }: { readonly name: string; readonly lane: Lane } & Pick<ControlPlaneSituation, 'snapshot'>,
  { lateMs, limitMs }: StandingSettings,
): Promise<StandingControlPlane> => {
  const established = await establish(setting, { name, lane, manifests: manifestsOf(name, snapshot) }, limitMs);
  const stood: Stood = { ...established, lateMs, entityId: entityIdOf(established.cluster) };
  const cases = { lived: 0 };
  return {
    live: (situation, targets) => {
      cases.lived += 1;
      return liveIn(stood, situation, targets, `${name}-${cases.lived}`);
    },
    end: established.end,
  };
};
