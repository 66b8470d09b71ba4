/**
 * Compare: what differs between a resource as it should be and as the inventory saw it.
 *
 * Owns: which differences count, by kind; what isn't compared here is never changed (I6). Neighbours: `observed.ts` says
 * what an inventory holds, `ensure.ts` what to do about a difference. Nothing of what somebody else put there is a
 * difference: rules that the cloud controller added stay, as do further targets.
 * Invariants: I5 (an etcd volume has no difference that could be mended: it is as it is).
 */
import { launchTemplateFingerprint } from '../machine/envelope.ts';
import type { IngressRule, Resource, ResourceKind, ResourceOf } from '../topology/resource.ts';
import { sizeDifferences } from './group-size.ts';
import { type Observed, type ObservedKind, stateOf } from './observed.ts';
import type { Found } from './plan.ts';
import { type Known, resolved, valueOf } from './resolve.ts';
import { ingressRuleId } from './rules.ts';

/** One difference, as a person would say it: `tcp 6443-6443 from 10.0.0.0/16 is not allowed`. */
export type Difference = string;

/** Not a difference by itself: it follows from one elsewhere. */
export const UNKNOWN = 'something that it refers to does not exist yet';

const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((item) => b.includes(item));

const missingRules = (ingress: readonly IngressRule[], allowed: readonly string[], known: Known): Difference[] =>
  ingress.flatMap((rule) => {
    const source = valueOf('group' in rule.source ? rule.source.group : rule.source.cidr, known);
    if (source === undefined) return [UNKNOWN];
    const id = ingressRuleId({ ...rule, source: 'group' in rule.source ? { group: source } : { cidr: source } });
    return allowed.includes(id) ? [] : [`${id} is not allowed`];
  });

/** The fingerprint that a launch template should carry, or undefined while something in it is unknown. */
export const fingerprintOfTemplate = (template: ResourceOf<'launch-template'>, known: Known): string | undefined => {
  const { properties } = template;
  const groupIds = properties.groupIds.map((group) => valueOf(group, known));
  const configuration = resolved(properties.userData.configuration, known);
  const secrets = Object.entries(properties.userData.secrets).map(([part, key]): [string, string | undefined] => [
    part,
    known[key]?.fingerprint,
  ]);
  if (configuration === undefined || groupIds.includes(undefined)) return undefined;
  if (secrets.some(([, fingerprint]) => fingerprint === undefined)) return undefined;
  return launchTemplateFingerprint({
    imageId: properties.imageId,
    instanceType: properties.instanceType,
    keyName: properties.keyName,
    iamInstanceProfile: properties.iamInstanceProfile,
    groupIds: groupIds.filter((id) => id !== undefined),
    rootVolume: properties.rootVolume,
    configuration,
    kmsKeyArn: properties.userData.kmsKeyArn,
    secretFingerprints: Object.fromEntries(
      secrets.flatMap(([part, fingerprint]) => (fingerprint === undefined ? [] : [[part, fingerprint]])),
    ),
    tags: properties.tags,
  });
};

const templateDifferences = (
  template: ResourceOf<'launch-template'>,
  state: Observed['launch-template'],
  known: Known,
): Difference[] => {
  const fingerprint = fingerprintOfTemplate(template, known);
  if (fingerprint === undefined) return [UNKNOWN];
  return fingerprint === state.fingerprint ? [] : ['machines would be told something else than the template says'];
};

const groupDifferences = (
  group: ResourceOf<'auto-scaling-group'>,
  state: Observed['auto-scaling-group'],
  known: Known,
): Difference[] => {
  const { properties } = group;
  const id = valueOf(properties.launchTemplateId, known);
  const version = valueOf(properties.launchTemplateVersion, known);
  if (id === undefined || version === undefined) return [UNKNOWN];
  return [
    ...(id === state.launchTemplateId && version === state.launchTemplateVersion
      ? []
      : [`it launches ${state.launchTemplateId} version ${state.launchTemplateVersion}, not ${id} version ${version}`]),
    ...(properties.minSize === state.minSize && properties.maxSize === state.maxSize
      ? []
      : [`its size is ${state.minSize} to ${state.maxSize}, not ${properties.minSize} to ${properties.maxSize}`]),
    ...sizeDifferences(properties, state),
  ];
};

