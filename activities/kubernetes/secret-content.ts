/**
 * Secret content: how each secret of a cluster is made, and what of it may be known.
 *
 * Owns: the bytes. Neighbours: `secret.ts` keeps them in a Kubernetes Secret; sealed user data carries them to machines.
 * Invariants: I8 (only fingerprints, certificates and public keys leave as outputs).
 */
import 'reflect-metadata';
import { randomInt, type webcrypto } from 'node:crypto';
import { X509Certificate } from '@peculiar/x509';
import type { Outputs } from '../../kinds/row.ts';
import type { SecretContent } from '../../kinds/secret.ts';
import { type SecretData, secretFingerprint } from '../../machine/envelope.ts';
import { generateKeyPair, privateKeyPem, publicKeyPem } from '../../machine/x509.ts';
import { createAuthority } from './certificates.ts';

type Form = {
  /** The Secret's type, which Kubernetes checks the entries of. */
  readonly type: string;
  readonly entries: readonly string[];
};

export const FORMS: Readonly<Record<SecretContent['type'], Form>> = {
  'certificate-authority': { type: 'kubernetes.io/tls', entries: ['tls.crt', 'tls.key'] },
  'signing-key': { type: 'Opaque', entries: ['key', 'public'] },
  'ssh-key': { type: 'kubernetes.io/ssh-auth', entries: ['ssh-privatekey', 'ssh-publickey'] },
  'bootstrap-token': { type: 'Opaque', entries: ['token'] },
};

const TOKEN_CHARACTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

const randomCharacters = (length: number): string =>
  Array.from({ length }, () => TOKEN_CHARACTERS.charAt(randomInt(TOKEN_CHARACTERS.length))).join('');

/** One string of SSH's wire format: its length in four bytes, then its bytes. */
const sshString = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

const sshPublicKey = async (key: webcrypto.CryptoKey, comment: string): Promise<string> => {
  const point = Buffer.from(await crypto.subtle.exportKey('raw', key));
  const algorithm = 'ecdsa-sha2-nistp256';
  const blob = Buffer.concat([sshString(algorithm), sshString('nistp256'), sshString(point)]);
  return `${algorithm} ${blob.toString('base64')} ${comment}\n`;
};

/** New content. `owner` is the cluster's id, for what carries a comment. */
export const createContent = async (content: SecretContent, owner: string): Promise<SecretData> => {
  switch (content.type) {
    case 'certificate-authority': {
      const authority = await createAuthority(content.commonName);
      return { 'tls.crt': authority.certificate, 'tls.key': authority.key };
    }
    case 'signing-key': {
      const keys = await generateKeyPair();
      return { key: await privateKeyPem(keys.privateKey), public: await publicKeyPem(keys.publicKey) };
    }
    case 'ssh-key': {
      const keys = await generateKeyPair();
      return {
        'ssh-privatekey': await privateKeyPem(keys.privateKey),
        'ssh-publickey': await sshPublicKey(keys.publicKey, owner),
      };
    }
    case 'bootstrap-token':
      return { token: `${randomCharacters(6)}.${randomCharacters(16)}` };
  }
};

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).notAfter.getTime() > Date.now();
  } catch {
    // Not a certificate at all: for its user that is the same as one that has expired.
    return false;
  }
};

/** What makes content unusable, as a sentence; undefined when nothing does. */
export const defectOf = (type: SecretContent['type'], data: SecretData): string | undefined => {
  const missing = FORMS[type].entries.filter((entry) => !data[entry]);
  if (missing.length > 0) return `it lacks ${missing.join(' and ')}`;
  if (type === 'certificate-authority' && !isCertificate(data['tls.crt'] ?? '')) {
    return 'its tls.crt is not a certificate, or one that has expired';
  }
  if (type === 'bootstrap-token' && !/^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(data['token'] ?? '')) {
    return 'its token is not of the form <6>.<16>';
  }
  return undefined;
};

/** What the rest of a plan may know of it (I8). */
export const outputsOf = (name: string, type: SecretContent['type'], data: SecretData): Outputs => {
  const outputs = { name, fingerprint: secretFingerprint(data) };
  switch (type) {
    case 'certificate-authority':
      return { ...outputs, certificate: data['tls.crt'] ?? '' };
    case 'signing-key':
      return { ...outputs, public: data['public'] ?? '' };
    case 'ssh-key':
    case 'bootstrap-token':
      return outputs;
  }
};
