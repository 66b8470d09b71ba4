/**
 * Credentials: the instance's role, from its metadata service.
 *
 * Owns: reading them; the SDK asks again before they expire. On an instance there is no other source, and the SDK's own
 * chain of them costs more to load than all the rest of a node's agent.
 * Invariant: I8 (credentials go to the SDK and nowhere else).
 */
import type { Metadata } from '../metadata.ts';

const ROLES = 'meta-data/iam/security-credentials/';

export type InstanceCredentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
};

/** In which region, and as whom, a machine calls AWS. */
export type AwsAccount = { readonly region: string; readonly credentials: () => Promise<InstanceCredentials> };

type Document = {
  readonly AccessKeyId?: string;
  readonly SecretAccessKey?: string;
  readonly Token?: string;
  readonly Expiration?: string;
};

export const instanceCredentials =
  (metadata: Metadata): AwsAccount['credentials'] =>
  async () => {
    const [role = ''] = (await metadata.read(ROLES)).split('\n');
    const document = JSON.parse(await metadata.read(`${ROLES}${role}`)) as Document;
    const { AccessKeyId, SecretAccessKey, Token, Expiration } = document;
    if (AccessKeyId === undefined || SecretAccessKey === undefined || Token === undefined || Expiration === undefined) {
      throw new Error(`The metadata service gives no credentials for role ${role}: does its instance profile have it?`);
    }
    return {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: Token,
      expiration: new Date(Expiration),
    };
  };
