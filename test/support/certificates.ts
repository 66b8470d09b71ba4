/** Throwaway certificates for a server in a test: an authority, and one leaf under it that names an address. */
import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

export type ServerCertificates = {
  /** PEM of the authority, which clients trust. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
};

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** PEM; the key is PKCS8. */
export type GivenAuthority = { readonly certificate: string; readonly key: string };

const signerOf = async (given: GivenAuthority) => ({
  authority: new x509.X509Certificate(given.certificate),
  signingKey: await crypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(given.key), algorithm, false, [
    'sign',
  ]),
});

/** Certificates for the server at an IP address, good for a day, under a throwaway authority unless one is given. */
export const makeServerCertificates = async (
  host: string,
  given?: GivenAuthority,
  dnsNames: readonly string[] = [],
): Promise<ServerCertificates> => {
  const generate = (): Promise<webcrypto.CryptoKeyPair> =>
    crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const validity = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 86_400_000) };
  const [authorityKeys, keys] = await Promise.all([generate(), generate()]);
  const signer =
    given === undefined
      ? {
          signingKey: authorityKeys.privateKey,
          authority: await x509.X509CertificateGenerator.createSelfSigned({
            ...validity,
            name: 'CN=test',
            keys: authorityKeys,
            signingAlgorithm: algorithm,
            extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
          }),
        }
      : await signerOf(given);
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity,
    subject: `CN=${host}`,
    issuer: signer.authority.subjectName,
    publicKey: keys.publicKey,
    signingKey: signer.signingKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        { type: 'ip', value: host },
        ...dnsNames.map((value) => ({ type: 'dns', value }) as const),
      ]),
      // For either end, so that clients in a test can prove themselves as well.
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
    ],
  });
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { authority: signer.authority.toString('pem'), certificate: certificate.toString('pem'), key };
};
