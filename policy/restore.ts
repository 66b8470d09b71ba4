/**
 * Restore: a control plane that is to hold again what a snapshot of its etcd does, because somebody asked for it by name.
 *
 * Owns: whether a restore is asked for and not done yet, and its plan: everything that can be wrong is seen before anything stops; then
 * all replicas stop, then all of them begin again as members of a new etcd cluster. A disk that is lost for good is made anew in the same
 * plan. Neighbours: `words/restore.ts` spells the request; `replacement.ts` makes disks and templates; `activities/aws/restore-order.ts`
 * tells the agents, which keep what etcd held. Pure.
 * Invariants: I2 (an operation that was cut short is planned again under the same id, and goes on), I5 (only what was asked for by name, once).
 */
import type { AWSCluster } from '../api/cluster.ts';
import { clusterIdFor, ownerUidOf } from '../api/ownership.ts';
import type { Release } from '../api/releases.ts';
import { restoreIdOf } from '../api/restore-id.ts';
import { type Found, observedState, type Resource } from '../kinds/resource.ts';
import { sinksOf } from '../topology/check.ts';
import { REPLICAS } from '../topology/values.ts';
import {
  CONTROL_PLANE_READY,
  ESTABLISHED,
  etcdVolumeKey,
  kindOf,
  RESTORE_MARK,
  RESTORE_SOURCE,
  replicaInstanceKey,
  restoreOrderKey,
} from '../words/keys.ts';
import type { RestoreVerb } from '../words/orders.ts';
import { ref } from '../words/references.ts';
import { RESTORE_ANNOTATION, type RestoreRequest, restoreIn } from '../words/restore.ts';
import { PLAN_VERSION } from '../words/steps.ts';
import { type BlockedAssessment, blocked } from './facts.ts';
import { knownFrom } from './known.ts';
import { lossOf } from './loss.ts';
import { orderedSteps } from './order.ts';
import type { Plan, Step } from './plan.ts';
import { mustGo, replicaMachine, resourceSteps } from './replacement.ts';
import { type Replica, replicasOf } from './replicas.ts';
import { otherClusters } from './restorable.ts';
import { ensureStep, removeStep, waitStep } from './steps.ts';
import type { Restored } from './views.ts';

export type RestoreDecision =
  | { readonly kind: 'none' }
  | { readonly kind: 'blocked'; readonly blocked: BlockedAssessment }
  | { readonly kind: 'restore'; readonly plan: Plan; readonly restores: Restored };

type Seen = { readonly topology: readonly Resource[]; readonly inventory: readonly Found[]; readonly release: Release };

/** Said by status, or by the disks: either alone may have been lost. */
const isDone = ({ status }: AWSCluster, inventory: readonly Found[], id: string): boolean =>
  status?.restored?.id === id ||
  inventory.some((found) => found.kind === 'etcd-volume' && observedState('etcd-volume', found).restored === id);

const NO_RETURN =
  'A restore is not aborted once replicas have been told to stop: some would be of the old etcd cluster, and some of the new one. Pause holds it.';

type Restoring = Seen & {
  readonly cluster: AWSCluster;
  readonly request: RestoreRequest;
  readonly id: string;
  readonly replicas: readonly Replica[];
};

/** What a replica that lost its disk gets, and the end of a machine that was told of another. */
const remakingSteps = (restoring: Restoring, replica: Replica): Plan => {
  const { topology, inventory, replicas, cluster } = restoring;
  const replacement = { replica, cause: 'restore' as const };
  const incarnations = cluster.status?.incarnations ?? {};
  const plan = resourceSteps({ topology, inventory, replicas, incarnations, replacement });
  const { instanceId, index } = replica;
  if (instanceId === undefined || !mustGo(replacement, plan)) return plan;
  const properties = { ...replicaMachine(replica, topology), instanceId, others: [], onlyUnhealthy: false };
  const going = removeStep({ key: replicaInstanceKey(index), kind: 'instance', properties }, sinksOf(plan.steps));
  return { ...plan, steps: [...plan.steps, going] };
};

const told = (
  { topology, replicas, request, id }: Restoring,
  verb: RestoreVerb,
  needs: (index: number) => readonly string[],
): Step[] =>
  replicas.map((replica): Step => {
    const { index } = replica;
    const step = ensureStep(
      {
        key: restoreOrderKey(index, verb),
        kind: 'restore-order',
        properties: {
          ...{ verb, id, key: request.key, groupName: replicaMachine(replica, topology).groupName },
          volumeId: ref(etcdVolumeKey(index), 'id'),
          bucket: ref(RESTORE_SOURCE, 'bucket'),
          sha256: ref(RESTORE_SOURCE, 'sha256'),
        },
      },
      needs(index),
    );
    return verb === 'halt' ? { ...step, noReturn: NO_RETURN } : step;
  });

