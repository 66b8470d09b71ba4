/**
 * Effects: which fields that somebody used do nothing yet.
 *
 * Owns: the list of accepted fields without effect, so that status can say so instead of leaving people to find out.
 * A field leaves the list with the change that gives it its effect.
 * Neighbours: `policy/` turns the answer into the condition FieldsWithoutEffect.
 */
import type { AWSClusterSpec } from './cluster.ts';
import type { AWSNodePoolSpec } from './nodepool.ts';

export type FieldWithoutEffect = {
  /** Path of the field, as `kubectl explain` takes it. */
  readonly field: string;
  /** What it means that it has none. */
  readonly meaning: string;
};

type Candidate<Spec> = FieldWithoutEffect & { readonly used: (spec: Spec) => boolean };

const used = <Spec>(spec: Spec, candidates: readonly Candidate<Spec>[]): readonly FieldWithoutEffect[] =>
  candidates
    .filter((candidate) => candidate.used(spec))
    .map(({ field, meaning }) => ({ field: `spec.${field}`, meaning }));

const CLUSTER: readonly Candidate<AWSClusterSpec>[] = [
  {
    field: 'authentication.awsIAM.adminIdentityARNs',
    meaning: 'identities of IAM are not asked for; `slipway clusters get-credentials` issues credentials',
    used: (spec) => (spec.authentication?.awsIAM?.adminIdentityARNs ?? []).length > 0,
  },
  {
    field: 'authentication.oidc',
    meaning: 'the API server trusts no OpenID provider',
    used: (spec) => (spec.authentication?.oidc ?? []).length > 0,
  },
  {
    field: 'controlPlane.cloudOperations',
    meaning: "no logs or metrics are sent to Google Cloud's operations suite",
    used: (spec) => spec.controlPlane.cloudOperations !== undefined,
  },
  {
    field: 'controlPlane.proxySecretName',
    meaning: 'replicas reach the internet directly',
    used: (spec) => spec.controlPlane.proxySecretName !== undefined,
  },
  {
    field: 'controlPlane.workloadIdentity',
    meaning: 'no OpenID discovery documents are published, so workloads have no identities of AWS',
    used: (spec) => spec.controlPlane.workloadIdentity !== undefined,
  },
];

const NODE_POOL: readonly Candidate<AWSNodePoolSpec>[] = [
  {
    field: 'proxySecretName',
    meaning: 'nodes reach the internet directly',
    used: (spec) => spec.proxySecretName !== undefined,
  },
];

export const clusterFieldsWithoutEffect = (spec: AWSClusterSpec): readonly FieldWithoutEffect[] => used(spec, CLUSTER);

export const nodePoolFieldsWithoutEffect = (spec: AWSNodePoolSpec): readonly FieldWithoutEffect[] =>
  used(spec, NODE_POOL);

/** The message of the condition: each field with what its lack of effect means. */
export const describeWithoutEffect = (fields: readonly FieldWithoutEffect[]): string =>
  fields.map(({ field, meaning }) => `${field} has no effect yet: ${meaning}`).join('; ');
