/** Certificates that people get, whatever they ask for. */
import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { createAuthority } from '../../../activities/kubernetes/certificates.ts';
import { issueCertificate } from '../../../activities/kubernetes/credentials.ts';
import { verdictOf } from '../../../activities/verdicts.ts';
import { generateKeyPair } from '../../../machine/x509.ts';

const P256 = { name: 'ECDSA', hash: 'SHA-256' };
const HOUR_MS = 3600 * 1_000;

const requestFor = async (name: string): Promise<string> => {
  const keys = await generateKeyPair();
  const request = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: P256 });
  return request.toString('pem');
};

const thrownBy = async (promise: Promise<unknown>): Promise<ReturnType<typeof verdictOf>> =>
  promise.then(
    () => {
      throw new Error('it was granted');
    },
    (error: unknown) => verdictOf(error),
  );

describe('an issued certificate', () => {
  test('is an administrator’s, under a name that nobody else in the cluster has', async () => {
    const authority = await createAuthority('root');
    const issued = await issueCertificate(await requestFor('CN=ada@example.com'), 3600, authority);
    const certificate = new X509Certificate(issued.certificate);
    expect(certificate.subject).toBe('O=system:masters\nCN=slipway:ada@example.com');
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
    expect(issued.expiresAt).toBe(new Date(certificate.validTo).toISOString());
  });

  test('has none of the subject that was asked for but a harmless name', async () => {
    const authority = await createAuthority('root');
    const csr = await requestFor('O=system:nodes, CN=system:node:ip-10-0-0-1');
    const issued = await issueCertificate(csr, 3600, authority);
    expect(new X509Certificate(issued.certificate).subject).toBe('O=system:masters\nCN=slipway:admin');
  });

  test('lives as long as was asked for, but never longer than twelve hours', async () => {
    const authority = await createAuthority('root');
    const csr = await requestFor('CN=ada');
    const now = Date.now();
    const hour = await issueCertificate(csr, 3600, authority, now);
    const week = await issueCertificate(csr, 7 * 24 * 3600, authority, now);
    expect(Math.abs(Date.parse(hour.expiresAt) - now - HOUR_MS)).toBeLessThan(1_000);
    expect(Math.abs(Date.parse(week.expiresAt) - now - 12 * HOUR_MS)).toBeLessThan(1_000);
  });
});

describe('a request is refused', () => {
  test('when its signature is not by its own key', async () => {
    const authority = await createAuthority('root');
    const csr = await requestFor('CN=ada');
    const bytes = Buffer.from(csr.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    const last = bytes.length - 1;
    bytes[last] = (bytes[last] ?? 0) ^ 1;
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    const { verdict, message } = await thrownBy(issueCertificate(forged, 3600, authority));
    expect(verdict).toBe('blocked');
    expect(message).toContain('not signed by its own key');
  });

  test('when it is no request at all', async () => {
    const { verdict } = await thrownBy(issueCertificate('hello', 3600, await createAuthority('root')));
    expect(verdict).toBe('blocked');
  });

  test('when its key is of another kind', async () => {
    const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, true, ['sign', 'verify']);
    const csr = await Pkcs10CertificateRequestGenerator.create({ name: 'CN=a', keys, signingAlgorithm: P256 });
    const { message } = await thrownBy(issueCertificate(csr.toString('pem'), 3600, await createAuthority('root')));
    expect(message).toContain('ECDSA P-256');
  });
});