const idsOf = (steps: readonly Step[]): string[] => steps.map(({ id }) => id).sort();

/** It serves again, is marked as an established one, and the request is done with. */
const closingSteps = ({ topology, request, id }: Restoring, restored: readonly Step[]): readonly Step[] => {
  const ready = topology.find(({ key }) => key === CONTROL_PLANE_READY);
  const established = topology.find(({ key }) => key === ESTABLISHED);
  if (ready === undefined || established?.kind !== 'established')
    throw new Error('A topology without a control plane.');
  const serving = waitStep(ready, idsOf(restored));
  const volumeIds = REPLICAS.map((index) => ref(etcdVolumeKey(index), 'id'));
  return [
    serving,
    ensureStep({ ...established, properties: { ...established.properties, joined: true } }, [serving.id]),
    ensureStep(
      {
        key: RESTORE_MARK,
        kind: 'restore-mark',
        properties: { id, volumeIds },
        event: {
          reason: 'RestoredCluster',
          message: [
            `Control plane holds what snapshot ${request.key} of ${request.time} does; what its etcd held before is kept on each disk`,
          ],
        },
      },
      [serving.id],
    ),
  ];
};

const planRestore = (restoring: Restoring): Plan => {
  const { inventory, replicas, request, release } = restoring;
  const { etcd, kubernetes } = release;
  const source = ensureStep(
    { key: RESTORE_SOURCE, kind: 'restore-source', properties: { key: request.key, etcd, kubernetes } },
    [],
  );
  const remade = replicas.map((replica) => remakingSteps(restoring, replica).steps);
  const own = new Map(replicas.map(({ index }, at) => [index as number, sinksOf(remade[at] ?? [])]));
  const first = remade.flat().map((step) => (step.needs.length === 0 ? { ...step, needs: [source.id] } : step));
  const fetched = told(restoring, 'fetch', (index) => [source.id, ...(own.get(index) ?? [])].sort());
  const halted = told(restoring, 'halt', () => idsOf(fetched));
  const restored = told(restoring, 'restore', () => idsOf(halted));
  const steps = [source, ...first, ...fetched, ...halted, ...restored, ...closingSteps(restoring, restored)];
  const planned = new Set(steps.map(({ resource }) => resource.key));
  return { version: PLAN_VERSION, steps: orderedSteps(distinct(steps)), known: knownFrom(inventory, planned) };
};

/** What several replicas need is made once. */
const distinct = (steps: readonly Step[]): readonly Step[] => [
  ...new Map(steps.map((step) => [step.id, step])).values(),
];

const cureOf = ({ metadata: { namespace, name } }: AWSCluster): string =>
  `kubectl annotate awscluster ${name} -n ${namespace} ${RESTORE_ANNOTATION}-`;

/** Whether a restore comes before everything else. */
export const decideRestore = (cluster: AWSCluster, seen: Seen): RestoreDecision => {
  const { topology, inventory } = seen;
  const { generation, annotations } = cluster.metadata;
  const text = annotations?.[RESTORE_ANNOTATION] ?? '';
  if (text === '') return { kind: 'none' };
  const id = restoreIdOf(ownerUidOf(cluster), text);
  if (isDone(cluster, inventory, id)) return { kind: 'none' };
  const refused = (reason: string): RestoreDecision => ({
    kind: 'blocked',
    blocked: blocked(generation, reason, cureOf(cluster)),
  });
  const request = restoreIn(text);
  if (request === undefined) {
    return refused(`the annotation ${RESTORE_ANNOTATION} says "${text}", which names no snapshot and token`);
  }
  if (request.clusterId !== clusterIdFor(cluster)) {
    return refused(otherClusters(request.key, request.clusterId));
  }
  const replicas = replicasOf(inventory);
  const { keys } = lossOf({ cluster, inventory, replicas }, topology, undefined);
  // What else is lost is a person's to bring back first, and so is a disk that only lost its tags.
  const unknown = replicas.some(({ volume }) => volume === 'disowned' || volume === 'unlisted');
  if (unknown || keys.some((key) => kindOf(key) !== 'etcd-volume')) return { kind: 'none' };
  const plan = planRestore({ ...seen, cluster, request, id, replicas });
  return { kind: 'restore', plan, restores: { id, from: request.key } };
};
