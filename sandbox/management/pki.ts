/**
 * PKI of the management API: one certificate authority, made once for a sandbox, and the leaf certificates under it.
 *
 * Owns: keys and certificates in `<home>/pki`, readable by their owner only. Neighbours: `components.ts` passes the files
 * to etcd and the API server; user clusters have authorities of their own, made elsewhere.
 */
import 'reflect-metadata';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import * as x509 from '@peculiar/x509';
import { SERVICE_ACCOUNT_GROUPS, SERVICE_ACCOUNTS, serviceAccountUser } from '../../api/names.ts';
import {
  generateKeyPair,
  P256,
  privateKeyPem,
  publicKeyPem,
  type Signer,
  signerOf,
  signLeaf,
  type Usage,
  validity,
} from '../../machine/x509.ts';

const LIFETIME_MS = 3650 * 24 * 60 * 60 * 1000;

type Leaf = {
  readonly name: string;
  readonly subject: string;
  readonly usages: readonly Usage[];
  readonly addresses?: readonly string[];
  readonly dnsNames?: readonly string[];
};

const makeAuthority = async (): Promise<Signer & { readonly keyPem: string }> => {
  const keys = await generateKeyPair();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(Date.now(), LIFETIME_MS),
    name: 'CN=sandbox-management',
    keys,
    signingAlgorithm: P256,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate, key: keys.privateKey, keyPem: await privateKeyPem(keys.privateKey) };
};

const readAuthority = (folder: string): Promise<Signer> =>
  signerOf(readFileSync(`${folder}/ca.crt`, 'utf8'), readFileSync(`${folder}/ca.key`, 'utf8'));

const issue = async (authority: Signer, leaf: Leaf): Promise<{ certificate: string; key: string }> => {
  const keys = await generateKeyPair();
  const certificate = await signLeaf(authority, { ...leaf, publicKey: keys.publicKey, lifetime: LIFETIME_MS });
  return { certificate: certificate.toString('pem'), key: await privateKeyPem(keys.privateKey) };
};

/** Who serves where in the sandbox's network. */
type Addresses = { readonly etcd: string; readonly api: string; readonly admission: string };

const leavesFor = (addresses: Addresses): readonly Leaf[] => [
  // Every client on loopback comes from 127.0.0.1, whatever address it listens on itself.
  { name: 'etcd', subject: 'CN=etcd', usages: ['server', 'client'], addresses: [addresses.etcd, '127.0.0.1'] },
  { name: 'apiserver-etcd-client', subject: 'CN=kube-apiserver-etcd-client', usages: ['client'] },
  {
    name: 'apiserver',
    subject: 'CN=kube-apiserver',
    usages: ['server'],
    addresses: [addresses.api, '127.0.0.1'],
    dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
  },
  { name: 'admission', subject: 'CN=slipway-admission', usages: ['server'], addresses: [addresses.admission] },
  // As whom the API server comes to the webhook, which lets nobody else in.
  { name: 'apiserver-admission-client', subject: 'CN=kube-apiserver-admission-client', usages: ['client'] },
  { name: 'admin', subject: 'O=system:masters,CN=admin', usages: ['client'] },
  // Slipway's own parts are the service accounts that deploy/rbac/ binds, so that its very bindings are what they live on;
  // certificates, because there is no Pod that a token could be mounted into.
  ...SERVICE_ACCOUNTS.map((name) => ({
    name,
    subject: [...SERVICE_ACCOUNT_GROUPS.map((group) => `O=${group}`), `CN=${serviceAccountUser(name)}`].join(','),
    usages: ['client'] as const,
  })),
];

/** Issues those leaves that the folder lacks; the certificate comes last, so that one that is there has its key. */
const issueMissing = async (folder: string, authority: Signer, leaves: readonly Leaf[]): Promise<void> => {
  for (const leaf of leaves.filter(({ name }) => !existsSync(`${folder}/${name}.crt`))) {
    const { certificate, key } = await issue(authority, leaf);
    writeFileSync(`${folder}/${leaf.name}.key`, key, { mode: 0o600 });
    writeFileSync(`${folder}/${leaf.name}.crt`, certificate, { mode: 0o600 });
  }
};

/**
 * Makes the folder of keys and certificates, whole or not at all. What is in one that is there already stays as it is; a
 * sandbox that an earlier Slipway began gets the leaves that it did not know.
 */
export const ensurePki = async (folder: string, addresses: Addresses): Promise<void> => {
  if (existsSync(folder)) return issueMissing(folder, await readAuthority(folder), leavesFor(addresses));
  const draft = `${folder}.draft`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  const write = (name: string, text: string) => writeFileSync(`${draft}/${name}`, text, { mode: 0o600 });
  const authority = await makeAuthority();
  const serviceAccount = await generateKeyPair();
  write('ca.crt', authority.certificate.toString('pem'));
  write('ca.key', authority.keyPem);
  write('service-account.key', await privateKeyPem(serviceAccount.privateKey));
  write('service-account.pub', await publicKeyPem(serviceAccount.publicKey));
  await issueMissing(draft, authority, leavesFor(addresses));
  renameSync(draft, folder);
};

/** Reads one file of the folder as base64, the form in which kubeconfigs carry certificates. */
export const pkiBase64 = (folder: string, name: string): string => readFileSync(`${folder}/${name}`).toString('base64');
