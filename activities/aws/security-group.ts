/**
 * Security group: unique by name in its VPC, so that a repeated create is refused and found instead (I2).
 *
 * Owns: the group itself. Neighbours: `security-group-rules.ts` fills it; `policy/` orders removals so that its users go
 * first. Where something still uses it, the error names what (I9).
 */
import {
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  type EC2Client,
  paginateDescribeNetworkInterfaces,
  paginateDescribeSecurityGroups,
  type SecurityGroup,
} from '@aws-sdk/client-ec2';
import { type FoundOf, observed } from '../../kinds/resource.ts';
import type { ResourceKey } from '../../words/keys.ts';
import type { ResourceDriver } from '../driver.ts';
import { awsCodeOf, retryError } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { tagInEc2 } from './tagging.ts';
import {
  belongsTo,
  carriedBy,
  distinct,
  filter,
  given,
  inPages,
  ownerFilters,
  readAll,
  standingTags,
  tagList,
  tagRecord,
} from './tags.ts';

export const securityGroupLabel = (group: SecurityGroup): string =>
  `security group ${group.GroupId ?? '?'} (${group.GroupName ?? '?'})`;

export const foundSecurityGroup = (key: ResourceKey, group: SecurityGroup): FoundOf<'security-group'> =>
  observed(
    'security-group',
    key,
    { id: given(group.GroupId, 'a security group id') },
    { name: given(group.GroupName, 'a security group name') },
    carriedBy(tagRecord(group.Tags)),
  );

/** What uses a group, as a sentence, or undefined when nothing visible does. */
const usersOf = async (ec2: EC2Client, groupId: string, abortSignal: AbortSignal): Promise<string | undefined> => {
  const [interfaces, groups] = await Promise.all([
    readAll(
      paginateDescribeNetworkInterfaces(inPages(ec2), { Filters: [filter('group-id', groupId)] }, { abortSignal }),
      (page) => page.NetworkInterfaces,
    ),
    readAll(
      paginateDescribeSecurityGroups(
        { client: ec2 },
        { Filters: [filter('ip-permission.group-id', groupId)] },
        { abortSignal },
      ),
      (page) => page.SecurityGroups,
    ),
  ]);
  const users = [
    ...interfaces.map(
      (one) =>
        `network interface ${one.NetworkInterfaceId ?? '?'}` +
        (one.Attachment?.InstanceId === undefined ? '' : ` of instance ${one.Attachment.InstanceId}`) +
        (one.Description ? ` ("${one.Description}")` : ''),
    ),
    ...groups.filter((one) => one.GroupId !== groupId).map((one) => `rules of ${securityGroupLabel(one)}`),
  ];
  return users.length === 0 ? undefined : users.sort().join(', ');
};

/** Deletes a group, or says who still uses it. */
export const deleteSecurityGroup = async (
  ec2: EC2Client,
  groupId: string,
  label: string,
  signal: AbortSignal,
): Promise<void> => {
  try {
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId: groupId }));
  } catch (error) {
    if (awsCodeOf(error) !== 'DependencyViolation') throw error;
    const users = await usersOf(ec2, groupId, signal);
    throw retryError(`${label} is still used by ${users ?? 'something that AWS does not name'}.`, error);
  }
};

export const securityGroupDriver = ({ ec2 }: AwsClients): ResourceDriver<'security-group'> => ({
  kind: 'security-group',

  async candidates(wanted) {
    const list = (Filters: ReturnType<typeof filter>[]): Promise<SecurityGroup[]> =>
      readAll(
        paginateDescribeSecurityGroups({ client: ec2 }, { Filters }, { abortSignal: wanted.signal }),
        (page) => page.SecurityGroups,
      );
    const { vpcId, name } = wanted.properties;
    const groups = await Promise.all([
      list(ownerFilters(wanted)),
      // Whose the name is concerns only who makes one.
      vpcId === undefined ? [] : list([filter('vpc-id', vpcId), filter('group-name', name)]),
    ]);
    return distinct(groups.flat(), (group) => group.GroupId).map((group) => ({
      ...foundSecurityGroup(wanted.key, group),
      label: securityGroupLabel(group),
      belongsTo: belongsTo(tagRecord(group.Tags), wanted),
    }));
  },

  async create(wanted) {
    const { name, description, vpcId, tags } = wanted.properties;
    const answer = await ec2.send(
      new CreateSecurityGroupCommand({
        GroupName: name,
        Description: description,
        VpcId: vpcId,
        TagSpecifications: [{ ResourceType: 'security-group', Tags: tagList(standingTags(wanted, tags)) }],
      }),
    );
    return { outputs: { id: given(answer.GroupId, 'a security group id') } };
  },

  /** Name, VPC and description of a group cannot be changed. */
  update: (_wanted, found) => Promise.resolve({ outputs: found.outputs }),

  retag: (wanted, found, tagging) => tagInEc2(ec2, [given(found.outputs.id, `the id of ${wanted.key}`)], tagging),

  async remove(wanted, found) {
    const id = given(found.outputs.id, `the id of ${wanted.key}`);
    await deleteSecurityGroup(ec2, id, `security group ${id} (${found.state.name})`, wanted.signal);
  },
});
