/**
 * Certificates: authorities, and the client certificates that are issued under a cluster's root.
 *
 * Owns: X.509 on the worker's side. Neighbours: `machine/x509.ts` makes keys and signs; `secrets/` keep authorities, `credentials.ts` issues for people,
 * `user-cluster.ts` for the worker itself; replicas issue their own leaf certificates (`machine/certificates.ts`).
 * Invariants: I8 (private keys go in and never out of here, but into the Secret that keeps them).
 */
import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  type PublicKey,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import {
  generateKeyPair,
  P256,
  privateKeyPem,
  serialNumber,
  signerOf,
  signLeaf,
  validity,
} from '../../machine/x509.ts';

const DAY_MS = 24 * 3600 * 1_000;
/** Nobody renews one: docs/security.md says so, and what then. */
export const AUTHORITY_LIFETIME_MS = 3_650 * DAY_MS;
/** PEM; the key is PKCS8. */
export type KeyAndCertificate = { readonly certificate: string; readonly key: string };

export type Subject = { readonly organization: string; readonly commonName: string };

/** A new certificate authority of ten years. */
export const createAuthority = async (commonName: string, now = Date.now()): Promise<KeyAndCertificate> => {
  const keys = await generateKeyPair();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName] }],
    keys,
    signingAlgorithm: P256,
    serialNumber: serialNumber(),
    ...validity(now, AUTHORITY_LIFETIME_MS),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await privateKeyPem(keys.privateKey) };
};

export type IssuedClientCertificate = { readonly certificate: string; readonly notAfter: Date };

/** A client certificate for a public key. It never outlives its authority. */
export const issueClientCertificate = async (options: {
  readonly authority: KeyAndCertificate;
  readonly subject: Subject;
  readonly publicKey: PublicKey | webcrypto.CryptoKey;
  readonly lifetimeMs: number;
  readonly now?: number;
}): Promise<IssuedClientCertificate> => {
  const { authority, subject, publicKey, lifetimeMs, now } = options;
  const certificate = await signLeaf(await signerOf(authority.certificate, authority.key), {
    publicKey,
    subject: [{ O: [subject.organization] }, { CN: [subject.commonName] }],
    usages: ['client'],
    lifetime: lifetimeMs,
    ...(now === undefined ? {} : { now }),
  });
  return { certificate: `${certificate.toString('pem')}\n`, notAfter: certificate.notAfter };
};
