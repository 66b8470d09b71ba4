/**
 * Approval: whether a certificate signing request of a node is granted.
 *
 * Owns: the rule, as a pure function of the request and of what EC2 says about the name it asks for. A name is worth
 * nothing by itself: it must be the private DNS name of a live instance of the very pool whose token was used, or the
 * requestor must already be that node.
 * Neighbours: `agent/node-approver.ts` watches requests, asks EC2 and writes the answer.
 * Invariant: I4 in spirit: an instance counts by its group, a tag that only AWS sets, and by its cluster's tag.
 */
import { CLUSTER_TAG, nodePoolName } from '../api/names.ts';
import { bootstrappersGroupOf, NODES_GROUP, nodeUserOf } from './node.ts';
import { isDnsName } from './shape.ts';

export const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';
export const SERVING_SIGNER = 'kubernetes.io/kubelet-serving';
export const NODE_SIGNERS: readonly string[] = [CLIENT_SIGNER, SERVING_SIGNER];

export const CLIENT_USAGES: readonly string[] = ['digital signature', 'client auth'];
export const SERVING_USAGES: readonly string[] = ['digital signature', 'server auth'];

/** Set by Auto Scaling on every instance of a group; nobody else can set tags that start with aws:. */
const GROUP_TAG = 'aws:autoscaling:groupName';

/** A request as the API server and the PKCS #10 document in it show it. */
export type NodeCertificateRequest = {
  readonly signer: string;
  readonly username: string;
  readonly groups: readonly string[];
  readonly usages: readonly string[];
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly addresses: readonly string[];
  /** Names of any other kind: e-mail addresses, URIs. */
  readonly otherNames: number;
};

export type NamedInstance = {
  readonly id: string;
  readonly state: string;
  readonly hostname: string;
  readonly addresses: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
};

export type Approval =
  | { readonly kind: 'approve'; readonly reason: string }
  | { readonly kind: 'deny'; readonly reason: string }
  /** EC2 does not show such an instance, which may be only for a moment. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** Who asks: a new machine with its pool's token, or a node that has its certificate. */
export type Claim =
  | { readonly kind: 'bootstrap'; readonly name: string; readonly poolId: string }
  | { readonly kind: 'node'; readonly name: string };

const NODE_PREFIX = nodeUserOf('');
const BOOTSTRAP_PREFIX = bootstrappersGroupOf('');

const sameSet = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && right.every((item) => left.includes(item));

const deny = (reason: string): Approval => ({ kind: 'deny', reason });

/** What the request claims, or why it can never be granted, without asking EC2. */
export const claimOf = (
  request: NodeCertificateRequest,
): Claim | { readonly kind: 'deny'; readonly reason: string } => {
  const refuse = (reason: string) => ({ kind: 'deny' as const, reason });
  if (!request.commonName.startsWith(NODE_PREFIX) || request.commonName === NODE_PREFIX) {
    return refuse(`common name ${request.commonName} is not of the form ${NODE_PREFIX}<name>`);
  }
  if (!sameSet(request.organizations, [NODES_GROUP])) {
    return refuse(`organization is ${request.organizations.join(', ') || 'empty'}, not ${NODES_GROUP}`);
  }
  const name = request.commonName.slice(NODE_PREFIX.length);
  // EC2 would take a star in it for any name.
  if (!isDnsName(name)) return refuse(`${JSON.stringify(name).slice(0, 80)} is no name that an instance could have`);
  const serving = request.signer === SERVING_SIGNER;
  const usages = serving ? SERVING_USAGES : CLIENT_USAGES;
  if (!sameSet(request.usages, usages)) {
    return refuse(`usages are ${request.usages.join(', ')}, not ${usages.join(', ')}`);
  }
  const names = [...request.dnsNames, ...request.addresses];
  if (request.otherNames > 0 || (!serving && names.length > 0)) {
    return refuse('it asks for names that a node has no use for');
  }
  if (request.username === request.commonName && request.groups.includes(NODES_GROUP)) return { kind: 'node', name };
  if (serving) return refuse(`${request.username} asks for the serving certificate of another, ${request.commonName}`);
  const pools = request.groups.filter((group) => group.startsWith(BOOTSTRAP_PREFIX));
  const [pool] = pools;
  if (pool === undefined || pools.length > 1) {
    return refuse(`${request.username} is neither that node nor the bearer of one pool's token`);
  }
  return { kind: 'bootstrap', name, poolId: pool.slice(BOOTSTRAP_PREFIX.length) };
};

/** Why an instance does not stand for the claim, or undefined when it does. */
const objection = (claim: Claim, instance: NamedInstance, clusterId: string): string | undefined => {
  if (instance.state !== 'pending' && instance.state !== 'running')
    return `instance ${instance.id} is ${instance.state}`;
  if (instance.tags[CLUSTER_TAG] !== clusterId) return `instance ${instance.id} is not tagged as one of ${clusterId}`;
  const group = instance.tags[GROUP_TAG] ?? '';
  switch (claim.kind) {
    case 'bootstrap':
      return group === nodePoolName(clusterId, claim.poolId)
        ? undefined
        : `instance ${instance.id} belongs to group ${group || 'none'}, not to ${nodePoolName(clusterId, claim.poolId)}`;
    case 'node':
      return group.startsWith(nodePoolName(clusterId, ''))
        ? undefined
        : `instance ${instance.id} belongs to group ${group || 'none'}, which is no node pool of ${clusterId}`;
  }
};

/** The verdict on a claim, given every instance that has the claimed name. */
export const judge = (
  request: NodeCertificateRequest,
  claim: Claim,
  instances: readonly NamedInstance[],
  clusterId: string,
): Approval => {
  const named = instances.filter((instance) => instance.hostname === claim.name);
  const objections = named.map((instance) => objection(claim, instance, clusterId));
  const instance = named[objections.indexOf(undefined)];
  if (instance === undefined) {
    const live = named.filter((each) => each.state === 'pending' || each.state === 'running');
    const why = objections.filter((each) => each !== undefined).join('; ');
    // A live instance of somebody else won't become ours; an instance that EC2 does not show yet may.
    return live.length > 0
      ? deny(why)
      : { kind: 'unknown', reason: why === '' ? `no instance has the private DNS name ${claim.name}` : why };
  }
  if (request.signer === SERVING_SIGNER) {
    const foreignName = request.dnsNames.find((name) => name !== claim.name);
    if (foreignName !== undefined) return deny(`it asks for ${foreignName}, which is not its own name ${claim.name}`);
    const foreignAddress = request.addresses.find((address) => !instance.addresses.includes(address));
    if (foreignAddress !== undefined) {
      return deny(`it asks for address ${foreignAddress}, which instance ${instance.id} does not have`);
    }
    if (request.dnsNames.length + request.addresses.length === 0) return deny('it asks for no name at all');
  }
  return { kind: 'approve', reason: `instance ${instance.id} of ${clusterId} has the name ${claim.name}` };
};
