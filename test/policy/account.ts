/**
 * A tiny account: what exists after the steps of a plan were carried out, without AWS.
 *
 * Owns: outputs and inventory entries of each kind, as their rows ask for them. Tests plan against it, carry
 * plans out step by step, and check that no step lacks what it refers to.
 */
import { type LaunchTemplateProperties, launchTemplateFingerprint } from '../../kinds/launch-template.ts';
import { type Found, observed, type Resource, rowOf } from '../../kinds/resource.ts';
import type { Tagged } from '../../kinds/row.ts';
import { ingressRuleId, plainRules, type SecurityGroupRulesProperties } from '../../kinds/security-group-rules.ts';
import { withoutOwnTags } from '../../kinds/tags.ts';
import { type Known, resolved } from '../../policy/known.ts';
import type { Inventory, Plan, Step } from '../../policy/plan.ts';
import { scheduleText } from '../../words/backup-schedule.ts';
import { present } from '../../words/present.ts';
import type { Resolved, Value } from '../../words/references.ts';
import { ACCOUNT, REGION, SUBNETS } from '../topology/objects.ts';

const ZONES = ['a', 'b', 'c', 'a', 'b', 'c'];
const PREFLIGHT_OUTPUTS = {
  snapshotBucket: 'backups',
  vpcCidr: '10.0.0.0/16',
  vpcCidrs: '10.0.0.0/16 10.64.0.0/16',
  ...Object.fromEntries(SUBNETS.map((subnet, index) => [`zone/${subnet}`, `${REGION}${ZONES[index]}`])),
};

/** Where the load balancer of a cluster that was made here is. */
export const ENDPOINT = 'load-balancer-controlplane.elb';

/** The inventory of an account in which nothing was made yet: preflight's look is always there. */
export const EMPTY: readonly Found[] = [observed('preflight', 'preflight', PREFLIGHT_OUTPUTS, {})];

/** The entry that an inventory would have once a resource was made; undefined for what leaves nothing behind. */
const entryOf = (resource: Resource, known: Known): Found | undefined => {
  const entry = untaggedEntryOf(resource, known);
  if (entry === undefined || rowOf(resource.kind).tagged !== true) return entry;
  return { ...entry, tags: withoutOwnTags((resource.properties as unknown as Tagged).tags) };
};

const untaggedEntryOf = (resource: Resource, known: Known): Found | undefined => {
  const { key } = resource;
  const name = key.replace('/', '-');
  const must = (value: Value): string => {
    const found = resolved(value, known);
    if (typeof found !== 'string') throw new Error(`${key} refers to ${JSON.stringify(value)}, which nothing yielded.`);
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
      const properties = resolved(resource.properties, known);
      if (properties === undefined) throw new Error(`${key} came before something that it refers to.`);
      const { ingress: wanted } = properties as Resolved<SecurityGroupRulesProperties>;
      const ingress = plainRules(wanted).map(ingressRuleId);
      const id = must(resource.properties.groupId);
      return observed('security-group-rules', key, { id }, { ingress, ours: ingress });
    }
    case 'etcd-volume': {
      const {
        name: volumeName,
        availabilityZone,
        tags: _tags,
        formerTags: _formerTags,
        former: _former,
        kmsKeyId: _key,
        backup,
        ...held
      } = resource.properties;
      // What a gp3 volume has unless it is asked for more: EC2 says so of each.
      const own = held.type === 'gp3' ? { iops: 3_000, throughput: 125 } : {};
      const told = backup === undefined ? undefined : { ...backup, bucket: must(backup.bucket) };
      const state = {
        ...own,
        ...held,
        ...present({ backup: told && scheduleText(told) }),
        name: volumeName,
        availabilityZone: must(availabilityZone),
      };
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
        { name: resource.properties.name, groupIds: (resource.properties.groupIds ?? []).map(must) },
      );
    case 'target-group':
      return observed(
        'target-group',
        key,
        { arn: `arn-${name}` },
        { name: resource.properties.name, healthCheck: resource.properties.healthCheck },
      );
    case 'target-group-attributes': {
      const { unhealthyDrainSeconds } = resource.properties;
      return observed('target-group-attributes', key, {}, { unhealthyDrainSeconds });
    }
    case 'targets': {
      const targetGroupArn = must(resource.properties.targetGroupArn);
      const addresses = resource.properties.addresses.map(must);
      const health = addresses.map((address) => ({ address, state: 'healthy' as const }));
      return observed('targets', key, { targetGroupArn }, { addresses, health });
    }
    case 'listener': {
      const { loadBalancerArn, targetGroupArn, port } = resource.properties;
      const state = { loadBalancerArn: must(loadBalancerArn), port, targetGroupArn: must(targetGroupArn) };
      return observed('listener', key, { arn: `arn-${name}` }, state);
    }
    case 'launch-template': {
      const properties = resolved(resource.properties, known);
      if (properties === undefined) throw new Error(`${key} came before something that it refers to.`);
      const fingerprint = launchTemplateFingerprint(properties as Resolved<LaunchTemplateProperties>);
      const before = Number(known[key]?.version ?? 0);
      const outputs = { id: `lt-${name}`, version: String(before + 1), fingerprint };
      return observed('launch-template', key, outputs, { name: resource.properties.name, fingerprint });
    }
    case 'auto-scaling-group': {
      const { name: groupName, minSize, maxSize, launchTemplateId, launchTemplateVersion } = resource.properties;
      const { desired = minSize } = resource.properties;
      const state = {
        name: groupName,
        minSize,
        maxSize,
        desired,
        launchTemplateId: must(launchTemplateId),
        launchTemplateVersion: must(launchTemplateVersion),
        deleting: false,
        ...(maxSize === 1
          ? {
              instances: [
                {
                  id: `i-${name}`,
                  inService: true,
                  templateId: must(launchTemplateId),
                  templateVersion: must(launchTemplateVersion),
                },
              ],
            }
          : {}),
      };
      return observed('auto-scaling-group', key, { name: groupName, desired: String(desired) }, state);
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
    case 'cordon':
    case 'drain':
    case 'instance':
    case 'node-machine':
    case 'node-labels':
    case 'machine-security-groups':
    case 'surge':
    case 'order':
    case 'upgrade-insights':
    case 'upgrade-mark':
    case 'restore-source':
    case 'restore-order':
    case 'restore-mark':
    case 'snapshot':
    case 'replica':
    case 'milestone':
      return undefined;
  }
};

