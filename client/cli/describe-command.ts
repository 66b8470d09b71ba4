/**
 * `slipway clusters describe`: gathers the facts for the tree.
 *
 * Owns: that a missing Temporal takes away only what Temporal alone knows.
 */
import type { Client } from '@temporalio/client';
import type { ObjectKind } from '../../api/object.ts';
import { referenceTo } from '../../api/object.ts';
import { messagesOf } from '../../words/failure.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { managementApi, type StoredCluster, type StoredNodePool } from '../management.ts';
import { readEntity, readOperation } from '../operations.ts';
import { allOf, explainTemporal, withTemporal } from '../temporal.ts';
import type { Described, DescribedObject, Description } from './describe.ts';

const describedBy = async <T extends StoredCluster | StoredNodePool>(
  client: Client,
  object: T,
): Promise<Described<T>> => {
  const reference = referenceTo(object);
  const [entity, operation] = await allOf([readEntity(client, reference), readOperation(client, reference)]);
  return {
    object,
    ...(entity === undefined ? {} : { entity }),
    ...(operation === undefined ? {} : { operation }),
  };
};

const DEFAULT_ADDRESS = '127.0.0.1:7233';

const flagsFor = ({ temporalAddress, temporalNamespace }: ClientConfiguration): string =>
  [
    temporalAddress === DEFAULT_ADDRESS ? '' : ` --address ${temporalAddress}`,
    temporalNamespace === 'default' ? '' : ` --namespace ${temporalNamespace}`,
  ].join('');

/** Everything that is known about a cluster, from the management API and from Temporal. */
export const readDescription = async (
  configuration: ClientConfiguration,
  name: string,
  namespace: string | undefined,
): Promise<Description> => {
  const api = managementApi(configuration);
  const where = namespace ?? api.defaultNamespace;
  const [cluster, pools] = await Promise.all([api.cluster(where, name), api.nodePools(where, name)]);
  const temporalFlags = flagsFor(configuration);
  try {
    return await withTemporal(configuration, async (client) => {
      const [described, nodePools] = await allOf([
        describedBy(client, cluster),
        allOf(pools.map((pool) => describedBy(client, pool))),
      ]);
      return { cluster: described, nodePools, temporalFlags };
    });
  } catch (error) {
    return {
      cluster: { object: cluster },
      nodePools: pools.map((object) => ({ object })),
      temporalFlags,
      temporalTrouble: messagesOf(explainTemporal(error, configuration))[0] ?? '',
    };
  }
};

/** One object with its entity and its operation. */
export const readOperationOf = async (
  configuration: ClientConfiguration,
  kind: ObjectKind,
  name: string,
  namespace: string | undefined,
): Promise<DescribedObject> => {
  const api = managementApi(configuration);
  const object = await api.object(kind, namespace ?? api.defaultNamespace, name);
  const temporalFlags = flagsFor(configuration);
  try {
    const described = await withTemporal(configuration, (client) => describedBy(client, object));
    return { ...described, temporalFlags };
  } catch (error) {
    return { object, temporalFlags, temporalTrouble: messagesOf(explainTemporal(error, configuration))[0] ?? '' };
  }
};
