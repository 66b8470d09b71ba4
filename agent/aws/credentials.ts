/**
 * Credentials: the instance's role, from its metadata service.
 *
 * Owns: reading them; the SDK asks again before they expire. On an instance there is no other source, and the SDK's own
 * chain of them costs more to load than all the rest of a node's agent.
 * Invariant: I8 (credentials go to the SDK and nowhere else).
 */
import type { Metadata } from '../metadata.ts';

const ROLES = 'meta-data/iam/security-credentials/';

type InstanceCredentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
};

/** In which region, and as whom, a machine calls AWS. */
export type AwsAccount = { readonly region: string; readonly credentials: () => Promise<InstanceCredentials> };

type Document = {
  readonly AccessKeyId?: unknown;
  readonly SecretAccessKey?: unknown;
  readonly Token?: unknown;
  readonly Expiration?: unknown;
};

/** The document, or nothing of it: what a parser says of one that is none would quote it (I8). */
const parse = (text: string): Document => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
};

export const instanceCredentials =
  (metadata: Metadata): AwsAccount['credentials'] =>
  async () => {
    const [role = ''] = (await metadata.read(ROLES)).split('\n');
    if (!/^[\w+=,.@-]{1,64}$/.test(role)) {
      throw new Error('The metadata service names no role: does the launch template have an instance profile?');
    }
    const { AccessKeyId, SecretAccessKey, Token, Expiration } = parse(await metadata.read(`${ROLES}${role}`));
    const usable =
      typeof AccessKeyId === 'string' &&
      typeof SecretAccessKey === 'string' &&
      typeof Token === 'string' &&
      typeof Expiration === 'string' &&
      !Number.isNaN(Date.parse(Expiration));
    if (!usable) {
      throw new Error(`The metadata service gives no credentials for role ${role}: does its instance profile have it?`);
    }
    return {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: Token,
      expiration: new Date(Expiration),
    };
  };
