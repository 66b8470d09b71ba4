/**
 * Components of a replica: what a control-plane machine runs, from its configuration alone.
 *
 * Owns: names, versions, arguments, files, probes and order. What a machine runs is the same on every host, so that what
 * is tested is what ships: only what a host says of itself differs.
 * Neighbours: `certificates.ts` says which certificates the file names here stand for; `ports.ts` has every port,
 * `api-server.ts` has the component that clients reach; `agent/` writes the files and runs the programs.
 * Invariants: I5 (etcd starts only as `empty-disk.ts` decided), I8 (no argument carries a secret: arguments show in
 * process lists, so keys are passed as files).
 */
import { replicaName } from '../api/names.ts';
import { nodeMaskOf } from '../api/pod-ranges.ts';
import { apiServer } from './api-server.ts';
import { LEAF_LIFETIME_SECONDS } from './certificates.ts';
import type { Component, MachineFile } from './component.ts';
import { cloudConfiguration, kubeconfig } from './files.ts';
import { clientUrlOf, foundingCluster, peerUrlOf } from './membership.ts';
import {
  API_SERVER_PORT,
  CLOUD_CONTROLLER_PORT,
  CONTROLLER_MANAGER_PORT,
  ETCD_METRICS_PORT,
  SCHEDULER_PORT,
} from './ports.ts';
import { binary, emulationFlag, pathsOf } from './programs.ts';
import type { ReplicaMachine } from './replica-machine.ts';

export const etcdDataDirectory = (volume: string): string => `${volume}/etcd`;

const etcd = (machine: ReplicaMachine): Component => {
  const { configuration, addresses } = machine;
  const { certificate, key } = pathsOf(machine.directories);
  return {
    name: 'etcd',
    version: configuration.versions.etcd,
    program: binary('etcd', {
      name: replicaName(configuration.clusterId, configuration.index),
      'data-dir': etcdDataDirectory(machine.directories.volume),
      'initial-cluster-token': configuration.clusterId,
      // etcd looks at both only while its data directory is empty.
      'initial-cluster-state': machine.etcd.kind === 'join' ? 'existing' : 'new',
      'initial-cluster': machine.etcd.kind === 'join' ? machine.etcd.initialCluster : foundingCluster(configuration),
      'listen-client-urls': clientUrlOf(addresses.fixed),
      'advertise-client-urls': clientUrlOf(addresses.fixed),
      'listen-peer-urls': peerUrlOf(addresses.fixed),
      'initial-advertise-peer-urls': peerUrlOf(addresses.fixed),
      'listen-metrics-urls': `http://${addresses.fixed}:${ETCD_METRICS_PORT}`,
      'client-cert-auth': true,
      'trusted-ca-file': certificate('etcd-ca'),
      'cert-file': certificate('etcd-server'),
      'key-file': key('etcd-server'),
      'peer-client-cert-auth': true,
      'peer-trusted-ca-file': certificate('etcd-ca'),
      'peer-cert-file': certificate('etcd-peer'),
      'peer-key-file': key('etcd-peer'),
      'auto-compaction-retention': '1h',
    }),
    files: [],
    probe: { scheme: 'http', host: addresses.fixed, port: ETCD_METRICS_PORT, path: '/readyz' },
    after: [],
    stays: true,
    stopSeconds: 30,
  };
};

/** Flags that the three controllers share: where they serve, and as whom they talk to their own API server. */
const controllerFlags = (machine: ReplicaMachine, name: string, port: number) => {
  const { certificate, key, file } = pathsOf(machine.directories);
  return {
    'bind-address': machine.addresses.fixed,
    'secure-port': port,
    kubeconfig: file(`${name}.kubeconfig`),
    'authentication-kubeconfig': file(`${name}.kubeconfig`),
    'authorization-kubeconfig': file(`${name}.kubeconfig`),
    'tls-cert-file': certificate(`${name}-server`),
    'tls-private-key-file': key(`${name}-server`),
    'client-ca-file': certificate('root-ca'),
    'requestheader-client-ca-file': certificate('front-proxy-ca'),
    'leader-elect': true,
    profiling: false,
  };
};

const controllerKubeconfig = (machine: ReplicaMachine, name: string): MachineFile => {
  const { certificate, key, file } = pathsOf(machine.directories);
  return {
    path: file(`${name}.kubeconfig`),
    content: kubeconfig({
      server: `https://${machine.addresses.fixed}:${API_SERVER_PORT}`,
      authorityFile: certificate('root-ca'),
      user: name,
      certificateFile: certificate(`${name}-client`),
      keyFile: key(`${name}-client`),
    }),
    mode: 0o600,
  };
};

