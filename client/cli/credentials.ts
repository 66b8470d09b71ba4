/**
 * Credentials: a short-lived client certificate for one cluster, issued on request.
 *
 * Owns: the key pair, which never leaves this machine (I8), and the request. Neighbours: the `IssueCredential` workflow
 * signs; `credential-cache.ts` keeps; `exec-credential.ts` hands them to kubectl.
 */
import type { ObjectRef } from '../../api/object.ts';
import { ended } from '../../words/text.ts';
import { ISSUE_CREDENTIAL_WORKFLOW, type IssuedCertificate } from '../../workflows/messages.ts';
import type { ClientConfiguration } from '../configuration.ts';

export const LIFETIME_SECONDS = 3_600;

export type Credential = IssuedCertificate & { readonly key: string };

const makeRequest = async (): Promise<{ key: string; csr: string }> => {
  await import('reflect-metadata');
  const { PemConverter, Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=slipway-admin',
    keys,
    signingAlgorithm: algorithm,
  });
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { key, csr: request.toString('pem') };
};

/** Issues a new credential through a short workflow. */
export const issueCredential = async (configuration: ClientConfiguration, object: ObjectRef): Promise<Credential> => {
  const [{ runBriefly }, { key, csr }] = await Promise.all([import('../temporal.ts'), makeRequest()]);
  const { namespace, name } = object;
  const issued = await runBriefly<IssuedCertificate>(configuration, {
    type: ISSUE_CREDENTIAL_WORKFLOW,
    id: `credential/${namespace}/${name}`,
    args: [{ object, csr, lifetimeSeconds: LIFETIME_SECONDS }],
    summary: `Credentials for ${namespace}/${name}`,
    deadline: '30 s',
    failed: (why) =>
      `No credentials were issued for cluster ${namespace}/${name}: ${ended(why)} Is the worker up (npm run sandbox -- status), and does the cluster exist?`,
  });
  return { ...issued, key };
};
