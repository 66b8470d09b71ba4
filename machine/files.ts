/**
 * Files: the documents that Kubernetes' components read.
 *
 * Owns: their content, as text. JSON is YAML, so they are written as JSON: nothing to quote wrongly.
 * Neighbours: `components.ts` says where each file lies and who reads it; `node-files.ts` has a node's.
 */
import { CLUSTER_TAG } from '../api/names.ts';
import type { ReplicaConfiguration } from './configuration.ts';

/** A document as a component reads it. */
export const document = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** A kubeconfig whose certificates are files, so that a client reads them again when they are renewed. */
export const kubeconfig = (access: {
  readonly server: string;
  readonly authorityFile: string;
  readonly user: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}): string =>
  document({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'cluster', cluster: { server: access.server, 'certificate-authority': access.authorityFile } }],
    users: [
      {
        name: access.user,
        user: { 'client-certificate': access.certificateFile, 'client-key': access.keyFile },
      },
    ],
    contexts: [{ name: 'replica', context: { cluster: 'cluster', user: access.user } }],
    'current-context': 'replica',
  });

/** Secrets are encrypted under the cluster's KMS key; what was stored unencrypted can still be read. */
export const encryptionConfiguration = (socket: string): string =>
  document({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources: [
      {
        resources: ['secrets'],
        providers: [
          { kms: { apiVersion: 'v2', name: 'slipway', endpoint: `unix://${socket}`, timeout: '10s' } },
          { identity: {} },
        ],
      },
    ],
  });

/** Without credentials only health may be asked for: the load balancer does. */
export const authenticationConfiguration = (): string =>
  document({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    anonymous: {
      enabled: true,
      conditions: [{ path: '/readyz' }, { path: '/livez' }, { path: '/healthz' }],
    },
  });

/**
 * With the first four set the cloud controller asks no metadata service where it is. With the last, which has to be the same id, what
 * it makes carries `KubernetesCluster` beside `kubernetes.io/cluster/<id>`: a tag whose key is known, so that IAM can tell a
 * cluster's load balancers and groups from those of others (https://github.com/kubernetes/cloud-provider-aws, pkg/providers/v1/tags.go).
 */
export const cloudConfiguration = (
  configuration: Pick<ReplicaConfiguration, 'region' | 'vpcId' | 'subnetId' | 'clusterId'>,
): string =>
  [
    '[Global]',
    `Region=${configuration.region}`,
    `VPC=${configuration.vpcId}`,
    `SubnetID=${configuration.subnetId}`,
    `KubernetesClusterID=${configuration.clusterId}`,
    `KubernetesClusterTag=${configuration.clusterId}`,
    '',
  ].join('\n');

/** The KMS encryption context of what the API server stores, which no other use of the key shares. */
export const storageEncryptionContext = (clusterId: string): Record<string, string> => ({
  [CLUSTER_TAG]: clusterId,
  'slipway.dev/purpose': 'secrets-at-rest',
});
