/**
 * Latencies: how long AWS took in the seed's log, call by call, for the double to take as long.
 *
 * Owns: the figures and where each comes from. Neighbours: the sandbox's proxy delays (`sandbox/aws/proxy/faults.ts`);
 * `create.ts` measures with them.
 *
 * The log (eu-west-1, July 2020) has a line a command; a command's time is that until the next line. Its inventory, 0.85 s,
 * is taken for three reads one after the other. Where the log has no such command, the nearest of its kind stands for it.
 */

const READ = 280;
/** A small change to something that exists, as the log's rules of security groups: 0.130 to 0.159 s. */
const CHANGE = 130;

/** Milliseconds by service, as the proxy calls it, and operation. */
export const LATENCIES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  ec2: {
    DescribeVpcs: READ,
    DescribeVpcAttribute: READ,
    DescribeRouteTables: READ,
    DescribeDhcpOptions: READ,
    DescribeSubnets: READ,
    DescribeSecurityGroups: READ,
    DescribeKeyPairs: READ,
    DescribeInstanceTypeOfferings: READ,
    DescribeInstanceTypes: READ,
    DescribeTags: READ,
    DescribeVolumes: READ,
    DescribeNetworkInterfaces: READ,
    DescribeLaunchTemplates: READ,
    DescribeLaunchTemplateVersions: READ,
    DescribeInstances: READ,
    CreateTags: CHANGE,
    /** 0.390 and 0.527 s. */
    CreateSecurityGroup: 390,
    AuthorizeSecurityGroupIngress: CHANGE,
    AuthorizeSecurityGroupEgress: CHANGE,
    /** 0.186 to 0.196 s. */
    CreateVolume: 190,
    /** 0.193 to 0.221 s. */
    CreateNetworkInterface: 220,
    /** 0.110 and 0.113 s, its secrets already encrypted. */
    CreateLaunchTemplate: 110,
  },
  autoscaling: {
    DescribeAutoScalingGroups: READ,
    /** 1.028 and 1.257 s. */
    CreateAutoScalingGroup: 1_260,
  },
  elbv2: {
    DescribeLoadBalancers: READ,
    DescribeTargetGroups: READ,
    DescribeTags: READ,
    DescribeListeners: READ,
    DescribeTargetHealth: READ,
    DescribeLoadBalancerAttributes: READ,
    /** 0.514 s. */
    CreateLoadBalancer: 510,
    ModifyLoadBalancerAttributes: CHANGE,
    /** 0.159 s. */
    CreateTargetGroup: 160,
    RegisterTargets: CHANGE,
    /** 0.028 s. */
    CreateListener: 28,
  },
  iam: { GetInstanceProfile: READ },
  kms: { DescribeKey: READ, GenerateDataKey: CHANGE },
  sts: { GetCallerIdentity: READ },
  servicequotas: { GetServiceQuota: READ, ListServiceQuotas: READ, GetAWSDefaultServiceQuota: READ },
};

/** The longest chain that can be counted in that log: one inventory, then what needs one another. */
const LONGEST_CHAIN = [
  ['inventory', 850],
  ['security group', 390],
  ['network interface', 220],
  ['launch template', 110],
  ['auto scaling group', 1_260],
] as const;

export const LONGEST_CHAIN_MS = LONGEST_CHAIN.reduce((sum, [, ms]) => sum + ms, 0);

/** What the seed took from the first line of the reconciliation to the answer of the last group. */
export const SEED_MS = 14_600;
