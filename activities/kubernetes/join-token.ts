/**
 * The join token of a pool inside the user cluster: what lets its machines ask for a certificate, and nothing else.
 *
 * Owns: the bootstrap token Secret in kube-system. It has no expiration, since machines join in year three as well, and
 * goes with its pool. Neighbours: `secret.ts` keeps the token in the management API, sealed user data takes it to the
 * machines, `addons/node-access.ts` says what its group may do, the node approver decides about each machine.
 * Invariants: I8, I12 (a silent API counts as gone only where the cluster itself is being deleted).
 */
import { CLUSTER_TAG, KEY_TAG, NODE_POOL_LABEL, poolTokenSecretName, UID_TAG } from '../../api/names.ts';
import { bootstrappersGroupOf } from '../../machine/node.ts';
import type { Candidate, Made, ResourceDriver, Sought, Wanted } from '../driver.ts';
import { blockedError } from '../verdicts.ts';
import type { Cancellation, KubernetesClient } from './client.ts';
import { findCluster, findNodePool } from './objects.ts';
import type { KubernetesObject, ObjectName } from './resources.ts';
import { readSecret, secretName } from './secret.ts';
import type { UserClusters } from './user-cluster.ts';

const NAMESPACE = 'kube-system';

const encoded = (data: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([entry, value]) => [entry, Buffer.from(value).toString('base64')]));

const manifest = (wanted: Wanted<'join-token'>, token: string): KubernetesObject => {
  const [id = '', secret = ''] = token.split('.');
  const { poolId } = wanted.properties;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'bootstrap.kubernetes.io/token',
    metadata: {
      name: `bootstrap-token-${id}`,
      namespace: NAMESPACE,
      labels: {
        [NODE_POOL_LABEL]: poolId,
        [CLUSTER_TAG]: wanted.owner.clusterId,
        'app.kubernetes.io/managed-by': 'slipway',
      },
      annotations: { [UID_TAG]: wanted.owner.uid, [KEY_TAG]: wanted.key },
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
  const uid = secret.metadata.annotations?.[UID_TAG];
  return {
    key: wanted.key,
    outputs: {},
    state: {},
    label: `Secret ${NAMESPACE}/${secret.metadata.name}`,
    ...(uid === undefined ? {} : { uid }),
    belongsTo:
      uid === wanted.owner.uid && secret.metadata.annotations?.[KEY_TAG] === wanted.key
        ? 'ours'
        : { other: uid === undefined ? 'somebody else: it has no owner annotation' : `the object with uid ${uid}` },
  };
};

const secretsOf = (
  { properties }: Sought<'join-token'>,
  client: KubernetesClient,
  options?: Cancellation,
): Promise<readonly KubernetesObject[]> =>
  client.list(
    { apiVersion: 'v1', kind: 'Secret' },
    { namespace: NAMESPACE, labelSelector: `${NODE_POOL_LABEL}=${properties.poolId}` },
    options,
  );

/** The cluster of the pool: `going` when it is being deleted or gone, and its tokens with it. */
const clusterOf = async (
  management: KubernetesClient,
  { object, signal }: Sought<'join-token'>,
): Promise<{ readonly going: boolean; readonly endpoint?: string }> => {
  const { namespace, name } = object;
  const clusterName =
    object.kind === 'AWSCluster'
      ? name
      : (await findNodePool(management, { namespace, name }, { signal }))?.spec.clusterName;
  if (clusterName === undefined) return { going: false };
  const cluster = await findCluster(management, { namespace, name: clusterName }, { signal });
  if (cluster === null || cluster.metadata.deletionTimestamp !== undefined) return { going: true };
  const endpoint = cluster.status?.endpoint;
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
    const object = manifest(wanted, token);
    const existing = await client.find(secretName(NAMESPACE, object.metadata.name), { signal: wanted.signal });
    if (existing !== null && existing.metadata.annotations?.[UID_TAG] !== wanted.owner.uid) {
      throw blockedError(
        `Secret ${NAMESPACE}/${object.metadata.name} in cluster ${wanted.owner.clusterId} belongs to somebody else: remove it there.`,
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
      for (const { metadata } of await secretsOf(wanted, client)) {
        if (metadata.annotations?.[UID_TAG] !== wanted.owner.uid) continue;
        const name: ObjectName = secretName(NAMESPACE, metadata.name);
        await client.remove(name, metadata.uid);
      }
    },
  };
};
