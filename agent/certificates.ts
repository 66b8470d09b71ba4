/**
 * Certificates: issues a replica's leaf certificates at boot and renews them while it runs.
 *
 * Owns: signing with the authorities' keys, which stay in this process's memory; only the controller manager, which
 * signs nodes' certificates, gets one of them as a file. A renewal signs the same key again, so that a certificate file
 * is replaced in one rename and never disagrees with its key; the programs read it again by themselves.
 * Neighbours: `machine/certificates.ts` says which leaves there are and when they are due; the host keeps the folder
 * private, in memory where it has such a file system.
 * Invariant: I8 (keys are written to 0600 files in a 0700 folder and nowhere else).
 */
import { messageOf } from './failure.ts';
import 'reflect-metadata';
import { createPublicKey, randomBytes, webcrypto } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import * as x509 from '@peculiar/x509';
import {
  type Authority,
  CLOCK_SKEW_SECONDS,
  LEAF_LIFETIME_SECONDS,
  type LeafCertificate,
  renewalTime,
} from '../machine/certificates.ts';
import type { ReplicaConfiguration, ReplicaSecrets } from '../machine/configuration.ts';
import { writePrivate } from './files.ts';
import type { Log } from './log.ts';
import { pause } from './persist.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const CHECK_MILLIS = 3_600_000;

type Signer = { readonly certificate: x509.X509Certificate; readonly key: webcrypto.CryptoKey };

export type Signers = Readonly<Record<Authority, Signer>>;

const signerOf = async (certificatePem: string, keyPem: string): Promise<Signer> => ({
  certificate: new x509.X509Certificate(certificatePem),
  key: await webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(keyPem), ALGORITHM, false, ['sign']),
});

export const signersOf = async (configuration: ReplicaConfiguration, secrets: ReplicaSecrets): Promise<Signers> => {
  const { certificateAuthorities } = configuration;
  const [root, etcd, frontProxy] = await Promise.all([
    signerOf(certificateAuthorities.root, secrets.rootCaKey),
    signerOf(certificateAuthorities.etcd, secrets.etcdCaKey),
    signerOf(certificateAuthorities.frontProxy, secrets.frontProxyCaKey),
  ]);
  return { root, etcd, 'front-proxy': frontProxy };
};

const keyUsages = {
  server: x509.ExtendedKeyUsage.serverAuth,
  client: x509.ExtendedKeyUsage.clientAuth,
} as const;

/** Sixteen random bytes, positive, as RFC 5280 wants them. */
const serialNumber = (): string => {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
};

/** Signs one leaf. Its life ends no later than its authority's. */
const sign = async (
  leaf: LeafCertificate,
  publicKey: webcrypto.CryptoKey,
  signer: Signer,
  lifetimeSeconds: number,
): Promise<x509.X509Certificate> => {
  const now = Date.now();
  const names: x509.JsonGeneralNames = [
    ...leaf.dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...leaf.addresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  return x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [...leaf.organizations.map((name) => ({ O: [name] })), { CN: [leaf.commonName] }],
    issuer: signer.certificate.subjectName,
    notBefore: new Date(now - CLOCK_SKEW_SECONDS * 1000),
    notAfter: new Date(Math.min(now + lifetimeSeconds * 1000, signer.certificate.notAfter.getTime())),
    publicKey,
    signingKey: signer.key,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(leaf.usages.map((usage) => keyUsages[usage])),
      await x509.AuthorityKeyIdentifierExtension.create(signer.certificate),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ],
  });
};

const pkcs8 = async (key: webcrypto.CryptoKey): Promise<string> =>
  x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');

export type LeafStore = {
  /** Issues every certificate whose time has come; returns the names of those it issued. */
  renewDue(now: number): Promise<readonly string[]>;
};

/** Issues all leaves into the folder, each with a key of its own, beside the authorities that verify them. */
export const issueLeaves = async (options: {
  readonly leaves: readonly LeafCertificate[];
  readonly signers: Signers;
  readonly secrets: ReplicaSecrets;
  readonly directory: string;
  readonly lifetimeSeconds?: number;
}): Promise<LeafStore> => {
  const { leaves, signers, directory } = options;
  const lifetimeSeconds = options.lifetimeSeconds ?? LEAF_LIFETIME_SECONDS;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await Promise.all([
    writePrivate(`${directory}/root-ca.crt`, signers.root.certificate.toString('pem')),
    writePrivate(`${directory}/etcd-ca.crt`, signers.etcd.certificate.toString('pem')),
    writePrivate(`${directory}/front-proxy-ca.crt`, signers['front-proxy'].certificate.toString('pem')),
    // The controller manager signs nodes' certificates with it.
    writePrivate(`${directory}/root-ca.key`, options.secrets.rootCaKey),
    writePrivate(`${directory}/service-account.key`, options.secrets.serviceAccountKey),
    writePrivate(
      `${directory}/service-account.pub`,
      createPublicKey(options.secrets.serviceAccountKey).export({ type: 'spki', format: 'pem' }).toString(),
    ),
  ]);
  const issue = async (leaf: LeafCertificate, publicKey: webcrypto.CryptoKey): Promise<number> => {
    const certificate = await sign(leaf, publicKey, signers[leaf.authority], lifetimeSeconds);
    await writePrivate(`${directory}/${leaf.name}.crt`, certificate.toString('pem'));
    return renewalTime({ notBefore: certificate.notBefore.getTime(), notAfter: certificate.notAfter.getTime() });
  };
  const issued = await Promise.all(
    leaves.map(async (leaf) => {
      const pair = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
      await writePrivate(`${directory}/${leaf.name}.key`, await pkcs8(pair.privateKey));
      return { leaf, publicKey: pair.publicKey, renewAt: await issue(leaf, pair.publicKey) };
    }),
  );
  return {
    renewDue: async (now) => {
      const due = issued.filter((each) => each.renewAt <= now);
      for (const each of due) each.renewAt = await issue(each.leaf, each.publicKey);
      return due.map((each) => each.leaf.name);
    },
  };
};

/** Renews until the signal is aborted. */
export const keepRenewed = async (store: LeafStore, log: Log, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    try {
      const names = await store.renewDue(Date.now());
      if (names.length > 0) log.info('Certificates were renewed', { certificates: names });
    } catch (thrown) {
      log.error(`Certificates could not be renewed, tried again in an hour: ${messageOf(thrown)}`);
    }
    await pause(CHECK_MILLIS, signal);
  }
};
