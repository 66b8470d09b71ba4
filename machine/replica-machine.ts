/**
 * The machine of a replica, as its components are described from it.
 *
 * Owns: the shape. Neighbours: `components.ts` and `api-server.ts` describe; the agent fills it in from what it found at boot.
 */
import type { Minor } from '../api/minor.ts';
import type { ReplicaAddresses } from './certificates.ts';
import type { Differences, Directories } from './component.ts';
import type { ReplicaConfiguration } from './configuration.ts';

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
  /** The older minor that its Kubernetes serves as, as `emulation.ts` decides; without it, it serves as what it is. */
  readonly emulates?: Minor;
  /** Environment that programs which call AWS inherit, as `differences` names it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly differences: Differences;
};
