/**
 * Management: reads a cluster's certificate authority from the management API, where Slipway keeps it.
 *
 * Owns: that one read. Neighbours: the supervisor writes the kubeconfig, `kubernetes/access.ts` reads it.
 */
import { CLUSTER_TAG } from '../../api/names.ts';
import { findAccess, transportTo } from '../../kubernetes/access.ts';
import { createClient } from '../../kubernetes/client.ts';

export type AuthorityKeys = { readonly certificate: string; readonly key: string };

const readSecrets = async (kubeconfig: string, clusterId: string) => {
  const access = findAccess({ kubeconfig });
  if (access.kind !== 'access') {
    throw new Error(`${kubeconfig} leads to no management API: ${access.kind}`, { cause: access });
  }
  const client = createClient(transportTo(access));
  try {
    const kind = { apiVersion: 'v1', kind: 'Secret' };
    return await client.list(kind, { labelSelector: `${CLUSTER_TAG}=${clusterId}` });
  } finally {
    await client.close();
  }
};

/** The root authority of a cluster, from its Secret in whichever namespace the cluster's object is. */
export const readRootAuthority = async (kubeconfigPath: string, clusterId: string): Promise<AuthorityKeys> => {
  const secrets = await readSecrets(kubeconfigPath, clusterId);
  const name = `${clusterId}-root-ca`;
  const found = secrets.filter(({ metadata }) => metadata.name === name);
  const [secret] = found;
  if (secret === undefined || found.length > 1) {
    const where = found.map(({ metadata }) => metadata.namespace).join(', ');
    throw new Error(
      found.length === 0
        ? `The management API holds no Secret ${name}: the cluster's authority is not known`
        : `The management API holds Secret ${name} in several namespaces (${where}): it is not clear whose it is`,
    );
  }
  const data = (secret['data'] ?? {}) as Readonly<Record<string, string>>;
  const read = (field: string): string => {
    const value = data[field];
    if (value === undefined) throw new Error(`Secret ${secret.metadata.namespace}/${name} has no ${field}`);
    return Buffer.from(value, 'base64').toString('utf8');
  };
  return { certificate: read('tls.crt'), key: read('tls.key') };
};