/** What exists after one step. `established` changes what the volumes' own tags say. */
const after = (found: readonly Found[], step: Step, known: Known): readonly Found[] => {
  const others = found.filter((one) => one.key !== step.resource.key);
  if (step.verb === 'remove') return others;
  const { resource } = step;
  const made = entryOf(resource, known);
  if (made === undefined) return found;
  const before = found.find(({ key }) => key === resource.key);
  const left = step.verb === 'ensure' && step.leaves !== undefined && before !== undefined;
  // What a step leaves is a template's content.
  const entry = left ? ({ ...made, state: before.state } as Found) : made;
  if (resource.kind !== 'established') return [...others, entry];
  return [
    ...others.map((one) =>
      one.kind === 'etcd-volume' ? { ...one, state: { ...one.state, emptyDisk: 'wait' as const } } : one,
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

/** The same things, one of them in another state. */
export const withState = (found: readonly Found[], key: string, state: object): readonly Found[] =>
  found.map((one) => (one.key === key ? ({ ...one, state: { ...one.state, ...state } } as Found) : one));

const idOfKey = (found: readonly Found[], key: string): string =>
  found.find((one) => one.key === key)?.outputs.id ?? '';

/** A replica's disk is gone, and EC2 was asked for it by its id, which its template has: `volumeExists` where it still has one. */
export const withoutVolume = (found: readonly Found[], index: number, volumeExists = false): readonly Found[] => {
  const key = `etcd-volume/${index}`;
  const template = found.find((one) => one.key.startsWith(`launch-template/controlplane-${index}/`));
  const attaches = {
    volumeId: idOfKey(found, key),
    volumeExists,
    networkInterfaceExists: true,
    machineOutdated: false,
    networkInterfaceId: idOfKey(found, `network-interface/${index}`),
  };
  const left = found.filter((one) => one.key !== key);
  return template === undefined ? left : withState(left, template.key, { attaches });
};

/** EC2 said so many milliseconds ago that it has no volume of this id. */
export const lostVolume = (index: number, id: string, ago: number, now: number) => {
  const since = new Date(now - ago).toISOString();
  const instanceID = `i-auto-scaling-group-controlplane-${index}`;
  return { index, instanceID, since, lostVolume: { id, since }, message: 'it has lost its volume' };
};

export const inventoryOf = (found: readonly Found[], changes: Partial<Inventory> = {}): Inventory => ({
  account: ACCOUNT,
  region: REGION,
  complete: true,
  found,
  ...changes,
});
