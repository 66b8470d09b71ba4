/**
 * Kubeconfig: how kwok reaches a cluster, and as whom.
 *
 * Owns: issuing its client certificate. It is an administrator's (group system:masters), because kwok belongs to the
 * sandbox and not to the cluster, whose RBAC must not know it: said in `sandbox/differences.ts`. The key is made here,
 * stays in a file of mode 0600 in the sandbox's home, and goes with the cluster.
 */
import { stringify } from 'yaml';
import { apiServerName } from '../../api/names.ts';
import type { AuthorityKeys } from './management.ts';

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

/** A client certificate for a year, or until its authority ends. */
const issueClientCertificate = async (authority: AuthorityKeys): Promise<AuthorityKeys> => {
  // Loaded at the first cluster: the library is most of what this part would otherwise need to start.
  const { generateKeyPair, privateKeyPem, signerOf, signLeaf } = await import('../../machine/x509.ts');
  const keys = await generateKeyPair();
  const certificate = await signLeaf(await signerOf(authority.certificate, authority.key), {
    publicKey: keys.publicKey,
    subject: 'O=system:masters, CN=sandbox-kwok',
    usages: ['client'],
    lifetime: YEAR_MS,
  });
  return { certificate: certificate.toString('pem'), key: await privateKeyPem(keys.privateKey) };
};

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** The file's content: the API by its load balancer's name, through the sandbox's proxy. */
export const kwokKubeconfig = async (options: {
  /** `gke-<eight hex digits>`. */
  readonly id: string;
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
          'tls-server-name': apiServerName(options.id),
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
