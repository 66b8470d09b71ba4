/**
 * Node certificates: a worker's client and serving certificates, from the control plane.
 *
 * Owns: keys, signing requests and their renewal at two thirds of life. Keys are made here and never leave the machine.
 * A request is named after its key, so that asking again after a lost answer finds it instead of making another.
 * Neighbours: `node.ts` uses them; `agent/node-approver.ts` on the control plane decides.
 * Invariants: I2 (one request a key), I8 (keys in 0600 files), I9.
 */
import 'reflect-metadata';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import * as x509 from '@peculiar/x509';
import { readIfThere, writePrivate } from '../../agent/files.ts';
import { type Identity, type Kubernetes, reasonOf } from '../../agent/kubernetes.ts';
import { again, done, pause, persist } from '../../agent/persist.ts';
import { CLIENT_SIGNER, CLIENT_USAGES, SERVING_SIGNER, SERVING_USAGES } from '../../machine/approval.ts';
import { renewalTime } from '../../machine/certificates.ts';
import { NODES_GROUP, nodeUserOf } from '../../machine/node.ts';
import { generateKeyPair, P256, privateKeyPem } from '../../machine/x509.ts';
import { connectApi } from './api.ts';
import type { NodeBoot } from './node.ts';

const REQUESTS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const PACE = { firstMillis: 150, maxMillis: 2_000 };
/** After a denial: whoever was mistaken has time to be put right. */
const DENIED_MILLIS = 15_000;
/** Timers count to 2^31 ms at most, so a long wait is taken in parts. */
const LONGEST_PAUSE_MILLIS = 12 * 3_600_000;

type Use = 'client' | 'serving';

type SignedRequest = {
  readonly status?: {
    readonly certificate?: string;
    readonly conditions?: readonly { readonly type: string; readonly message?: string }[];
  };
};

const validityOf = (certificate: string) => {
  const parsed = new X509Certificate(certificate);
  return { notBefore: Date.parse(parsed.validFrom), notAfter: Date.parse(parsed.validTo) };
};

/** The certificate of an earlier start, if it is this node's and lives long enough to be renewed. */
const storedIdentity = async (boot: NodeBoot, use: Use): Promise<Identity | undefined> => {
  const [certificate, key] = await Promise.all([
    readIfThere(`${boot.state}/${use}.crt`),
    readIfThere(`${boot.state}/${use}.key`),
  ]);
  if (certificate === undefined || key === undefined) return undefined;
  const parsed = new X509Certificate(certificate);
  const ours = parsed.subject.includes(`CN=${nodeUserOf(boot.instance.hostname)}`);
  const authority = new X509Certificate(boot.configuration.certificateAuthority);
  const lives = validityOf(certificate).notAfter > Date.now() + 60_000;
  return ours && lives && parsed.verify(authority.publicKey) ? { certificate, key } : undefined;
};

type Pending = { readonly name: string; readonly request: string; readonly key: string };

/** A signing request for a new key. The key is written down only with its certificate. */
const makeRequest = async (boot: NodeBoot, use: Use): Promise<Pending> => {
  const pair = await generateKeyPair();
  const { hostname, address } = boot.instance;
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ O: [NODES_GROUP] }, { CN: [nodeUserOf(hostname)] }],
    keys: pair,
    signingAlgorithm: P256,
    extensions:
      use === 'client'
        ? []
        : [
            new x509.SubjectAlternativeNameExtension([
              { type: 'dns', value: hostname },
              { type: 'ip', value: address },
            ]),
          ],
  });
  const digest = createHash('sha256').update(new Uint8Array(request.publicKey.rawData)).digest('hex');
  return {
    name: `node-csr-${use}-${digest.slice(0, 32)}`,
    request: Buffer.from(request.toString('pem')).toString('base64'),
    key: await privateKeyPem(pair.privateKey),
  };
};

/** The request as the control plane has it, made where it isn't there yet. */
const findOrMake = async (kubernetes: Kubernetes, pending: Pending, use: Use): Promise<SignedRequest> => {
  const found = await kubernetes.call('GET', `${REQUESTS}/${pending.name}`);
  const answer =
    found.status === 404
      ? await kubernetes.call('POST', REQUESTS, {
          apiVersion: 'certificates.k8s.io/v1',
          kind: 'CertificateSigningRequest',
          metadata: { name: pending.name },
          spec: {
            request: pending.request,
            signerName: use === 'client' ? CLIENT_SIGNER : SERVING_SIGNER,
            usages: use === 'client' ? CLIENT_USAGES : SERVING_USAGES,
          },
        })
      : found;
  if (answer.status !== 200 && answer.status !== 201) throw new Error(reasonOf(answer));
  return answer.body as SignedRequest;
};

