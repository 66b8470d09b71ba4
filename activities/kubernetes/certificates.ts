/**
 * Certificates: authorities, and the client certificates that are issued under a cluster's root.
 *
 * Owns: X.509 on the worker's side. Neighbours: `secrets/` keep authorities, `credentials.ts` issues for people,
 * `user-cluster.ts` for the worker itself; replicas issue their own leaf certificates (`machine/certificates.ts`).
 * Invariants: I8 (private keys go in and never out of here, but into the Secret that keeps them).
 */
import 'reflect-metadata';
import { randomBytes, type webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  type PublicKey,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 24 * 3600 * 1_000;
const AUTHORITY_LIFETIME_MS = 3_650 * DAY_MS;
/** Certificates are valid from a little before they were made: clocks of machines differ. */
const CLOCK_SKEW_MS = 5 * 60 * 1_000;

/** PEM; the key is PKCS8. */
export type KeyAndCertificate = { readonly certificate: string; readonly key: string };

export type Subject = { readonly organization: string; readonly commonName: string };

export const generateKeyPair = (): Promise<webcrypto.CryptoKeyPair> =>
  crypto.subtle.generateKey(P256, true, ['sign', 'verify']);

export const privateKeyPem = async (key: webcrypto.CryptoKey): Promise<string> =>
  `${PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;

export const publicKeyPem = async (key: webcrypto.CryptoKey): Promise<string> =>
  `${PemConverter.encode(await crypto.subtle.exportKey('spki', key), 'PUBLIC KEY')}\n`;

/** Twenty random bytes, positive, as RFC 5280 wants them. */
const serialNumber = (): string => {
  const bytes = randomBytes(20);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
};

const importPrivateKey = (pem: string): Promise<webcrypto.CryptoKey> =>
  crypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(pem), P256, false, ['sign']);

/** A new certificate authority of ten years. */
export const createAuthority = async (commonName: string, now = Date.now()): Promise<KeyAndCertificate> => {
  const keys = await generateKeyPair();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName] }],
    keys,
    signingAlgorithm: P256,
    serialNumber: serialNumber(),
    notBefore: new Date(now - CLOCK_SKEW_MS),
    notAfter: new Date(now + AUTHORITY_LIFETIME_MS),
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
  const now = options.now ?? Date.now();
  const authority = new X509Certificate(options.authority.certificate);
  const notAfter = new Date(Math.min(now + options.lifetimeMs, authority.notAfter.getTime()));
  const certificate = await X509CertificateGenerator.create({
    subject: [{ O: [options.subject.organization] }, { CN: [options.subject.commonName] }],
    issuer: authority.subjectName,
    publicKey: options.publicKey,
    signingKey: await importPrivateKey(options.authority.key),
    signingAlgorithm: P256,
    serialNumber: serialNumber(),
    notBefore: new Date(now - CLOCK_SKEW_MS),
    notAfter,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, notAfter };
};
