/**
 * Management: reads a cluster's certificate authority from the management API, where Slipway keeps it.
 *
 * Owns: that one read, over plain HTTPS: a whole Kubernetes client would be most of this part's memory. Neighbours: the
 * supervisor writes the kubeconfig.
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { parse } from 'yaml';
import { CLUSTER_TAG } from '../../api/names.ts';

export type AuthorityKeys = { readonly certificate: string; readonly key: string };

type Kubeconfig = {
  readonly 'current-context': string;
  readonly contexts: readonly {
    readonly name: string;
    readonly context: { readonly cluster: string; readonly user: string };
  }[];
  readonly clusters: readonly {
    readonly name: string;
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data'?: string };
  }[];
  readonly users: readonly {
    readonly name: string;
    readonly user: {
      readonly 'client-certificate-data'?: string;
      readonly 'client-key-data'?: string;
      readonly token?: string;
    };
  }[];
};

type SecretList = {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly namespace: string };
    readonly data?: Readonly<Record<string, string>>;
  }[];
};

const TIMEOUT_MS = 10_000;

/** The root authority of a cluster, from its Secret in whichever namespace the cluster's object is. */
export const readRootAuthority = async (kubeconfigPath: string, clusterId: string): Promise<AuthorityKeys> => {
  const selector = encodeURIComponent(`${CLUSTER_TAG}=${clusterId}`);
  const secrets = (await getJson(kubeconfigPath, `/api/v1/secrets?labelSelector=${selector}`)) as SecretList;
  const name = `${clusterId}-root-ca`;
  const found = secrets.items.filter((secret) => secret.metadata.name === name);
  const [secret] = found;
  if (secret === undefined || found.length > 1) {
    const where = found.map((one) => one.metadata.namespace).join(', ');
    throw new Error(
      found.length === 0
        ? `The management API holds no Secret ${name}: the cluster's authority is not known`
        : `The management API holds Secret ${name} in several namespaces (${where}): it is not clear whose it is`,
    );
  }
  const read = (field: string): string => {
    const value = secret.data?.[field];
    if (value === undefined) throw new Error(`Secret ${secret.metadata.namespace}/${name} has no ${field}`);
    return Buffer.from(value, 'base64').toString('utf8');
  };
  return { certificate: read('tls.crt'), key: read('tls.key') };
};

const decoded = (value: string | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');

const getJson = (kubeconfigPath: string, path: string): Promise<unknown> => {
  const config = parse(readFileSync(kubeconfigPath, 'utf8')) as Kubeconfig;
  const context = config.contexts.find((one) => one.name === config['current-context'])?.context;
  const cluster = config.clusters.find((one) => one.name === context?.cluster)?.cluster;
  const user = config.users.find((one) => one.name === context?.user)?.user;
  if (cluster === undefined) throw new Error(`${kubeconfigPath} names no server in its current context`);
  return new Promise((resolve, reject) => {
    const call = request(
      `${cluster.server}${path}`,
      {
        agent: false,
        timeout: TIMEOUT_MS,
        ca: decoded(cluster['certificate-authority-data']),
        cert: decoded(user?.['client-certificate-data']),
        key: decoded(user?.['client-key-data']),
        headers: {
          accept: 'application/json',
          ...(user?.token === undefined ? {} : { authorization: `Bearer ${user.token}` }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          if (response.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(`GET ${path} of the management API: ${response.statusCode} ${text.slice(0, 300)}`));
        });
      },
    );
    call.once('timeout', () => call.destroy(new Error(`the management API gave no answer within ${TIMEOUT_MS} ms`)));
    call.once('error', reject);
    call.end();
  });
};
