/** `slipway clusters describe`: gathers the facts for the tree. */
import { Client, Connection } from '@temporalio/client';
import colors from 'picocolors';
import type { ObjectKind, ObjectRef } from '../../api/object.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { managementApi } from '../management.ts';
import { readOperation } from '../operations.ts';
import { type Described, type Description, describeLines } from './describe.ts';

type Identified = {
  readonly kind: ObjectKind;
  readonly metadata: { readonly namespace: string; readonly name: string; readonly uid: string };
};

const referenceOf = (object: Identified): ObjectRef => ({
  kind: object.kind,
  namespace: object.metadata.namespace,
  name: object.metadata.name,
  uid: object.metadata.uid,
});

/** Everything that is known about a cluster, from the management API and from Temporal. */
export const readDescription = async (
  configuration: ClientConfiguration,
  name: string,
  namespace: string | undefined,
): Promise<Description> => {
  const api = managementApi(configuration.kubeconfig);
  const where = namespace ?? api.defaultNamespace;
  const [cluster, pools] = await Promise.all([api.cluster(where, name), api.nodePools(where, name)]);
  const connection = await Connection.connect({ address: configuration.temporalAddress });
  try {
    const client = new Client({ connection, namespace: configuration.temporalNamespace });
    const described = async <T extends Identified>(object: T): Promise<Described<T>> => {
      const operation = await readOperation(client, referenceOf(object));
      return operation === undefined ? { object } : { object, operation };
    };
    const [describedCluster, nodePools] = await Promise.all([
      described({ ...cluster, kind: 'AWSCluster' as const }),
      Promise.all(pools.map((pool) => described({ ...pool, kind: 'AWSNodePool' as const }))),
    ]);
    return { cluster: describedCluster, nodePools };
  } finally {
    await connection.close();
  }
};

export const describeCluster = async (
  configuration: ClientConfiguration,
  name: string,
  options: { readonly namespace?: string; readonly output: string },
): Promise<string> => {
  const description = await readDescription(configuration, name, options.namespace);
  if (options.output === 'json') return JSON.stringify(description, null, 2);
  return describeLines(description, Date.now(), colors).join('\n');
};
