/**
 * A cluster for one test: etcd and an API server with a certificate authority of its own, on a given address.
 *
 * Owns: starting both, and ending both with nothing left. Without controllers or scheduler: pods are bound by whoever
 * makes them.
 */
import 'reflect-metadata';
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, type webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { waitFor } from '../../support/wait.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const VALIDITY = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 86_400_000) };

export type ClusterForTests = { readonly stop: () => Promise<void> };

export type AuthorityForTests = {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  /** A server certificate for the given names. */
  readonly issue: (options: { dns: string; address: string }) => Promise<{ certificate: string; key: string }>;
};

const pem = async (key: webcrypto.CryptoKey): Promise<string> =>
  x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');

export const makeAuthority = async (): Promise<AuthorityForTests> => {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...VALIDITY,
    name: 'CN=root',
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return {
    certificate: authority.toString('pem'),
    key: await pem(keys.privateKey),
    issue: async ({ dns, address }) => {
      const leaf = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
      const certificate = await x509.X509CertificateGenerator.create({
        ...VALIDITY,
        subject: 'CN=kube-apiserver',
        issuer: authority.subject,
        publicKey: leaf.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        extensions: [
          new x509.SubjectAlternativeNameExtension([
            { type: 'dns', value: dns },
            { type: 'ip', value: address },
          ]),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        ],
      });
      return { certificate: certificate.toString('pem'), key: await pem(leaf.privateKey) };
    },
  };
};

/** `token` gets all rights. */
export const startCluster = async (options: {
  readonly folder: string;
  readonly bin: string;
  readonly address: string;
  readonly dns: string;
  readonly authority: AuthorityForTests;
  readonly token: string;
}): Promise<ClusterForTests> => {
  const { folder, bin, address, authority } = options;
  mkdirSync(folder, { recursive: true });
  const serving = await authority.issue({ dns: options.dns, address });
  const serviceAccounts = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const files = {
    'ca.crt': authority.certificate,
    'tls.crt': serving.certificate,
    'tls.key': serving.key,
    'sa.key': serviceAccounts.privateKey,
    'sa.pub': serviceAccounts.publicKey,
    'tokens.csv': `${options.token},test,test,system:masters\n`,
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content, { mode: 0o600 });
  const log = openSync(join(folder, 'log'), 'a');
  const start = (program: string, args: readonly string[]): ChildProcess =>
    spawn(join(bin, program), args, { cwd: folder, stdio: ['ignore', log, log] });
  const [client, peer] = [`http://${address}:2379`, `http://${address}:2380`];
  const children = [
    start('etcd', [
      `--name=test`,
      `--data-dir=${folder}/etcd`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=test=${peer}`,
      '--unsafe-no-fsync',
      '--log-level=warn',
    ]),
    start('kube-apiserver', [
      `--bind-address=${address}`,
      `--advertise-address=${address}`,
      '--secure-port=6443',
      '--endpoint-reconciler-type=none',
      `--etcd-servers=${client}`,
      `--client-ca-file=${folder}/ca.crt`,
      `--tls-cert-file=${folder}/tls.crt`,
      `--tls-private-key-file=${folder}/tls.key`,
      `--token-auth-file=${folder}/tokens.csv`,
      '--authorization-mode=RBAC',
      `--service-account-issuer=https://${address}`,
      `--service-account-key-file=${folder}/sa.pub`,
      `--service-account-signing-key-file=${folder}/sa.key`,
      '--service-cluster-ip-range=10.96.0.0/20',
      '--disable-admission-plugins=ServiceAccount',
      '--profiling=false',
    ]),
  ];
  closeSync(log);
  const stop = async (): Promise<void> => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
  };
  await waitFor('the two processes run', async () =>
    children.every((child) => child.pid !== undefined && child.exitCode === null) ? true : undefined,
  );
  return { stop };
};
