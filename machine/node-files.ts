/**
 * Files of a node: the documents that its components read.
 *
 * Owns: their content, as text. JSON is YAML, so they are written as JSON: nothing to quote wrongly.
 * Neighbours: `node-components.ts` says where each file lies and who reads it; `files.ts` has a replica's.
 */
import { CLUSTER_DOMAIN } from './address.ts';
import type { NodeConfiguration } from './configuration.ts';
import { document } from './files.ts';
import type { Instance } from './node.ts';
import { KUBELET_HEALTH_PORT, KUBELET_PORT, PROXY_HEALTH_PORT, PROXY_METRICS_PORT } from './ports.ts';
import { EVICTION_MEMORY_MIB, type Reservation } from './reservation.ts';

/** With which a kubelet asks for its first certificate: the token is a file, read when it is needed. */
export const nodeKubeconfig = (access: {
  readonly server: string;
  /** What its certificate has to show. */
  readonly serverName: string;
  readonly authorityFile: string;
  readonly tokenFile: string;
}): string =>
  document({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'cluster',
        cluster: {
          server: access.server,
          'tls-server-name': access.serverName,
          'certificate-authority': access.authorityFile,
        },
      },
    ],
    users: [{ name: 'bootstrap', user: { tokenFile: access.tokenFile } }],
    contexts: [{ name: 'node', context: { cluster: 'cluster', user: 'bootstrap' } }],
    'current-context': 'node',
  });

/** The kubelet makes cgroups by systemd, and the runtime must do the same: two that count one machine's memory disagree. */
export const containerdConfiguration = (socket: string): string =>
  [
    'version = 3',
    '[grpc]',
    `address = ${JSON.stringify(socket)}`,
    "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]",
    "runtime_type = 'io.containerd.runc.v2'",
    "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]",
    'SystemdCgroup = true',
    '',
  ].join('\n');

export type KubeletConfiguration = {
  readonly authorityFile: string;
  readonly runtimeSocket: string;
  readonly maxPods: number;
  /** Where pods ask for names. */
  readonly clusterDns?: string;
  readonly taints: NodeConfiguration['taints'];
  readonly reserved: Reservation;
  readonly shutdown: { readonly allSeconds: number; readonly criticalSeconds: number };
};

export const kubeletConfiguration = (wanted: KubeletConfiguration): string =>
  document({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    port: KUBELET_PORT,
    healthzBindAddress: '127.0.0.1',
    healthzPort: KUBELET_HEALTH_PORT,
    // Whoever asks it for logs or a shell is asked for a certificate or token, and then the API server whether they may.
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: wanted.authorityFile },
    },
    authorization: { mode: 'Webhook' },
    tlsMinVersion: 'VersionTLS12',
    rotateCertificates: true,
    serverTLSBootstrap: true,
    containerRuntimeEndpoint: `unix://${wanted.runtimeSocket}`,
    cgroupDriver: 'systemd',
    clusterDomain: CLUSTER_DOMAIN,
    ...(wanted.clusterDns === undefined ? {} : { clusterDNS: [wanted.clusterDns] }),
    maxPods: wanted.maxPods,
    registerWithTaints: wanted.taints,
    kubeReserved: { cpu: `${wanted.reserved.cpuMillis}m`, memory: `${wanted.reserved.memoryMiB}Mi` },
    evictionHard: {
      'memory.available': `${EVICTION_MEMORY_MIB}Mi`,
      'nodefs.available': '10%',
      'nodefs.inodesFree': '5%',
      'imagefs.available': '15%',
    },
    shutdownGracePeriod: `${wanted.shutdown.allSeconds}s`,
    shutdownGracePeriodCriticalPods: `${wanted.shutdown.criticalSeconds}s`,
  });

/** What is a pod's address is known by the range that the node was given. Load balancers ask the node's own for its health. */
export const proxyConfiguration = (kubeconfig: string, { address, hostname }: Instance): string =>
  document({
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig },
    hostnameOverride: hostname,
    mode: 'nftables',
    detectLocalMode: 'NodeCIDR',
    healthzBindAddress: `${address}:${PROXY_HEALTH_PORT}`,
    metricsBindAddress: `127.0.0.1:${PROXY_METRICS_PORT}`,
  });
