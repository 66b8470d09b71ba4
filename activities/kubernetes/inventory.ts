/**
 * The management API's part of an inventory: what of a cluster is kept there.
 *
 * Owns: entries for Secrets, node pools and the finalizer, and which Secrets are left. Neighbours: `aws/inventory.ts` and `hub/` have the other parts,
 * `activities/inventory.ts` puts them together. Invariants: I8 (Secrets appear by fingerprint and public parts only), I12 (every
 * listing is read to its end, or the call fails; only a removal goes on without Secrets, and asks for them again at its end).
 */
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { CLUSTER_TAG } from '../../api/names.ts';
import { hasFinalizer, type ObjectRef, type Owner } from '../../api/object.ts';
import type { Found } from '../../kinds/resource.ts';
import { observed } from '../../kinds/resource.ts';
import type { Cancellation, KubernetesClient } from '../../kubernetes/client.ts';
import { isRefusal } from '../../kubernetes/errors.ts';
import { ALL_NODE_POOLS, FINALIZER_KEY } from '../../words/keys.ts';
import { unlessItEnds } from './namespace.ts';
import { nodePoolsOf, observedPools } from './node-pools.ts';
import { findObject } from './objects.ts';
import { foundSecret } from './secret.ts';
import { isMarked, uidMarked } from './secret-marks.ts';

export type ManagementScope = {
  readonly object: ObjectRef;
  readonly clusterId: string;
  readonly clusterName: string;
  /** The object is being deleted: what it has elsewhere goes whether or not its Secrets may be read. */
  readonly objectGoes?: boolean;
};

const listSecrets = (
  management: KubernetesClient,
  namespace: string,
  clusterId: string,
  options?: Cancellation,
): Promise<readonly KubernetesObject[]> =>
  management.list(
    { apiVersion: 'v1', kind: 'Secret' },
    { namespace, labelSelector: `${CLUSTER_TAG}=${clusterId}` },
    options,
  );

const secrets = async (
  management: KubernetesClient,
  scope: ManagementScope,
  options?: Cancellation,
): Promise<Found[]> => {
  try {
    const list = await listSecrets(management, scope.object.namespace, scope.clusterId, options);
    return list.filter(isMarked).map(foundSecret);
  } catch (error) {
    // Before the finalizer goes they are asked for once more, and a refusal is told then.
    if (scope.objectGoes === true && isRefusal(error)) return [];
    throw error;
  }
};

/** The Secrets that are kept for an object, as the last look of its deletion names them: a late answer may have made one. */
export const keptSecrets = async (
  management: KubernetesClient,
  { object, owner }: { readonly object: ObjectRef; readonly owner: Owner },
  options?: Cancellation,
): Promise<readonly { readonly label: string; readonly going: boolean }[]> => {
  const { namespace } = object;
  const look = () => listSecrets(management, namespace, owner.clusterId, options);
  const list = await unlessItEnds(management, namespace, { look, gone: [] }, options);
  return list
    .filter((secret) => isMarked(secret) && (object.kind === 'AWSCluster' || uidMarked(secret) === owner.uid))
    .map(({ metadata }) => ({
      label: `Secret ${namespace}/${metadata.name}`,
      going: metadata.deletionTimestamp !== undefined,
    }));
};

const finalizer = async (management: KubernetesClient, object: ObjectRef, options?: Cancellation): Promise<Found[]> => {
  const found = await findObject(management, object, options);
  const ours = found?.metadata.uid === object.uid && hasFinalizer(found);
  return ours ? [observed('finalizer', FINALIZER_KEY, {}, {})] : [];
};

const nodePools = async (
  management: KubernetesClient,
  scope: ManagementScope,
  options?: Cancellation,
): Promise<Found[]> => {
  if (scope.object.kind !== 'AWSCluster') return [];
  const pools = await nodePoolsOf(management, scope.object, scope.clusterId, options);
  return pools.length === 0 ? [] : [observedPools(ALL_NODE_POOLS, pools)];
};

/** Everything of the cluster that the management API holds, as entries of an inventory. */
export const observeManagement = async (
  management: KubernetesClient,
  scope: ManagementScope,
  options?: Cancellation,
): Promise<readonly Found[]> =>
  (
    await Promise.all([
      secrets(management, scope, options),
      finalizer(management, scope.object, options),
      nodePools(management, scope, options),
    ])
  ).flat();
