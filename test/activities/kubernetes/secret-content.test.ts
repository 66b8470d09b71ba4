/** What the secrets of a cluster contain. */
import 'reflect-metadata';
import { createHash, createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { issueClientCertificate } from '../../../activities/kubernetes/certificates.ts';
import { createContent, defectOf, outputsOf } from '../../../activities/kubernetes/secret-content.ts';
import { generateKeyPair } from '../../../machine/x509.ts';

const YEAR_MS = 365 * 24 * 3600 * 1_000;

describe('a certificate authority', () => {
  test('lives ten years, signs certificates and nothing else may be done in its name', async () => {
    const data = await createContent({ type: 'certificate-authority', commonName: 'gke-1 root' }, 'gke-1');
    const certificate = new X509Certificate(data['tls.crt'] ?? '');
    expect(certificate.ca).toBe(true);
    expect(certificate.subject).toBe('CN=gke-1 root');
    expect(certificate.checkPrivateKey(createPrivateKey(data['tls.key'] ?? ''))).toBe(true);
    const life = Date.parse(certificate.validTo) - Date.now();
    expect(life).toBeGreaterThan(9.9 * YEAR_MS);
    expect(life).toBeLessThan(10.1 * YEAR_MS);
  });

  test('issues client certificates that it verifies, and that never outlive it', async () => {
    const data = await createContent({ type: 'certificate-authority', commonName: 'gke-1 root' }, 'gke-1');
    const authority = { certificate: data['tls.crt'] ?? '', key: data['tls.key'] ?? '' };
    const { publicKey } = await generateKeyPair();
    const subject = { organization: 'system:masters', commonName: 'slipway-worker' };
    const issued = await issueClientCertificate({ authority, subject, publicKey, lifetimeMs: 100 * YEAR_MS });
    const parsed = new X509Certificate(issued.certificate);
    const signer = new X509Certificate(authority.certificate);
    expect(parsed.verify(signer.publicKey)).toBe(true);
    expect(parsed.checkIssued(signer)).toBe(true);
    expect(parsed.subject).toBe('O=system:masters\nCN=slipway-worker');
    expect(parsed.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(issued.notAfter.getTime()).toBe(Date.parse(signer.validTo));
  });
});

describe('a signing key', () => {
  test('is a pair of PEM, P-256', async () => {
    const data = await createContent({ type: 'signing-key' }, 'gke-1');
    const derived = createPublicKey(data['key'] ?? '').export({ type: 'spki', format: 'pem' });
    expect(data['public']).toBe(derived);
    expect(createPrivateKey(data['key'] ?? '').asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  });
});

describe('an SSH key', () => {
  test('has a public half in the form that authorized_keys takes', async () => {
    const data = await createContent({ type: 'ssh-key' }, 'gke-1');
    const [algorithm, blob = '', comment] = (data['ssh-publickey'] ?? '').trim().split(' ');
    expect(algorithm).toBe('ecdsa-sha2-nistp256');
    expect(comment).toBe('gke-1');
    const jwk = createPublicKey(data['ssh-privatekey'] ?? '').export({ format: 'jwk' });
    const point = Buffer.concat([
      Buffer.from([4]),
      Buffer.from(jwk.x ?? '', 'base64url'),
      Buffer.from(jwk.y ?? '', 'base64url'),
    ]);
    expect(Buffer.from(blob, 'base64').subarray(-65)).toEqual(point);
  });
});

describe('a bootstrap token', () => {
  test('has the form that Kubernetes wants, and is never the same', async () => {
    const tokens = await Promise.all(
      Array.from(
        { length: 20 },
        async () => (await createContent({ type: 'bootstrap-token' }, 'gke-1'))['token'] ?? '',
      ),
    );
    for (const token of tokens) expect(token).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
    expect(new Set(tokens).size).toBe(20);
  });
});

describe('outputs', () => {
  test('carry fingerprints and public parts, and nothing that is secret', async () => {
    const types = [
      { type: 'certificate-authority', commonName: 'x' },
      { type: 'signing-key' },
      { type: 'ssh-key' },
      { type: 'bootstrap-token' },
    ] as const;
    for (const content of types) {
      const data = await createContent(content, 'gke-1');
      const outputs = JSON.stringify(outputsOf('name', content.type, data));
      expect(outputs).not.toContain('PRIVATE KEY');
      for (const [entry, value] of Object.entries(data)) {
        if (!['tls.crt', 'public'].includes(entry)) expect(outputs).not.toContain(JSON.stringify(value).slice(1, -1));
      }
    }
  });

  test('have the same fingerprint for the same content, however its entries are ordered', () => {
    const one = outputsOf('n', 'signing-key', { key: 'k', public: 'p' });
    const other = outputsOf('n', 'signing-key', { public: 'p', key: 'k' });
    expect(one).toEqual(other);
    expect(one['fingerprint']).toBe(createHash('sha256').update('key\0k\0public\0p\0').digest('hex'));
  });
});

describe('content that machines could not use', () => {
  test('is named as what it is', () => {
    expect(defectOf('certificate-authority', { 'tls.crt': 'x' })).toBe('it lacks tls.key');
    expect(defectOf('certificate-authority', { 'tls.crt': 'x', 'tls.key': 'y' })).toContain('not a certificate');
    expect(defectOf('bootstrap-token', { token: 'short' })).toContain('<6>.<16>');
    expect(defectOf('signing-key', { key: 'k', public: 'p' })).toBeUndefined();
  });
});