const controllerManager = (machine: ReplicaMachine): Component => {
  const { configuration, addresses } = machine;
  const { certificate, key } = pathsOf(machine.directories);
  const name = 'kube-controller-manager';
  return {
    name,
    version: configuration.versions.kubernetes,
    program: binary(name, {
      ...controllerFlags(machine, name, CONTROLLER_MANAGER_PORT),
      'cluster-name': configuration.clusterId,
      'cloud-provider': 'external',
      'cluster-signing-cert-file': certificate('root-ca'),
      'cluster-signing-key-file': key('root-ca'),
      'cluster-signing-duration': `${LEAF_LIFETIME_SECONDS}s`,
      'root-ca-file': certificate('root-ca'),
      'service-account-private-key-file': key('service-account'),
      'use-service-account-credentials': true,
      // It makes an account and a token for each of some thirty controllers before the first of them starts, which takes
      // five seconds at the default rate.
      'kube-api-qps': 100,
      'kube-api-burst': 200,
      // Node certificates are the node approver's to grant: the controller's own rule asks nobody whether a machine exists.
      controllers: '*,bootstrapsigner,tokencleaner,-certificatesigningrequest-approving-controller',
      'allocate-node-cidrs': true,
      'cluster-cidr': configuration.podCidr,
      'node-cidr-mask-size': nodeMaskOf(configuration.podCidr),
      'service-cluster-ip-range': configuration.serviceCidr,
      ...emulationFlag(machine),
    }),
    files: [controllerKubeconfig(machine, name)],
    probe: { scheme: 'https', host: addresses.fixed, port: CONTROLLER_MANAGER_PORT, path: '/healthz' },
    after: ['kube-apiserver'],
    stopSeconds: 15,
  };
};

const scheduler = (machine: ReplicaMachine): Component => {
  const name = 'kube-scheduler';
  return {
    name,
    version: machine.configuration.versions.kubernetes,
    program: binary(name, { ...controllerFlags(machine, name, SCHEDULER_PORT), ...emulationFlag(machine) }),
    files: [controllerKubeconfig(machine, name)],
    // Its /healthz says ok even while it can list nothing and schedules nothing.
    probe: { scheme: 'https', host: machine.addresses.fixed, port: SCHEDULER_PORT, path: '/readyz' },
    after: ['kube-apiserver'],
    stopSeconds: 15,
  };
};

const cloudController = (machine: ReplicaMachine): Component => {
  const { configuration } = machine;
  const { file } = pathsOf(machine.directories);
  const name = 'cloud-controller';
  return {
    name: 'aws-cloud-controller-manager',
    version: configuration.versions.cloudController,
    program: binary(
      'aws-cloud-controller-manager',
      {
        ...controllerFlags(machine, name, CLOUD_CONTROLLER_PORT),
        'cloud-provider': 'aws',
        'cloud-config': file('cloud.conf'),
        'cluster-name': configuration.clusterId,
        // Pods' routes are the network plugin's.
        'configure-cloud-routes': false,
        'webhook-secure-port': 0,
        'concurrent-node-syncs': 5,
      },
      machine.environment,
    ),
    files: [
      controllerKubeconfig(machine, name),
      { path: file('cloud.conf'), content: cloudConfiguration(configuration), mode: 0o600 },
    ],
    probe: { scheme: 'https', host: machine.addresses.fixed, port: CLOUD_CONTROLLER_PORT, path: '/healthz' },
    after: ['kube-apiserver'],
    stopSeconds: 15,
  };
};

const kmsPlugin = (machine: ReplicaMachine): Component => ({
  name: 'kms-plugin',
  program: {
    kind: 'kms-plugin',
    socket: machine.kmsSocket,
    keyArn: machine.configuration.kmsKeyArn,
    clusterId: machine.configuration.clusterId,
  },
  files: [],
  after: [],
  stays: true,
  stopSeconds: 5,
});

const nodeApprover = (machine: ReplicaMachine): Component => {
  const { configuration } = machine;
  const { certificate, key } = pathsOf(machine.directories);
  return {
    name: 'node-approver',
    program: {
      kind: 'node-approver',
      server: `https://${machine.addresses.fixed}:${API_SERVER_PORT}`,
      certificateFile: certificate('node-approver-client'),
      keyFile: key('node-approver-client'),
      authorityFile: certificate('root-ca'),
      clusterId: configuration.clusterId,
      region: configuration.region,
      index: configuration.index,
    },
    files: [],
    after: ['kube-apiserver'],
    stopSeconds: 5,
  };
};

/** Everything that a replica runs. Each comes after those that it needs. */
export const replicaComponents = (machine: ReplicaMachine): readonly Component[] => [
  kmsPlugin(machine),
  etcd(machine),
  apiServer(machine),
  controllerManager(machine),
  scheduler(machine),
  cloudController(machine),
  nodeApprover(machine),
];
