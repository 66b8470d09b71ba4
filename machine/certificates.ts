/**
 * Certificates: which leaf certificates a replica issues to itself at boot, and when it renews them.
 *
 * Owns: subject, authority, usage and names of each, and the rule of life. A replica holds its authorities' keys, so a
 * machine that is replaced in year three boots with fresh certificates and nobody has to hand it any.
 * Neighbours: `agent/certificates.ts` signs them; `components.ts` names their files in arguments.
 */
import { replicaName } from '../api/names.ts';
import { firstAddressOf } from './address.ts';
import type { ReplicaConfiguration } from './configuration.ts';
import type { Differences } from './differences.ts';

export type Authority = 'root' | 'etcd' | 'front-proxy';

export type LeafCertificate = {
  /** Also the base name of its files: `<name>.crt` and `<name>.key`. */
  readonly name: string;
  readonly authority: Authority;
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly usages: readonly ('server' | 'client')[];
  readonly dnsNames: readonly string[];
  readonly addresses: readonly string[];
};

/** Identities that RBAC knows. `activities/kubernetes/addons` binds those which Kubernetes itself does not. */
export const NODE_APPROVER_USER = 'system:slipway:node-approver';
export const CLOUD_CONTROLLER_USER = 'system:cloud-controller-manager';
export const KUBELET_API_GROUP = 'slipway:kubelet-api';

export const LEAF_LIFETIME_SECONDS = 365 * 24 * 3600;
/** Certificates are valid from a little before they were made: clocks of machines differ. */
export const CLOCK_SKEW_SECONDS = 300;

/** Addresses of one replica's machine: the fixed one that its interface keeps, and the instance's own. */
export type ReplicaAddresses = { readonly fixed: string; readonly primary: string };

const leaf = (
  certificate: Pick<LeafCertificate, 'name' | 'authority' | 'commonName' | 'usages'> & Partial<LeafCertificate>,
): LeafCertificate => ({ organizations: [], dnsNames: [], addresses: [], ...certificate });

/** Everything that a replica issues, in the order in which it is issued. */
export const replicaCertificates = (
  configuration: ReplicaConfiguration,
  addresses: ReplicaAddresses,
  exceptions: Differences,
): readonly LeafCertificate[] => {
  const member = replicaName(configuration.clusterId, configuration.index);
  // A peer may dial from the instance's primary interface, and etcd checks the address it sees against the certificate.
  const peerAddresses = [...new Set([addresses.fixed, addresses.primary, ...exceptions.peerSourceAddresses])];
  return [
    leaf({
      name: 'etcd-server',
      authority: 'etcd',
      commonName: member,
      // etcd's own gateway connects to its server as a client with the server's certificate.
      usages: ['server', 'client'],
      dnsNames: [member],
      addresses: peerAddresses,
    }),
    leaf({
      name: 'etcd-peer',
      authority: 'etcd',
      commonName: member,
      usages: ['server', 'client'],
      dnsNames: [member],
      addresses: peerAddresses,
    }),
    leaf({
      name: 'kube-apiserver-etcd-client',
      authority: 'etcd',
      commonName: 'kube-apiserver-etcd-client',
      usages: ['client'],
    }),
    leaf({ name: 'agent-etcd-client', authority: 'etcd', commonName: 'slipway-agent', usages: ['client'] }),
    leaf({
      name: 'kube-apiserver',
      authority: 'root',
      commonName: 'kube-apiserver',
      usages: ['server'],
      dnsNames: [
        configuration.endpoint,
        'kubernetes',
        'kubernetes.default',
        'kubernetes.default.svc',
        'kubernetes.default.svc.cluster.local',
      ],
      addresses: [...new Set([addresses.fixed, firstAddressOf(configuration.serviceCidr)])],
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
    leaf({
      name: 'kube-controller-manager-client',
      authority: 'root',
      commonName: 'system:kube-controller-manager',
      usages: ['client'],
    }),
    leaf({
      name: 'kube-controller-manager-server',
      authority: 'root',
      commonName: 'kube-controller-manager',
      usages: ['server'],
      addresses: [addresses.fixed],
    }),
    leaf({
      name: 'kube-scheduler-client',
      authority: 'root',
      commonName: 'system:kube-scheduler',
      usages: ['client'],
    }),
    leaf({
      name: 'kube-scheduler-server',
      authority: 'root',
      commonName: 'kube-scheduler',
      usages: ['server'],
      addresses: [addresses.fixed],
    }),
    leaf({
      name: 'cloud-controller-client',
      authority: 'root',
      commonName: CLOUD_CONTROLLER_USER,
      usages: ['client'],
    }),
    leaf({
      name: 'cloud-controller-server',
      authority: 'root',
      commonName: 'aws-cloud-controller-manager',
      usages: ['server'],
      addresses: [addresses.fixed],
    }),
    leaf({ name: 'node-approver-client', authority: 'root', commonName: NODE_APPROVER_USER, usages: ['client'] }),
  ];
};

/** The moment, in epoch milliseconds, from which a certificate is to be renewed: two thirds of its life. */
export const renewalTime = (validity: { readonly notBefore: number; readonly notAfter: number }): number =>
  validity.notBefore + Math.floor(((validity.notAfter - validity.notBefore) * 2) / 3);