/** Asks until it has a certificate; a denied request is followed by a new one. */
const requestCertificate = async (
  boot: NodeBoot,
  use: Use,
  kubernetes: () => Kubernetes,
  signal: AbortSignal,
): Promise<Identity> => {
  const { log, state } = boot;
  for (;;) {
    const pending = await makeRequest(boot, use);
    const identity = await persist<Identity | 'denied'>({
      what: `Waiting for the node's ${use} certificate`,
      log,
      signal,
      pace: PACE,
      attempt: async () => {
        const { status } = await findOrMake(kubernetes(), pending, use);
        const refusal = status?.conditions?.find((each) => each.type === 'Denied' || each.type === 'Failed');
        if (refusal !== undefined) {
          log.error(`The node's ${use} certificate was refused: ${refusal.message ?? 'no reason given'}`, {
            request: pending.name,
          });
          return done('denied' as const);
        }
        if (status?.certificate === undefined || status.certificate === '') {
          return again(`request ${pending.name} is not signed yet`);
        }
        return done({ certificate: Buffer.from(status.certificate, 'base64').toString('utf8'), key: pending.key });
      },
    });
    if (identity === 'denied') {
      await pause(DENIED_MILLIS, signal);
      continue;
    }
    await mkdir(state, { recursive: true, mode: 0o700 });
    await writePrivate(`${state}/${use}.key`, identity.key);
    await writePrivate(`${state}/${use}.crt`, identity.certificate);
    return identity;
  }
};

/** The node's client certificate: the stored one, or a new one in exchange for the pool's token. */
export const obtainNodeCertificates = async (boot: NodeBoot, signal: AbortSignal): Promise<Identity> => {
  const stored = await storedIdentity(boot, 'client');
  if (stored !== undefined) {
    boot.log.info('The node goes on with the certificate that it has');
    return stored;
  }
  const kubernetes = connectApi(boot, { kind: 'token', token: boot.secrets.token });
  try {
    return await requestCertificate(boot, 'client', () => kubernetes, signal);
  } finally {
    kubernetes.close();
  }
};

const pauseUntil = async (time: number, signal: AbortSignal): Promise<void> => {
  while (Date.now() < time) await pause(Math.min(time - Date.now(), LONGEST_PAUSE_MILLIS), signal);
};

/** Renews a certificate each time that two thirds of its life are over, until the signal is aborted. */
const keepOne = async (
  boot: NodeBoot,
  use: Use,
  kept: {
    readonly first: Identity;
    readonly kubernetes: () => Kubernetes;
    readonly onRenewed?: (identity: Identity) => void;
  },
  signal: AbortSignal,
): Promise<void> => {
  for (let current = kept.first; ; ) {
    await pauseUntil(renewalTime(validityOf(current.certificate)), signal);
    current = await requestCertificate(boot, use, kept.kubernetes, signal);
    boot.log.info(`The node's ${use} certificate was renewed`);
    kept.onRenewed?.(current);
  }
};

/** The node's client certificate, and who uses it. */
export type ClientCertificate = {
  readonly identity: Identity;
  /** The client of the moment. */
  readonly kubernetes: () => Kubernetes;
  readonly onRenewed: (identity: Identity) => void;
};

/** Obtains the serving certificate and renews both, each with a new key, until the signal is aborted. */
export const keepNodeCertificates = async (
  boot: NodeBoot,
  { identity, kubernetes, onRenewed }: ClientCertificate,
  signal: AbortSignal,
): Promise<void> => {
  const keepServing = async (): Promise<void> => {
    const first =
      (await storedIdentity(boot, 'serving')) ?? (await requestCertificate(boot, 'serving', kubernetes, signal));
    boot.log.info('The node has its serving certificate');
    await keepOne(boot, 'serving', { first, kubernetes }, signal);
  };
  await Promise.all([keepOne(boot, 'client', { first: identity, kubernetes, onRenewed }, signal), keepServing()]);
};
