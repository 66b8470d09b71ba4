/**
 * Approval: whether a certificate signing request of a node is granted.
 *
 * Owns: the rule, as a pure function of the request and of what EC2 says about the name it asks for. A name is worth
 * nothing by itself: it must be the private DNS name of a live instance of the very pool whose token was used, or the
 * requestor must already be that node.
 * Neighbours: `agent/node-approver.ts` watches requests, asks EC2 and writes the answer.
 * Invariant: I4 in spirit: an instance counts by its group, a tag that only AWS sets, and by its cluster's tag.
 */
import { CLUSTER_TAG, GROUP_TAG, nodePoolName } from '../api/names.ts';
import { bootstrappersGroupOf, NODES_GROUP, nodeUserOf } from './node.ts';
import { isDnsName } from './shape.ts';

export const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';
export const SERVING_SIGNER = 'kubernetes.io/kubelet-serving';
export const NODE_SIGNERS: readonly string[] = [CLIENT_SIGNER, SERVING_SIGNER];

export const CLIENT_USAGES: readonly string[] = ['digital signature', 'client auth'];
export const SERVING_USAGES: readonly string[] = ['digital signature', 'server auth'];

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

/** Why no node would ask for such a certificate, or undefined where one could. */
const malformed = (request: NodeCertificateRequest): string | undefined => {
  const { commonName, organizations, signer } = request;
  if (!commonName.startsWith(NODE_PREFIX) || commonName === NODE_PREFIX) {
    return `common name ${commonName} is not of the form ${NODE_PREFIX}<name>`;
  }
  if (!sameSet(organizations, [NODES_GROUP])) {
    return `organization is ${organizations.join(', ') || 'empty'}, not ${NODES_GROUP}`;
  }
  const name = commonName.slice(NODE_PREFIX.length);
  // EC2 would take a star in it for any name.
  if (!isDnsName(name)) return `${JSON.stringify(name).slice(0, 80)} is no name that an instance could have`;
  const usages = signer === SERVING_SIGNER ? SERVING_USAGES : CLIENT_USAGES;
  if (!sameSet(request.usages, usages)) return `usages are ${request.usages.join(', ')}, not ${usages.join(', ')}`;
  const names = signer === SERVING_SIGNER ? 0 : request.dnsNames.length + request.addresses.length;
  return request.otherNames + names > 0 ? 'it asks for names that a node has no use for' : undefined;
};

/** What the request claims, or why it can never be granted, without asking EC2. */
export const claimOf = (
  request: NodeCertificateRequest,
): Claim | { readonly kind: 'deny'; readonly reason: string } => {
  const refuse = (reason: string) => ({ kind: 'deny' as const, reason });
  const problem = malformed(request);
  if (problem !== undefined) return refuse(problem);
  const { commonName, username, groups } = request;
  const name = commonName.slice(NODE_PREFIX.length);
  if (username === commonName && groups.includes(NODES_GROUP)) return { kind: 'node', name };
  if (request.signer === SERVING_SIGNER) {
    return refuse(`${username} asks for the serving certificate of another, ${commonName}`);
  }
  const pools = groups.filter((group) => group.startsWith(BOOTSTRAP_PREFIX));
  const [pool] = pools;
  if (pool === undefined || pools.length > 1) {
    return refuse(`${username} is neither that node nor the bearer of one pool's token`);
  }
  return { kind: 'bootstrap', name, poolId: pool.slice(BOOTSTRAP_PREFIX.length) };
};

const isLive = ({ state }: NamedInstance): boolean => state === 'pending' || state === 'running';

/** Why an instance does not stand for the claim, or undefined when it does. */
const objection = (claim: Claim, instance: NamedInstance, clusterId: string): string | undefined => {
  if (!isLive(instance)) return `instance ${instance.id} is ${instance.state}`;
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

/** Why the names of a serving certificate are not the instance's, or undefined when they are. */
const foreignName = (request: NodeCertificateRequest, claim: Claim, instance: NamedInstance): string | undefined => {
  const name = request.dnsNames.find((one) => one !== claim.name);
  if (name !== undefined) return `it asks for ${name}, which is not its own name ${claim.name}`;
  const address = request.addresses.find((one) => !instance.addresses.includes(one));
  if (address !== undefined) return `it asks for address ${address}, which instance ${instance.id} does not have`;
  return request.dnsNames.length + request.addresses.length === 0 ? 'it asks for no name at all' : undefined;
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
    const why = objections.filter((each) => each !== undefined).join('; ');
    // A live instance of somebody else won't become ours; an instance that EC2 does not show yet may.
    return named.some(isLive)
      ? deny(why)
      : { kind: 'unknown', reason: why === '' ? `no instance has the private DNS name ${claim.name}` : why };
  }
  const foreign = request.signer === SERVING_SIGNER ? foreignName(request, claim, instance) : undefined;
  return foreign === undefined
    ? { kind: 'approve', reason: `instance ${instance.id} of ${clusterId} has the name ${claim.name}` }
    : deny(foreign);
};
