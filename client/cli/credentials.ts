/**
 * Credentials: a short-lived client certificate for one cluster, issued on request.
 *
 * Owns: the key pair, which never leaves this machine (I8), the request, and a cache that only its owner can read.
 * Neighbours: the `IssueCredential` workflow signs; kubectl calls this as an exec plugin.
 * See https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ObjectRef } from '../../api/object.ts';
import { ISSUE_CREDENTIAL_WORKFLOW, type IssuedCertificate, TASK_QUEUE } from '../../workflows/messages.ts';
import type { ClientConfiguration } from '../configuration.ts';

export const LIFETIME_SECONDS = 3_600;
/** A certificate that is about to expire is replaced before kubectl is left with it. */
const MARGIN_MS = 5 * 60_000;
const WORKFLOW_DEADLINE = '30 s';

export type Credential = IssuedCertificate & { readonly key: string };

const cachePath = (folder: string, object: ObjectRef): string => join(folder, `${object.uid}.json`);

/** The cached credential, unless there is none or it is about to expire. */
export const cachedCredential = (folder: string, object: ObjectRef, now: number): Credential | undefined => {
  const path = cachePath(folder, object);
  if (!existsSync(path)) return undefined;
  const credential = JSON.parse(readFileSync(path, 'utf8')) as Credential;
  return Date.parse(credential.expiresAt) - now > MARGIN_MS ? credential : undefined;
};

const keep = (folder: string, object: ObjectRef, credential: Credential): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = cachePath(folder, object);
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, JSON.stringify(credential), { mode: 0o600 });
  renameSync(temporary, path);
};

const makeRequest = async (): Promise<{ key: string; csr: string }> => {
  await import('reflect-metadata');
  const { PemConverter, Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: `CN=slipway-admin`,
    keys,
    signingAlgorithm: algorithm,
  });
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { key, csr: request.toString('pem') };
};

/** Issues a new credential through a short workflow, and keeps it. */
export const issueCredential = async (
  configuration: ClientConfiguration,
  folder: string,
  object: ObjectRef,
): Promise<Credential> => {
  const { Client, Connection } = await import('@temporalio/client');
  const { key, csr } = await makeRequest();
  const connection = await Connection.connect({ address: configuration.temporalAddress });
  try {
    const client = new Client({ connection, namespace: configuration.temporalNamespace });
    const issued: IssuedCertificate = await client.workflow.execute(ISSUE_CREDENTIAL_WORKFLOW, {
      taskQueue: TASK_QUEUE,
      workflowId: `credential/${object.namespace}/${object.name}/${crypto.randomUUID()}`,
      args: [{ object, csr, lifetimeSeconds: LIFETIME_SECONDS }],
      workflowExecutionTimeout: WORKFLOW_DEADLINE,
      staticSummary: `Credentials for ${object.namespace}/${object.name}`,
    });
    const credential: Credential = { ...issued, key };
    keep(folder, object, credential);
    return credential;
  } finally {
    await connection.close();
  }
};

/** What kubectl reads from an exec plugin. */
export const execCredential = (credential: Credential): string =>
  JSON.stringify({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: {
      expirationTimestamp: credential.expiresAt,
      clientCertificateData: credential.certificate,
      clientKeyData: credential.key,
    },
  });
