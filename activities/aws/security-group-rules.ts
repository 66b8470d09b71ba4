/**
 * Rules of a security group: only the difference is authorised or revoked.
 *
 * Owns: ingress rules; egress stays open as EC2 makes it. Rules that Slipway wrote are known by their description's
 * prefix: the cloud controller opens ports of Services in the same group, and those are not ours to revoke while the
 * cluster lives. When the group is about to go, all go, since rules of groups that name each other block both.
 * Invariants: I2 (EC2 refuses the same rule twice; then the group is read again), I4.
 */
import {
  AuthorizeSecurityGroupIngressCommand,
  DescribeSecurityGroupsCommand,
  type EC2Client,
  type IpPermission,
  RevokeSecurityGroupIngressCommand,
  type SecurityGroup,
} from '@aws-sdk/client-ec2';
import { CLUSTER_TAG, UID_TAG } from '../../api/names.ts';
import { type FoundOf, observed } from '../../kinds/resource.ts';
import { itemsOf } from '../../kinds/row.ts';
import { ingressRuleId, type PlainIngressRule, plainRules } from '../../kinds/security-group-rules.ts';
import { type ResourceKey, sameOf } from '../../words/keys.ts';
import type { ResourceDriver, Wanted } from '../driver.ts';
import { awsCodeOf, retryError } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { securityGroupLabel } from './security-group.ts';
import { belongsTo, distinct, filter, given, ownedBy, tagRecord } from './tags.ts';

const OURS = 'slipway: ';

/** One rule as EC2 holds it, with what identifies it. */
export type HeldRule = PlainIngressRule & { readonly id: string; readonly description: string };

/** Rules of EC2's bundled form, one by one. Sources other than groups and IPv4 ranges are never ours. */
export const rulesOf = (permissions: readonly IpPermission[] | undefined): HeldRule[] =>
  (permissions ?? []).flatMap((permission) => {
    const base = {
      protocol: permission.IpProtocol ?? '-1',
      fromPort: permission.FromPort ?? -1,
      toPort: permission.ToPort ?? -1,
    };
    const held = (source: PlainIngressRule['source'], description: string | undefined): HeldRule => {
      const rule = { ...base, source };
      return { ...rule, id: ingressRuleId(rule), description: description ?? '' };
    };
    return [
      ...(permission.UserIdGroupPairs ?? []).map((pair) => held({ group: pair.GroupId ?? '' }, pair.Description)),
      ...(permission.IpRanges ?? []).map((range) => held({ cidr: range.CidrIp ?? '' }, range.Description)),
    ];
  });

const permissionOf = (rule: PlainIngressRule & { readonly description?: string }): IpPermission => {
  const Description = rule.description;
  const described = Description === undefined ? {} : { Description };
  return {
    IpProtocol: rule.protocol,
    FromPort: rule.fromPort,
    ToPort: rule.toPort,
    ...('group' in rule.source
      ? { UserIdGroupPairs: [{ GroupId: rule.source.group, ...described }] }
      : { IpRanges: [{ CidrIp: rule.source.cidr, ...described }] }),
  };
};

/** A rule to revoke: EC2 knows it by what it allows. */
const undescribed = ({ protocol, fromPort, toPort, source }: PlainIngressRule): IpPermission =>
  permissionOf({ protocol, fromPort, toPort, source });

/** The entry of an inventory for a group's rules, or none when it has no rules. */
export const foundRules = (key: ResourceKey, group: SecurityGroup): FoundOf<'security-group-rules'> | undefined => {
  const held = rulesOf(group.IpPermissions);
  const ids = (rules: readonly HeldRule[]): string[] => [...new Set(rules.map((rule) => rule.id))].sort();
  return held.length === 0
    ? undefined
    : observed(
        'security-group-rules',
        key,
        { id: given(group.GroupId, 'a security group id') },
        { ingress: ids(held), ours: ids(held.filter(({ description }) => description.startsWith(OURS))) },
        ownedBy(tagRecord(group.Tags)[UID_TAG]),
      );
};

const readGroup = async (ec2: EC2Client, groupId: string, signal: AbortSignal): Promise<SecurityGroup | undefined> => {
  const answer = await ec2.send(new DescribeSecurityGroupsCommand({ Filters: [filter('group-id', groupId)] }), {
    abortSignal: signal,
  });
  return answer.SecurityGroups?.[0];
};

