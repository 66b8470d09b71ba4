/**
 * Credentials: temporary credentials of an instance's role, as EC2 puts them into instance metadata.
 *
 * Owns: asking STS for them and handing out the same ones until half of their life has passed. Neighbours: `metadata.ts`
 * serves them; the account remembers them, so a caller with them is `assumed-role/<role>/<instance id>`. The request
 * goes to the account itself and not through the recording proxy: it is the platform's call, not a client's.
 */
import { timeOf } from '../../words/time.ts';
import { REGION, type SandboxLayout } from '../layout.ts';
import type { RoleCredentials } from './metadata.ts';

const LIFETIME_SECONDS = 3600;

/** Credentials by role for one instance. */
export const roleCredentials = (
  assumeRole: (roleArn: string) => Promise<RoleCredentials>,
  now: () => number = Date.now,
): ((roleArn: string) => Promise<RoleCredentials>) => {
  const held = new Map<string, RoleCredentials>();
  return async (roleArn) => {
    const current = held.get(roleArn);
    if (current !== undefined && Date.parse(current.expiration) - now() > (LIFETIME_SECONDS * 1000) / 2) return current;
    const fresh = await assumeRole(roleArn);
    held.set(roleArn, fresh);
    return fresh;
  };
};

/** STS AssumeRole by its query protocol; the sandbox's account checks no signatures. */
export const assumeRoleAt =
  (moto: SandboxLayout['moto'], sessionName: string) =>
  async (roleArn: string): Promise<RoleCredentials> => {
    const response = await fetch(`http://${moto.host}:${moto.port}/`, {
      method: 'POST',
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=ec2-instance-metadata/20200101/${REGION}/sts/aws4_request, SignedHeaders=host, Signature=none`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({
        Action: 'AssumeRole',
        Version: '2011-06-15',
        RoleArn: roleArn,
        RoleSessionName: sessionName,
        DurationSeconds: String(LIFETIME_SECONDS),
      }),
      signal: AbortSignal.timeout(10_000),
    });
    const xml = await response.text();
    if (!response.ok)
      throw new Error(`STS gave no credentials for ${roleArn}: ${response.status} ${xml.slice(0, 300)}`);
    const field = (name: string): string => {
      const value = new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1];
      if (value === undefined) throw new Error(`STS answered for ${roleArn} without ${name}.`);
      return value;
    };
    return {
      accessKeyId: field('AccessKeyId'),
      secretAccessKey: field('SecretAccessKey'),
      token: field('SessionToken'),
      lastUpdated: timeOf(Date.now()),
      expiration: timeOf(Date.parse(field('Expiration'))),
    };
  };
