/**
 * Components of a replica: what a control-plane machine runs, from its configuration alone.
 *
 * Owns: names, versions, arguments, files, probes and order. What is tested in the sandbox is what ships: only the
 * exceptions in `differences.ts` differ.
 * Neighbours: `certificates.ts` says which certificates the file names here stand for; `ports.ts` has every port,
 * `health-check.ts` what a load balancer must have time to notice; `agent/` writes the files and runs the programs.
 * Invariants: I5 (etcd starts only as `empty-disk.ts` decided), I8 (no argument carries a secret: arguments show in
 * process lists, so keys are passed as files).
 */
import { replicaName } from '../api/names.ts';
import type { ReplicaAddresses } from './certificates.ts';
import type { Component, Directories, MachineFile, Program } from './component.ts';
import type { ReplicaConfiguration } from './configuration.ts';
import type { Differences } from './differences.ts';
import { authenticationConfiguration, cloudConfiguration, encryptionConfiguration, kubeconfig } from './files.ts';
import { API_SERVER_CHECK, SHUTDOWN_DELAY_SECONDS } from './health-check.ts';
import { clientUrlOf, foundingCluster, peerUrlOf } from './membership.ts';
import {
  API_SERVER_PORT,
  CLOUD_CONTROLLER_PORT,
  CONTROLLER_MANAGER_PORT,
  ETCD_METRICS_PORT,
  SCHEDULER_PORT,
} from './ports.ts';

/** How this replica's etcd comes up; `wait` never gets this far. */
export type EtcdMembership =
  | { readonly kind: 'resume' }
  | { readonly kind: 'bootstrap' }
  | { readonly kind: 'join'; readonly initialCluster: string };

export type ReplicaMachine = {
  readonly configuration: ReplicaConfiguration;
  readonly addresses: ReplicaAddresses;
  readonly directories: Directories;
  /** Path of the KMS plugin's unix socket, which the host keeps within the system's limit. */
  readonly kmsSocket: string;
  readonly etcd: EtcdMembership;
  /** Environment that programs which call AWS inherit, chosen by `differences.ts`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly differences: Differences;
};

/** `{'client-ca-file': 'x', leader-elect: true}` -> `['--client-ca-file=x', '--leader-elect=true']`. */
const flags = (values: Readonly<Record<string, string | number | boolean>>): string[] =>
  Object.entries(values).map(([name, value]) => `--${name}=${value}`);

const binary = (command: string, values: Parameters<typeof flags>[0], environment = {}): Program => ({
  kind: 'binary',
  command,
  arguments: flags(values),
  environment,
});

/** Paths of certificates, keys and files by name. */
const pathsOf = (directories: Directories) => ({
  certificate: (name: string) => `${directories.certificates}/${name}.crt`,
  key: (name: string) => `${directories.certificates}/${name}.key`,
  file: (name: string) => `${directories.configuration}/${name}`,
});

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
    stopSeconds: 30,
  };
};

/** How long watches are given to end, spread over that time, so that their clients don't all come anew at once. */
const WATCH_GRACE_SECONDS = 5;
/** A request that is under way may take this long, by the API server's own default. */
const REQUEST_SECONDS = 60;
const API_SERVER_STOP_SECONDS = SHUTDOWN_DELAY_SECONDS + WATCH_GRACE_SECONDS + REQUEST_SECONDS;

const apiServer = (machine: ReplicaMachine): Component => {
  const { configuration, addresses } = machine;
  const { certificate, key, file } = pathsOf(machine.directories);
  const issuer = `https://${configuration.endpoint}`;
  return {
    name: 'kube-apiserver',
    version: configuration.versions.kubernetes,
    program: binary('kube-apiserver', {
      'bind-address': addresses.fixed,
      'advertise-address': addresses.fixed,
      'secure-port': API_SERVER_PORT,
      'endpoint-reconciler-type': machine.differences.endpointReconciler,
      // Only its own member: a replica whose etcd is gone leaves the load balancer.
      'etcd-servers': clientUrlOf(addresses.fixed),
      'etcd-cafile': certificate('etcd-ca'),
      'etcd-certfile': certificate('kube-apiserver-etcd-client'),
      'etcd-keyfile': key('kube-apiserver-etcd-client'),
      'client-ca-file': certificate('root-ca'),
      'tls-cert-file': certificate('kube-apiserver'),
      'tls-private-key-file': key('kube-apiserver'),
      'tls-min-version': 'VersionTLS12',
      'authorization-mode': 'Node,RBAC',
      'authentication-config': file('authentication.yaml'),
      'enable-admission-plugins': 'NodeRestriction',
      'enable-bootstrap-token-auth': true,
      'service-account-issuer': issuer,
      'api-audiences': issuer,
      'service-account-jwks-uri': `${issuer}/openid/v1/jwks`,
      'service-account-key-file': `${machine.directories.certificates}/service-account.pub`,
      'service-account-signing-key-file': key('service-account'),
      'service-cluster-ip-range': configuration.serviceCidr,
      'requestheader-client-ca-file': certificate('front-proxy-ca'),
      'requestheader-allowed-names': 'front-proxy-client',
      'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
      'requestheader-group-headers': 'X-Remote-Group',
      'requestheader-username-headers': 'X-Remote-User',
      'proxy-client-cert-file': certificate('front-proxy-client'),
      'proxy-client-key-file': key('front-proxy-client'),
      'kubelet-certificate-authority': certificate('root-ca'),
      'kubelet-client-certificate': certificate('kube-apiserver-kubelet-client'),
      'kubelet-client-key': key('kube-apiserver-kubelet-client'),
      'kubelet-preferred-address-types': 'InternalIP,InternalDNS,Hostname',
      'encryption-provider-config': file('encryption.yaml'),
      // Told to stop, it is not ready and serves on until the load balancer has noticed.
      'shutdown-delay-duration': `${SHUTDOWN_DELAY_SECONDS}s`,
      // Then whoever still comes over an old connection is sent elsewhere by a 429 that clients try again, and watches are
      // ended. Without these two it waits a whole minute for watches that nobody ends (kubernetes/kubernetes#131052).
      'shutdown-send-retry-after': true,
      'shutdown-watch-termination-grace-period': `${WATCH_GRACE_SECONDS}s`,
      profiling: false,
    }),
    files: [
      { path: file('authentication.yaml'), content: authenticationConfiguration(), mode: 0o600 },
      { path: file('encryption.yaml'), content: encryptionConfiguration(machine.kmsSocket), mode: 0o600 },
    ],
    probe: { scheme: 'https', host: addresses.fixed, port: API_SERVER_PORT, path: API_SERVER_CHECK.path },
    after: ['etcd', 'kms-plugin'],
    stopSeconds: API_SERVER_STOP_SECONDS,
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
      'service-cluster-ip-range': configuration.serviceCidr,
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
    program: binary(name, controllerFlags(machine, name, SCHEDULER_PORT)),
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
