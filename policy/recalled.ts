/**
 * Recalled: what an object's status no longer says of it, read from what is there.
 *
 * Owns: which of the fields that status keeps for good can be told again by an inventory. Others may write a status, or take
 * fields from it; what they took is written back by the next look. Neighbours: `remembered.ts` carries over what status still says.
 * Pure. Invariants: I5 (that a cluster was established once is never forgotten).
 */

import type { AWSNodePoolStatus } from '../api/nodepool.ts';
import type { Release } from '../api/releases.ts';
import type { Found } from '../kinds/resource.ts';
import { LOAD_BALANCER } from '../words/keys.ts';
import { present } from '../words/present.ts';
import { revisionOf } from './revision.ts';
import type { StoredObject } from './views.ts';

export type Recalled = Pick<
  AWSNodePoolStatus,
  'adopted' | 'established' | 'endpoint' | 'aws' | 'revision' | 'kubernetesVersion'
>;

type Evidence = {
  readonly account: string;
  readonly release: Release;
  readonly inventory: readonly Found[];
  /** It adopted what is there, and its status does not say so yet. */
  readonly adopts?: true;
  /** Of a cluster: its etcd has had quorum. */
  readonly live?: boolean;
};

const endpointIn = (inventory: readonly Found[]): string | undefined =>
  inventory.find(({ key }) => key === LOAD_BALANCER)?.outputs.dnsName;

/** An upgrade has come to its end, and nothing was left to do that would have said so. */
const upgradedTo = ({ revision }: Pick<Recalled, 'revision'>, release: Release): Recalled =>
  revision === undefined || revision.version === release.version
    ? {}
    : { revision: revisionOf(release), kubernetesVersion: release.kubernetes };

const adoptedNow = ({ adopted }: Recalled, { adopts }: Pick<Evidence, 'adopts'>): Recalled['adopted'] =>
  adopts === true ? adopted : undefined;

/** What status lacks; nothing where it lacks nothing. */
export const recalledOf = (
  { kind, spec, status = {} }: StoredObject,
  { account, release, inventory, live = false, ...evidence }: Evidence,
): { readonly recalled?: Recalled } => {
  const isCluster = kind === 'AWSCluster';
  const endpoint = isCluster ? endpointIn(inventory) : undefined;
  const recalled = present({
    adopted: adoptedNow(status, evidence),
    established: isCluster && live && status.established !== true ? true : undefined,
    endpoint: status.endpoint === undefined ? endpoint : undefined,
    aws: status.aws === undefined ? { account, region: spec.region } : undefined,
    revision: status.revision === undefined ? revisionOf(release) : undefined,
    ...(isCluster ? upgradedTo(status, release) : {}),
  });
  return Object.keys(recalled).length === 0 ? {} : { recalled };
};
