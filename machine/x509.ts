/**
 * X.509: keys and certificates, as every room makes them.
 *
 * Owns: the kind of key, its PEM, and how a leaf is signed: serial number, validity, extensions. Neighbours: `certificates.ts`
 * says which leaves a replica has; `agent/certificates.ts`, `activities/kubernetes/certificates.ts` and the sandbox say for
 * whom. The command line loads no machine's code, and makes the one key that it needs by itself.
 * Invariant: I8 (private keys go to whoever asked, and nowhere else).
 */
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

export const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Certificates are valid from a little before they were made: clocks of machines differ. */
const CLOCK_SKEW_MS = 300_000;

export const generateKeyPair = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);

/** PKCS8. */
export const privateKeyPem = async (key: webcrypto.CryptoKey): Promise<string> =>
  `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;

export const publicKeyPem = async (key: webcrypto.CryptoKey): Promise<string> =>
  `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('spki', key), 'PUBLIC KEY')}\n`;

/** Twenty random bytes, positive, as RFC 5280 wants them. */
export const serialNumber = (): string => {
  const bytes = randomBytes(20);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
};

/** Both in milliseconds. */
export const validity = (now: number, lifetime: number): { readonly notBefore: Date; readonly notAfter: Date } => ({
  notBefore: new Date(now - CLOCK_SKEW_MS),
  notAfter: new Date(now + lifetime),
});

/** An authority that can sign. */
export type Signer = { readonly certificate: x509.X509Certificate; readonly key: webcrypto.CryptoKey };

/** Of PEM; the key is PKCS8. */
export const signerOf = async (certificate: string, key: string): Promise<Signer> => ({
  certificate: new x509.X509Certificate(certificate),
  key: await webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(key), P256, false, ['sign']),
});

export type Usage = 'server' | 'client';

const EXTENDED_KEY_USAGES = {
  server: x509.ExtendedKeyUsage.serverAuth,
  client: x509.ExtendedKeyUsage.clientAuth,
} as const;

export type SignableLeaf = {
  readonly publicKey: x509.PublicKey | webcrypto.CryptoKey;
  readonly subject: string | x509.JsonName;
  readonly usages: readonly Usage[];
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
  /** In milliseconds. */
  readonly lifetime: number;
  readonly now?: number;
};

/** Signs one leaf. Its life ends no later than its authority's. */
export const signLeaf = async (signer: Signer, leaf: SignableLeaf): Promise<x509.X509Certificate> => {
  const { notBefore, notAfter } = validity(leaf.now ?? Date.now(), leaf.lifetime);
  const names: x509.JsonGeneralNames = [
    ...(leaf.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(leaf.addresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  return x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: leaf.subject,
    issuer: signer.certificate.subjectName,
    notBefore,
    notAfter: new Date(Math.min(notAfter.getTime(), signer.certificate.notAfter.getTime())),
    publicKey: leaf.publicKey,
    signingKey: signer.key,
    signingAlgorithm: P256,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(leaf.usages.map((usage) => EXTENDED_KEY_USAGES[usage])),
      await x509.AuthorityKeyIdentifierExtension.create(signer.certificate),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ],
  });
};
