/**
 * A tiny account: what exists after the steps of a plan were carried out, without AWS.
 *
 * Owns: outputs and inventory entries of each kind, as `policy/observed.ts` asks for them. Tests plan against it, carry
 * plans out step by step, and check that no step lacks what it refers to.
 */
import { fingerprintOfTemplate } from '../../policy/compare.ts';
import { observed } from '../../policy/observed.ts';
import type { Found, Inventory, Plan, Step } from '../../policy/plan.ts';
import { type Known, valueOf } from '../../policy/resolve.ts';
import { ingressRuleId } from '../../policy/rules.ts';
import type { Resource, Value } from '../../topology/resource.ts';
import { ACCOUNT, REGION, SUBNETS } from '../topology/objects.ts';

const ZONES = ['a', 'b', 'c', 'a', 'b', 'c'];
const PREFLIGHT_OUTPUTS = {
  vpcCidr: '10.0.0.0/16',
  ...Object.fromEntries(SUBNETS.map((subnet, index) => [`zone/${subnet}`, `${REGION}${ZONES[index]}`])),
};

/** The inventory of an account in which nothing was made yet: preflight's look is always there. */
export const EMPTY: readonly Found[] = [observed('preflight', 'preflight', PREFLIGHT_OUTPUTS, {})];

/** The entry that an inventory would have once a resource was made; undefined for what leaves nothing behind. */
const entryOf = (resource: Resource, known: Known): Found | undefined => {
  const { key } = resource;
  const name = key.replace('/', '-');
  const must = (value: Value): string => {
    const found = valueOf(value, known);
    if (found === undefined) throw new Error(`${key} refers to ${JSON.stringify(value)}, which nothing yielded.`);
    return found;
  };
  switch (resource.kind) {
    case 'finalizer':
      return observed('finalizer', key, {}, {});
    case 'preflight':
      return observed('preflight', key, PREFLIGHT_OUTPUTS, {});
    case 'secret':
      return observed(
        'secret',
        key,
        { name: resource.properties.name, fingerprint: `f-${name}`, certificate: `c-${name}`, public: `p-${name}` },
        {},
      );
    case 'subnet-tags':
      return observed('subnet-tags', key, {}, { tagged: resource.properties.subnetIds });
    case 'security-group':
      return observed('security-group', key, { id: `sg-${name}` }, { name: resource.properties.name });
    case 'security-group-rules': {
      const ingress = resource.properties.ingress.map((rule) =>
        ingressRuleId({
          ...rule,
          source: 'group' in rule.source ? { group: must(rule.source.group) } : { cidr: must(rule.source.cidr) },
        }),
      );
      must(resource.properties.groupId);
      return observed('security-group-rules', key, {}, { ingress });
    }
    case 'etcd-volume': {
      const { name: volumeName, sizeGiB, emptyDisk, availabilityZone } = resource.properties;
      const state = { name: volumeName, sizeGiB, emptyDisk, availabilityZone: must(availabilityZone) };
      return observed('etcd-volume', key, { id: `vol-${name}` }, state);
    }
    case 'network-interface': {
      const groupIds = resource.properties.groupIds.map(must);
      const outputs = { id: `eni-${name}`, address: `10.0.1.1${name.at(-1)}` };
      return observed('network-interface', key, outputs, { name: resource.properties.name, groupIds });
    }
    case 'load-balancer':
      return observed(
        'load-balancer',
        key,
        { arn: `arn-${name}`, dnsName: `${name}.elb` },
        { name: resource.properties.name },
      );
    case 'target-group':
      return observed('target-group', key, { arn: `arn-${name}` }, { name: resource.properties.name });
    case 'targets': {
      must(resource.properties.targetGroupArn);
      const addresses = resource.properties.addresses.map(must);
      const health = addresses.map((address) => ({ address, state: 'healthy' as const }));
      return observed('targets', key, {}, { addresses, health });
    }
    case 'listener': {
      must(resource.properties.loadBalancerArn);
      const state = { port: resource.properties.port, targetGroupArn: must(resource.properties.targetGroupArn) };
      return observed('listener', key, { arn: `arn-${name}` }, state);
    }
    case 'launch-template': {
      const fingerprint = fingerprintOfTemplate(resource, known);
      if (fingerprint === undefined) throw new Error(`${key} came before something that it refers to.`);
      const before = Number(known[key]?.version ?? 0);
      const outputs = { id: `lt-${name}`, version: String(before + 1), fingerprint };
      return observed('launch-template', key, outputs, { name: resource.properties.name, fingerprint });
    }
    case 'auto-scaling-group': {
      const { name: groupName, minSize, maxSize, launchTemplateId, launchTemplateVersion } = resource.properties;
      const state = {
        name: groupName,
        minSize,
        maxSize,
        launchTemplateId: must(launchTemplateId),
        launchTemplateVersion: must(launchTemplateVersion),
        deleting: false,
        ...(maxSize === 1
          ? { instances: [{ id: `i-${name}`, inService: true, templateVersion: must(launchTemplateVersion) }] }
          : {}),
      };
      return observed('auto-scaling-group', key, { name: groupName }, state);
    }
    case 'established':
      return observed('established', key, {}, { volumeIds: resource.properties.volumeIds.map(must) });
    case 'hub-membership':
      must(resource.properties.endpoint);
      return observed('hub-membership', key, { name: resource.properties.name }, {});
    case 'addon':
    case 'join-token':
    case 'control-plane':
    case 'nodes':
      must(resource.properties.endpoint);
      return undefined;
    case 'node-pools':
    case 'cloud-load-balancers':
    case 'account':
    case 'instance':
    case 'replica':
    case 'milestone':
      return undefined;
  }
};

/** What exists after one step. `established` changes what the volumes' own tags say. */
const after = (found: readonly Found[], step: Step, known: Known): readonly Found[] => {
  const { resource, verb } = step;
  const others = found.filter((one) => one.key !== resource.key);
  if (verb === 'remove') return others;
  const entry = entryOf(resource, known);
  if (entry === undefined) return found;
  if (resource.kind !== 'established') return [...others, entry];
  return [
    ...others.map((one) =>
      one.key.startsWith('etcd-volume/') ? { ...one, state: { ...one.state, emptyDisk: 'wait' } } : one,
    ),
    entry,
  ];
};

/** Carries a plan out, step by step; calls `seen` with each step and what existed before it. */
export const carryOut = (
  plan: Plan,
  found: readonly Found[],
  seen: (step: Step, before: readonly Found[]) => void = () => undefined,
): readonly Found[] => {
  let exists = found;
  const outputs: Record<string, Record<string, string>> = Object.fromEntries(
    Object.entries(plan.known).map(([key, value]) => [key, { ...value }]),
  );
  for (const one of found) if (plan.steps.some((step) => step.resource.key === one.key)) outputs[one.key] ??= {};
  for (const step of plan.steps) {
    seen(step, exists);
    const versions = Object.fromEntries(exists.map((one) => [one.key, one.outputs]));
    const template =
      step.resource.kind === 'launch-template' ? { [step.resource.key]: versions[step.resource.key] ?? {} } : {};
    exists = after(exists, step, { ...outputs, ...template });
    outputs[step.resource.key] = { ...exists.find((one) => one.key === step.resource.key)?.outputs };
  }
  return exists;
};

export const inventoryOf = (found: readonly Found[], changes: Partial<Inventory> = {}): Inventory => ({
  account: ACCOUNT,
  region: REGION,
  complete: true,
  found,
  ...changes,
});
