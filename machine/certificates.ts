/**
 * Certificates: which leaf certificates a replica issues to itself at boot, and when it renews them.
 *
 * Owns: subject, authority, usage and names of each, and the rule of life. A replica holds its authorities' keys, so a
 * machine that is replaced in year three boots with fresh certificates and nobody has to hand it any.
 * Neighbours: `agent/certificates.ts` signs them; `components.ts` names their files in arguments.
 */
import { replicaName } from '../api/names.ts';
import { CLUSTER_DOMAIN, firstAddressOf } from './address.ts';
import type { Differences } from './component.ts';
import type { ReplicaConfiguration } from './configuration.ts';
import type { Usage } from './x509.ts';

export type Authority = 'root' | 'etcd' | 'front-proxy';

export type LeafCertificate = {
  /** Also the base name of its files: `<name>.crt` and `<name>.key`. */
  readonly name: string;
  readonly authority: Authority;
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly usages: readonly Usage[];
  readonly dnsNames: readonly string[];
  readonly addresses: readonly string[];
};

/** Identities that RBAC knows. `addons` binds those which Kubernetes itself does not. */
export const NODE_APPROVER_USER = 'system:slipway:node-approver';
export const CLOUD_CONTROLLER_USER = 'system:cloud-controller-manager';
export const KUBELET_API_GROUP = 'slipway:kubelet-api';

export const LEAF_LIFETIME_SECONDS = 365 * 24 * 3600;

/** Addresses of one replica's machine: the fixed one that its interface keeps, and the instance's own. */
export type ReplicaAddresses = { readonly fixed: string; readonly primary: string };

const leaf = (
  certificate: Pick<LeafCertificate, 'name' | 'authority' | 'commonName' | 'usages'> & Partial<LeafCertificate>,
): LeafCertificate => ({ organizations: [], dnsNames: [], addresses: [], ...certificate });

const etcdLeaves = (member: string, addresses: readonly string[]): readonly LeafCertificate[] => {
  // etcd's own gateway connects to its server as a client with the server's certificate.
  const usages = ['server', 'client'] as const;
  const own = { authority: 'etcd', commonName: member, usages, dnsNames: [member], addresses } as const;
  return [
    leaf({ name: 'etcd-server', ...own }),
    leaf({ name: 'etcd-peer', ...own }),
    leaf({
      name: 'kube-apiserver-etcd-client',
      authority: 'etcd',
      commonName: 'kube-apiserver-etcd-client',
      usages: ['client'],
    }),
    leaf({ name: 'agent-etcd-client', authority: 'etcd', commonName: 'slipway-agent', usages: ['client'] }),
  ];
};

const apiServerLeaves = (endpoint: string, addresses: readonly string[]): readonly LeafCertificate[] => [
  leaf({
    name: 'kube-apiserver',
    authority: 'root',
    commonName: 'kube-apiserver',
    usages: ['server'],
    dnsNames: [
      endpoint,
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      `kubernetes.default.svc.${CLUSTER_DOMAIN}`,
    ],
    addresses,
  }),
  leaf({
    name: 'kube-apiserver-kubelet-client',
    authority: 'root',
    commonName: 'kube-apiserver-kubelet-client',
    organizations: [KUBELET_API_GROUP],
    usages: ['client'],
  }),
  leaf({
    name: 'front-proxy-client',
    authority: 'front-proxy',
    commonName: 'front-proxy-client',
    usages: ['client'],
  }),
];

/** A controller calls the API server as `user`, and serves its own health on the replica's address. */
const controllerLeaves = (name: string, user: string, server: string, address: string): readonly LeafCertificate[] => [
  leaf({ name: `${name}-client`, authority: 'root', commonName: user, usages: ['client'] }),
  leaf({ name: `${name}-server`, authority: 'root', commonName: server, usages: ['server'], addresses: [address] }),
];

/** Everything that a replica issues, in the order in which it is issued. */
export const replicaCertificates = (
  { clusterId, index, endpoint, serviceCidr }: ReplicaConfiguration,
  { fixed, primary }: ReplicaAddresses,
  { peerSourceAddresses = [] }: Differences = {},
): readonly LeafCertificate[] => [
  // A peer may dial from the instance's primary interface, and etcd checks the address it sees against the certificate.
  ...etcdLeaves(replicaName(clusterId, index), [...new Set([fixed, primary, ...peerSourceAddresses])]),
  ...apiServerLeaves(endpoint, [...new Set([fixed, firstAddressOf(serviceCidr)])]),
  ...controllerLeaves('kube-controller-manager', 'system:kube-controller-manager', 'kube-controller-manager', fixed),
  ...controllerLeaves('kube-scheduler', 'system:kube-scheduler', 'kube-scheduler', fixed),
  ...controllerLeaves('cloud-controller', CLOUD_CONTROLLER_USER, 'aws-cloud-controller-manager', fixed),
  leaf({ name: 'node-approver-client', authority: 'root', commonName: NODE_APPROVER_USER, usages: ['client'] }),
];

/** Of a certificate, in epoch milliseconds. */
type Validity = { readonly notBefore: number; readonly notAfter: number };

/** The moment, in epoch milliseconds, from which a certificate is to be renewed: two thirds of its life. */
export const renewalTime = (validity: Validity): number =>
  validity.notBefore + Math.floor(((validity.notAfter - validity.notBefore) * 2) / 3);

/** The moment from which it is strange that it was not: three quarters, so a month after it was due in a life of a year. */
export const overdueTime = (validity: Validity): number =>
  validity.notBefore + Math.floor(((validity.notAfter - validity.notBefore) * 3) / 4);