/** Removes every ingress rule that refers to a group, or all of them. */
export const revokeAll = async (ec2: EC2Client, group: SecurityGroup, referring?: string): Promise<void> => {
  const held = rulesOf(group.IpPermissions);
  const chosen =
    referring === undefined ? held : held.filter((rule) => 'group' in rule.source && rule.source.group === referring);
  const others =
    referring === undefined
      ? (group.IpPermissions ?? []).flatMap(({ IpProtocol, FromPort, ToPort, Ipv6Ranges = [], PrefixListIds = [] }) =>
          Ipv6Ranges.length + PrefixListIds.length === 0
            ? []
            : [{ IpProtocol, FromPort, ToPort, Ipv6Ranges, PrefixListIds }],
        )
      : [];
  const IpPermissions = [...chosen.map(undescribed), ...others];
  if (IpPermissions.length === 0) return;
  try {
    await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: group.GroupId, IpPermissions }));
  } catch (error) {
    // Somebody revoked one of them in between: read again what is left, rather than take all for gone.
    if (awsCodeOf(error) !== 'InvalidPermission.NotFound') throw error;
    throw retryError(`Rules of ${securityGroupLabel(group)} changed while they were revoked.`, error);
  }
};

type WantedRules = Wanted<'security-group-rules'>;

const authorise = async (ec2: EC2Client, groupId: string, rules: ReturnType<typeof plainRules>): Promise<void> => {
  const IpPermissions = distinct(rules, ingressRuleId).map((rule) =>
    permissionOf({ ...rule, description: `${OURS}${rule.description}`.slice(0, 255) }),
  );
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: groupId, IpPermissions }));
};

/** Of ours only: somebody may have written the same rule anew. */
const revoke = async (ec2: EC2Client, { properties, signal }: WantedRules, ids: readonly string[]): Promise<void> => {
  const { groupId } = properties;
  const group = await readGroup(ec2, groupId, signal);
  const going = rulesOf(group?.IpPermissions).filter(
    ({ id, description }) => ids.includes(id) && description.startsWith(OURS),
  );
  if (going.length === 0) return;
  await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: groupId, IpPermissions: going.map(undescribed) }));
};

const outputsOf = ({ properties }: WantedRules) => ({ id: properties.groupId });

export const securityGroupRulesDriver = ({ ec2 }: AwsClients): ResourceDriver<'security-group-rules'> => {
  return {
    kind: 'security-group-rules',

    async candidates(wanted) {
      const group = await readGroup(ec2, wanted.properties.groupId, wanted.signal);
      const found = group && foundRules(wanted.key, group);
      if (group === undefined || found === undefined) return [];
      const owner = belongsTo(tagRecord(group.Tags), wanted, sameOf('security-group', wanted.key));
      return [{ ...found, label: `rules of ${securityGroupLabel(group)}`, belongsTo: owner }];
    },

    async create(wanted) {
      if (wanted.properties.ingress.length === 0) return { outputs: outputsOf(wanted), change: 'unchanged' };
      await authorise(ec2, wanted.properties.groupId, plainRules(wanted.properties.ingress));
      return { outputs: outputsOf(wanted) };
    },

    async update(wanted, _found, differences) {
      const { groupId, ingress } = wanted.properties;
      const missing = itemsOf(differences, 'missing');
      const stale = itemsOf(differences, 'stale');
      if (missing.length > 0) {
        await authorise(
          ec2,
          groupId,
          plainRules(ingress).filter((rule) => missing.includes(ingressRuleId(rule))),
        );
      }
      if (stale.length > 0) await revoke(ec2, wanted, stale);
      return { outputs: outputsOf(wanted), change: 'updated' };
    },

    async remove(wanted, found) {
      const groupId = given(found.outputs.id, `the group of ${wanted.key}`);
      const group = await readGroup(ec2, groupId, wanted.signal);
      if (group === undefined || tagRecord(group.Tags)[CLUSTER_TAG] !== wanted.owner.clusterId) return;
      await revokeAll(ec2, group);
    },
  };
};
