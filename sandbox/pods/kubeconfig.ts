/**
 * Kubeconfig: how kwok reaches a cluster, and as whom.
 *
 * Owns: issuing its client certificate. It is an administrator's (group system:masters), because kwok belongs to the
 * sandbox and not to the cluster, whose RBAC must not know it: said in `sandbox/differences.ts`. The key is made here,
 * stays in a file of mode 0600 in the sandbox's home, and goes with the cluster.
 */
import { stringify } from 'yaml';
import type { AuthorityKeys } from './management.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 24 * 60 * 60 * 1000;

/** A client certificate for a year, or until its authority ends. */
const issueClientCertificate = async (authority: AuthorityKeys): Promise<AuthorityKeys> => {
  // Loaded at the first cluster: the library is most of what this part would otherwise need to start.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const issuer = new x509.X509Certificate(authority.certificate);
  const signingKey = await crypto.subtle.importKey(
    'pkcs8',
    x509.PemConverter.decodeFirst(authority.key),
    ALGORITHM,
    false,
    ['sign'],
  );
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'O=system:masters, CN=sandbox-kwok',
    issuer: issuer.subjectName,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Math.min(Date.now() + 365 * DAY_MS, issuer.notAfter.getTime())),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
    ],
  });
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { certificate: certificate.toString('pem'), key: x509.PemConverter.encode(key, 'PRIVATE KEY') };
};

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** The file's content: the API by its load balancer's name, through the sandbox's proxy. */
export const kwokKubeconfig = async (options: {
  readonly endpoint: string;
  readonly proxy: string;
  readonly authority: AuthorityKeys;
}): Promise<string> => {
  const client = await issueClientCertificate(options.authority);
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'cluster',
    clusters: [
      {
        name: 'cluster',
        cluster: {
          server: `https://${options.endpoint}`,
          'certificate-authority-data': base64(options.authority.certificate),
          'proxy-url': options.proxy,
        },
      },
    ],
    users: [
      {
        name: 'kwok',
        user: { 'client-certificate-data': base64(client.certificate), 'client-key-data': base64(client.key) },
      },
    ],
    contexts: [{ name: 'cluster', context: { cluster: 'cluster', user: 'kwok' } }],
  });
};
