/**
 * Node: who a worker machine is in its cluster.
 *
 * Owns: what it knows of itself, its user and groups in Kubernetes, and the labels that it may set on its own Node. Neighbours:
 * a kubelet registers the Node and keeps its status; the cloud controller sets the provider id and removes the `uninitialized`
 * taint; `approval.ts` judges what it asks certificates for.
 */
import { NODE_POOL_LABEL } from '../api/names.ts';
import type { NodeConfiguration } from './configuration.ts';

/** What a machine knows about itself from its metadata service. */
export type Instance = {
  readonly id: string;
  readonly type: string;
  readonly region: string;
  readonly zone: string;
  readonly address: string;
  /** Its private DNS name: what the cloud controller and the node approver find it by. */
  readonly hostname: string;
};

/**
 * The private DNS name that EC2 itself gives an instance, and finds it by. The metadata's `local-hostname` is the same only in VPCs with
 * Amazon's own DHCP options: with a domain of the VPC's own, or several, it is a name that neither the cloud controller nor the node
 * approver finds (cloud-provider-aws#384, amazon-eks-ami#1264). What is taken from it is whether instances are named by their ids.
 * Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html
 */
export const privateDnsNameOf = (
  { id, address, region }: Pick<Instance, 'id' | 'address' | 'region'>,
  localHostname: string,
): string => {
  const domain = region === 'us-east-1' ? 'ec2.internal' : `${region}.compute.internal`;
  const isNamedById = localHostname.split('.', 1)[0] === id;
  return `${isNamedById ? id : `ip-${address.replaceAll('.', '-')}`}.${domain}`;
};

export const NODES_GROUP = 'system:nodes';
export const nodeUserOf = (name: string): string => `system:node:${name}`;
/** The group that a pool's bootstrap token puts its bearer in. */
export const bootstrappersGroupOf = (poolId: string): string => `system:bootstrappers:slipway:${poolId}`;

const isKubernetesDomain = (domain: string): boolean =>
  ['kubernetes.io', 'k8s.io'].some((suffix) => domain === suffix || domain.endsWith(`.${suffix}`));

/** As Kubernetes names it: the letter after a family's generation says whose processor it is. */
export const architectureOf = ({ type }: Pick<Instance, 'type'>): 'arm64' | 'amd64' =>
  /^[a-z]+\d+g/.test(type) ? 'arm64' : 'amd64';

/** Kubernetes' own labels that a node may set on itself; NodeRestriction refuses every other of these domains. */
const ownLabels = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]);

const mayLabelItself = (key: string): boolean => {
  const [domain, name] = key.split('/');
  if (domain === undefined || name === undefined || !isKubernetesDomain(domain)) return true;
  if (ownLabels.has(key)) return true;
  return ['kubelet.kubernetes.io', 'node.kubernetes.io'].some((each) => domain === each || domain.endsWith(`.${each}`));
};

/** A pool's labels as a node can set them, and those that it may not: one of them would refuse the whole Node. */
export const nodeLabels = (
  configuration: NodeConfiguration,
  instance: Instance,
): { readonly labels: Readonly<Record<string, string>>; readonly refused: readonly string[] } => {
  const wanted = Object.entries(configuration.labels);
  return {
    labels: {
      ...Object.fromEntries(wanted.filter(([key]) => mayLabelItself(key))),
      'kubernetes.io/hostname': instance.hostname,
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': architectureOf(instance),
      'node.kubernetes.io/instance-type': instance.type,
      'topology.kubernetes.io/region': instance.region,
      'topology.kubernetes.io/zone': instance.zone,
      [NODE_POOL_LABEL]: configuration.poolId,
    },
    refused: wanted
      .map(([key]) => key)
      .filter((key) => !mayLabelItself(key))
      .sort(),
  };
};
