/**
 * Components of a node: what a worker machine runs, from its configuration alone.
 *
 * Owns: the container runtime, the kubelet and the service proxy: names, versions, arguments, files, probes and order.
 * Neighbours: `components.ts` does the same for replicas; `node-files.ts` has the documents; `agent/host.ts` runs them, and puts
 * the pool's token where the bootstrap kubeconfig says. The runtime has no version of its own here: the machine's image brings it.
 * Invariant: I8 (no argument and no file here carries the token).
 */
import type { Component, Directories, Program } from './component.ts';
import type { NodeConfiguration } from './configuration.ts';
import { type Instance, nodeLabels } from './node.ts';
import { containerdConfiguration, kubeletConfiguration, nodeKubeconfig, proxyConfiguration } from './node-files.ts';
import { KUBELET_HEALTH_PORT, PROXY_HEALTH_PORT } from './ports.ts';
import { reservationOf } from './reservation.ts';

export type NodeMachine = {
  readonly configuration: NodeConfiguration;
  readonly instance: Instance;
  /** By which name its API is dialled now. */
  readonly apiHost: string;
  /** How many CPUs it has, as its host counts them. */
  readonly cpus: number;
  readonly directories: Pick<Directories, 'certificates' | 'configuration'> & {
    /** Where the kubelet keeps its certificates, and what else is to survive a restart. */
    readonly state: string;
  };
};

/** Where the pool's token lies while the node has no certificate. */
export const tokenFile = ({ certificates }: Pick<Directories, 'certificates'>): string => `${certificates}/token`;

const RUNTIME_SOCKET = '/run/containerd/containerd.sock';
/** Pods are told to end when the machine shuts down, and critical ones last. */
const SHUTDOWN = { allSeconds: 60, criticalSeconds: 15 };

const program = (command: string, values: Readonly<Record<string, string>>): Program => ({
  kind: 'binary',
  command,
  arguments: Object.entries(values).map(([name, value]) => `--${name}=${value}`),
  environment: {},
});

const pathsOf = ({ directories }: NodeMachine) => ({
  authority: `${directories.certificates}/root-ca.crt`,
  kubeconfig: `${directories.state}/kubelet.kubeconfig`,
  file: (name: string) => `${directories.configuration}/${name}`,
});

const containerd = (machine: NodeMachine): Component => {
  const { file } = pathsOf(machine);
  return {
    name: 'containerd',
    program: program('containerd', { config: file('containerd.toml') }),
    files: [{ path: file('containerd.toml'), content: containerdConfiguration(RUNTIME_SOCKET), mode: 0o600 }],
    after: [],
    stopSeconds: 15,
  };
};

/** A kubelet sets these itself, and warns of whoever says so, too. */
const OWN_LABELS = ['kubernetes.io/hostname', 'kubernetes.io/os', 'kubernetes.io/arch'];

const kubelet = (machine: NodeMachine): Component => {
  const { configuration, instance, apiHost, cpus, directories } = machine;
  const { authority, kubeconfig, file } = pathsOf(machine);
  const labels = Object.entries(nodeLabels(configuration, instance).labels)
    .filter(([key]) => !OWN_LABELS.includes(key))
    .map(([key, value]) => `${key}=${value}`);
  return {
    name: 'kubelet',
    version: configuration.versions.kubernetes,
    program: program('kubelet', {
      config: file('kubelet.yaml'),
      'bootstrap-kubeconfig': file('bootstrap.kubeconfig'),
      kubeconfig,
      'cert-dir': `${directories.state}/pki`,
      // It registers with a taint that the cloud controller removes once it has proven that the instance exists.
      'cloud-provider': 'external',
      'hostname-override': instance.hostname,
      'node-ip': instance.address,
      'node-labels': labels.join(','),
    }),
    files: [
      { path: authority, content: configuration.certificateAuthority, mode: 0o600 },
      {
        path: file('bootstrap.kubeconfig'),
        content: nodeKubeconfig({
          server: `https://${apiHost}`,
          serverName: configuration.endpoint,
          authorityFile: authority,
          tokenFile: tokenFile(directories),
        }),
        mode: 0o600,
      },
      {
        path: file('kubelet.yaml'),
        content: kubeletConfiguration({
          authorityFile: authority,
          runtimeSocket: RUNTIME_SOCKET,
          maxPods: configuration.maxPodsPerNode,
          taints: configuration.taints,
          ...(configuration.clusterDns === undefined ? {} : { clusterDns: configuration.clusterDns }),
          reserved: reservationOf(cpus, configuration.maxPodsPerNode),
          shutdown: SHUTDOWN,
        }),
        mode: 0o600,
      },
    ],
    probe: { scheme: 'http', host: '127.0.0.1', port: KUBELET_HEALTH_PORT, path: '/healthz' },
    after: ['containerd'],
    stopSeconds: SHUTDOWN.allSeconds + 30,
  };
};

const proxy = (machine: NodeMachine): Component => {
  const { configuration, instance } = machine;
  const { kubeconfig, file } = pathsOf(machine);
  return {
    name: 'kube-proxy',
    version: configuration.versions.kubernetes,
    program: program('kube-proxy', { config: file('kube-proxy.yaml') }),
    files: [{ path: file('kube-proxy.yaml'), content: proxyConfiguration(kubeconfig, instance), mode: 0o600 }],
    probe: { scheme: 'http', host: instance.address, port: PROXY_HEALTH_PORT, path: '/livez' },
    // It comes to the API with the kubelet's certificate, which is there once the kubelet is.
    after: ['kubelet'],
    stopSeconds: 15,
  };
};

/** Everything that a node runs. Each comes after those that it needs. */
export const nodeComponents = (machine: NodeMachine): readonly Component[] => [
  containerd(machine),
  kubelet(machine),
  proxy(machine),
];
