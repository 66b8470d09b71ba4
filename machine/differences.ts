/**
 * Differences: where the sandbox's machine must differ from a real one, and why.
 *
 * Owns: the one table of them. What a machine runs is the same everywhere, so that what is tested is what ships; each
 * entry here is an exception that loopback addresses or missing hardware force.
 * Neighbours: `certificates.ts` and `components.ts` read the values; `agent/hosts/` says how each host runs things.
 */

export type HostKind = 'systemd' | 'sandbox';

export type Differences = {
  /**
   * Addresses that etcd's peers are seen to dial from, beside their own. On loopback every connection comes from
   * 127.0.0.1 whatever address its member listens on, and etcd checks the peer's certificate against it.
   */
  readonly peerSourceAddresses: readonly string[];
  /** Loopback addresses are not allowed in an EndpointSlice, so that `default/kubernetes` stays without endpoints. */
  readonly endpointReconciler: 'lease' | 'none';
  /**
   * Variables that programs which call AWS inherit from the agent. A real machine needs none; in the sandbox the
   * account and the metadata service have other addresses.
   */
  readonly inheritedEnvironment: readonly string[];
};

export const differences: Readonly<Record<HostKind, Differences>> = {
  systemd: {
    peerSourceAddresses: [],
    endpointReconciler: 'lease',
    inheritedEnvironment: [],
  },
  sandbox: {
    peerSourceAddresses: ['127.0.0.1'],
    endpointReconciler: 'none',
    inheritedEnvironment: ['AWS_ENDPOINT_URL', 'AWS_EC2_METADATA_SERVICE_ENDPOINT', 'AWS_REGION'],
  },
};
