import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createAuthority } from '../../activities/kubernetes/certificates.ts';
import { issueLeaves, type LeafStore, signersOf } from '../../agent/certificates.ts';
import { replicaCertificates } from '../../machine/certificates.ts';
import { generateKeyPair, privateKeyPem } from '../../machine/x509.ts';
import { replicaConfiguration } from '../machine/examples.ts';

const LIFETIME_SECONDS = 3_600;
const [HOUR, DAY] = [3_600_000, 24 * 3_600_000];

describe("A replica's certificates", () => {
  let directory: string;
  let store: LeafStore;
  let leaves: ReturnType<typeof replicaCertificates>;
  let issuing: Omit<Parameters<typeof issueLeaves>[0], 'directory'>;
  const read = (name: string): Promise<string> => readFile(join(directory, name), 'utf8');

  beforeAll(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'slipway-pki-')), 'pki');
    const [root, etcd, frontProxy, account] = await Promise.all([
      createAuthority('root'),
      createAuthority('etcd'),
      createAuthority('front proxy'),
      generateKeyPair(),
    ]);
    const configuration = replicaConfiguration({
      certificateAuthorities: { root: root.certificate, etcd: etcd.certificate, frontProxy: frontProxy.certificate },
    });
    const secrets = {
      rootCaKey: root.key,
      etcdCaKey: etcd.key,
      frontProxyCaKey: frontProxy.key,
      serviceAccountKey: await privateKeyPem(account.privateKey),
    };
    leaves = replicaCertificates(configuration, { fixed: '10.0.2.10', primary: '10.0.2.77' });
    issuing = { leaves, signers: await signersOf(configuration, secrets), secrets };
    store = await issueLeaves({ ...issuing, directory, lifetimeSeconds: LIFETIME_SECONDS });
  });

  afterAll(() => rm(join(directory, '..'), { recursive: true, force: true }));

  test('are signed by their authority, for their key and their names', async () => {
    const certificate = new X509Certificate(await read('kube-apiserver.crt'));
    const root = new X509Certificate(await read('root-ca.crt'));
    expect(certificate.verify(root.publicKey)).toBe(true);
    expect(certificate.checkIssued(root)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(await read('kube-apiserver.key')))).toBe(true);
    expect(certificate.checkIP('10.96.0.1')).toBe('10.96.0.1');
    expect(certificate.checkHost('kubernetes.default.svc')).toBe('kubernetes.default.svc');
    const kubelet = new X509Certificate(await read('kube-apiserver-kubelet-client.crt'));
    expect(kubelet.subject).toBe('O=slipway:kubelet-api\nCN=kube-apiserver-kubelet-client');
    const peer = new X509Certificate(await read('etcd-peer.crt'));
    expect(peer.verify(new X509Certificate(await read('etcd-ca.crt')).publicKey)).toBe(true);
    expect(peer.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  });

  test('are readable by nobody else, and hold no key of an authority that the components do not need', async () => {
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    for (const name of ['root-ca.key', 'kube-apiserver.key', 'service-account.key']) {
      expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
    }
    await expect(read('etcd-ca.key')).rejects.toThrow('ENOENT');
    await expect(read('front-proxy-ca.key')).rejects.toThrow('ENOENT');
  });

  test('are all valid in every hour of thirteen months, by an agent whose clock goes through them, and renewed once', async () => {
    const began = Date.now();
    const years = await issueLeaves({ ...issuing, directory: join(directory, '../years'), now: began });
    const names = leaves.map(({ name }) => name);
    const renewals: number[] = [];
    const end = began + 395 * DAY;
    const validity = async (name: string) => {
      const { validFrom, validTo } = new X509Certificate(await read(`../years/${name}.crt`));
      return { from: Date.parse(validFrom), to: Date.parse(validTo) };
    };
    let lives = await Promise.all(names.map(validity));
    expect(Math.min(...lives.map(({ to }) => to))).toBeLessThan(end);
    for (let now = began; now < end; now += HOUR) {
      const renewed = await years.renewDue(now);
      if (renewed.length > 0) {
        expect(renewed).toEqual(names);
        renewals.push(Math.floor((now - began) / DAY));
        // Whoever renewed in every hour would be at it for minutes.
        expect(renewals).toHaveLength(1);
        lives = await Promise.all(names.map(validity));
      }
      for (const { from, to } of lives) expect(from <= now && now < to).toBe(true);
    }
    expect(renewals).toEqual([243]);
  });

  test('end with their authority, however often they are renewed before', async () => {
    const began = Date.now();
    const last = await issueLeaves({ ...issuing, directory: join(directory, '../last'), now: began + 3_600 * DAY });
    await last.renewDue(began + 3_640 * DAY);
    const authority = new X509Certificate(await read('../last/root-ca.crt'));
    expect(new X509Certificate(await read('../last/kube-apiserver.crt')).validTo).toBe(authority.validTo);
  });

  test('are renewed at two thirds of their life, not before, and keep their keys', async () => {
    const before = await read('kube-apiserver.crt');
    expect(await store.renewDue(Date.now() + (LIFETIME_SECONDS / 2) * 1000)).toEqual([]);
    const names = await store.renewDue(Date.now() + LIFETIME_SECONDS * 700);
    expect(names).toContain('kube-apiserver');
    expect(names).toContain('etcd-peer');
    const renewed = await read('kube-apiserver.crt');
    expect(renewed).not.toBe(before);
    const key = createPrivateKey(await read('kube-apiserver.key'));
    expect(new X509Certificate(renewed).checkPrivateKey(key)).toBe(true);
  });
});
