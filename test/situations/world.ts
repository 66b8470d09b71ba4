/**
 * The world in which situations happen: a stub sandbox, its account, its hub, and the commands of the people who look at it.
 *
 * Owns: faults and hand work in the account. Neighbours: `situations.ts` says which.
 */
import {
  CreateKeyPairCommand,
  CreateNetworkInterfaceCommand,
  CreateSubnetCommand,
  DeleteKeyPairCommand,
  DeleteNetworkInterfaceCommand,
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  CreateTargetGroupCommand,
  DeleteTargetGroupCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { clusterIdOf } from '../../api/names.ts';
import { type SandboxForTests, succeed } from '../support/sandbox.ts';

const VPC = 'vpc-027d53db543f33b56';
/** AWS keeps five addresses of each subnet for itself. */
const FREE_IN_SMALLEST = 11;

/** moto enables and disables a key by its id only. */
const keyIdIn = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

export type World = ReturnType<typeof worldOf>;

export const worldOf = (sandbox: SandboxForTests) => {
  const { aws } = sandbox.status();
  const credentials = { accessKeyId: 'PERSON', secretAccessKey: 'person' };
  const configuration = { region: aws.region, endpoint: aws.endpoint, credentials };
  const ec2 = new EC2Client(configuration);
  const elbv2 = new ElasticLoadBalancingV2Client(configuration);
  const kms = new KMSClient(configuration);
  const ask = async (method: string, path: string, body?: unknown): Promise<void> => {
    const answer = await fetch(`${aws.endpoint}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
  };
  const sandboxCommand = (...args: readonly string[]): Promise<string> =>
    succeed(args.join(' '), sandbox.sandbox(...args));
  const kubectl = (...args: readonly string[]): Promise<string> => succeed(args.join(' '), sandbox.kubectl(args));
  const held: string[] = [];

  return {
    sandbox,
    kubectl,
    command: sandboxCommand,
    apply: (manifest: string) => succeed('apply', sandbox.kubectl(['apply', '-f', '-'], { input: manifest })),
    clusterId: async (name: string): Promise<string> =>
      clusterIdOf(await kubectl('get', 'awscluster', name, '-o', 'jsonpath={.metadata.uid}')),
    /** An AWS call that fails for one object's sake: by action and a parameter that names it. */
    refuse: (action: string, match: Readonly<Record<string, string>>, code: string, message: string) =>
      ask('POST', '/_sim/fault', { action, match, code, message, status: 403, count: 100_000 }),
    /** Launches of one group fail. */
    refuseLaunches: (group: string, code: string, message: string) =>
      ask('POST', '/_sim/fault', { action: `asg:${group}`, code, message, count: 100_000 }),
    permit: (action: string) => ask('DELETE', `/_sim/fault?action=${encodeURIComponent(action)}`),
    /** Every call of an operation fails, whoever it is for. */
    refuseAll: (operation: string) =>
      ask('POST', '/_proxy/faults', { kind: 'error', operation, code: 'InternalError', status: 500, count: 100_000 }),
    permitAll: () => ask('DELETE', '/_proxy/faults'),

    makeKey: async (): Promise<string> =>
      (await kms.send(new CreateKeyCommand({ KeyUsage: 'ENCRYPT_DECRYPT' }))).KeyMetadata?.Arn ?? '',
    disableKey: (arn: string) => kms.send(new DisableKeyCommand({ KeyId: keyIdIn(arn) })),
    enableKey: (arn: string) => kms.send(new EnableKeyCommand({ KeyId: keyIdIn(arn) })),
    makeKeyPair: (name: string) => ec2.send(new CreateKeyPairCommand({ KeyName: name })),
    deleteKeyPair: (name: string) => ec2.send(new DeleteKeyPairCommand({ KeyName: name })),
    makeTargetGroup: (name: string) =>
      elbv2.send(new CreateTargetGroupCommand({ Name: name, Protocol: 'TCP', Port: 80, VpcId: VPC, TargetType: 'ip' })),
    deleteTargetGroup: async (name: string): Promise<void> => {
      const { TargetGroups: [group] = [] } = await elbv2.send(new DescribeTargetGroupsCommand({ Names: [name] }));
      await elbv2.send(new DeleteTargetGroupCommand({ TargetGroupArn: group?.TargetGroupArn }));
    },

    /** A subnet in zone c so small that somebody else's interfaces can fill it. */
    fullSubnet: async (): Promise<string> => {
      const { Subnets: [one] = [] } = await ec2.send(
        new DescribeSubnetsCommand({ Filters: [{ Name: 'vpc-id', Values: [VPC] }] }),
      );
      const network = one?.CidrBlock?.split('.')[1] ?? '';
      const { Subnet } = await ec2.send(
        new CreateSubnetCommand({
          VpcId: VPC,
          CidrBlock: `127.${network}.240.0/28`,
          AvailabilityZone: `${aws.region}c`,
        }),
      );
      const id = Subnet?.SubnetId ?? '';
      for (let n = 0; n < FREE_IN_SMALLEST; n += 1) {
        const made = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: id }));
        held.push(made.NetworkInterface?.NetworkInterfaceId ?? '');
      }
      return id;
    },
    freeSubnet: async (): Promise<void> => {
      for (const id of held.splice(0)) await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id }));
    },
    securityGroup: async (name: string): Promise<string | undefined> => {
      const filters = [{ Name: 'group-name', Values: [name] }];
      const { SecurityGroups: [group] = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters: filters }));
      return group?.GroupId;
    },
    deleteSecurityGroup: (id: string) => ec2.send(new DeleteSecurityGroupCommand({ GroupId: id })),
    close: (): void => {
      for (const client of [ec2, elbv2, kms]) client.destroy();
    },
  };
};