const listenerDifferences = (
  listener: ResourceOf<'listener'>,
  state: Observed['listener'],
  known: Known,
): Difference[] => {
  const arn = valueOf(listener.properties.targetGroupArn, known);
  if (arn === undefined) return [UNKNOWN];
  return [
    ...(arn === state.targetGroupArn ? [] : [`it forwards to ${state.targetGroupArn}, not to ${arn}`]),
    ...(listener.properties.port === state.port
      ? []
      : [`it listens on ${state.port}, not on ${listener.properties.port}`]),
  ];
};

const interfaceDifferences = (
  networkInterface: ResourceOf<'network-interface'>,
  state: Observed['network-interface'],
  known: Known,
): Difference[] => {
  const groupIds = networkInterface.properties.groupIds.map((group) => valueOf(group, known));
  const ids = groupIds.filter((id) => id !== undefined);
  if (ids.length < groupIds.length) return [UNKNOWN];
  return sameSet([...new Set(ids)], state.groupIds) ? [] : [`its security groups are ${state.groupIds.join(', ')}`];
};

const missing = (wanted: readonly (string | undefined)[], present: readonly string[], what: string): Difference[] =>
  wanted.flatMap((item) => {
    if (item === undefined) return [UNKNOWN];
    return present.includes(item) ? [] : [`${item} ${what}`];
  });

/** What differs, sorted as the properties are; empty when nothing does. Kinds that exist or don't have no difference. */
export const differences = (resource: Resource, found: Found, known: Known): readonly Difference[] => {
  switch (resource.kind) {
    case 'subnet-tags':
      return missing(resource.properties.subnetIds, stateOf('subnet-tags', found).tagged, 'is not tagged');
    case 'security-group-rules':
      return missingRules(resource.properties.ingress, stateOf('security-group-rules', found).ingress, known);
    case 'network-interface':
      return interfaceDifferences(resource, stateOf('network-interface', found), known);
    case 'targets': {
      const addresses = resource.properties.addresses.map((address) => valueOf(address, known));
      return missing(addresses, stateOf('targets', found).addresses, 'is not a target');
    }
    case 'listener':
      return listenerDifferences(resource, stateOf('listener', found), known);
    case 'load-balancer':
      return stateOf('load-balancer', found).crossZone === false ? ['it does not spread clients across zones'] : [];
    case 'launch-template':
      return templateDifferences(resource, stateOf('launch-template', found), known);
    case 'auto-scaling-group':
      return groupDifferences(resource, stateOf('auto-scaling-group', found), known);
    case 'established': {
      const volumeIds = resource.properties.volumeIds.map((id) => valueOf(id, known));
      return missing(volumeIds, stateOf('established', found).volumeIds, 'may still bootstrap');
    }
    case 'finalizer':
    case 'preflight':
    case 'secret':
    case 'security-group':
    case 'etcd-volume':
    case 'target-group':
    case 'hub-membership':
    case 'addon':
    case 'join-token':
    case 'node-pools':
    case 'cloud-load-balancers':
    case 'control-plane':
    case 'nodes':
    case 'instance':
    case 'replica':
    case 'account':
    case 'milestone':
      return [];
  }
};

const UNOBSERVED = new Set<ResourceKind>(['control-plane', 'nodes', 'instance', 'replica', 'account', 'milestone']);

/** Whether an inventory can hold the kind at all; the others are judged by what they depend on. */
export const isObserved = (kind: ResourceKind): kind is ObservedKind => !UNOBSERVED.has(kind);
