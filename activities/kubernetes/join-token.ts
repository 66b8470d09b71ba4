/**
 * The join token of a pool inside the user cluster: what lets its machines ask for a certificate, and nothing else.
 *
 * Owns: the bootstrap token Secret in kube-system. It has no expiration, since machines join in year three as well, and
 * goes with its pool. Neighbours: `secret.ts` keeps the token in the management API, sealed user data takes it to the
 * machines, `addons/node-access.ts` says what its group may do, the node approver decides about each machine.
 * Invariants: I8, I12 (a silent API counts as gone only where the cluster itself is being deleted).
 */

import { SYSTEM_NAMESPACE } from '../../addons/manifest.ts';
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { NODE_POOL_LABEL, poolTokenSecretName } from '../../api/names.ts';
import type { Cancellation, KubernetesClient } from '../../kubernetes/client.ts';
import type { ObjectName } from '../../kubernetes/resources.ts';
import { bootstrappersGroupOf } from '../../machine/node.ts';
import { stayingCluster } from '../../policy/facts.ts';
import type { Candidate, Made, ResourceDriver, Sought, Wanted } from '../driver.ts';
import { blockedError } from '../verdicts.ts';
import { findCluster, findNodePool } from './objects.ts';
import { readSecret, secretName } from './secret.ts';
import { annotationsOf, belongsToByMarks, encoded, labelsOf, uidMarked } from './secret-marks.ts';
import type { UserClusters } from './user-cluster.ts';

export const joinTokenObject = (wanted: Wanted<'join-token'>, token: string): KubernetesObject => {
  const [id = '', secret = ''] = token.split('.');
  const { poolId } = wanted.properties;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'bootstrap.kubernetes.io/token',
    metadata: {
      name: `bootstrap-token-${id}`,
      namespace: SYSTEM_NAMESPACE,
      labels: { [NODE_POOL_LABEL]: poolId, ...labelsOf(wanted) },
      annotations: annotationsOf(wanted),
    },
    data: encoded({
      'token-id': id,
      'token-secret': secret,
      description: `Lets machines of node pool ${poolId} ask for a certificate.`,
      'usage-bootstrap-authentication': 'true',
      'auth-extra-groups': bootstrappersGroupOf(poolId),
    }),
  };
};

const candidateOf = (wanted: Sought<'join-token'>, secret: KubernetesObject): Candidate<'join-token'> => {
  const uid = uidMarked(secret);
  return {
    key: wanted.key,
    outputs: {},
    state: {},
    label: `Secret ${SYSTEM_NAMESPACE}/${secret.metadata.name}`,
    ...(uid === undefined ? {} : { uid }),
    belongsTo: belongsToByMarks(secret, wanted),
  };
};

const secretsOf = (
  { properties }: Sought<'join-token'>,
  client: KubernetesClient,
  options?: Cancellation,
): Promise<readonly KubernetesObject[]> =>
  client.list(
    { apiVersion: 'v1', kind: 'Secret' },
    { namespace: SYSTEM_NAMESPACE, labelSelector: `${NODE_POOL_LABEL}=${properties.poolId}` },
    options,
  );

/** The cluster of the pool: `going` when it is being deleted or gone, its name another's perhaps, and its tokens with it. */
const clusterOf = async (
  management: KubernetesClient,
  { object, owner, signal }: Sought<'join-token'>,
): Promise<{ readonly going: boolean; readonly endpoint?: string }> => {
  const { namespace, name } = object;
  const clusterName =
    object.kind === 'AWSCluster'
      ? name
      : (await findNodePool(management, { namespace, name }, { signal }))?.spec.clusterName;
  if (clusterName === undefined) return { going: false };
  const cluster = await findCluster(management, { namespace, name: clusterName }, { signal });
  const staying = stayingCluster(owner.clusterId, cluster);
  if (staying === undefined) return { going: true };
  const endpoint = staying.status?.endpoint;
  return { going: false, ...(endpoint === undefined ? {} : { endpoint }) };
};

export const joinTokenDriver = (
  management: KubernetesClient,
  userClusters: UserClusters,
): ResourceDriver<'join-token'> => {
  const connect = (wanted: Sought<'join-token'>, endpoint: string): Promise<KubernetesClient> =>
    userClusters({ namespace: wanted.object.namespace, clusterId: wanted.owner.clusterId, endpoint });

  const apply = async (wanted: Wanted<'join-token'>): Promise<Made> => {
    const { poolId } = wanted.properties;
    const kept = { namespace: wanted.object.namespace, name: poolTokenSecretName(wanted.owner.clusterId, poolId) };
    const { token = '' } = await readSecret(management, kept, 'bootstrap-token', { signal: wanted.signal });
    const client = await connect(wanted, wanted.properties.endpoint);
    const object = joinTokenObject(wanted, token);
    const existing = await client.find(secretName(SYSTEM_NAMESPACE, object.metadata.name), { signal: wanted.signal });
    if (existing !== null && uidMarked(existing) !== wanted.owner.uid) {
      throw blockedError(
        `Secret ${SYSTEM_NAMESPACE}/${object.metadata.name} in cluster ${wanted.owner.clusterId} belongs to somebody else: remove it there.`,
      );
    }
    await client.apply(object);
    return { outputs: {} };
  };

  return {
    kind: 'join-token',
    create: apply,
    update: apply,

    candidates: async (wanted) => {
      const { endpoint } = wanted.properties;
      if (endpoint === undefined) return [];
      try {
        const client = await connect(wanted, endpoint);
        const secrets = await secretsOf(wanted, client, { signal: wanted.signal });
        return secrets.map((secret) => candidateOf(wanted, secret));
      } catch (error) {
        // A token is as gone as the cluster that would honour it; in any other case silence isn't absence (I12).
        if ((await clusterOf(management, wanted)).going) return [];
        throw error;
      }
    },

    remove: async (wanted) => {
      const cluster = await clusterOf(management, wanted);
      if (cluster.going) return;
      const endpoint = wanted.properties.endpoint ?? cluster.endpoint;
      // Without a load balancer there never was an API that could hold a token.
      if (endpoint === undefined) return;
      const client = await connect(wanted, endpoint);
      for (const secret of await secretsOf(wanted, client)) {
        if (uidMarked(secret) !== wanted.owner.uid) continue;
        const name: ObjectName = secretName(SYSTEM_NAMESPACE, secret.metadata.name);
        await client.remove(name, secret.metadata.uid);
      }
    },
  };
};
