/**
 * Layout: where everything of one sandbox is: addresses, ports and folders, as one plain value.
 *
 * Owns: the addressing scheme. A sandbox has a network of its own, `127.N.0.0/16`: shared services on `127.N.0.x`, the
 * account's subnets on `127.N.1.0/24` to `127.N.6.0/24` (in a stub sandbox bigger ones behind them), so that several sandboxes
 * run side by side without root.
 * Neighbours: `up` picks N and the proxy's port under a lock, and writes the layout to `<home>/sandbox.json`, where every
 * part reads it.
 */

import type { ServiceAccountName } from '../api/names.ts';

export const REGION = 'eu-west-1';
/** Thirteen digits, as the seed writes it. */
export const ACCOUNT = '0123456789012';

/** Second octet of the first sandbox's network, and of the last. */
export const FIRST_NETWORK = 16;
export const LAST_NETWORK = 250;

export type HostPort = { readonly host: string; readonly port: number };

export type SandboxLayout = {
  readonly v: 1;
  /** Absolute folder of this sandbox's state: logs, data, kubeconfig, instances. */
  readonly home: string;
  /** Absolute folder with `etcd`, `kube-apiserver`, …, `kwok`, `temporal`, `kubectl`, and each again by its version. */
  readonly bin: string;
  /** Python with moto. */
  readonly python: string;
  /** Absolute path of the Node.js binary that runs our own parts. */
  readonly node: string;
  /** Absolute folder of what can be made again at any time, shared between sandboxes: tools, compiled and packed code. */
  readonly cache: string;
  /** Absolute folder of the checkout. */
  readonly checkout: string;
  /** Second octet of this sandbox's network. */
  readonly network: number;
  readonly temporal: HostPort;
  readonly temporalUi: HostPort;
  /** The recording, fault-making proxy in front of moto: what every AWS client uses. */
  readonly aws: HostPort;
  readonly moto: HostPort;
  readonly managementEtcd: HostPort;
  readonly managementApi: HostPort;
  readonly hub: HostPort;
  /** The admission webhook, which the management API asks. */
  readonly admission: HostPort;
  /** Prometheus metrics of the worker. */
  readonly workerMetrics: HostPort;
  /** The HTTP CONNECT proxy that knows load balancers' names. */
  readonly proxy: HostPort;
  /** Versions of the catalogue whose programs `bin` has beside today's, because somebody asked for them; only where there are any. */
  readonly releases?: readonly string[];
  /** Where the stub takes orders; only in a sandbox whose machines are objects of one process. */
  readonly stub?: HostPort;
};

/** The layout of the sandbox on network `127.N`. */
export const layoutOf = (options: {
  home: string;
  bin: string;
  python: string;
  node: string;
  cache: string;
  checkout: string;
  network: number;
  proxyPort: number;
  /** Machines are objects of one process instead of processes of their own. */
  stub?: boolean;
  releases?: readonly string[];
}): SandboxLayout => {
  // Temporal's dev server binds its inner services to the address it is given, and dials them at 127.0.0.1: it runs on no
  // other. The first sandbox has Temporal's usual ports, each further network the ones after them.
  const temporalOn = (port: number): HostPort => ({ host: '127.0.0.1', port: port + options.network - FIRST_NETWORK });
  const service = (last: number, port: number): HostPort => ({ host: `127.${options.network}.0.${last}`, port });
  return {
    v: 1,
    home: options.home,
    bin: options.bin,
    python: options.python,
    node: options.node,
    cache: options.cache,
    checkout: options.checkout,
    network: options.network,
    temporal: temporalOn(7233),
    temporalUi: temporalOn(8233),
    aws: service(3, 4566),
    moto: service(3, 5000),
    managementEtcd: service(4, 2379),
    managementApi: service(5, 6443),
    hub: service(6, 8085),
    workerMetrics: service(7, 9090),
    admission: service(8, 8443),
    proxy: { host: '127.0.0.1', port: options.proxyPort },
    ...(options.releases === undefined || options.releases.length === 0 ? {} : { releases: options.releases }),
    ...(options.stub === true ? { stub: service(8, 7070) } : {}),
  };
};

/** Folders in the cache for what programs of ours have from each other's starts. */
export const cached = (cache: string) => ({
  /** Node.js' own cache of compiled modules: a sandbox starts some twenty processes of the same code. */
  compiled: `${cache}/compiled`,
  /** The workflows' code in one piece, by fingerprint. */
  packed: `${cache}/packed`,
});

/** The folder, in that of all tools, with the programs of one version, without a leading v: a machine runs what it is told to. */
export const programsOf = (bin: string, version: string): string => `${bin}/versions/${version}`;

/** Folders under a sandbox's home, by what they hold. */
export const folders = (home: string) => ({
  logs: `${home}/logs`,
  data: `${home}/data`,
  pki: `${home}/pki`,
  /** `<instances>/<EC2 id>/{agent.pid,agent.log,…}`: one folder an instance, a part of its own. */
  instances: `${home}/instances`,
  /** `<volumes>/<volume id>`: the disks, which outlive instances. */
  volumes: `${home}/volumes`,
  /** For people, who may add contexts to it and switch between them. */
  kubeconfig: `${home}/kubeconfig`,
  /** For programs of the sandbox and the command line, as administrator: always the management API. */
  managementKubeconfig: `${home}/pki/management.kubeconfig`,
  /** For a part of Slipway, as its service account, with the rights of `deploy/rbac/` and no others. */
  kubeconfigOf: (account: ServiceAccountName) => `${home}/pki/${account}.kubeconfig`,
  /** Who asked what of the management API, one JSON line a request, for Slipway's own accounts. */
  managementAudit: `${home}/data/management-audit.jsonl`,
  /** What was asked of AWS, with its parameters, one JSON line a request; only where SLIPWAY_AWS_REQUESTS says so. */
  awsRequests: `${home}/data/aws-requests.jsonl`,
  layout: `${home}/sandbox.json`,
  /** Which part is in which state: written by the supervisor, read by `status`. */
  state: `${home}/state.json`,
  /** What `slipway` on the command line needs to know. */
  config: `${home}/config.json`,
  bin: `${home}/bin`,
});

/** What every AWS client in the sandbox signs with. Not a secret: the account exists on loopback only. */
export const AWS_CREDENTIALS = { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' } as const;
