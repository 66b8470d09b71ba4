/**
 * Credentials for people: a short-lived administrator's certificate for a key that never leaves their computer.
 *
 * Owns: what is issued, whatever was asked for: group system:masters, a user name under `slipway:`, client use only, twelve
 * hours at most. Neighbours: the command line makes key and request; `workflows/` carry both ways only public data (I8).
 * Who may ask is decided before: by the rights to start the workflow in Temporal.
 */
import 'reflect-metadata';
import { Pkcs10CertificateRequest, X509Certificate } from '@peculiar/x509';
import { apiServerName, clusterIdOf } from '../../api/names.ts';
import type { Cancellation, KubernetesClient } from '../../kubernetes/client.ts';
import { hasLastingName } from '../../topology/values.ts';
import type { IssueCertificateRequest, IssuedCertificate } from '../contract.ts';
import { blockedError } from '../verdicts.ts';
import { issueClientCertificate, type KeyAndCertificate } from './certificates.ts';
import { describeObject, findCluster } from './objects.ts';
import { readRootAuthority } from './user-cluster.ts';

export const LONGEST_SECONDS = 12 * 3600;
const SHORTEST_SECONDS = 60;
/**
 * A name fit for audit logs; a colon would let a request pose as one of Kubernetes' own users. With `slipway:` before it a common
 * name has the 64 characters that X.509 lets it have.
 */
const USER_NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,55}$/;

const parseRequest = (pem: string): Pkcs10CertificateRequest => {
  try {
    return new Pkcs10CertificateRequest(pem);
  } catch (error) {
    throw blockedError('The certificate signing request is not PEM of a PKCS #10 request: make a new one.', error);
  }
};

/** Issues an administrator's certificate for the key that signed the request. Its subject is ours, not the request's. */
export const issueCertificate = async (
  csr: string,
  lifetimeSeconds: number,
  authority: KeyAndCertificate,
  now = Date.now(),
): Promise<Pick<IssuedCertificate, 'certificate' | 'expiresAt'>> => {
  const request = parseRequest(csr);
  const algorithm = request.publicKey.algorithm as { readonly name: string; readonly namedCurve?: string };
  if (algorithm.name !== 'ECDSA' || algorithm.namedCurve !== 'P-256') {
    throw blockedError(
      'The certificate signing request has a key of another kind than ECDSA P-256: make one of that kind.',
    );
  }
  if (!(await request.verify())) {
    throw blockedError(
      'The certificate signing request is not signed by its own key, so its sender does not hold that key: make a new one.',
    );
  }
  const asked = request.subjectName.getField('CN')[0] ?? '';
  const issued = await issueClientCertificate({
    authority,
    subject: { organization: 'system:masters', commonName: `slipway:${USER_NAME.test(asked) ? asked : 'admin'}` },
    publicKey: request.publicKey,
    lifetimeMs: Math.min(Math.max(lifetimeSeconds, SHORTEST_SECONDS), LONGEST_SECONDS) * 1_000,
    now,
  });
  return {
    certificate: issued.certificate,
    // As the certificate says it: to the second.
    expiresAt: new X509Certificate(issued.certificate).notAfter.toISOString(),
  };
};

/** The activity: issues a certificate for an AWSCluster's API. */
export const issueClusterCertificate = async (
  management: KubernetesClient,
  request: IssueCertificateRequest,
  options?: Cancellation,
): Promise<IssuedCertificate> => {
  const { object } = request;
  const cluster = await findCluster(management, object, options);
  if (cluster === null || cluster.metadata.uid !== object.uid) {
    throw blockedError(`${describeObject(object)} is gone: ask for credentials of a cluster that exists.`);
  }
  const clusterId = cluster.status?.clusterID ?? clusterIdOf(object.uid);
  const authority = await readRootAuthority(management, { namespace: object.namespace, clusterId }, options);
  const issued = await issueCertificate(request.csr, request.lifetimeSeconds, authority);
  const endpoint = cluster.status?.endpoint;
  if (endpoint === undefined) {
    throw blockedError(
      `${describeObject(object)} has no load balancer yet: ask again once its status has an endpoint.`,
    );
  }
  const { format = 1 } = cluster.status?.revision ?? {};
  return {
    ...issued,
    certificateAuthority: authority.certificate,
    endpoint,
    ...(hasLastingName({ format }) ? { serverName: apiServerName(clusterId) } : {}),
    clusterId,
  };
};
