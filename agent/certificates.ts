/**
 * Certificates: issues a replica's leaf certificates at boot and renews them while it runs.
 *
 * Owns: signing with the authorities' keys, which stay in this process's memory; only the controller manager, which
 * signs nodes' certificates, gets one of them as a file. A renewal signs the same key again, so that a certificate file
 * is replaced in one rename and never disagrees with its key; the programs read it again by themselves.
 * Neighbours: `machine/certificates.ts` says which leaves there are and when they are due, `machine/x509.ts` how one is signed; the host keeps the folder
 * private, in memory where it has such a file system.
 * Invariant: I8 (keys are written to 0600 files in a 0700 folder and nowhere else).
 */

import { createPublicKey, type webcrypto } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { type Authority, LEAF_LIFETIME_SECONDS, type LeafCertificate, renewalTime } from '../machine/certificates.ts';
import type { ReplicaConfiguration, ReplicaSecrets } from '../machine/configuration.ts';
import { generateKeyPair, privateKeyPem, type Signer, signerOf, signLeaf } from '../machine/x509.ts';
import { wholeMessageOf } from '../words/failure.ts';
import { writePrivate } from './files.ts';
import type { Log } from './log.ts';
import { pause } from './persist.ts';

const CHECK_MILLIS = 3_600_000;

export type Signers = Readonly<Record<Authority, Signer>>;

export const signersOf = async (configuration: ReplicaConfiguration, secrets: ReplicaSecrets): Promise<Signers> => {
  const { certificateAuthorities } = configuration;
  const [root, etcd, frontProxy] = await Promise.all([
    signerOf(certificateAuthorities.root, secrets.rootCaKey),
    signerOf(certificateAuthorities.etcd, secrets.etcdCaKey),
    signerOf(certificateAuthorities.frontProxy, secrets.frontProxyCaKey),
  ]);
  return { root, etcd, 'front-proxy': frontProxy };
};

export type LeafStore = {
  /** Issues, as of `now` in epoch milliseconds, every certificate whose time has come; returns the names of those it issued. */
  renewDue(now: number): Promise<readonly string[]>;
};

/** Issues all leaves into the folder, each with a key of its own, beside the authorities that verify them. */
export const issueLeaves = async (options: {
  readonly leaves: readonly LeafCertificate[];
  readonly signers: Signers;
  readonly secrets: ReplicaSecrets;
  readonly directory: string;
  readonly lifetimeSeconds?: number;
  /** When they are issued, in epoch milliseconds. */
  readonly now?: number;
}): Promise<LeafStore> => {
  const { leaves, signers, directory, lifetimeSeconds = LEAF_LIFETIME_SECONDS, now: began = Date.now() } = options;
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
  const issue = async (leaf: LeafCertificate, publicKey: webcrypto.CryptoKey, now: number): Promise<number> => {
    const certificate = await signLeaf(signers[leaf.authority], {
      ...leaf,
      subject: [...leaf.organizations.map((name) => ({ O: [name] })), { CN: [leaf.commonName] }],
      publicKey,
      lifetime: lifetimeSeconds * 1000,
      now,
    });
    await writePrivate(`${directory}/${leaf.name}.crt`, certificate.toString('pem'));
    return renewalTime({ notBefore: certificate.notBefore.getTime(), notAfter: certificate.notAfter.getTime() });
  };
  const issued = await Promise.all(
    leaves.map(async (leaf) => {
      const pair = await generateKeyPair();
      await writePrivate(`${directory}/${leaf.name}.key`, await privateKeyPem(pair.privateKey));
      return { leaf, publicKey: pair.publicKey, renewAt: await issue(leaf, pair.publicKey, began) };
    }),
  );
  return {
    renewDue: async (now) => {
      const due = issued.filter((each) => each.renewAt <= now);
      for (const each of due) each.renewAt = await issue(each.leaf, each.publicKey, now);
      return due.map((each) => each.leaf.name);
    },
  };
};

/** Renews until the signal is aborted. All of them were just issued, so nothing is due before the first pause. */
export const keepRenewed = async (
  store: LeafStore,
  log: Log,
  signal: AbortSignal,
  everyMillis = CHECK_MILLIS,
): Promise<void> => {
  for (;;) {
    await pause(everyMillis, signal);
    try {
      const names = await store.renewDue(Date.now());
      if (names.length > 0) log.info('Certificates were renewed', { certificates: names });
    } catch (thrown) {
      log.error(`Certificates could not be renewed, tried again in ${everyMillis / 1000} s: ${wholeMessageOf(thrown)}`);
    }
  }
};
