import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { cachedCredential, keepCredential } from '../../client/cli/credential-cache.ts';
import type { Credential } from '../../client/cli/credentials.ts';
import { execCredential } from '../../client/cli/exec-credential.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const MINUTE = 60_000;

const credentialUntil = (expiresAt: number): Credential => ({
  certificate: 'CERTIFICATE',
  key: 'KEY',
  expiresAt: new Date(expiresAt).toISOString(),
  certificateAuthority: 'AUTHORITY',
  endpoint: 'lb.example',
  clusterId: 'gke-dfccaa67',
});

describe('the credential cache', () => {
  let folder: string;
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'slipway-test-')), 'credentials');
  });
  afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

  test('gives back what was kept, for that object only', () => {
    const credential = credentialUntil(NOW + 60 * MINUTE);
    keepCredential(folder, { uid: 'one' }, credential);
    expect(cachedCredential(folder, { uid: 'one' }, NOW)).toEqual(credential);
    expect(cachedCredential(folder, { uid: 'another' }, NOW)).toBeUndefined();
  });

  test('is readable by its owner only, and a write is whole or not at all', () => {
    keepCredential(folder, { uid: 'one' }, credentialUntil(NOW));
    keepCredential(folder, { uid: 'one' }, credentialUntil(NOW + 60 * MINUTE));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toEqual(['one.json']);
    expect(statSync(join(folder, 'one.json')).mode & 0o777).toBe(0o600);
  });

  test('withholds a credential that is about to expire, so that kubectl is not left with it', () => {
    keepCredential(folder, { uid: 'one' }, credentialUntil(NOW + 60 * MINUTE));
    expect(cachedCredential(folder, { uid: 'one' }, NOW + 54 * MINUTE)).toBeDefined();
    expect(cachedCredential(folder, { uid: 'one' }, NOW + 56 * MINUTE)).toBeUndefined();
  });

  test.each([
    ['is cut off', '{"certificate": "CERT'],
    ['is empty', ''],
    ['lacks the key', JSON.stringify({ certificate: 'x', expiresAt: new Date(NOW + 60 * MINUTE).toISOString() })],
    ['has no readable time', JSON.stringify({ certificate: 'x', key: 'x', expiresAt: 'soon' })],
    ['is no object', '"text"'],
  ])('takes a file that %s for none', (_what, text) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'one.json'), text);
    expect(cachedCredential(folder, { uid: 'one' }, NOW)).toBeUndefined();
  });

  test('never leaves its folder, whatever the uid', () => {
    keepCredential(folder, { uid: '../../outside' }, credentialUntil(NOW + 60 * MINUTE));
    expect(readdirSync(folder)).toEqual(['______outside.json']);
  });
});

test('kubectl is given the certificate, the key and when they expire', () => {
  expect(JSON.parse(execCredential(credentialUntil(NOW)))).toEqual({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: {
      clientCertificateData: 'CERTIFICATE',
      clientKeyData: 'KEY',
      expirationTimestamp: '2026-01-01T12:00:00.000Z',
    },
  });
});
