/**
 * The credential that kubectl asks for: a kept one while it lasts, else a new one.
 *
 * Owns: when to issue. kubectl waits for this, so nothing here loads more than it needs. Neighbours: `credentials.ts`
 * issues, `credential-cache.ts` keeps.
 * See https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
 */
import { join } from 'node:path';
import type { ObjectRef } from '../../api/object.ts';
import { messagesOf } from '../../words/failure.ts';
import { type ClientConfiguration, slipwayHome } from '../configuration.ts';
import { cachedCredential, keepCredential } from './credential-cache.ts';
import type { Credential } from './credentials.ts';
import { say } from './output.ts';

const folderIn = (environment: NodeJS.ProcessEnv): string => join(slipwayHome(environment), 'credentials');

/** Issues a credential, and keeps it for the calls that follow. */
export const newCredential = async (
  configuration: ClientConfiguration,
  environment: NodeJS.ProcessEnv,
  object: ObjectRef,
): Promise<Credential> => {
  const { issueCredential } = await import('./credentials.ts');
  const credential = await issueCredential(configuration, object);
  try {
    keepCredential(folderIn(environment), object, credential);
  } catch (error) {
    const folder = folderIn(environment);
    say(`slipway: the credential was not kept in ${folder}, so the next call takes longer: ${messagesOf(error)[0]}`);
  }
  return credential;
};

export const credentialFor = async (
  configuration: ClientConfiguration,
  environment: NodeJS.ProcessEnv,
  object: ObjectRef,
): Promise<Credential> =>
  cachedCredential(folderIn(environment), object, Date.now()) ?? newCredential(configuration, environment, object);

/** What kubectl reads from an exec plugin. */
export const execCredential = (credential: Credential): string =>
  JSON.stringify({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: {
      expirationTimestamp: credential.expiresAt,
      clientCertificateData: credential.certificate,
      clientKeyData: credential.key,
    },
  });
