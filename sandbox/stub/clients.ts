/**
 * Clients: how the machines of a stub speak to AWS, as their roles.
 *
 * Owns: one pair of clients a role, so that hundreds of machines share their connections.
 * Neighbours: `machine.ts` and `replica.ts` use them as the agent does.
 */
import type { AwsAccount } from '../../agent/aws/credentials.ts';
import { createEc2, type Ec2 } from '../../agent/aws/ec2.ts';
import { createKms, type Kms } from '../../agent/aws/kms.ts';
import { createS3, type S3 } from '../../agent/aws/s3.ts';
import { assumeRoleAt, roleCredentials } from '../instances/credentials.ts';
import { REGION, type SandboxLayout } from '../layout.ts';

export type RoleClients = (
  roleArn: string,
) => Promise<{ readonly ec2: Ec2; readonly kms: Kms; readonly s3: () => Promise<S3> }>;

const accountsOf = (layout: SandboxLayout): ((roleArn: string) => AwsAccount) => {
  const issued = roleCredentials(assumeRoleAt(layout.moto, 'stub'));
  return (roleArn) => ({
    region: REGION,
    credentials: async () => {
      const { accessKeyId, secretAccessKey, token, expiration } = await issued(roleArn);
      return { accessKeyId, secretAccessKey, sessionToken: token, expiration: new Date(expiration) };
    },
  });
};

export const roleClients = (layout: SandboxLayout): RoleClients => {
  const known = new Map<string, ReturnType<RoleClients>>();
  const accountOf = accountsOf(layout);
  const connect = async (roleArn: string) => {
    const account = accountOf(roleArn);
    const [ec2, kms] = await Promise.all([createEc2(account), createKms(account)]);
    return { ec2, kms, s3: () => createS3(account) };
  };
  return (roleArn) => {
    const clients = known.get(roleArn) ?? connect(roleArn);
    known.set(roleArn, clients);
    return clients;
  };
};
